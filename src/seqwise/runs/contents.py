"""Reads the JSON files of a run folder and checks that every value has the right type and is in range.

The files are untrusted data. The values returned here need no further check of types, sizes or numbers; whether the
files agree with each other is checked in `seqwise.runs.loading`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from seqwise.data.affixes import AFFIX_FEATURES, AffixFeatures
from seqwise.data.channel_scaling import ChannelScaling
from seqwise.data.encoding import Encoding
from seqwise.data.ngrams import Ngrams
from seqwise.data.readers import ReadOptions
from seqwise.data.spec import DataSpec
from seqwise.data.subwords import Subwords
from seqwise.data.vocabulary import Vocabulary
from seqwise.data.word_characters import MOST_CHARACTERS
from seqwise.errors import RunFolderError, listed
from seqwise.models.decisions import Thresholds
from seqwise.targets import Target, label_text

__all__ = ["Description", "encoding_of", "format_version_of", "labels_of", "options_of", "thresholds_of"]

_MOST_TAGS = 20_000
"""The most tags of a target with a scheme, whose table of allowed transitions grows with their square."""
_LONGEST_NGRAM = 100
_Anything = TypeVar("_Anything")


class _Content(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", allow_inf_nan=False)


class _Closed(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)


class Description(_Closed):
    """The content of labels.json: how columns are read, and the predicted targets."""

    spec: DataSpec
    targets: tuple[Target, ...]


class _Data(_Content):
    options: dict[str, Any]
    format: str | None = None


class _Options(_Closed):
    options: ReadOptions


class _Kind(_Content):
    kind: Literal["symbols", "channels", "pieces"]
    affix_buckets: int = 0


class _Symbols(_Content):
    symbols: tuple[str, ...]
    counts: tuple[int, ...]
    parts: AffixFeatures = AffixFeatures()
    characters: tuple[str, ...] = ()
    spelling: int = 0
    vector_words: tuple[str, ...] = ()
    vector_size: int = 0
    ngrams: Ngrams = Ngrams()


class _Subwords(_Content):
    tokenizer: dict[str, Any]
    architecture: dict[str, Any]
    prefix: tuple[int, ...]
    suffix: tuple[int, ...]
    window: int
    unknown: int | None
    padding: int
    spaced: bool


class _Calibration(_Content):
    thresholds: dict[str, dict[str, float]]


class _Environment(_Content):
    format_version: int


def labels_of(content: bytes) -> Description:
    """The content of labels.json.

    Raises:
        RunFolderError: describes the problem, without the file name.
    """
    found = _read(TypeAdapter(Description), content)
    for target in found.targets:
        _check_target(target)
    _require(bool(found.targets), "it has no targets")
    _require_distinct("targets", [target.name for target in found.targets])
    _require(len(found.targets) == len(found.spec.targets), "'targets' and 'spec.targets' differ in number")
    for target, spec in zip(found.targets, found.spec.targets, strict=True):
        here, there = ((own.name, own.kind, own.columns, own.per_step) for own in (target, spec))
        _require(here == there, f"target '{target.name}' differs from the one in 'spec.targets'")
        _require(bool(spec.columns), f"target '{target.name}' has no columns")
        is_delimited = spec.form == "delimited"
        _require(bool(spec.delimiter) == is_delimited, f"target '{target.name}' has the delimiter {spec.delimiter!r}")
    return found


def options_of(content: bytes) -> ReadOptions:
    """The read options of the training files, from data.json.

    Raises:
        RunFolderError: describes the problem, without the file name.
    """
    found = _read(TypeAdapter(_Data), content)
    given = {"options": found.options | {"format": found.format}}
    return _read(TypeAdapter(_Options), json.dumps(given).encode()).options


def encoding_of(content: bytes) -> Encoding:
    """The content of vocab.json.

    Raises:
        RunFolderError: describes the problem, without the file name.
    """
    found = _read(TypeAdapter(_Kind), content)
    if found.kind == "symbols":
        if found.affix_buckets:
            raise RunFolderError("it has hashed affix and shape features of an earlier version of seqwise")
        return _checked_vocabulary(_read(TypeAdapter(_Symbols), content))
    if found.kind == "channels":
        return _checked_scaling(_read(TypeAdapter(ChannelScaling), content))
    return _checked_subwords(_read(TypeAdapter(_Subwords), content))


def thresholds_of(content: bytes, targets: Iterable[Target]) -> Thresholds:
    """The thresholds of calibration.json.

    Raises:
        RunFolderError: describes the problem, without the file name.
    """
    known = {target.name: target for target in targets if target.kind == "multilabel"}
    found: dict[str, tuple[float, ...]] = {}
    for name, by_label in _read(TypeAdapter(_Calibration), content).thresholds.items():
        _require(name in known, f"'{name}' is no multilabel target")
        texts = [label_text(label) for label in known[name].labels]
        _require(set(texts) == set(by_label), f"the labels of '{name}' are not those of labels.json")
        _require(all(0 <= value <= 1 for value in by_label.values()), f"a threshold of '{name}' is not between 0 and 1")
        found[name] = tuple(by_label[text] for text in texts)
    return found


def format_version_of(content: bytes) -> int:
    """The format version of the folder, from env.json.

    Raises:
        RunFolderError: describes the problem, without the file name.
    """
    return _read(TypeAdapter(_Environment), content).format_version


def _check_target(target: Target) -> None:
    name = f"target '{target.name}'"
    is_split = target.kind == "outputs"
    _require(
        target.kind in ("outputs", "multilabel") or target.per_step == (target.kind == "tags"), f"{name} is damaged"
    )
    _require(len(target.classes) == (len(target.outputs) if is_split else 1), f"{name} has the classes of another kind")
    _require(is_split == bool(target.outputs), f"{name} has outputs, unlike its kind")
    _require(target.scheme is None or target.kind == "tags", f"{name} has a scheme, unlike its kind")
    _require(target.scheme is None or len(target.classes[0]) <= _MOST_TAGS, f"{name} has more than {_MOST_TAGS} tags")
    _require_distinct(f"outputs of {name}", target.outputs)
    _require_distinct(f"columns of {name}", target.columns)
    for classes in target.classes:
        _require(bool(classes), f"{name} has no classes")
        _require_distinct(f"classes of {name}", [label_text(label) for label in classes])


def _checked_vocabulary(found: _Symbols) -> Vocabulary:
    ngrams, known = found.ngrams, found.parts.known
    _require_distinct("symbols", found.symbols)
    _require(len(found.counts) == len(found.symbols), "'counts' and 'symbols' differ in number")
    _require(all(0 <= count < 2**63 for count in found.counts), "a count is out of range")
    _require(set(known) <= set(AFFIX_FEATURES), f"unknown affix and shape features: {listed(set(known))}")
    for name, texts in known.items():
        _require_distinct(f"parts.known.{name}", texts)
    _require_distinct("characters", found.characters)
    _require_distinct("vector_words", found.vector_words)
    _require(found.spelling == 0 or 3 <= found.spelling <= MOST_CHARACTERS, "'spelling' is out of range")
    _require(found.vector_size >= 0, "'vector_size' is below 0")
    lengths = (ngrams.longest, ngrams.longest_signs)
    _require(all(0 <= length <= _LONGEST_NGRAM for length in lengths), "a length of 'ngrams' is out of range")
    ascending = all(one < two for one, two in zip(ngrams.hashes, ngrams.hashes[1:], strict=False))
    in_range = not ngrams.hashes or (ngrams.hashes[0] >= 0 and ngrams.hashes[-1] < 2**53)
    _require(ascending and in_range, "'ngrams.hashes' are not ascending numbers from 0 to 2^53")
    names = {"parts": "affixes", "spelling": "characters_per_word"}
    return Vocabulary(**{names.get(name, name): value for name, value in dict(found).items()})


def _checked_scaling(scaling: ChannelScaling) -> ChannelScaling:
    count = len(scaling.mean)
    _require(count > 0, "it has no channels")
    _require(len(scaling.deviation) == count, "'deviation' and 'mean' differ in number")
    _require(all(map(math.isfinite, scaling.mean)), "a mean is not finite")
    _require(all(math.isfinite(value) and value > 0 for value in scaling.deviation), "a deviation is not above 0")
    _require(all(0 <= channel < count for channel in scaling.constant), "'constant' names an unknown channel")
    return scaling


def _checked_subwords(found: _Subwords) -> Subwords:
    _require(found.window >= 1, "'window' is below 1")
    subwords = Subwords(**{**dict(found), "tokenizer": json.dumps(found.tokenizer, ensure_ascii=False)})
    try:
        count = subwords.id_count - 1
    except Exception as error:
        raise RunFolderError(f"the tokenizers package cannot use 'tokenizer': {_first_line(error)}") from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # of the tokenizers package; not a subclass of Exception
            raise
        raise RunFolderError("the tokenizers package cannot use 'tokenizer'") from None
    ids = [*found.prefix, *found.suffix, found.padding, *([] if found.unknown is None else [found.unknown])]
    _require(all(1 <= one <= count for one in ids), "the id of a subword token is out of range")
    return subwords


def _read(kind: TypeAdapter[_Anything], content: bytes) -> _Anything:
    """The content of a JSON file, validated as a value of this type."""
    return _made(lambda: kind.validate_json(content, strict=True))


def _made(make: Callable[[], _Anything]) -> _Anything:
    try:
        return make()
    except ValidationError as error:
        raise RunFolderError(_sentence(error.errors(include_url=False)[0])) from None
    except RunFolderError:
        raise
    except ValueError as error:
        raise RunFolderError(str(error)) from None


def _sentence(problem: Mapping[str, Any]) -> str:
    place = ".".join(map(str, problem["loc"]))
    if problem["type"] == "json_invalid":
        return f"it is not valid JSON: {problem['ctx']['error']}"
    if problem["type"] == "missing":
        return f"it has no '{place}'"
    if problem["type"] == "assertion_error":
        return f"the values of '{place}' do not match"
    if problem["type"] == "value_error":
        return str(problem["ctx"]["error"])
    arrived = (
        "" if isinstance(problem["input"], (dict, list)) else f" is {json.dumps(problem['input'], default=str)[:60]}"
    )
    return (
        f"'{place}'{arrived}: {problem['msg'][0].lower()}{problem['msg'][1:]}"
        if place
        else "it is not what training wrote"
    )


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


def _require(holds: bool, problem: str) -> None:
    if not holds:
        raise RunFolderError(problem)


def _require_distinct(what: str, names: Iterable[str]) -> None:
    known: set[str] = set()
    for name in names:
        if name in known:
            raise RunFolderError(f"'{name}' occurs twice among the {what}")
        known.add(name)
