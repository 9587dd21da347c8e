"""Resolves a data argument: a file, a stream, a folder of texts, or parallel files."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from seqwise.data.readers._folders import UNLABELLED, FolderInput, Listing
from seqwise.data.readers._inputs import Input, input_named, shown_path
from seqwise.data.readers._parallel import ParallelInput, named_files, parallel_given, parallel_in
from seqwise.errors import DataError, listed

__all__ = ["files_named", "input_given", "paths_named", "refuse_one_class"]

_READ = "A folder is read where it has a folder of .txt files per label, or seq.in, seq.out and label."
_PER_CLASS = (
    "If each file holds the texts of one label, a line each, write one table of them: awk -v OFS='\\t' 'BEGIN {print "
    '"text", "label"} {print $0, FILENAME}\' *.txt > ../texts.tsv.'
)


def input_given(path: str | Path, *, unlabelled: bool = False) -> Input:
    """The data that an argument names; `-` is standard input.

    Args:
        path: a file, a folder, or parallel files such as `tokens=a.txt,tags=b.txt`.
        unlabelled: whether a folder of texts may have no folders that are their labels.

    Raises:
        DataError: nothing stands there, or a folder that cannot be read.
    """
    place, name = Path(path), shown_path(path)
    if place.is_dir():
        return _folder(place, name, unlabelled=unlabelled)
    if name != "-" and not os.path.lexists(place) and (parallel := parallel_given(name)) is not None:
        return parallel
    return input_named(path)


def paths_named(name: str) -> list[str]:
    """The paths that an argument names: several for parallel files, else one.

    Examples:
        >>> paths_named("tokens=a.txt,tags=b.txt"), paths_named("rows.csv")
        (['a.txt', 'b.txt'], ['rows.csv'])
    """
    named = None if os.path.lexists(name) else named_files(name)
    return [name] if named is None else list(named.values())


def files_named(name: str) -> Iterator[Path]:
    """The files that are read for an argument."""
    source = input_given(name, unlabelled=True)
    if isinstance(source, FolderInput):
        yield from (path for _, path in source.files)
    elif isinstance(source, ParallelInput):
        yield from (file.path for file in source.files.values())
    else:
        yield Path(name)


def _folder(place: Path, name: str, *, unlabelled: bool) -> Input:
    own = Listing.of(place)
    if (parallel := parallel_in(place, name, own.files)) is not None:
        return parallel
    if deeper := [each for each in own.folders if _has_data(place / each, f"{name}/{each}")]:
        hint = f"Name one of these as the data, and others with --dev and --test: {listed(deeper, most=6)}."
        raise DataError("the data stand in folders of this folder", file=name, hint=hint)
    source = FolderInput(place, name, own)
    if not source.classes or not (source.has_labels or unlabelled):
        raise DataError("is a folder, not a file", file=name, hint=_contents(own))
    return source


def refuse_one_class(inputs: Sequence[Input]) -> None:
    """Refuses folders to train on whose labelled texts all stand in folders of one name.

    Raises:
        DataError: it is so.
    """
    folders = [each for each in inputs if isinstance(each, FolderInput) and each.has_labels]
    if len(folders) < len(inputs) or not folders:
        return
    labelled = {
        label: len(texts)
        for each in folders
        for label, texts in each.classes.items()
        if label.lower() not in UNLABELLED
    }
    if len(labelled) > 1:
        return
    told = [f"the only folder of texts in it is '{shown_path(label)}' ({count:,})" for label, count in labelled.items()]
    problem = told[0] if told else "the texts in it have no label"
    hint = f"Give a folder that holds a folder of texts per label, at least two. {_PER_CLASS}"
    raise DataError(problem, file=folders[0].name, hint=hint)


def _has_data(place: Path, name: str) -> bool:
    """Whether a folder has folders of texts in it, or parallel files."""
    own = Listing.of(place)
    if any(Listing.of(place / each).texts for each in own.folders):
        return True
    return parallel_in(place, name, own.files) is not None


def _contents(own: Listing) -> str:
    """The error message for a folder that cannot be read."""
    told = f"Name files in it: {listed(own.files, most=6)}." if own.files else "It holds no files."
    per_class = f" {_PER_CLASS}" if len(own.texts) > 1 else ""
    return f"{told} {_READ}{per_class}"
