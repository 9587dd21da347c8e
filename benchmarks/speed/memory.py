"""Peak memory of training on files of growing size: encoded rows stand in a mapped file, so it must hardly grow.

python -m benchmarks.speed.memory --rows 100000 1000000
"""

from __future__ import annotations

import argparse
import random
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

_PROGRAM = "from seqwise.cli import main; main()"


def write_rows(path: Path, rows: int) -> None:
    """A CSV of texts of 5 to 25 words out of 5,000, with one of four labels."""
    rng = random.Random(0)
    with path.open("w", encoding="utf-8") as file:
        file.write("text,label\n")
        for row in range(rows):
            words = " ".join(f"w{int(rng.paretovariate(0.7)) % 5000}" for _ in range(rng.randint(5, 25)))
            file.write(f"{words},{'abcd'[row % 4]}\n")


def peak_megabytes(folder: Path, rows: int) -> float:
    """The peak resident memory of a training of a few seconds on so many rows, encoded anew into a mapped file."""
    data = folder / f"rows{rows}.csv"
    write_rows(data, rows)
    words = ["train", str(data), "--run", str(folder / f"run{rows}"), "--budget", "2s", "--quiet"]
    settings = ["data.cache=always", f"data.cache_folder={folder / 'cache'}", "input.min_count=5"]
    settings += ["data.dev_fraction=0.001", "data.test_fraction=0.001"]
    command = [sys.executable, "-c", _PROGRAM, *words, *(word for s in settings for word in ("--set", s))]
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    assert peak > before, "the largest child so far was another one: give the rows in growing order"
    return peak / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000])
    with tempfile.TemporaryDirectory() as folder:
        for rows in sorted(parser.parse_args().rows):
            peak = peak_megabytes(Path(folder), rows)
            size = (Path(folder) / f"rows{rows}.csv").stat().st_size / 2**20
            print(f"{rows:>10,} rows, {size:7.1f} MB of CSV: peak {peak:7.1f} MB")


if __name__ == "__main__":
    main()
