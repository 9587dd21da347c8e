"""Writes predictions in a file format that the model can read back."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import Any

from seqwise.data.readers import ReadOptions, Source, format_named, misread_tokens
from seqwise.errors import ConfigError, DataError, listed
from seqwise.inference.added import Wanted
from seqwise.inference.loaded_model import Model
from seqwise.inference.plain_cells import comment_obstacle, csv_row, token_obstacle, unquoted_obstacle
from seqwise.inference.prediction import Prediction
from seqwise.inference.written_layout import CONLLU_COLUMNS, Layout, json_text

__all__ = ["WRITERS", "Writer", "layout_for", "written_as"]

Writer = Callable[[Sequence[Prediction]], str]
"""Converts chunks of predictions to text."""

_OTHER_FORMAT = "Write JSON lines: --output NAME.jsonl."


def layout_for(
    model: Model, source: Source, wanted: Wanted, *, output: str | None = None, as_json: bool = False
) -> Layout:
    """Chooses the output format: by the suffix of the output file, else the format of the input.

    Series and Parquet are written as JSON lines, and so are labels per step except for files and tables of tokens.

    Args:
        model: the model.
        source: the input.
        wanted: the columns written alongside the predictions.
        output: the output file; None for standard output.
        as_json: whether to write JSON lines for any input.

    Raises:
        ConfigError: predictions cannot be written in the format of the suffix, or a name is taken.
    """
    written = "jsonl" if output is None and as_json else _format_named(output, model) or _format_like(source, model)
    if as_json and written != "jsonl":
        raise ConfigError(f"--json writes JSON lines, but --output {output} names {written}: leave one of them out")
    if wanted.proba == "long" and written in ("conll", "conllu"):
        if output is not None:
            raise ConfigError(f"--proba long has a row per label, which {written} cannot hold; {_OTHER_FORMAT}")
        written = "jsonl"
    known = next((each for each in (source.options, model.options) if each.format == written), ReadOptions())
    return Layout(model.spec, model.targets, source, replace(known, format=written), wanted)


def written_as(layout: Layout) -> Writer:
    """The writer of the layout's format."""
    return WRITERS[layout.options.format or "jsonl"](layout)


def _format_named(output: str | None, model: Model) -> str | None:
    if output is None:
        return None
    chosen = format_named(output)
    if chosen is None or chosen not in WRITERS:
        raise ConfigError(f"--output {output}: predictions are written as {listed(WRITERS)}; name the file so")
    if chosen in ("conll", "conllu") and model.spec.input.kind != "tokens":
        raise ConfigError(f"--output {output}: {chosen} holds tokens, but this model reads {model.spec.input.kind}")
    return chosen


def _format_like(source: Source, model: Model) -> str:
    form = "csv" if source.format == "lines" else source.format
    if form not in WRITERS or model.spec.input.is_series:
        return "jsonl"
    has_lists = not source.has_token_rows and any(target.per_step for target in model.targets)
    return "jsonl" if has_lists and form in ("csv", "tsv") else form


def _jsonl(layout: Layout) -> Writer:
    numbers = count(1)

    def lines(prediction: Prediction) -> str:
        return "".join(f"{json_text(row)}\n" for row in layout.rows(prediction, next(numbers)))

    return lambda predictions: "".join(map(lines, predictions))


def _table(layout: Layout) -> Writer:
    """Writes rows of a table, under a header unless the model reads such files without one, in input column order."""
    made = (layout.source.series, layout.source.options.joined_column)
    read = [name for name in layout.source.columns if name not in made]
    header: list[str] = []
    numbers = count(1)

    def lines(prediction: Prediction) -> Iterator[str]:
        for values in layout.rows(prediction, next(numbers), flat=True):
            if not header:
                names = dict.fromkeys((*read, *values))
                header.extend(names if layout.options.header is not False else layout.in_order(names))
                if layout.options.header is not False:
                    yield _line(layout, dict(zip(header, header, strict=True)), prediction)
            for name in sorted(values.keys() - set(header))[:1]:
                problem = "the first rows have no such key, and they determine the columns of the table"
                raise _refusal(prediction, name, problem)
            yield _line(layout, {name: layout.text(name, values.get(name)) for name in header}, prediction)

    return lambda predictions: "".join(line for prediction in predictions for line in lines(prediction))


