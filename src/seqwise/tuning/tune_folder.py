"""The folder of a search: its settings, the journal of its trials, a run folder per trial worth keeping, the result."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import filelock
import yaml

from seqwise.config import Config, load_config, parse_config
from seqwise.errors import RunFolderError
from seqwise.runs.resume import check_same_data, folder_of_names, start_folder
from seqwise.runs.run_folder import RunFolder

__all__ = ["TuneFolder"]


class TuneFolder:
    """A search on disk.

    Args:
        path: the folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.files = RunFolder(path)

    @property
    def resume_command(self) -> str:
        """The command that resumes the search."""
        return self.files.resume_command.replace("seqwise train --run", "seqwise tune --folder", 1)

    @property
    def best(self) -> Path:
        """The config of the best trial, to be given to `seqwise train --config`."""
        return self.path / "best.yaml"

    @property
    def journal(self) -> Path:
        """The file of all trials, a line for everything that happened."""
        return self.path / "trials.log"

    def trial(self, number: int) -> RunFolder:
        """The run folder of a trial."""
        return RunFolder(self.path / "trials" / str(number))

    def check_free(self) -> None:
        """Raises where something stands already.

        Raises:
            RunFolderError: naming the ways out.
        """
        if not self.path.exists() or (self.path.is_dir() and not any(self.path.iterdir())):
            return
        ways = "  Choose another with --folder DIR"
        if (self.path / "config.yaml").exists():
            ways += f", or resume it: {self.resume_command}"
        raise RunFolderError(f"the folder {self.path} already exists and is never overwritten\n{ways}")

    def begin(self, given: Config, files: list[dict[str, Any]], command: str) -> None:
        """Writes what a search is resumed from; of one that goes on, checks that its data are the same.

        Raises:
            RunFolderError: the content of a data file changed.
            SaveError: the disk refused.
        """
        if (self.path / "data.json").exists():
            check_same_data(files, self.files)
            return
        (self.path / "trials").mkdir(parents=True, exist_ok=True)
        plain = given.model_dump(mode="json", exclude_unset=True)
        self.files.write_text("config.yaml", yaml.safe_dump(plain, allow_unicode=True, sort_keys=False))
        self.files.write_json("env.json", {"command": command, "folder": folder_of_names(self.files)})
        self.files.write_json("data.json", {"files": files})

    def given(self) -> tuple[Config, Path]:
        """The settings that the search was started with, and the folder from which they name files.

        Raises:
            RunFolderError: no search stands here, or its files are torn or gone.
        """
        if not (self.path / "config.yaml").exists():
            raise RunFolderError(f"there is no search to go on with in {self.path}\n  Start it: leave --resume out.")
        given = parse_config(load_config(self.path / "config.yaml"))
        return given, start_folder(self.files, given)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Within it no other process can search in this folder. The system lets go of it when the process ends.

        Raises:
            RunFolderError: another process searches in it.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(self.path / "lock")
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            raise RunFolderError(
                f"the search {self.path} is under way in another process\n"
                f"  Wait for it to end, or stop it and resume with: {self.resume_command}"
            ) from None
        try:
            yield
        finally:
            lock.release()

    def keep(self, numbers: set[int]) -> None:
        """Removes the run folders of all other trials."""
        for path in (self.path / "trials").iterdir():
            if path.name not in map(str, numbers):
                shutil.rmtree(path, ignore_errors=True)
