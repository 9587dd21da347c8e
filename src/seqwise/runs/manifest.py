"""Checksums of the files that predictions depend on, to detect damaged or mixed run folders.

`manifest.json` is written last, when a run is finished. Runs of early versions have none; `env.json` tells whether a
run gets one.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from seqwise._files import reason, sha256_of
from seqwise.errors import RunFolderError, listed
from seqwise.runs.run_folder import MANIFEST, MOST_BYTES, RunFolder

__all__ = ["COVERED", "accept_changes", "changed_files", "check_manifest", "write_manifest"]

COVERED = (
    "config.yaml",
    "data.json",
    "labels.json",
    "vocab.json",
    "model.safetensors",
    "calibration.json",
    "env.json",
    "metrics.json",
)
"""The files with checksums, as far as a run has them."""
_WEIGHTS = "model.safetensors"
"""The only file without a size limit."""


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    bytes: Annotated[int, Field(ge=0)]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class _Manifest(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    files: dict[str, _File]


def write_manifest(folder: RunFolder) -> None:
    """Writes the checksums of the files in a folder.

    Raises:
        RunFolderError: a file cannot be read.
        SaveError: the file could not be written.
    """
    files = {name: own.model_dump() for name in COVERED if (own := _file(folder, name)) is not None}
    folder.write_json(MANIFEST, {"files": files})


def check_manifest(folder: RunFolder) -> None:
    """Raises if a file differs from the one that training wrote; runs without a manifest pass.

    Raises:
        RunFolderError: names the files that differ and what to do.
    """
    listed_files = _listed(folder)
    if listed_files is None:
        return
    changed = changed_files(folder, listed_files)
    if not changed:
        return
    if len(changed) == len(listed_files) > 1:
        raise RunFolderError(
            f"{folder.path / MANIFEST} is that of another run: it lists {listed(listed_files)}, but none of the files "
            f"of the folder matches it\n  {_copy(folder)}"
        )
    differ = "; ".join(changed.values())
    others = "" if len(changed) == 1 else " They may be from another run."
    raise RunFolderError(
        f"the run folder {folder.path} is not as training left it: {differ}.{others}\n  {_copy(folder)}"
    )


def changed_files(folder: RunFolder, files: Mapping[str, _File] | None = None) -> dict[str, str]:
    """How each changed file differs from the manifest, by file name; empty without a manifest."""
    files = (_listed(folder) or {}) if files is None else files
    changed: dict[str, str] = {}
    for name in COVERED:
        before, now = files.get(name), None
        if before is None or (folder.path / name).exists():
            now = _file(folder, name, before)
        if before is None and now is not None:
            changed[name] = f"{name} was added"
        elif before is not None and now is None:
            changed[name] = f"{name} is missing"
        elif before is not None and now is not None and now.bytes != before.bytes:
            changed[name] = f"{name} has {now.bytes:,} bytes, was {before.bytes:,}"
        elif before is not None and now is not None and now != before:
            changed[name] = (
                f"{name} has other content (its SHA-256 sum is {now.sha256[:12]}..., was {before.sha256[:12]}...)"
            )
    return changed


def accept_changes(folder: RunFolder) -> list[str]:
    """Accepts the current files of a folder, and returns how they differ from before."""
    changed = changed_files(folder)
    write_manifest(folder)
    return list(changed.values())


def _listed(folder: RunFolder) -> dict[str, _File] | None:
    """The files in the manifest; None for a run without a manifest."""
    if not (folder.path / MANIFEST).exists() and not (folder.path / MANIFEST).is_symlink():
        if not folder.promises_manifest:
            return None
        raise RunFolderError(
            f"{folder.path / MANIFEST}, which lists the files of the run, is missing\n  {_copy(folder)}"
        )
    content = folder.read_bytes(MANIFEST)
    try:
        files = _Manifest.model_validate_json(content).files
        if unknown := [name for name in files if name not in COVERED]:
            raise ValueError(f"it lists {listed(unknown)}")
    except (ValidationError, ValueError) as error:
        problem = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        problem = re.sub(r"\s+", " ", problem)
        raise RunFolderError(
            f"{folder.path / MANIFEST} cannot be used: it is not what training wrote ({problem})\n  {_copy(folder)}"
        ) from None
    return files


def _file(folder: RunFolder, name: str, before: _File | None = None) -> _File | None:
    """The size and checksum of a file; None if it does not exist. No checksum is computed if the size has changed."""
    path = folder.path / name
    if not path.exists():
        return None
    try:
        size = path.stat().st_size
        if size > MOST_BYTES and name != _WEIGHTS:  # a checksum of a huge sparse file would take for ever
            raise OSError(f"it has {size:,} bytes, expected at most {MOST_BYTES:,}")
        if before is not None and size != before.bytes and path.is_file():
            return _File(bytes=size, sha256="0" * 64)
        return _File(bytes=size, sha256=sha256_of(path))
    except OSError as error:
        raise RunFolderError(f"{path} cannot be read: {reason(error)}\n  {_copy(folder)}") from None


def _copy(folder: RunFolder) -> str:
    command = f"python -m seqwise.runs.accept {shlex.quote(str(folder.path))}"
    return (
        "Put the files back from a copy of the run folder, or train again.\n"
        f"  If you changed them on purpose, check the folder and accept it as it is: {command}"
    )
