"""The process of one member of an ensemble: trains it in its run folder and says how that goes.

    python -m seqwise.training.ensemble.worker RUN NUMBER THREADS BUDGET PIPE

NUMBER counts from 0, BUDGET is in seconds and may be inf, PIPE is the number of an open file. It gets a line of JSON
per event: {"event": "step_done", "words": [...]} for those of `TrainingCallback`, and {"event": "error", "kind":
"DivergenceError", "message": "..."} for what ended it early; of kind "MemoryError" where memory ran out. Standard
output is not used: libraries print there.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any, TextIO

import torch

from seqwise._memory import keep_memory, shortage
from seqwise.config import load_config, parse_config
from seqwise.errors import SeqwiseError
from seqwise.runs.run_folder import RunFolder
from seqwise.training.training_plan import plan_run

__all__ = ["main"]

_PAUSE_SECONDS = 0.2


class _Told:
    """Says what a training does; steps at most five times a second. Where nobody listens any more, it ends."""

    def __init__(self, pipe: TextIO) -> None:
        self.pipe = pipe
        self.told_at = 0.0

    def tell(self, **event: Any) -> None:
        """Writes an event."""
        self.pipe.write(json.dumps(event) + "\n")
        self.pipe.flush()

    def epoch_begins(self, epoch: int, max_epochs: int, steps: int) -> None:
        """Said."""
        self.tell(event="epoch_begins", words=[epoch, max_epochs, steps])

    def step_done(self, step: int, share: float, seconds: float) -> None:
        """Said from time to time."""
        if time.monotonic() - self.told_at >= _PAUSE_SECONDS:
            self.told_at = time.monotonic()
            self.tell(event="step_done", words=[step, share, seconds])

    def epoch_ends(self, entry: dict[str, Any], is_best: bool) -> None:
        """Said."""
        self.tell(event="epoch_ends", words=[entry, is_best])


def main(path: str, number: int, threads: int, budget: float, pipe: int) -> int:
    """Trains a member of the run in a folder with so many threads; returns the exit status."""
    keep_memory()
    torch.set_num_threads(threads)
    folder = RunFolder(Path(path))
    os.set_inheritable(pipe, False)
    with os.fdopen(pipe, "w", encoding="utf-8") as told:
        progress = _Told(told)
        try:
            plan = plan_run(parse_config(load_config(folder.path / "config.yaml")))
            assert plan.ensemble is not None
            assert plan.ensemble_fit is not None
            plan.ensemble_fit.fit_member(
                plan.task, plan.ensemble, folder, number, callback=progress, resume=True, budget=budget
            )
        except SeqwiseError as error:
            progress.tell(event="error", kind=type(error).__name__, message=str(error))
            return 2
        except (MemoryError, RuntimeError) as error:
            if (said := shortage(error)) is None:
                raise
            progress.tell(event="error", kind="MemoryError", message=said)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]), int(sys.argv[5])))
