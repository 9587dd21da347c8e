"""Loads a run folder as a model that predicts: no user code, no pickle, no network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from seqwise.data.batching import Batcher, length_plan
from seqwise.data.labels import LabelCodec
from seqwise.data.readers import ReadOptions, Source, format_of
from seqwise.data.records import Place, Record
from seqwise.data.spec import DataSpec
from seqwise.data.store import open_store
from seqwise.data.vocabulary import ChannelScaling, Vocabulary
from seqwise.errors import DataError, RunFolderError, UsageError
from seqwise.evaluation.decoding import decode, decode_probabilities
from seqwise.nn import SequenceModel
from seqwise.targets import Target
from seqwise.training.config import Config, load_config, parse_config
from seqwise.training.folder import RunFolder
from seqwise.training.judge import Judgement, judge, logits_of
from seqwise.training.loop import choose_device
from seqwise.training.run import model_for

__all__ = ["Model", "Prediction", "load"]

_BATCH_TOKENS = 4096


@dataclass(frozen=True)
class Prediction:
    """What a model says of one sequence.

    Attributes:
        record: the row that was read.
        steps: the length of its sequence.
        logits: per target, without the batch axis.
        targets: what is predicted.
    """

    record: Record
    steps: int
    logits: Mapping[str, NDArray[np.float32]]
    targets: tuple[Target, ...]

    def labels(self) -> dict[str, Any]:
        """Per target, the prediction in the user's label values; see `evaluation.decoding.decode`."""
        return {target.name: decode(target, self.logits[target.name], self.steps) for target in self.targets}

    def probabilities(self) -> dict[str, Any]:
        """Per target, probabilities by label; see `evaluation.decoding.decode_probabilities`."""
        return {
            target.name: decode_probabilities(target, self.logits[target.name], self.steps) for target in self.targets
        }


@dataclass(frozen=True)
class Model:
    """A trained model with everything it needs to read data and speak in the user's labels; made by `load`.

    Attributes:
        path: its run folder.
        config: every setting of its training.
        spec: the columns it reads.
        options: how its training files were read.
        format: the form of its training files.
        targets: what it predicts.
        encoding: its vocabulary, or the scaling of its channels.
        network: the torch module, in evaluation mode.
        device: where it computes.
    """

    path: Path
    config: Config
    spec: DataSpec
    options: ReadOptions
    format: str | None
    targets: tuple[Target, ...]
    encoding: Vocabulary | ChannelScaling
    network: SequenceModel
    device: torch.device

    def options_for(self, file: str | None, given_format: str | None = None) -> ReadOptions:
        """How a file is read: as the training files were, where it has their format or does not tell its own.

        Args:
            file: its path; None for a stream.
            given_format: its format, if the user said so.
        """
        found = given_format
        if found is None and file is not None:
            with suppress(DataError):  # neither name nor content tells the format, or opening it will say what is wrong
                found = format_of(file)
        if found in (None, self.format):
            return replace(self.options, format=self.format)
        return ReadOptions(format=found, encoding=self.options.encoding)

    def predict(self, sequences: Iterable[Any]) -> list[Any]:
        """Predictions for sequences, in their order.

        Args:
            sequences: texts, lists of tokens, or arrays (time,) or (time, channels): what the model was trained on.

        Returns:
            One prediction each, in the user's label values: a label; a list of labels per step; {output: label}; a
            list of labels. With several targets, a dict of these by target.

        Raises:
            DataError: a sequence that is empty or of another kind, with its position.
        """
        return [self._alone(prediction.labels()) for prediction in self._of(sequences)]

    def predict_proba(self, sequences: Iterable[Any]) -> list[Any]:
        """Probabilities for sequences, in their order: {label: probability}, nested as in `predict`."""
        return [self._alone(prediction.probabilities()) for prediction in self._of(sequences)]

    def predictions(self, records: Iterable[Record], batch_size: int = 256) -> Iterator[Prediction]:
        """Predictions for records, in their order, reading `batch_size` of them at a time."""
        spec = replace(self.spec, targets=(), id_column=None, group_column=None)
        stream = iter(records)
        while chunk := list(islice(stream, batch_size)):
            yield from self._chunk(chunk, spec)

    def evaluate(self, source: Source) -> Judgement:
        """Scores and losses on labelled data.

        Raises:
            LabelError: a label that the model does not know, with file and line.
            DataError: data that cannot be used.
        """
        store = open_store([(0, source)], replace(self.spec, id_column=None, group_column=None))
        rows = np.arange(len(store))
        codecs = tuple(LabelCodec.for_store(target, i, store) for i, target in enumerate(self.targets))
        for codec in codecs:
            codec.check(store, rows)
        self._check_channels(store.channels, store.place(0))
        batcher = Batcher(store, self.encoding, codecs)
        return judge(self.network, batcher, self.targets, rows, batch_tokens=_BATCH_TOKENS, device=self.device)

    def _of(self, sequences: Iterable[Any]) -> Iterator[Prediction]:
        if isinstance(sequences, str):
            raise UsageError("predict takes a list of sequences, got one text; write predict([text])")
        column = self.spec.input.column
        records = (
            Record(Place("sequences", position), {column: _plain(sequence)})
            for position, sequence in enumerate(sequences)
        )
        return self.predictions(records)

    def _alone(self, by_target: dict[str, Any]) -> Any:
        return by_target if len(self.targets) > 1 else by_target[self.targets[0].name]

    def _chunk(self, chunk: Sequence[Record], spec: DataSpec) -> Iterator[Prediction]:
        store = open_store([(0, chunk)], spec)
        self._check_channels(store.channels, chunk[0].place)
        batcher = Batcher(store, self.encoding)
        found: dict[int, Prediction] = {}
        for batch in batcher.batches(length_plan(store.lengths, np.arange(len(store)), _BATCH_TOKENS)):
            logits = logits_of(self.network, batch, self.device)
            for i, row in enumerate(batch.rows.tolist()):
                own = {name: array[i] for name, array in logits.items()}
                found[row] = Prediction(chunk[row], int(batch.lengths[i]), own, self.targets)
        return (found[row] for row in range(len(chunk)))

    def _check_channels(self, channels: int, place: Place) -> None:
        expected = len(self.encoding.mean) if isinstance(self.encoding, ChannelScaling) else 0
        if channels != expected:
            raise DataError(
                f"the series has {channels} channels, the model was trained on {expected}",
                file=place.file,
                line=place.line,
            )


