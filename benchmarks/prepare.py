"""Writes the real data sets as files that `seqwise train` reads.

    python -m benchmarks.prepare --data $SEQWISE_DATA --out benchmarks/.work/data [NAME ...]

Official splits are kept. A data set without one is divided by the number n of a line or row, counted from 0:
test when n % 10 is 0, dev when it is 1, else train.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from benchmarks.converters import CONVERTERS

__all__ = ["prepare"]


def prepare(name: str, data: Path, out: Path) -> list[Path]:
    """Converts one data set.

    Args:
        name: the data set, one of `CONVERTERS`; its original files are in the folder of this name in `data`.
        data: the folder of all original data sets.
        out: the folder in which the folder `name` is made.

    Returns:
        The files of that folder: `train.*`, `test.*`, mostly `dev.*`, and `test2.*` for occupancy.

    Raises:
        FileNotFoundError: an original file is not there.
    """
    folder = out / name
    folder.mkdir(parents=True, exist_ok=True)
    CONVERTERS[name](data / name, folder)
    return sorted(folder.iterdir())


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Write the real data sets as files that seqwise train reads.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"default: all of {', '.join(CONVERTERS)}")
    parser.add_argument("--data", type=Path, default=os.environ.get("SEQWISE_DATA"), help="default: $SEQWISE_DATA")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/.work/data"), help="default: %(default)s")
    parsed = parser.parse_args(arguments)
    if parsed.data is None or not parsed.data.is_dir():
        parser.error("--data must be the folder of the original data sets (or set SEQWISE_DATA)")
    unknown = [name for name in parsed.names if name not in CONVERTERS]
    if unknown:
        parser.error(f"no data set is called {', '.join(unknown)}; there are {', '.join(CONVERTERS)}")
    for name in parsed.names or CONVERTERS:
        for file in prepare(name, parsed.data, parsed.out):
            print(f"{file}\t{file.stat().st_size} bytes")


if __name__ == "__main__":
    main()
