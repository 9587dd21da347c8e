"""Environments of the peers: each has its own, made when it is first needed, with versions that are pinned here."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ENVIRONMENTS", "CannotInstallError", "Environment", "pinned", "python_of"]

_TOLD = 300


class CannotInstallError(RuntimeError):
    """A peer that cannot be had on this machine; the benchmark goes on without it."""


@dataclass(frozen=True)
class Environment:
    """What a peer needs.

    Attributes:
        requirements: for pip, every one with its version.
        shared: whether it is added to the environment of this process, for peers that need what is there already and
            must run in turns with ours.
    """

    requirements: tuple[str, ...]
    shared: bool = False


ENVIRONMENTS: Mapping[str, Environment] = {
    "pytorch-crf": Environment(("pytorch-crf==0.7.2",), shared=True),
    "crfsuite": Environment(("python-crfsuite==0.9.12",)),
    "fasttext": Environment(("fasttext-wheel==0.9.2", "numpy==1.26.4")),
    "aeon": Environment(("aeon==1.6.0",)),
    "keras": Environment(("keras==3.15.1", "tensorflow-cpu==2.21.0")),
    "flair": Environment(("flair==0.15.1", "torch==2.13.0")),
}


def pinned() -> dict[str, str]:
    """The versions of the peers and of what they need, by package."""
    return dict(line.split("==") for environment in ENVIRONMENTS.values() for line in environment.requirements)


def python_of(name: str, folder: Path, *, run: Callable[[Sequence[str]], str] | None = None) -> Path:
    """The interpreter of a peer's environment, made if need be; a shared one is put on this process's path.

    Args:
        name: one of `ENVIRONMENTS`.
        folder: of all environments.
        run: runs a command and returns what it said, for tests.

    Raises:
        CannotInstallError: pip could not install it, now or the last time; remove its folder to try again.
    """
    environment, place, run = ENVIRONMENTS[name], folder.absolute() / name, run or _said
    done, failed = place / "installed.txt", place / "failed.txt"
    wanted = "\n".join(environment.requirements)
    if not (done.exists() and done.read_text(encoding="utf-8") == wanted):
        if failed.exists() and failed.read_text(encoding="utf-8").startswith(wanted):
            raise CannotInstallError(failed.read_text(encoding="utf-8").removeprefix(wanted).strip())
        print(f"{name}: installing {' '.join(environment.requirements)}", file=sys.stderr)
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        try:
            _install(environment, place, run)
        except CannotInstallError as error:
            failed.write_text(f"{wanted}\n{error}", encoding="utf-8")
            raise
        done.write_text(wanted, encoding="utf-8")
    if environment.shared:
        if str(place) not in sys.path:
            sys.path.append(str(place))
        return Path(sys.executable)
    return _interpreter(place)


def _install(environment: Environment, place: Path, run: Callable[[Sequence[str]], str]) -> None:
    pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if environment.shared:
        run([sys.executable, *pip, "--no-deps", "--target", str(place), *environment.requirements])
    else:
        run([sys.executable, "-m", "venv", str(place)])
        run([str(_interpreter(place)), *pip, *environment.requirements])


def _interpreter(place: Path) -> Path:
    return place / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _said(command: Sequence[str]) -> str:
    ended = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if ended.returncode:
        last = [line for line in ended.stdout.splitlines() if line.strip()][-1:] or ["pip said nothing"]
        raise CannotInstallError(last[0][:_TOLD])
    return ended.stdout
