"""Predicts and evaluates with a trained model, on Python values and on files, in chunks."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from seqwise.config import Config
from seqwise.data.batching import Batch, Batcher, length_plan
from seqwise.data.encoding import Encoding
from seqwise.data.label_notes import LabelNotes
from seqwise.data.labels import LabelCodec
from seqwise.data.readers import PlainText, ReadOptions, Source, open_like, with_misc
from seqwise.data.records import Place, Record
from seqwise.data.spec import DataSpec, TargetSpec, targets_read_as
from seqwise.data.store import OnEmpty, Store, open_store
from seqwise.errors import (
    ConfigError,
    DataError,
    EmptySequenceWarning,
    LabelWarning,
    counted,
    listed,
)
from seqwise.inference.finite import check_finite
from seqwise.inference.given_texts import cut_texts, texts_source
from seqwise.inference.missing_columns import no_column
from seqwise.inference.model_text import model_text
from seqwise.inference.prediction import Prediction
from seqwise.inference.sequences import records_of
from seqwise.inference.unpredicted import EmptyRows
from seqwise.models.decisions import Thresholds, answers_of
from seqwise.models.device import choose_device
from seqwise.models.scoring import Evaluation, evaluate_batches
from seqwise.nn import Network
from seqwise.runs.loading import read_run
from seqwise.targets import Target, label_text

__all__ = ["Model", "load"]

_BATCH_TOKENS = 4096
_EVALUATED_ROWS = 4096
UnseenLabels = Literal["wrong", "error"]
"""How to treat a label that was never seen in training: count it as wrong, or raise an error."""
_IF_UNSEEN = "unseen='error' (--unseen error) refuses them"
_UNKNOWN_LABEL = "Correct the label, or train again with examples of it."


@dataclass(frozen=True, repr=False)
class Model:
    """A trained model with everything it needs to read data and predict the user's labels; created by `load`.

    Attributes:
        path: its run folder.
        config: every setting of its training.
        spec: the input and target columns.
        options: how its training files were read, with their format.
        targets: the targets it predicts.
        encoding: encoding of its input.
        network: the torch module, in evaluation mode.
        thresholds: per multilabel target, the probability above which each label is predicted.
        device: the device it runs on.
    """

    path: Path
    config: Config
    spec: DataSpec
    options: ReadOptions
    targets: tuple[Target, ...]
    encoding: Encoding
    network: Network
    thresholds: Thresholds
    device: torch.device

    def __repr__(self) -> str:
        """A summary in a few lines: targets, input and size, without the vocabulary and weights."""
        return model_text(self.path, self.config, self.spec, self.targets, self.network, self.device)

    def predict(self, sequences: Iterable[Any], *, on_empty: OnEmpty = "skip") -> list[Any]:
        """Predictions for sequences, in their order.

        Args:
            sequences: texts, lists of tokens, or arrays (time,) or (time, channels), as in training.
            on_empty: how to treat an empty sequence (an empty or blank text, no tokens, no steps, None): `skip` returns
                an empty prediction and warns with the count, `error` raises.

        Returns:
            One prediction each, in the user's label values: a label; a list of labels per step; {output: label}; a
            list of labels. With several targets, a dict of these by target. An empty prediction is None, or an empty
            list for a target with labels per step.

        Raises:
            UsageError: a single sequence or a table instead of a list of sequences.
            DataError: a sequence of the wrong type, with its position; an empty one, with `on_empty="error"`.

        Warns:
            EmptySequenceWarning: some sequences are empty; gives their number and positions.
        """
        return self._of(sequences, "predict", on_empty, Prediction.labels)

    def predict_proba(self, sequences: Iterable[Any], *, on_empty: OnEmpty = "skip") -> list[Any]:
        """Probabilities for sequences, in their order: {label: probability}, nested as in `predict`."""
        return self._of(sequences, "predict_proba", on_empty, Prediction.probabilities)

    def read_files(self, files: str | Path | Sequence[str | Path], *, labelled: bool = False, **given: Any) -> Source:
        """The records of files, read as the training files were if they have the same format.

        Args:
            files: a path or several; `-` is standard input.
            labelled: whether the target columns are required. Otherwise the input column is enough, also in files
                without column names.
            **given: options that override those of training, by their names in `ReadOptions`: `format`, `encoding`,
                `delimiter`, `quote`, `header`, `columns`.

        Raises:
            DataError: a file is given twice; or see `seqwise.data.readers.open_files`.
            ColumnError: a column is missing.
        """
        options = self.options if labelled else replace(self.options, unlabelled_columns=self._unlabelled_columns())
        data = self.config.data
        files = [files] if isinstance(files, (str, Path)) else files
        _refuse_twice(files)
        try:
            source = open_like(files, options, given, data.train, None if labelled else self._plain_text())
        except DataError as error:
            if error.problem != "no such file" or error.file not in (*data.train, *data.dev, *data.test):
                raise
            hint = "The path is relative to the folder where the run was trained."
            raise DataError(error.problem, file=error.file, hint=f"{hint} {error.hint or ''}".strip()) from None
        source = self._with_misc(source, labelled=labelled)
        self._check_columns(source, labelled=labelled)
        return cut_texts(source, self.spec.input) if source.has_plain_texts else source

    def read_texts(self, texts: Sequence[str]) -> Source:
        """Texts as records; for a model of token lists, the text is split at whitespace.

        Raises:
            ConfigError: the model reads series, or several columns of text.
        """
        if self.options.texts:
            columns = listed(self.options.texts)
            raise ConfigError(f"this model reads the columns {columns} together; name a file that has them")
        return texts_source(texts, self.spec.input)

    def predictions(
        self, records: Iterable[Record], batch_size: int = 256, *, on_empty: OnEmpty = "skip"
    ) -> Iterator[Prediction]:
        """Predictions for records, in order, computed `batch_size` records at a time.

        A record with an empty sequence gets an empty prediction, or raises with `on_empty="error"`.
        """
        spec = replace(self.spec, targets=(), id_column=None, group_column=None)
        for chunk in _chunks(records, batch_size):
            yield from self._predicted(chunk, spec, on_empty)

    def evaluate(
        self,
        source: Source | str | Path | Sequence[str | Path],
        *,
        on_empty: OnEmpty = "skip",
        unseen: UnseenLabels = "wrong",
        missing: Sequence[str] = (),
        label_separator: str | None = None,
        say: Callable[[str], object] | None = None,
    ) -> Evaluation:
        """Metrics and losses on labelled data, with a few thousand rows in memory at a time.

        Args:
            source: one or several paths, or the result of `read_files`.
            on_empty: how to treat a row with an empty sequence: `skip` leaves it out of every figure and warns with the
                count, `error` raises.
            unseen: how to treat a label that was never seen in training: `wrong` counts it as wrong, whatever is
                predicted, and warns with the count, `error` raises.
            missing: additional words that mark a missing label, besides those known from training.
            label_separator: the separator of labels in one cell, if it differs from that of training.
            say: called with each message; by default a warning is issued.

        Raises:
            LabelError: with `unseen="error"`, a label unknown to the model, with file and line.
            DataError: data that cannot be used.

        Warns:
            EmptySequenceWarning: some rows are left out; gives their number and positions.
            LabelWarning: words were read as missing labels, or labels were never seen in training.
        """
        if not isinstance(source, Source):
            source = self.read_files(source, labelled=True)
        self._check_columns(source, labelled=True)
        read_as = targets_read_as(self.spec.targets, missing, label_separator)
        labels, empty = LabelNotes(), EmptyRows(self.spec.input.column)
        batches = self._labelled_batches(source, on_empty, empty, labels, unseen, read_as)
        evaluated = evaluate_batches(
            self.network, batches, self.targets, device=self.device, thresholds=self.thresholds
        )
        is_nothing = not any(scores.count for scores in evaluated.scores.values())
        if empty.count and is_nothing:
            problem = f"no row can be evaluated: {empty.message('which have no prediction')}"
            raise DataError(problem, file=source.files[0])
        if is_nothing:
            names = listed([target.name for target in self.targets])
            raise DataError(f"no row has a label of {names}, so there is nothing to evaluate", file=source.files[0])
        if empty.count:
            (say or _warn)(empty.message("left out of every figure"))
        for sentence in (*labels.gap_messages(advice=False), *labels.unseen_messages(_IF_UNSEEN)):
            (say or _warn_of_labels)(sentence)
        return evaluated.beside_left_out(empty=empty.count)

    def _of(
        self, sequences: Iterable[Any], caller: str, on_empty: OnEmpty, value: Callable[[Prediction], dict[str, Any]]
    ) -> list[Any]:
        records = records_of(sequences, self.spec.input, self.encoding.channels // self.spec.input.views, caller)
        empty = EmptyRows(self.spec.input.column)
        predictions = empty.counted(self.predictions(records, on_empty=on_empty))
        found = list(map(self._alone, map(value, predictions)))
        if empty.count:
            warnings.warn(empty.message("no prediction"), EmptySequenceWarning, stacklevel=3)
        return found

    def _alone(self, by_target: dict[str, Any]) -> Any:
        return by_target if len(self.targets) > 1 else by_target[self.targets[0].name]

    def _unlabelled_columns(self) -> tuple[tuple[str, ...], ...]:
        """Column names for files without labels, in formats that do not name their columns."""
        predicted = {column for target in self.spec.targets for column in target.columns}
        without = tuple(name for name in self.options.columns or () if name not in predicted)
        alone = () if self.spec.input.is_series else self.options.texts or (self.spec.input.column,)
        return tuple(dict.fromkeys(names for names in (without, alone) if names))

    def _plain_text(self) -> PlainText | None:
        """How lines of text are read; None for a model that does not read a single text."""
        if self.spec.input.is_series or self.options.texts:
            return None
        columns = tuple(column for target in self.spec.targets for column in target.columns)
        labels = (label_text(label) for target in self.targets for classes in target.classes for label in classes)
        return PlainText(self.spec.input.column, columns, frozenset(labels), self.spec.input.kind == "tokens")

    def _with_misc(self, source: Source, *, labelled: bool) -> Source:
        """A CoNLL-U source with the columns that predictions of a model of another format left in MISC."""
        tags = [column for target in self.spec.targets if target.per_step for column in target.columns]
        tokens = self.spec.input.column if self.spec.input.kind == "tokens" else None
        return with_misc(source, tags=tags if labelled else (), tokens=tokens)

    def _check_columns(self, source: Source, *, labelled: bool) -> None:
        predicted = [column for target in self.spec.targets for column in target.columns]
        for column in [self.spec.input.column, *(predicted if labelled else ())]:
            if column not in source.columns:
                raise no_column(column, source)

    def _predicted(self, chunk: Sequence[Record], spec: DataSpec, on_empty: OnEmpty) -> Iterator[Prediction]:
        store = self._store(chunk, spec, on_empty)
        found = {place: Prediction(chunk[place], 0, {}, self.targets) for place in store.empty}
        if not len(store):
            return (found[place] for place in range(len(chunk)))
        filled = [place for place in range(len(chunk)) if place not in found] if found else range(len(chunk))
        batcher = Batcher(store, self.encoding)
        for batch in batcher.batches(length_plan(batcher.sizes, np.arange(len(store)), _BATCH_TOKENS)):
            answers = answers_of(self.network, batch, self.targets, self.device, self.thresholds)
            check_finite(self.targets, answers, batch, lambda row: chunk[row].place)
            for i, row in enumerate(batch.rows.tolist()):
                own = {name: answer.of_row(i) for name, answer in answers.items()}
                place = filled[row]
                found[place] = Prediction(chunk[place], int(batch.lengths[i]), own, self.targets)
        return (found[place] for place in range(len(chunk)))

    def _labelled_batches(
        self,
        source: Source,
        on_empty: OnEmpty,
        empty: EmptyRows,
        labels: LabelNotes,
        unseen: UnseenLabels,
        targets: tuple[TargetSpec, ...],
    ) -> Iterator[Batch]:
        spec = replace(self.spec, targets=targets, id_column=None, group_column=None)
        store = None
        for chunk in _chunks(source, _EVALUATED_ROWS):
            store = self._store(chunk, spec, on_empty)
            empty.add(store.empty_places, len(store.empty))
            if not len(store):
                continue
            rows = np.arange(len(store))
            codecs = tuple(LabelCodec.for_store(target, i, store) for i, target in enumerate(self.targets))
            for codec in codecs if unseen == "error" else ():
                codec.check(store, rows, _UNKNOWN_LABEL)
            labels.add_gaps(store)
            labels.add_unseen(store, codecs)
            batcher = Batcher(store, self.encoding, codecs)
            yield from batcher.batches(length_plan(batcher.sizes, rows, _BATCH_TOKENS))
        if store is None:
            raise DataError("there is no sequence to read", file=source.files[0])

    def _store(self, chunk: Sequence[Record], spec: DataSpec, on_empty: OnEmpty) -> Store:
        store = open_store([(0, chunk)], spec, on_empty=on_empty)
        if len(store) and store.channels != self.encoding.channels:
            self._refuse_channels(store.channels, chunk[0].place)
        return store

    def _refuse_channels(self, channels: int, place: Place) -> None:
        views = self.spec.input.views
        raise DataError(
            f"the series has {counted(channels // views, 'channel')}, the model was trained on "
            f"{self.encoding.channels // views}",
            file=place.file,
            line=place.line,
        )


def _warn(text: str) -> None:
    warnings.warn(text, EmptySequenceWarning, stacklevel=3)


def _warn_of_labels(text: str) -> None:
    warnings.warn(text, LabelWarning, stacklevel=3)


def _refuse_twice(files: Sequence[str | Path]) -> None:
    known: dict[Path, str] = {}
    for name in map(str, files):
        path = Path(name).resolve()
        if path in known:
            also = "" if known[path] == name else f", also as '{known[path]}'"
            hint = "Each of its rows would count twice. Give it once."
            raise DataError(f"the file is given twice{also}", file=name, hint=hint)
        known[path] = name


def _chunks(records: Iterable[Record], size: int) -> Iterator[list[Record]]:
    stream = iter(records)
    while chunk := list(islice(stream, size)):
        yield chunk


def load(run: str | Path, device: str | torch.device = "auto") -> Model:
    """Loads the trained model of a run folder.

    Args:
        run: the run folder.
        device: auto, cpu, cuda, cuda:1 or mps; or a `torch.device`.

    Raises:
        RunFolderError: the folder has no run, or one that is incomplete, damaged or of another version.
        ConfigError: the device is not available.
    """
    chosen = _device(device)
    saved = read_run(Path(run))
    network = saved.network.to(chosen).eval()
    return Model(**{**vars(saved), "network": network, "device": chosen})


def _device(given: str | torch.device) -> torch.device:
    kind, colon, index = str(given).partition(":")
    chosen = choose_device(kind)
    if not colon:
        return chosen
    count = torch.cuda.device_count() if kind == "cuda" else 1
    if not index.isdecimal() or len(index) > 9 or int(index) >= count:
        raise ConfigError(f"there is no device '{given}'; this machine has {counted(count, kind + ' device')}, from 0")
    return torch.device(kind, int(index))
