"""The files of a run folder, written so that a crash or a full disk never damages what was saved before."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock
import safetensors
import safetensors.torch
import torch
from torch import Tensor

from seqwise._files import PART, open_regular, read_whole, reason, remove_leftovers, write_atomically
from seqwise.errors import RunFolderError, SaveError

__all__ = ["FORMAT_VERSION", "MANIFEST", "MOST_BYTES", "Form", "RunFolder", "new_run_folder", "next_run_folder"]

FORMAT_VERSION = 1
MANIFEST = "manifest.json"
MOST_BYTES = 1 << 28
"""The size limit of a file that is read as a whole."""
_NEEDED = (
    "config.yaml",
    "data.json",
    "labels.json",
    "vocab.json",
    "model.safetensors",
    "metrics.json",
    "env.json",
)


_DTYPES = {
    torch.float64: "F64",
    torch.float32: "F32",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.int64: "I64",
    torch.int32: "I32",
    torch.bool: "BOOL",
}


@dataclass(frozen=True)
class Form:
    """The metadata of a tensor in a file.

    Attributes:
        dtype: name of its type in safetensors.
        shape: its shape.
    """

    dtype: str
    shape: tuple[int, ...]

    @classmethod
    def of(cls, tensor: Tensor) -> Form:
        """The metadata of a tensor."""
        return cls(_DTYPES.get(tensor.dtype, str(tensor.dtype)), tuple(tensor.shape))

    def __str__(self) -> str:
        return f"{self.dtype} of shape {self.shape}"


@dataclass(frozen=True)
class RunFolder:
    """The folder of a run on disk.

    Attributes:
        path: the folder.
    """

    path: Path

    @property
    def is_finished(self) -> bool:
        """Whether training finished and everything was written."""
        is_whole = (self.path / "metrics.json").exists() and (self.path / "model.safetensors").exists()
        return is_whole and ((self.path / MANIFEST).exists() or not self.promises_manifest)

    @property
    def promises_manifest(self) -> bool:
        """Whether the run gets a manifest when it is finished, as all but those of early versions do."""
        try:
            environment = self.read_json("env.json")
        except RunFolderError:
            return False
        return isinstance(environment, dict) and environment.get("manifest") is True

    @property
    def checkpoint(self) -> Path:
        """The file from which `--resume` continues."""
        return self.path / "checkpoints" / "last" / "state.safetensors"

    @property
    def resume_command(self) -> str:
        """The command that resumes the run."""
        return f"seqwise train --run {shlex.quote(str(self.path))} --resume"

    def check_free(self) -> None:
        """Raises if the folder already exists.

        Raises:
            RunFolderError: names the alternatives.
        """
        if not self.path.exists() or (self.path.is_dir() and not any(self.path.iterdir())):
            return
        ways = "  Choose another with --run DIR"
        if (self.path / "config.yaml").exists():
            ways += f", or resume it: {self.resume_command}"
        raise RunFolderError(f"the run folder {self.path} already exists and is never overwritten\n{ways}")

    def check_resumable(self) -> None:
        """Raises if the folder exists but holds no run that can be resumed.

        Raises:
            RunFolderError: the folder holds files, but no config.yaml.
        """
        if not self.path.exists() or (self.path / "config.yaml").exists():
            return
        if not self.path.is_dir():
            raise RunFolderError(f"{self.path} is a file, not a run folder\n  Choose another with --run DIR.")
        names = {path.name for path in self.path.iterdir() if path.suffix != PART}
        if self.checkpoint.exists() or names & set(_NEEDED):
            raise RunFolderError(
                f"the run folder {self.path} has lost its config.yaml, so the run cannot be resumed\n"
                "  Restore the file from a copy, or train again into another folder: --run DIR"
            )
        if names - {"checkpoints"}:  # the only one if a run was killed before it wrote anything
            raise RunFolderError(
                f"the folder {self.path} holds files, but no run that can be resumed\n  Choose another with --run DIR."
            )

    def create(self) -> None:
        """Creates the folder; if two processes try at once, only one succeeds.

        Raises:
            RunFolderError: the path already exists.
            SaveError: the disk is full or not writable.
        """
        if not self._made(self.path):
            self.check_free()
        if not self._made(self.checkpoint.parent.parent):
            self.check_free()
        self.prepare()

    def prepare(self) -> None:
        """Creates missing folders, and removes unfinished files of a killed training."""
        self._made(self.checkpoint.parent)
        for folder in (self.path, self.checkpoint.parent):
            remove_leftovers(folder)

    def _made(self, path: Path) -> bool:
        """Creates a folder; returns whether this call created it."""
        try:
            path.mkdir(parents=True)
        except FileExistsError:
            return False
        except OSError as error:
            raise SaveError(f"cannot create the run folder {path}: {reason(error)}") from error
        return True

    def check_idle(self) -> None:
        """Raises if another process is training in this folder.

        Raises:
            RunFolderError: see `held`.
        """
        if (self.path / "checkpoints").is_dir():
            with self.held():
                pass

    @contextmanager
    def held(self) -> Iterator[None]:
        """Locks the folder, so that no other process trains in it. The system releases the lock when the process ends.

        Raises:
            RunFolderError: another process is training in it.
            SaveError: the disk is full or not writable.
        """
        lock = filelock.FileLock(self.path / "checkpoints" / "lock")
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            raise RunFolderError(
                f"the run {self.path} is being trained by another process\n"
                f"  Wait for it to end, or stop it and resume with: {self.resume_command}"
            ) from None
        except OSError as error:
            raise SaveError(f"cannot lock the run folder {self.path}: {reason(error)}") from error
        try:
            yield
        finally:
            lock.release()

    def check_finished(self) -> None:
        """Raises if a model cannot be loaded from this folder.

        Raises:
            RunFolderError: there is no folder, or it has no run, an incomplete one, or one of another format version.
        """
        if not self.path.is_dir():
            raise RunFolderError(f"there is no run folder {self.path}")
        present = {name for name in _NEEDED if (self.path / name).exists()}
        if not present:
            raise RunFolderError(f"{self.path} is not a run folder: it has none of {', '.join(_NEEDED)}")
        missing = [name for name in _NEEDED if name not in present]
        if missing:
            raise RunFolderError(
                f"the run folder {self.path} is incomplete: {', '.join(missing)} missing\n"
                f"  Training did not finish. Resume with: {self.resume_command}"
            )
        environment = self.read_json("env.json")
        version = environment.get("format_version") if isinstance(environment, dict) else None
        if version != FORMAT_VERSION:
            raise RunFolderError(
                f"the run folder {self.path} has format {version}, this version of seqwise reads format "
                f"{FORMAT_VERSION}\n  Train again, or use the version of seqwise named in its env.json."
            )

    def read_json(self, name: str) -> Any:
        """The content of a JSON file of the folder.

        Raises:
            RunFolderError: the file is missing or damaged.
        """
        return self.parsed_json(name, self.read_bytes(name))

    def parsed_json(self, name: str, content: bytes) -> Any:
        """The parsed content of a JSON file of the folder.

        Raises:
            RunFolderError: it is damaged.
        """
        try:
            return json.loads(content.decode("utf-8"), parse_constant=_no_number)
        except RecursionError:
            raise RunFolderError(f"{self.path / name} cannot be read: its values are nested too deeply") from None
        except ValueError as error:
            raise RunFolderError(f"{self.path / name} cannot be read: {error}") from None

    def read_bytes(self, name: str) -> bytes:
        """The content of a regular file of the folder, within the size limit.

        Raises:
            RunFolderError: the file is missing, larger, or not a regular file.
        """
        try:
            return read_whole(self.path / name, MOST_BYTES)
        except OSError as error:
            raise RunFolderError(f"{self.path / name} cannot be read: {reason(error)}") from None

    def write_json(self, name: str, content: Any) -> None:
        """Writes a JSON file of the folder."""
        self.write_text(name, json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False) + "\n")

    def write_text(self, name: str, content: str) -> None:
        """Writes a text file of the folder."""
        write_atomically(self.path / name, lambda path: path.write_text(content, encoding="utf-8"))

    def append_line(self, name: str, line: str) -> None:
        """Appends a line to a text file of the folder."""
        try:
            if (self.path / name).exists():
                open_regular(self.path / name).close()
            with (self.path / name).open("a", encoding="utf-8") as file:
                file.write(line + "\n")
        except OSError as error:
            raise SaveError(f"cannot save {self.path / name}: {reason(error)}") from error

    def write_tensors(self, path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
        """Writes tensors and text metadata to one safetensors file."""
        plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
        write_atomically(
            path,
            lambda part: safetensors.torch.save_file(plain, part, dict(metadata)),
            failures=(safetensors.SafetensorError,),
        )

    def tensor_forms(self, path: Path) -> dict[str, Form]:
        """The metadata of the tensors in a safetensors file, by name, without reading the tensors.

        Raises:
            RunFolderError: the file is missing or damaged.
        """
        with _tensors(path) as file:
            slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118
            return {name: Form(own.get_dtype(), tuple(own.get_shape())) for name, own in slices.items()}

    def read_tensors(self, path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
        """The tensors and the text metadata of a safetensors file.

        Raises:
            RunFolderError: the file is missing or damaged.
        """
        with _tensors(path) as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            return tensors, file.metadata() or {}


@contextmanager
def _tensors(path: Path) -> Iterator[Any]:
    """Opens a safetensors file.

    Raises:
        RunFolderError: the file is missing or damaged.
    """
    try:
        open_regular(path).close()
        with safetensors.safe_open(path, framework="pt") as file:
            yield file
    except (OSError, AttributeError, KeyError, OverflowError, RuntimeError, safetensors.SafetensorError) as error:
        raise RunFolderError(f"{path} cannot be read: {reason(error)}") from None


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is not a number")


def next_run_folder(stem: str, parent: Path = Path("runs")) -> Path:
    """The first free folder of `parent/stem-1`, `parent/stem-2`, ..., without creating it."""
    number = 1
    while os.path.lexists(parent / f"{stem}-{number}"):
        number += 1
    return parent / f"{stem}-{number}"


def new_run_folder(stem: str, parent: Path = Path("runs")) -> RunFolder:
    """Creates the first free folder of these names; concurrent processes get different ones.

    Raises:
        SaveError: the disk is full or not writable.
    """
    while True:
        folder = RunFolder(next_run_folder(stem, parent))
        if folder._made(folder.path):
            return folder
