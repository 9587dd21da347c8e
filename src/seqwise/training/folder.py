"""The run folder: what stands where, written so that a crash or a full disk never harms what was saved before."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
from torch import Tensor

from seqwise.errors import RunFolderError, SaveError

__all__ = ["FORMAT_VERSION", "RunFolder", "next_run_folder", "write_atomically"]

FORMAT_VERSION = 1
_NEEDED = (
    "config.yaml",
    "data.json",
    "labels.json",
    "vocab.json",
    "model.safetensors",
    "metrics.json",
    "env.json",
)


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Calls `write` with a temporary path, then moves the result to `path`: all of it appears there, or nothing.

    Raises:
        SaveError: the disk refused; what stood at `path` before is untouched.
    """
    temporary = path.with_name(path.name + ".part")
    try:
        write(temporary)
        with temporary.open("r+b") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if not isinstance(error, (OSError, safetensors.SafetensorError)):
            raise
        kept = " What was saved before is untouched." if path.exists() else ""
        raise SaveError(f"cannot save {path}: {_reason(error)}.{kept}") from error


def _reason(error: Exception) -> str:
    return os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)


@dataclass(frozen=True)
class RunFolder:
    """A run on disk.

    Attributes:
        path: the folder.
    """

    path: Path

    @property
    def is_finished(self) -> bool:
        """Whether training ran to its end and everything was written."""
        return (self.path / "metrics.json").exists() and (self.path / "model.safetensors").exists()

    @property
    def checkpoint(self) -> Path:
        """The file from which `--resume` goes on."""
        return self.path / "checkpoints" / "last" / "state.safetensors"

    def check_free(self) -> None:
        """Raises where something stands already.

        Raises:
            RunFolderError: naming the ways out.
        """
        if self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
            raise RunFolderError(
                f"the run folder {self.path} exists already and is never overwritten\n"
                f"  Choose another with --run DIR, or go on with it: seqwise train --run {self.path} --resume"
            )

    def check_resumable(self) -> None:
        """Raises where a folder stands that is no run.

        Raises:
            RunFolderError: the folder holds files, but no config.yaml.
        """
        if self.path.exists() and not (self.path / "config.yaml").exists():
            self.check_free()

    def create(self) -> None:
        """Makes the folder.

        Raises:
            RunFolderError: something stands there already.
            SaveError: the disk refused.
        """
        self.check_free()
        self.prepare()

    def prepare(self) -> None:
        """Makes what is missing of the folder."""
        self._make(self.path)
        self._make(self.checkpoint.parent)

    def _make(self, path: Path) -> None:
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SaveError(f"cannot make the run folder {path}: {_reason(error)}") from error

    def check_finished(self) -> None:
        """Raises where a model cannot be loaded from this folder.

        Raises:
            RunFolderError: no folder, no run in it, half written, or written by another version of the format.
        """
        if not self.path.is_dir():
            raise RunFolderError(f"there is no run folder {self.path}")
        present = {name for name in _NEEDED if (self.path / name).exists()}
        if not present:
            raise RunFolderError(f"{self.path} is not a run folder: it has none of {', '.join(_NEEDED)}")
        missing = [name for name in _NEEDED if name not in present]
        if missing:
            raise RunFolderError(
                f"the run folder {self.path} is half written: {', '.join(missing)} missing\n"
                f"  Training did not end. Go on with: seqwise train --run {self.path} --resume"
            )
        version = self.read_json("env.json").get("format_version")
        if version != FORMAT_VERSION:
            raise RunFolderError(
                f"the run folder {self.path} has format {version}, this version of seqwise reads format "
                f"{FORMAT_VERSION}\n  Train again, or use the version of seqwise named in its env.json."
            )

    def read_json(self, name: str) -> Any:
        """The content of a JSON file of the folder.

        Raises:
            RunFolderError: the file is missing or torn.
        """
        try:
            return json.loads((self.path / name).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise RunFolderError(f"{self.path / name} cannot be read: {error}") from None

    def write_json(self, name: str, content: Any) -> None:
        """Writes a JSON file of the folder."""
        self.write_text(name, json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False) + "\n")

    def write_text(self, name: str, content: str) -> None:
        """Writes a text file of the folder."""
        write_atomically(self.path / name, lambda path: path.write_text(content, encoding="utf-8"))

    def append_line(self, name: str, line: str) -> None:
        """Adds a line to a text file of the folder."""
        try:
            with (self.path / name).open("a", encoding="utf-8") as file:
                file.write(line + "\n")
        except OSError as error:
            raise SaveError(f"cannot save {self.path / name}: {_reason(error)}") from error

    def write_tensors(self, path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
        """Writes tensors and text about them into one safetensors file."""
        plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
        write_atomically(path, lambda part: safetensors.torch.save_file(plain, part, dict(metadata)))

    def read_tensors(self, path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
        """The tensors and the text of a safetensors file.

        Raises:
            RunFolderError: the file is missing or torn.
        """
        try:
            with safetensors.safe_open(path, framework="pt") as file:
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
                return tensors, file.metadata() or {}
        except (OSError, safetensors.SafetensorError) as error:
            raise RunFolderError(f"{path} cannot be read: {error}") from None


def next_run_folder(stem: str, parent: Path = Path("runs")) -> Path:
    """The first free folder `parent/stem-1`, `parent/stem-2`, ...; it is not made."""
    number = 1
    while (parent / f"{stem}-{number}").exists():
        number += 1
    return parent / f"{stem}-{number}"
