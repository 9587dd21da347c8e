"""Starts a process per member of an ensemble, some at a time, and passes on what they say.

A member says each event as one line of JSON through a pipe of its own: see
`seqwise.training.ensemble.worker`. Its standard output belongs to whatever library prints there.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Sequence
from typing import Any

from seqwise import errors
from seqwise.errors import WorkerError
from seqwise.runs.run_folder import RunFolder
from seqwise.training.callbacks import TrainingCallback
from seqwise.training.interrupts import Interrupted, signals_set

__all__ = ["train_in_processes"]

_LOOK_SECONDS = 0.2
_LETTERS_SHOWN = 2000
_LINES_KEPT = 100

_Events = queue.Queue[tuple["_Worker", dict[str, Any] | None]]


def train_in_processes(
    folder: RunFolder, watchers: Sequence[TrainingCallback], *, at_a_time: int, threads: int, budget: float
) -> None:
    """Trains the members of the run in a folder, those that are finished excepted; returns when all are.

    Args:
        folder: of the run; its config.yaml says what is trained.
        watchers: one per member.
        at_a_time: how many processes run side by side.
        threads: of each.
        budget: seconds of each; infinite for no limit.

    Raises:
        Interrupted: Ctrl-C or SIGTERM, after all members that were at work have written a checkpoint.
        SeqwiseError: what a member raised; the others have written a checkpoint.
        WorkerError: the system ended a member, or its memory ran out.
        RuntimeError: a member ended by a mistake of ours.
    """
    events: _Events = queue.Queue()
    waiting = list(range(len(watchers)))
    at_work: list[_Worker] = []
    interrupted = threading.Event()
    failures: list[Exception] = []
    try:
        with signals_set(interrupted):
            while at_work or (waiting and not failures and not interrupted.is_set()):
                while waiting and len(at_work) < at_a_time and not failures and not interrupted.is_set():
                    words = [str(threads), str(budget)]
                    at_work.append(_Worker(folder, waiting.pop(0), words, events))
                for worker in at_work:
                    if interrupted.is_set() or failures:
                        worker.stop()
                _pass_on(events, watchers, at_work, failures)
    finally:
        for worker in at_work:
            worker.process.kill()
            worker.process.wait()
    if interrupted.is_set():
        raise Interrupted("interrupted")
    if failures:
        raise failures[0]


def _pass_on(
    events: _Events, watchers: Sequence[TrainingCallback], at_work: list[_Worker], failures: list[Exception]
) -> None:
    """Waits a moment for an event and does what it asks for."""
    try:
        worker, event = events.get(timeout=_LOOK_SECONDS)
    except queue.Empty:
        return
    if event is None:
        at_work.remove(worker)
        if (failure := worker.failure()) is not None:
            failures.append(failure)
    elif event["event"] == "error":
        worker.said = event
    else:
        getattr(watchers[worker.number], event["event"])(*event["words"])


class _Worker:
    """The process of one member, and threads that read what it says."""

    def __init__(self, folder: RunFolder, number: int, words: Sequence[str], events: _Events) -> None:
        self.number = number
        self.folder = folder
        self.said: dict[str, Any] | None = None
        self.is_stopping = False
        self.printed: deque[str] = deque(maxlen=_LINES_KEPT)
        place = str(folder.path.resolve())
        told, telling = os.pipe()
        # In a session of its own it does not hear the Ctrl-C of a terminal, which the run passes on.
        with os.fdopen(telling, "wb"):
            self.process = subprocess.Popen(
                [sys.executable, "-m", "seqwise.training.ensemble.worker", place, str(number), *words, str(telling)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,
                env={**os.environ, "OMP_NUM_THREADS": words[0]},
                pass_fds=(telling,),
            )
        self.listening = threading.Thread(target=self._read_printed, daemon=True)
        self.listening.start()
        threading.Thread(target=self._read_events, args=(told, events), daemon=True).start()

    def _read_printed(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            while line := lines.readline(_LETTERS_SHOWN):
                self.printed.append(line)

    def _read_events(self, told: int, events: _Events) -> None:
        """Passes on what is told, and at the end, however it comes, that it is the end."""
        try:
            with os.fdopen(told, encoding="utf-8") as lines:
                for line in lines:
                    events.put((self, json.loads(line)))
        except ValueError:  # half a line of one that was killed
            pass
        finally:
            self.process.wait()
            self.listening.join(_LOOK_SECONDS)  # a process that it started may print on
            events.put((self, None))

    def stop(self) -> None:
        """Lets it write a checkpoint and end; said once, since a second signal would end it at once."""
        if not self.is_stopping:
            self.is_stopping = True
            self.process.send_signal(signal.SIGTERM)

    def failure(self) -> Exception | None:
        """Why the process ended; None where its member is trained."""
        if self.said is not None:
            if self.said["kind"] == "MemoryError":
                return self._out_of_memory(self.said["message"])
            kind = Interrupted if self.said["kind"] == "Interrupted" else getattr(errors, self.said["kind"])
            return kind(self.said["message"])
        if self.process.returncode in (-signal.SIGTERM, 1) and self.is_stopping:  # before it had begun
            return Interrupted("interrupted")
        if self.process.returncode < 0:
            return self._killed(-self.process.returncode)
        if self.process.returncode:
            said = "".join(self.printed)[-_LETTERS_SHOWN:]
            return RuntimeError(f"member {self.number + 1} ended with status {self.process.returncode}:\n{said}")
        return None

    def _killed(self, number: int) -> WorkerError:
        known = {each.value: each.name for each in signal.Signals}
        why = ", which the system sends when memory runs out" if known.get(number) == "SIGKILL" else ""
        return WorkerError(
            f"the process that trained member {self.number + 1} of the ensemble was ended by "
            f"{known.get(number, f'signal {number}')}{why}\n"
            f"  {self._way_on}"
        )

    def _out_of_memory(self, said: str) -> WorkerError:
        return WorkerError(
            f"memory ran out while member {self.number + 1} of the ensemble was trained: {said}\n"
            f"  With OMP_NUM_THREADS=1 one member is trained at a time, which takes the least.\n"
            f"  {self._way_on}"
        )

    @property
    def _way_on(self) -> str:
        return f"Its last checkpoint and those of the other members are kept. Go on with: {self.folder.resume_command}"
