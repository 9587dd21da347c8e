"""Reads a folder of texts, a file each: in a folder per label, or all in one folder without labels."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from seqwise.data.readers._inputs import FileInput, shown_path
from seqwise.data.readers._limits import LONGEST_LINE
from seqwise.data.readers._lines import numbered_lines
from seqwise.data.readers._options import ReadOptions
from seqwise.data.readers._source import Part
from seqwise.data.records import Place, Record
from seqwise.errors import ConfigError, DataError, counted, listed

__all__ = ["UNLABELLED", "FolderInput", "Listing", "folder_part"]

_FILE, _TEXT, _LABEL = "file", "text", "label"
_TEXT_NAME = re.compile(r".*\.(txt|text)(\.gz)?|[0-9]+\.?(\.gz)?", re.IGNORECASE)
"""Files are texts by their ending, or are numbered: those of 20 Newsgroups and of folders of mail."""

UNLABELLED = ("unsup", "unsupervised", "unlabeled", "unlabelled")
"""Folders of texts without a label: the first is that of the film reviews of aclImdb."""


@dataclass(frozen=True)
class Listing:
    """The entries of a folder, sorted by name; links are not followed.

    Attributes:
        folders: the names of its folders.
        files: the names of its files.
        hidden: how many names begin with a dot.
        others: how many things are neither: links, pipes, devices.
    """

    folders: tuple[str, ...]
    files: tuple[str, ...]
    hidden: int
    others: int

    @classmethod
    def of(cls, folder: Path) -> Listing:
        """Looks into a folder.

        Raises:
            DataError: it cannot be read.
        """
        try:
            with os.scandir(folder) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            raise DataError(f"the folder cannot be read: {error.strerror}", file=shown_path(folder)) from error
        seen = [entry for entry in entries if not entry.name.startswith(".")]
        folders = tuple(entry.name for entry in seen if entry.is_dir(follow_symlinks=False))
        files = tuple(entry.name for entry in seen if entry.is_file(follow_symlinks=False))
        return cls(folders, files, len(entries) - len(seen), len(seen) - len(folders) - len(files))

    @property
    def texts(self) -> tuple[str, ...]:
        """The files that are texts by their names."""
        return tuple(name for name in self.files if _TEXT_NAME.fullmatch(name))


class FolderInput:
    """A folder of texts.

    Attributes:
        classes: per folder of texts its name and theirs; one without a name where they are not in folders.
    """

    live = False
    form: str | None = "folder"

    def __init__(self, path: Path, name: str, own: Listing) -> None:
        self.path = path
        self.name = name
        inner = {folder: Listing.of(path / folder) for folder in own.folders}
        self.has_labels = any(listing.texts for listing in inner.values())
        self.classes = {folder: each.texts for folder, each in inner.items() if each.texts}
        self._seen = [own, *inner.values()] if self.has_labels else [own]
        if not self.has_labels:
            self.classes = {"": own.texts} if own.texts else {}

    def open(self, *, look: bool = False) -> BinaryIO:
        """The bytes of the first text, by which the encoding is told."""
        folder, names = next(iter(self.classes.items()))
        return FileInput(self.path / folder / names[0], self.name).open(look=look)

    @property
    def files(self) -> Iterator[tuple[str, Path]]:
        """Every text and the folder that it stands in."""
        return ((folder, self.path / folder / name) for folder, names in self.classes.items() for name in names)

    @property
    def notes(self) -> Iterator[str]:
        """A note on the files that are read and those left out."""
        if self.has_labels:
            told = listed(f"{shown_path(label)} ({len(names):,})" for label, names in self.classes.items())
            yield f"each file is one text, and the name of its folder is its label: {told.replace(chr(39), '')}"
        else:
            yield f"{counted(len(self.classes['']), 'file')}, each of which is one text without a label"
        if without := [label for label in self.classes if label.lower() in UNLABELLED]:
            yield f"the texts in {listed(without)} have no label"
        if left := self._left_out():
            yield f"left out: {', '.join(left)}"

    def _left_out(self) -> list[str]:
        """The files in the folders that are not read, with counts."""
        read = sum(map(len, self.classes.values()))
        folders = sum(len(each.folders) for each in self._seen) - len(self.classes) * self.has_labels
        counts = (
            (sum(each.hidden for each in self._seen), "hidden name", "hidden names"),
            (sum(len(each.files) for each in self._seen) - read, "other file", "other files"),
            (sum(each.others for each in self._seen), "link or device", "links or devices"),
            (folders, "other folder", "other folders"),
        )
        return [f"{count:,} {one if count == 1 else several}" for count, one, several in counts if count]


def folder_part(source: FolderInput, options: ReadOptions) -> Part:
    """A folder of texts with the columns `file`, `text` and, where it has a folder per label, `label`.

    Raises:
        ConfigError: several columns are named.
    """
    if options.columns is not None and len(options.columns) != 1:
        raise ConfigError("--columns names the text of a folder, which is one column")
    (text,) = options.columns or (_TEXT,)
    columns = (_FILE, text, *((_LABEL,) if source.has_labels else ()))
    return Part(source.name, columns, lambda: _records(source, options.encoding, text), notes=tuple(source.notes))


def _records(source: FolderInput, encoding: str, text: str) -> Iterator[Record]:
    for folder, path in source.files:
        place = Place(shown_path(path), 1)
        values = {_FILE: shown_path(path.relative_to(source.path)), text: _content(path, place.file, encoding)}
        if source.has_labels:
            values[_LABEL] = None if folder.lower() in UNLABELLED else shown_path(folder)
        yield Record(place, values)


def _content(path: Path, name: str, encoding: str) -> str | None:
    """The text of a file without the line end behind it; None for an empty one."""
    lines, size = [], 0
    for number, line in numbered_lines(FileInput(path, name), encoding):
        size += len(line)
        if size > LONGEST_LINE:
            raise DataError(f"the text is longer than {LONGEST_LINE >> 20} MiB", file=name, line=number)
        lines.append(line)
    return "".join(lines).rstrip("\r\n") or None