def _line(layout: Layout, cells: Mapping[str, str], prediction: Prediction) -> str:
    """A row in the form of its format (RFC 4180, IANA text/tab-separated-values) or of the model's options."""
    is_tsv = layout.options.format == "tsv"
    delimiter = layout.options.delimiter or ("\t" if is_tsv else ",")
    is_quoted = not is_tsv if layout.options.quote is None else layout.options.quote
    if not is_quoted:
        return delimiter.join(_unquoted(cell, delimiter, prediction, name) for name, cell in cells.items()) + "\n"
    return csv_row(cells.values(), delimiter)


def _unquoted(cell: str, delimiter: str, prediction: Prediction, name: str) -> str:
    if obstacle := unquoted_obstacle(cell, delimiter):
        raise _refusal(prediction, name, obstacle)
    return cell


def _refusal(prediction: Prediction, name: str, problem: str, hint: str = _OTHER_FORMAT) -> DataError:
    place = prediction.record.place
    return DataError(problem, file=place.file, line=place.line, field=name, hint=hint)


def _conll(layout: Layout) -> Writer:
    """Writes values per token as columns, and everything else as comments."""
    delimiter = "\t" if layout.options.delimiter is None else layout.options.delimiter

    def block(prediction: Prediction) -> Iterator[str]:
        _check_steps(prediction)
        values = layout.values(prediction)
        names = _token_columns(layout, prediction)
        others = {name: value for name, value in values.items() if name not in names}
        yield from _comments(layout, prediction, others)
        columns = [
            _column(layout, prediction, name, values[name] if name in names else [None] * prediction.steps, delimiter)
            for name in layout.in_order(names)
        ]
        lines = [delimiter.join(cells) for cells in zip(*columns, strict=True)]
        if obstacle := misread_tokens(lines, len(columns), delimiter):
            raise _refusal(prediction, layout.spec.input.column, obstacle)
        yield from lines

    return lambda predictions: "".join("\n".join(block(prediction)) + "\n\n" for prediction in predictions)


def _comments(layout: Layout, prediction: Prediction, values: Mapping[str, Any]) -> Iterator[str]:
    for name, value in values.items():
        if value is not None:
            key, text = name.removeprefix("# "), layout.text(name, value)
            if obstacle := comment_obstacle(key, text):
                raise _refusal(prediction, name, obstacle)
            yield f"# {key} = {text}"


def _column(
    layout: Layout, prediction: Prediction, name: str, cells: Sequence[Any], delimiter: str = "\t"
) -> list[str]:
    """The cells of all tokens; `_` marks an empty one."""
    return [
        "_" if _is_nothing(cell) else _token(layout.text(name, cell), delimiter, prediction, name) for cell in cells
    ]


def _is_nothing(cell: Any) -> bool:
    return cell is None or (isinstance(cell, float) and math.isnan(cell))


def _token(cell: str, delimiter: str, prediction: Prediction, name: str) -> str:
    if obstacle := token_obstacle(cell, delimiter):
        raise _refusal(prediction, name, obstacle)
    return cell


def _token_columns(layout: Layout, prediction: Prediction) -> list[str]:
    """The columns with one cell per token: all lists in token files, else the input; and the predictions per step."""
    read = prediction.record.values
    own = [layout.spec.input.column]
    if layout.source.kind == "tokens":
        own = own if layout.source.has_token_rows else []  # in a table, tokens may be in any column
        own += [name for name, value in read.items() if isinstance(value, list)]
    predicted = [target.columns for target in layout.spec.targets if target.per_step]
    tags = [layout.name_in(prediction.record, column) for columns in predicted for column in columns]
    return list(dict.fromkeys((*own, *tags, *layout.tag_columns[len(tags) :])))


