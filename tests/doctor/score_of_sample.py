"""Prints what the doctor makes of the sample: python tests/doctor/score_of_sample.py [0|1], for even or odd places."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from zoo_members import Sampled, sampled

from seqwise.doctor import doctor
from seqwise.errors import UsageError


def outcome(place: str) -> tuple[str, str]:
    """ "flagged", "passed" or "refused", with the bugs or the message."""
    try:
        report = doctor(place)
    except UsageError as problem:
        return "refused", str(problem)
    except Exception as problem:  # a fault of the doctor itself
        return "crashed", repr(problem)
    broken = "; ".join(f"{one.bug} ({one.law})" for one in report.findings if not one.holds and not one.symptom)
    return ("passed", f"{len(report.findings)} laws") if report.holds else ("flagged", broken)


def apart(member: Sampled) -> tuple[str, str]:
    """The same for Keras, whose backend is chosen once for a process."""
    code = "import sys, json, score_of_sample as s; print(json.dumps(s.outcome(sys.argv[1])))"
    env = {**os.environ, "KERAS_BACKEND": "torch", "PYTHONPATH": str(Path(__file__).parent)}
    done = subprocess.run(
        [sys.executable, "-c", code, member.place], env=env, capture_output=True, text=True, check=False
    )
    return tuple(json.loads(done.stdout.splitlines()[-1])) if done.returncode == 0 else ("refused", done.stderr[-300:])


def main(halves: list[int]) -> None:
    """A line for each member, then the counts of each half."""
    counts: dict[int, Counter[str]] = {0: Counter(), 1: Counter()}
    for place, member in enumerate(sampled()):
        if place % 2 not in halves:
            continue
        begin = time.perf_counter()
        found, why = apart(member) if "keras" in member.file else outcome(member.place)
        verdict = "right" if member.is_right else "wrong"
        as_wanted = found == ("passed" if member.is_right else "flagged")
        counts[place % 2][f"{verdict} {found}"] += 1
        text = f"{'  ' if as_wanted else '!!'} {place:3} {verdict} {found:8} {time.perf_counter() - begin:5.1f}s"
        print(f"{text} {member.file}:{member.name}: {' '.join(why.split())[:250]}", flush=True)
    for half in halves:
        print(("even" if half == 0 else "odd"), dict(sorted(counts[half].items())))


if __name__ == "__main__":
    main([int(one) for one in sys.argv[1:]] or [0, 1])
