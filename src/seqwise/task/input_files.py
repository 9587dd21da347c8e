"""The files that a run reads: that each stands in one part only, and by what they are known again."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from seqwise.config import DataConfig, InputConfig
from seqwise.data.readers import files_named, paths_named
from seqwise.data.split import DEV, PARTS, TEST
from seqwise.errors import DataError

__all__ = ["check_distinct", "equal_content", "file_records", "files_of_parts", "vector_file_records"]


def files_of_parts(data: DataConfig) -> list[tuple[int, tuple[str, ...]]]:
    """Pairs of a part's number and its files, for the parts that have files of their own."""
    return [(part, files) for part, files in enumerate((data.train, data.dev, data.test)) if files]


def check_distinct(data: DataConfig) -> list[str]:
    """Refuses a file that is named twice, however it is spelled; a link to a file is that file.

    Returns:
        A sentence for each file that is dev and test at once, which is allowed.

    Raises:
        DataError: a file is given twice for one split, or for training and for another split.
    """
    warnings: list[str] = []
    known: dict[tuple[int, int], tuple[int, str]] = {}
    for part, names in files_of_parts(data):
        for name in (path for each in names for path in paths_named(each)):
            try:
                status = Path(name).stat()
            except OSError:
                continue  # opening it will say what is wrong
            itself = (status.st_dev, status.st_ino)
            if itself not in known:
                known[itself] = (part, name)
                continue
            before, first = known[itself]
            if (before, part) != (DEV, TEST):
                raise _twice(part, name, before, first)
            warnings.append(f"'{name}' is dev and test at once: the figures on test also chose the best epoch")
    return warnings


def _twice(part: int, name: str, before: int, first: str) -> DataError:
    if part == before:
        hint = "Each of its rows would count twice. Give it once."
        also = "" if name == first else f", also as '{first}'"
        return DataError(f"the file is given twice for {PARTS[part]}{also}", file=name, hint=hint)
    hint = f"Evaluate a model on rows that it was not trained on. Leave --{PARTS[part]} out, or name another file."
    also = "" if name == first else f", there as '{first}'"
    return DataError(f"the file is named for {PARTS[part]} and for {PARTS[before]}{also}", file=name, hint=hint)


def file_records(data: DataConfig) -> list[dict[str, Any]]:
    """Part, name, bytes and sha256 of each file."""
    return [_facts(part, name) for part, names in files_of_parts(data) for name in names]


def vector_file_records(given: InputConfig) -> list[dict[str, Any]]:
    """The same of the file of word vectors, if there is one; its part is `vectors`."""
    return [{**_facts(0, given.vectors), "part": "vectors"}] if given.vectors is not None else []


def _facts(part: int, name: str) -> dict[str, Any]:
    """Of several files that one argument names: their bytes together, and the sum of their names and sums."""
    files = [(path, *_sum(path)) for path in files_named(name)]
    size = sum(each for _, each, _ in files)
    if [path for path, _, _ in files] == [Path(name)]:
        sha256 = files[0][2]
    else:
        lines = (f"{path.parent.name}/{path.name}\t{each}\n" for path, _, each in files)
        sha256 = hashlib.sha256("".join(lines).encode(errors="surrogateescape")).hexdigest()
    return {"part": PARTS[part], "name": name, "bytes": size, "sha256": sha256}


def _sum(path: Path) -> tuple[int, str]:
    """The bytes of a file and their SHA-256."""
    digest = hashlib.sha256()
    size = 0
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
            size += len(block)
    return size, digest.hexdigest()


def equal_content(files: list[dict[str, Any]]) -> list[str]:
    """A sentence for each file with the content of another one before it; `files` as `file_records` gives them."""
    first: dict[str, dict[str, Any]] = {}
    found = []
    for file in files:
        other = first.setdefault(file["sha256"], file)
        if paths_named(file["name"]) != paths_named(other["name"]) and not _are_same(file["name"], other["name"]):
            found.append(
                f"'{file['name']}' ({file['part']}) has the same content as '{other['name']}' ({other['part']})"
            )
    return found


def _are_same(name: str, other: str) -> bool:
    """Whether two arguments name the same files, maybe by other paths."""
    pairs = zip(paths_named(name), paths_named(other), strict=False)
    return all(Path(one).samefile(two) for one, two in pairs)