def load(run: str | Path, device: str = "auto") -> Model:
    """The trained model of a run folder.

    Args:
        run: the folder.
        device: auto, cpu, cuda or mps.

    Raises:
        RunFolderError: no run there, half written, or of another version.
    """
    folder = RunFolder(Path(run))
    folder.check_finished()
    config = parse_config(load_config(folder.path / "config.yaml"))
    labels, data = folder.read_json("labels.json"), folder.read_json("data.json")
    targets = tuple(_target(plain) for plain in labels["targets"])
    encoding = _encoding(folder.read_json("vocab.json"))
    with torch.random.fork_rng():  # fresh weights are drawn before they are replaced
        network = model_for(config, targets, encoding)
    weights, _ = folder.read_tensors(folder.path / "model.safetensors")
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise RunFolderError(f"{folder.path / 'model.safetensors'} does not fit its config.yaml: {error}") from None
    chosen = choose_device(device)
    return Model(
        folder.path,
        config,
        DataSpec.from_json(labels["spec"]),
        _options(data["options"]),
        data.get("format"),
        targets,
        encoding,
        network.to(chosen).eval(),
        chosen,
    )


def _target(plain: dict[str, Any]) -> Target:
    classes = tuple(tuple(labels) for labels in plain["classes"])
    return Target(
        plain["name"],
        plain["kind"],
        classes,
        tuple(plain["columns"]),
        tuple(plain["outputs"]),
        plain["per_step"],
    )


def _encoding(plain: dict[str, Any]) -> Vocabulary | ChannelScaling:
    if plain["kind"] == "symbols":
        return Vocabulary(tuple(plain["symbols"]), tuple(plain["counts"]), plain["affix_buckets"])
    return ChannelScaling.from_json(plain)


def _options(plain: dict[str, Any]) -> ReadOptions:
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in plain.items()}
    return ReadOptions(**values)


def _plain(sequence: Any) -> Any:
    """Arrays become (time, channels) float32; other sequences become lists; text stays text."""
    if isinstance(sequence, str):
        return sequence
    if isinstance(sequence, np.ndarray) and sequence.dtype.kind in "fiu" and sequence.ndim in (1, 2):
        return sequence.reshape(len(sequence), -1) if len(sequence) else []
    return list(sequence)
