"""Reads parallel files: line by line, the tokens in one, their tags in another, the label of the line in a third."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack, closing
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from seqwise.data.readers._inputs import FileInput, input_named
from seqwise.data.readers._lines import Lines, unbroken_lines
from seqwise.data.readers._options import ReadOptions
from seqwise.data.readers._source import LOOK, Part
from seqwise.data.records import Place, Record
from seqwise.errors import DataError, counted, listed

__all__ = ["ParallelInput", "named_files", "parallel_given", "parallel_in", "parallel_part"]

_IN, _OUT = "seq.in", "seq.out"
_TOKENS = ("tokens", "words", "forms")
_INPUTS = (*_TOKENS, "sentences", "source", "text", "texts")
_TAGS = ("tags", "slots", "pos", "ner")
_OTHERS = (*_TAGS, "target", "label", "labels", "intent", "intents")


class ParallelInput:
    """Files whose lines belong together.

    Attributes:
        files: by column, the input first.
        idle: how many other files stand in their folder.
    """

    live = False
    form: str | None = "parallel"

    def __init__(self, name: str, files: Mapping[str, FileInput], idle: int = 0) -> None:
        self.name = name
        self.files = files
        self.idle = idle

    def open(self, *, look: bool = False) -> BinaryIO:
        """The bytes of the first file, by which the encoding is told."""
        return next(iter(self.files.values())).open(look=look)


def named_files(name: str) -> dict[str, str] | None:
    """The files of an argument such as `tokens=a.txt,tags=b.txt`, by column; None for any other.

    Examples:
        >>> named_files("tokens=train/in,tags=train/out"), named_files("a=b,c"), named_files("rows.csv")
        ({'tokens': 'train/in', 'tags': 'train/out'}, None, None)
    """
    pairs = [each.partition("=") for each in name.split(",")]
    if not all(column and file and "/" not in column for column, _, file in pairs):
        return None
    if len({column for column, _, _ in pairs}) < len(pairs):
        raise DataError("a column is named twice", file=name)
    return {column: file for column, _, file in pairs}


def parallel_given(name: str) -> ParallelInput | None:
    """The parallel files that an argument names; None where it names none.

    Raises:
        DataError: one of them is not there, or is not a file.
    """
    if (named := named_files(name)) is None:
        return None
    return ParallelInput(name, {column: _file(path) for column, path in named.items()})


def parallel_in(folder: Path, name: str, names: tuple[str, ...]) -> ParallelInput | None:
    """The parallel files in a folder: `seq.in`, `seq.out` and `label`, or others that are called like their columns.

    Raises:
        DataError: two files have the name of the same column.
    """
    found: dict[str, str] = {}
    for each in names:
        column = each.removesuffix(".gz").removesuffix(".txt")
        if column not in (_IN, _OUT, *_INPUTS, *_OTHERS):
            continue
        column = {_IN: "tokens", _OUT: "tags"}.get(column, column)
        if column in found:
            raise DataError(f"'{found[column]}' and '{each}' are called alike", file=name, hint="Keep one of them.")
        found[column] = each
    inputs = [column for column in found if column in _INPUTS]
    is_known = len(inputs) == 1 and (len(found) > 1 or found[inputs[0]].startswith(_IN))
    if not is_known:
        return None
    order = sorted(found, key=lambda column: column not in inputs)
    files = {column: _file(str(folder / found[column])) for column in order}
    return ParallelInput(name, files, len(names) - len(found))


def parallel_part(source: ParallelInput, options: ReadOptions) -> Part:
    """Parallel files with a column each.

    A file has one item per token where at least half of the lines of several tokens have as many items as tokens, or
    where it is called `tags`, `slots`, `pos` or `ner`; another has a value per line. Without a file of items the first
    is text, unless it is called `tokens`, `words` or `forms`.

    Raises:
        DataError: the files do not have the same number of lines, or a line not as many items as tokens.
    """
    first, *others = source.files
    with closing(_lines(source, options.encoding, look=True)) as rows:
        head = [cells for _, cells in islice(rows, LOOK)]
    per_step = tuple(name for name in others if name in _TAGS or _has_items(head, first, name))
    split = (first, *per_step) if per_step or first in _TOKENS else ()
    told = [f"{_called(file.name)} is column '{name}'" for name, file in source.files.items()]
    notes = [f"its files are read line by line: {', '.join(told)}"]
    if per_step:
        notes.append(f"{listed(per_step)} {'has' if len(per_step) == 1 else 'have'} an item per token")
    if source.idle:
        notes.append(f"left out: {counted(source.idle, 'other file')}")
    return Part(
        source.name,
        tuple(source.files),
        lambda: _records(source, options.encoding, split),
        tokens=first if split else None,
        notes=tuple(notes),
    )


def _has_items(head: list[dict[str, str]], first: str, other: str) -> bool:
    """Whether another file has as many items as tokens in at least half of the lines of several tokens."""
    sizes = [(len(cells[first].split()), len(cells[other].split())) for cells in head]
    several = [tokens == items for tokens, items in sizes if tokens > 1]
    return bool(several) and 2 * sum(several) >= len(several)


def _records(source: ParallelInput, encoding: str, split: tuple[str, ...]) -> Iterator[Record]:
    first = next(iter(source.files))
    for number, cells in _lines(source, encoding):
        values: dict[str, Any] = {
            name: cell.split() if name in split else cell.strip() or None for name, cell in cells.items()
        }
        for name in split[1:]:
            if len(values[name]) != len(values[first]):
                problem = (
                    f"expected {counted(len(values[first]), 'item')}, one per token in "
                    f"{source.files[first].name}:{number}, got {len(values[name])}"
                )
                hint = "Tokens and items stand between blanks; line up the files."
                raise DataError(problem, file=source.files[name].name, line=number, field=name, hint=hint)
        yield Record(Place(source.files[first].name, number), values)


def _lines(
    source: ParallelInput, encoding: str, *, look: bool = False
) -> Generator[tuple[int, dict[str, str]], None, None]:
    """The lines with their number, by column.

    Raises:
        DataError: a file ends before the others.
    """
    with ExitStack() as opened:
        streams = {
            name: opened.enter_context(closing(unbroken_lines(file, encoding, look=look)))
            for name, file in source.files.items()
        }
        number = 0
        while True:
            number += 1
            cells = {name: _next(stream) for name, stream in streams.items()}
            ended = [name for name, cell in cells.items() if cell is None]
            if len(ended) == len(cells):
                return
            if ended:
                other = next(source.files[name].name for name in cells if name not in ended)
                problem = f"the file has {counted(number - 1, 'line')}, but {other} has more"
                hint = "Parallel files have the same number of lines: line n of each belongs together."
                raise DataError(problem, file=source.files[ended[0]].name, line=number, hint=hint)
            yield number, {name: cell or "" for name, cell in cells.items()}


def _next(stream: Lines) -> str | None:
    found = next(stream, None)
    return None if found is None else found[1].rstrip("\r\n")


def _file(path: str) -> FileInput:
    """A file that can be read several times.

    Raises:
        DataError: something else stands there.
    """
    place = Path(path)
    found = None if place.exists() and not (place.is_file() or place.is_dir()) else input_named(path)
    if not isinstance(found, FileInput):
        raise DataError("is no plain file, and parallel files must be", file=path, hint="Save it to a file.")
    return found


def _called(name: str) -> str:
    return Path(name).name
