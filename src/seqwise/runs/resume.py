"""Resumes an interrupted run: its settings, its data files, and the folder that their paths are relative to."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from seqwise.config import Config, load_config, parse_config
from seqwise.data.readers import paths_named
from seqwise.errors import ConfigError, RunFolderError
from seqwise.runs.run_folder import RunFolder
from seqwise.task.input_files import files_of_parts

__all__ = ["check_same_data", "finished_metrics", "folder_of_names", "saved_settings", "start_folder"]


def saved_settings(folder: RunFolder) -> dict[str, Any]:
    """The settings of a started run, as plain nested values.

    Raises:
        RunFolderError: config.yaml is damaged.
    """
    try:
        plain = load_config(folder.path / "config.yaml")
        if not parse_config(plain).data.train:
            raise ConfigError(f"the config {folder.path / 'config.yaml'} names no training files")
    except ConfigError as error:
        raise RunFolderError(
            f"the run {folder.path} cannot be resumed: {error}\n"
            "  Restore config.yaml from a copy, or train again into another folder: --run DIR"
        ) from None
    return plain


def folder_of_names(folder: RunFolder) -> str:
    """The current folder, relative to the run folder so that both can be moved together."""
    here, run = Path.cwd().resolve(), folder.path.resolve()
    try:
        return Path(os.path.relpath(here, run)).as_posix()
    except ValueError:  # Windows: on another drive
        return here.as_posix()


def start_folder(folder: RunFolder, config: Config) -> Path:
    """The folder that a run's file paths are relative to: where it was started, or the current one if they are here.

    Raises:
        RunFolderError: the files are in neither folder.
    """
    here = Path.cwd()
    try:
        there = (folder.path / str(folder.read_json("env.json")["folder"])).resolve()
    except (RunFolderError, KeyError, TypeError):  # killed before it was written, or damaged
        return here
    names = [path for _, files in files_of_parts(config.data) for name in files for path in paths_named(name)]
    missing = [name for name in names if not (there / name).exists()]
    if not missing:
        return there
    if there == here.resolve() or all((here / name).exists() for name in names):
        return here  # in the first case, opening the files reports the problem
    raise RunFolderError(
        f"the run {folder.path} reads '{missing[0]}', which is neither in {there}, where it was started, nor in the "
        "current folder\n  Restore the file, or resume from the folder that has it."
    )


def check_same_data(files: list[dict[str, Any]], folder: RunFolder) -> None:
    """Raises if the data files are not those that a run was started with.

    Raises:
        RunFolderError: the content of a file changed, or data.json is damaged.
    """
    path = folder.path / "data.json"
    if not path.exists():
        return  # killed before it was written, so nothing was trained yet
    try:
        before = {file["name"]: file["sha256"] for file in folder.read_json("data.json")["files"]}
    except (RunFolderError, KeyError, TypeError):
        raise RunFolderError(
            f"{path} is damaged: it does not list the data files that the run was started with\n"
            "  Restore it from a copy, or remove it to resume without this check."
        ) from None
    for file in files:
        if before.get(file["name"]) != file["sha256"]:
            raise RunFolderError(
                f"{file['name']} is not the file that the run {folder.path} was started with: its content changed\n"
                "  Start a new run for the new data."
            )


def finished_metrics(folder: RunFolder) -> dict[str, Any]:
    """The content of metrics.json of a finished run.

    Raises:
        RunFolderError: it is damaged.
    """
    try:
        metrics: dict[str, Any] = folder.read_json("metrics.json")
        if metrics["baselines"]["majority"]:
            return metrics
    except (RunFolderError, KeyError, TypeError):
        pass
    raise RunFolderError(
        f"{folder.path / 'metrics.json'} is damaged: it has no figures\n"
        f"  Remove it and compute them again with: {folder.resume_command}"
    )