def _check_steps(prediction: Prediction) -> None:
    if prediction.is_empty:
        place = prediction.record.place
        problem = "a sequence without tokens has no lines in a file of tokens"
        raise DataError(problem, file=place.file, line=place.line, hint=_OTHER_FORMAT)


def _conllu(layout: Layout) -> Writer:
    """Writes the ten columns; tags with other names go to MISC as NAME=TAG, everything else to comments.

    Only words: ranges such as 1-2 and empty nodes are neither read nor written.
    """
    tokens = layout.spec.input.column
    tags_alone = [name for target in layout.spec.targets if target.per_step for name in target.columns]
    probabilities = layout.tag_columns[len(tags_alone) :]

    def sentence(prediction: Prediction) -> Iterator[str]:
        _check_steps(prediction)
        values = layout.values(prediction)
        lists = _token_columns(layout, prediction)
        if tokens != "form" and "form" in values:
            raise _refusal(prediction, "form", "CoNLL-U has the tokens in its column of this name")
        placed = {"form": values[tokens], **{name: values[name] for name in CONLLU_COLUMNS if name in values}}
        for name, cells in placed.items():
            if not isinstance(cells, list) or len(cells) != prediction.steps:
                raise _refusal(prediction, name, "CoNLL-U has a column of this name, with a value for each token")
        loose = [name for name in lists if name not in (tokens, *CONLLU_COLUMNS, *probabilities)]
        rest = {name: value for name, value in values.items() if name not in (tokens, *CONLLU_COLUMNS, *loose)}
        yield from _comments(layout, prediction, rest)
        cells = {name: _column(layout, prediction, name, own) for name, own in placed.items()}
        tags = {name: _column(layout, prediction, name, values[name]) for name in loose}
        nothing = ["_"] * prediction.steps
        cells["misc"] = _with_tags(cells.get("misc", nothing), tags, prediction)
        for step in range(prediction.steps):
            yield "\t".join([str(step + 1), *(cells.get(name, nothing)[step] for name in CONLLU_COLUMNS)])

    return lambda predictions: "".join("\n".join(sentence(prediction)) + "\n\n" for prediction in predictions)


def _with_tags(misc: Sequence[str], tags: Mapping[str, Sequence[str]], prediction: Prediction) -> list[str]:
    """The MISC cells of a sentence with tags appended."""
    taken = {part.partition("=")[0] for cell in misc if cell != "_" for part in cell.split("|")}
    names = {name: f"{name}_predicted" if name in taken else name for name in tags}
    for name in taken.intersection(names.values()):
        raise _refusal(prediction, "misc", f"'{name}=' is already there", "Choose another name with --into COLUMN.")
    return [
        _with_tag(cell, {names[name]: cells[step] for name, cells in tags.items()}) for step, cell in enumerate(misc)
    ]


def _with_tag(misc: str, tags: Mapping[str, str]) -> str:
    r"""A MISC cell with tags appended; `|` is the separator, so it is escaped as `\p`.

    Examples:
        >>> _with_tag("SpaceAfter=No", {"slot": "B-x"}), _with_tag("_", {"slot": "a|b"})
        ('SpaceAfter=No|slot=B-x', 'slot=a\\pb')
    """
    own = [f"{name}={text}".replace("\\", "\\\\").replace("|", "\\p") for name, text in tags.items()]
    return "|".join([*([] if misc == "_" else [misc]), *own]) or "_"


WRITERS: dict[str, Callable[[Layout], Writer]] = {
    "jsonl": _jsonl,
    "csv": _table,
    "tsv": _table,
    "conll": _conll,
    "conllu": _conllu,
}
"""The writer factory of each format."""
