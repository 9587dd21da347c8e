"""Reads a model from a run folder, with advice for files that are missing or damaged."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from seqwise.config import Config, load_config, parse_config
from seqwise.data.encoding import Encoding
from seqwise.data.readers import ReadOptions
from seqwise.data.spec import DataSpec
from seqwise.errors import ConfigError, RunFolderError, did_you_mean, listed
from seqwise.models.decisions import Thresholds
from seqwise.models.network import network_for
from seqwise.nn import ROCKET, TFIDF, Network
from seqwise.runs.contents import (
    Description,
    encoding_of,
    format_version_of,
    labels_of,
    options_of,
    thresholds_of,
)
from seqwise.runs.manifest import check_manifest
from seqwise.runs.restored import check_subwords, fitting_network
from seqwise.runs.run_folder import FORMAT_VERSION, RunFolder
from seqwise.runs.tensor_checks import not_finite
from seqwise.targets import Target

__all__ = ["Saved", "read_parts", "read_run"]

_Anything = TypeVar("_Anything")
_COPY = "Put the files back from a copy of the run folder, or train again"
_CONFIG, _DATA, _LABELS, _VOCABULARY, _WEIGHTS, _CALIBRATION = (
    "config.yaml",
    "data.json",
    "labels.json",
    "vocab.json",
    "model.safetensors",
    "calibration.json",
)


@dataclass(frozen=True)
class Saved:
    """The components of a model in a run folder; see `seqwise.inference.loaded_model.Model`."""

    path: Path
    config: Config
    spec: DataSpec
    options: ReadOptions
    targets: tuple[Target, ...]
    encoding: Encoding
    network: Network
    thresholds: Thresholds


def read_run(path: Path) -> Saved:
    """Reads the components of a finished run.

    Raises:
        RunFolderError: the folder has no run, or one that is incomplete, damaged or of another version.
    """
    folder = RunFolder(path)
    _check_there(path)
    if (path / "metrics.json").exists():
        for name in (_CONFIG, _DATA, _LABELS, _VOCABULARY, _WEIGHTS, "env.json"):
            if not (path / name).exists():
                raise _unusable(folder, name, "is missing")
    if _is_of_another_version(folder):  # its manifest may have another format, too
        folder.check_finished()
    check_manifest(folder)
    return read_parts(folder)


def _is_of_another_version(folder: RunFolder) -> bool:
    """Whether env.json names another format version; a damaged env.json is reported elsewhere."""
    with suppress(RunFolderError):
        return _read(folder, "env.json", format_version_of) != FORMAT_VERSION
    return False


def read_parts(folder: RunFolder) -> Saved:
    """Reads the components of a finished run without its manifest; everything else is checked.

    Raises:
        RunFolderError: see `read_run`.
    """
    if (folder.path / "metrics.json").exists():
        _read(folder, "env.json", format_version_of)
    folder.check_finished()
    folder.read_bytes(_CONFIG)
    with _usable(folder, _CONFIG):
        config = parse_config(load_config(folder.path / _CONFIG))
    labels = _read(folder, _LABELS, labels_of)
    options = _read(folder, _DATA, options_of)
    encoding = _read(folder, _VOCABULARY, encoding_of)
    _check_agreement(folder, config, labels, encoding)
    network = _network(folder, config, labels.targets, encoding)
    thresholds = _thresholds(folder, config, labels.targets)
    return Saved(folder.path, config, labels.spec, options, labels.targets, encoding, network, thresholds)


def _check_agreement(folder: RunFolder, config: Config, labels: Description, encoding: Encoding) -> None:
    """Raises if the files describe different models."""
    is_series, views = labels.spec.input.is_series, labels.spec.input.views
    if is_series != bool(encoding.channels):
        raise _mixed(folder, f"{_LABELS} and {_VOCABULARY}: of series and of symbols")
    if encoding.channels % views:
        raise _mixed(folder, f"{_LABELS} and {_VOCABULARY}: {encoding.channels} channels of {views} views each")
    if config.model.is_folder != encoding.is_pretrained:
        raise _mixed(folder, f"{_CONFIG} and {_VOCABULARY}: of a pretrained encoder and of another one")
    if config.model.encoder == ROCKET and not is_series:
        raise _mixed(folder, f"{_CONFIG} and {_VOCABULARY}: the encoder '{ROCKET}' reads series")
    if (config.model.encoder == TFIDF) != encoding.ngrams.counted:
        raise _mixed(folder, f"{_CONFIG} and {_VOCABULARY}: the encoder '{TFIDF}' and n-grams of another one")


def _mixed(folder: RunFolder, problem: str) -> RunFolderError:
    return RunFolderError(f"{folder.path} holds files of different runs, {problem}\n  {_COPY}")


def _thresholds(folder: RunFolder, config: Config, targets: tuple[Target, ...]) -> Thresholds:
    """The thresholds of calibration.json; none for a run without multilabel targets, or of a version without them."""
    is_calibrated = config.train.thresholds and "thresholds" in config.train.model_fields_set
    if not is_calibrated or not any(target.kind == "multilabel" for target in targets):
        return {}
    if not (folder.path / _CALIBRATION).exists():
        raise _unusable(folder, _CALIBRATION, "is missing")
    return _read(folder, _CALIBRATION, lambda content: thresholds_of(content, targets))


def _check_there(path: Path) -> None:
    """Raises if there is no run folder, and names those inside or next to the path."""
    if path.is_dir():
        inside = [name for name in _runs_in(path) if not (path / "config.yaml").exists()]
        if inside:
            raise RunFolderError(f"{path} is not a run folder, but holds some: {listed(inside)}\n  Choose one of them.")
    elif path.exists():
        raise RunFolderError(f"{path} is a file, not a run folder\n  Give the folder that training wrote.")
    else:
        near = did_you_mean(path.name, _runs_in(path.parent))
        raise RunFolderError(f"there is no run folder {path}" + (f"\n  {near}" if near else ""))


def _runs_in(path: Path) -> list[str]:
    return sorted(found.parent.name for found in path.glob("*/config.yaml")) if path.is_dir() else []


def _network(folder: RunFolder, config: Config, targets: tuple[Target, ...], encoding: Encoding) -> Network:
    with _usable(folder, _WEIGHTS):
        forms = folder.tensor_forms(folder.path / _WEIGHTS)
    largest = max((size for form in forms.values() for size in form.shape), default=0)
    try:
        if any(target.class_count > largest for target in targets):
            raise RunFolderError("no tensor has one row per class of a target")
        network = fitting_network(lambda: network_for(config, targets, encoding), forms)
        check_subwords(network, encoding)
    except RunFolderError as error:
        others = f"the {_CONFIG}, {_LABELS} and {_VOCABULARY} of the folder"
        raise RunFolderError(f"{folder.path / _WEIGHTS} does not match {others} ({error})\n  {_COPY}") from None
    with _usable(folder, _WEIGHTS):
        weights, _ = folder.read_tensors(folder.path / _WEIGHTS)
    if (problem := not_finite(weights)) is not None:
        raise _unusable(folder, _WEIGHTS, f"cannot be used: {problem}")
    network.load_state_dict(weights)
    return network


def _read(folder: RunFolder, name: str, read: Callable[[bytes], _Anything]) -> _Anything:
    """The parsed content of a file of the folder."""
    with _usable(folder, name):
        content = folder.read_bytes(name)
    try:
        return read(content)
    except RunFolderError as error:
        raise _unusable(folder, name, f"cannot be used: {error}") from None


@contextmanager
def _usable(folder: RunFolder, name: str) -> Iterator[None]:
    """Converts errors about the content of a file into one that names the file and how to fix it."""
    try:
        yield
    except (ConfigError, RunFolderError) as error:
        place = "" if str(folder.path / name) in str(error) else f"{folder.path / name}: "
        raise RunFolderError(f"{place}{error}\n  {_ways_out(folder, name)}") from None
    except (RecursionError, MemoryError):
        raise _unusable(folder, name, "cannot be used: its values are nested too deeply, or too large") from None


def _unusable(folder: RunFolder, name: str, problem: str) -> RunFolderError:
    return RunFolderError(f"{folder.path / name} {problem}\n  {_ways_out(folder, name)}")


def _ways_out(folder: RunFolder, name: str) -> str:
    again = "train again"
    if name != _CONFIG and (folder.path / _CONFIG).exists():
        again += f": seqwise train --config {shlex.quote(str(folder.path / _CONFIG))}"
    return f"Put the file back from a copy of the run folder, or {again}"
