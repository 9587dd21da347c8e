"""`seqwise advise`: recommends a loss, a head and shapes for given shapes, arrays or data files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

if TYPE_CHECKING:
    from seqwise.advice import Advice

__all__ = ["advise"]

_Text = Optional[str]  # noqa: UP045 - typer reads the annotation
_Texts = Optional[list[str]]  # noqa: UP045
_Number = Optional[int]  # noqa: UP045

_ARRAYS, _LABELS, _CHOICES, _DATA = "Arrays: a shape such as 8x47, or a .npy file", "Labels", "Choices", "Data files"
_ENDINGS = (".npz", ".npy")


def _flag(name: str, text: str, panel: str) -> Any:
    return typer.Option(name, help=text, rich_help_panel=panel, show_default=False)


def advise(
    files: Annotated[
        _Texts, typer.Argument(help="Labelled sequences, or arrays: .npz with logits, labels, ...", show_default=False)
    ] = None,
    logits: Annotated[_Text, _flag("--logits", "The model's outputs.", _ARRAYS)] = None,
    probabilities: Annotated[_Text, _flag("--probabilities", "The outputs after a softmax.", _ARRAYS)] = None,
    hidden: Annotated[_Text, _flag("--hidden", "The encoder's hidden states.", _ARRAYS)] = None,
    labels: Annotated[_Text, _flag("--labels", "The labels.", _ARRAYS)] = None,
    mask: Annotated[_Text, _flag("--mask", "The mask: true where a position counts.", _ARRAYS)] = None,
    lengths: Annotated[_Text, _flag("--lengths", "The lengths of the sequences.", _ARRAYS)] = None,
    values: Annotated[_Text, _flag("--values", "All values of labels: -1,0,1 or no,yes or 0..4.", _LABELS)] = None,
    missing: Annotated[_Number, _flag("--missing", "The value of missing labels, which do not count.", _LABELS)] = None,
    label_kind: Annotated[_Text, _flag("--label-kind", "int, float, bool or text.", _LABELS)] = None,
    problem: Annotated[
        _Text,
        _flag("--problem", "label, tags, outputs, multilabel, yes-no; NAME-per-step of the last three.", _CHOICES),
    ] = None,
    loss: Annotated[
        _Text, _flag("--loss", "cross_entropy, ordinal_loss, focal_loss, crf_nll or binary_cross_entropy.", _CHOICES)
    ] = None,
    class_axis: Annotated[_Number, _flag("--class-axis", "The class axis of the logits.", _CHOICES)] = None,
    pooling: Annotated[str, _flag("--pooling", "last, mean, max or attention.", _CHOICES)] = "last",
    bidirectional: Annotated[
        bool, _flag("--bidirectional", "Both directions' states, concatenated.", _CHOICES)
    ] = False,
    framework: Annotated[
        _Text, _flag("--framework", "Print code for torch, keras, jax or numpy only.", _CHOICES)
    ] = None,
    text: Annotated[_Text, _flag("--text", "The column of running text.", _DATA)] = None,
    tokens: Annotated[_Text, _flag("--tokens", "The column of token lists.", _DATA)] = None,
    label: Annotated[_Texts, _flag("--label", "A column with one label per sequence.", _DATA)] = None,
    tags: Annotated[_Texts, _flag("--tags", "A column with one label per step.", _DATA)] = None,
    outputs: Annotated[_Texts, _flag("--outputs", "Columns with one label each: 'vote_*'.", _DATA)] = None,
    multilabel: Annotated[_Texts, _flag("--multilabel", "A column of label lists, or 0/1 columns.", _DATA)] = None,
    data_format: Annotated[
        _Text,
        _flag(
            "--format",
            "csv, tsv, jsonl, parquet, conll, conllu, ts, ucr, fasttext, folder, parallel; detected by default.",
            _DATA,
        ),
    ] = None,
    encoding: Annotated[_Text, _flag("--encoding", "Text encoding, utf-8 by default.", _DATA)] = None,
    series_id: Annotated[_Text, _flag("--series-id", "The id column of long-form series.", _DATA)] = None,
    time: Annotated[_Text, _flag("--time", "The time column of long-form series.", _DATA)] = None,
    channels: Annotated[_Text, _flag("--channels", "The channels of a series, a,b,c.", _DATA)] = None,
    settings: Annotated[_Texts, _flag("--set", "Any setting of training: --set data.header=false.", _DATA)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the advice as JSON.")] = False,
) -> None:
    """Recommend a loss, a head and shapes for the data, explain why, and print code that runs.

    For shapes, with the values of the labels: seqwise advise --logits 8x47 --labels 8x47 --values=-1,0,1.
    For arrays: seqwise advise arrays.npz. For data: seqwise advise reviews.csv.
    """
    from seqwise.errors import ConfigError

    arrays: dict[str, Any] = {
        "--logits": logits,
        "--probabilities": probabilities,
        "--hidden": hidden,
        "--labels": labels,
        "--mask": mask,
        "--lengths": lengths,
    }
    about_arrays: dict[str, Any] = {
        "--values": values,
        "--missing": missing,
        "--label-kind": label_kind,
        "--problem": problem,
        "--class-axis": class_axis,
    }
    about_data: dict[str, Any] = {
        "input.text": text,
        "input.tokens": tokens,
        "data.label": label,
        "data.tags": tags,
        "data.outputs": outputs,
        "data.multilabel": multilabel,
        "data.format": data_format,
        "data.encoding": encoding,
        "data.series_id": series_id,
        "data.time": time,
        "data.channels": None if channels is None else channels.split(","),
    }
    choices: dict[str, Any] = {
        "loss": loss,
        "pooling": pooling,
        "bidirectional": bidirectional,
        "framework": framework,
    }
    data = [file for file in files or [] if not file.endswith(_ENDINGS)]
    if not data:
        flags = {f"--{key.partition('.')[2].replace('_', '-')}": value for key, value in about_data.items()}
        _refuse(flags | {"--set": settings}, "files, but none is named")
        from seqwise.advice import advise as advice_on_arrays

        options = {flag[2:].replace("-", "_"): value for flag, value in about_arrays.items()}
        advice = advice_on_arrays(**_arrays(files or [], arrays), **options, **choices)
        _show({"": advice}, advice.to_json() if as_json else None)
        return
    if len(data) < len(files or []):
        raise ConfigError(f"advise: '{data[0]}' is a file of sequences, but others hold arrays\n  expected: one kind")
    _refuse(arrays | about_arrays, f"arrays, but '{data[0]}' is a file of sequences")
    targets = _advice_on_files(data, about_data, settings or [], choices)
    _show(targets, {"targets": {name: one.to_json() for name, one in targets.items()}} if as_json else None)


def _refuse(flags: dict[str, Any], about: str) -> None:
    """Raises if a flag was given that applies to another kind of input."""
    from seqwise.errors import ConfigError

    for flag, value in flags.items():
        if value not in (None, []):
            raise ConfigError(f"advise: {flag} applies to {about}\n  expected: shapes and arrays, or data files")


def _arrays(files: list[str], flags: dict[str, Any]) -> dict[str, Any]:
    """The arrays from flags and files, by name."""
    from seqwise.advice.given_arrays import read_arrays
    from seqwise.errors import ConfigError

    given = {flag[2:]: value for flag, value in flags.items() if value is not None}
    for file in files:
        for name, array in read_arrays(file).items():
            if name in given:
                raise ConfigError(f"advise: {name} is given twice, now in '{file}'\n  expected: it once")
            given[name] = array
    return given


def _advice_on_files(
    files: list[str], about_data: dict[str, Any], settings: list[str], choices: dict[str, Any]
) -> dict[str, Advice]:
    """The advice for each target of the files; detected columns are reported on stderr."""
    from seqwise.advice.file_advice import advise_files
    from seqwise.config import override

    plain: dict[str, Any] = {"data": {"train": files}}
    for key, value in about_data.items():
        if value not in (None, []):
            section, name = key.split(".")
            plain.setdefault(section, {})[name] = value
    return advise_files(override(plain, settings), **choices, say=lambda text: typer.echo(text, err=True))


def _show(advice: dict[str, Advice], as_json: dict[str, Any] | None) -> None:
    """Prints the JSON, or each advice as text under the name of its target, on stdout."""
    if as_json is not None:
        typer.echo(json.dumps(as_json, ensure_ascii=False))
        return
    from rich.console import Console

    from seqwise.advice.advice_text import WIDTH, sections

    console = Console(highlight=False, soft_wrap=True)
    width = min(console.width, WIDTH) if console.is_terminal else WIDTH
    for name, one in advice.items():
        for number, (heading, lines) in enumerate(sections(one, width)):
            if number or name != next(iter(advice)):
                console.print()
            console.print(f"{name}: {heading}" if name and not number else heading, style="bold", markup=False)
            for line in lines:
                console.print(line, markup=False)
