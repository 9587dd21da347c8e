"""Where the time of a training goes: layer by layer through a step, and part by part through a whole run.

    python -m benchmarks.profile_step snips-intent ewt-upos [--steps 60] [--threads 2] [--set KEY=VALUE ...]

The parts of a step are timed apart, each over the same batches: medians in milliseconds, and their share of the whole
step, which is that of the training loop itself. The parts of a run are seconds of one process: start (imports), reading
and preparing, judging dev, and the end of a run with its predictions and its report. With one thread it is the time of
the processor that counts, which other work on the machine does not touch; with more it is that of the clock.
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

_BEGAN = time.process_time()

import torch  # noqa: E402

from benchmarks.accuracy.tasks import TASKS  # noqa: E402
from seqwise._memory import keep_memory  # noqa: E402
from seqwise.cli.setting_options import SETTINGS  # noqa: E402
from seqwise.config import override, parse_config  # noqa: E402
from seqwise.data.batching import epoch_plan  # noqa: E402
from seqwise.runs.run_folder import RunFolder  # noqa: E402
from seqwise.training.callbacks import NoCallback  # noqa: E402
from seqwise.training.checkpoint import State  # noqa: E402
from seqwise.training.fitter import FitResult  # noqa: E402
from seqwise.training.run import _write_end  # noqa: E402
from seqwise.training.run_evaluation import evaluated_run  # noqa: E402
from seqwise.training.run_start import write_start  # noqa: E402
from seqwise.training.sgd.loop import _Loop  # noqa: E402
from seqwise.training.sgd.optimizer import clipped_norm  # noqa: E402
from seqwise.training.training_plan import Plan, plan_run  # noqa: E402

_IMPORTED = time.process_time() - _BEGAN


def planned(name: str, data: Path, settings: Sequence[str]) -> Plan:
    """The task of the accuracy figures with these settings, ready to train."""
    task = next(task for task in TASKS if task.name == name)
    words = task.command([], data, Path("none"), seed=1)[1:-4]
    files = {"train": [words[0]]}
    plain: dict[str, Any] = {"data": {}, "input": {}, "train": {"seed": 1, "ensemble": 1}}
    keys = {setting.flag: setting.key for setting in SETTINGS}
    for flag, value in zip(words[1::2], words[2::2], strict=True):
        section, _, setting = keys[flag].partition(".")
        several = section == "data" and setting in ("dev", "test", "label", "tags", "outputs", "multilabel")
        plain[section][setting] = [value] if several else value
    plain["data"] |= files
    return plan_run(parse_config(override(plain, settings)))


class Clock:
    """Milliseconds by part."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.now = now
        self.spent: dict[str, list[float]] = {}

    def time(self, part: str, work: Callable[[], Any]) -> Any:
        """What the work gives; its time goes to the part."""
        began = self.now()
        result = work()
        self.spent.setdefault(part, []).append(1e3 * (self.now() - began))
        return result


def step_parts(loop: Any, steps: int, clock: Clock) -> int:
    """Times the parts of steps apart, then whole steps; returns the valid tokens of one median step."""
    plan = epoch_plan(loop.batcher.store.lengths, loop.task.split.train, loop.batch_tokens, loop._rng(1, 0))
    loop.model.train()
    for number in range(steps):  # until memory is there that steps use again and again
        loop._step([plan[number % len(plan)]], number, 1e-3)
    tokens = []
    for number in range(steps):
        rows = plan[number % len(plan)]
        tokens.append(_timed_parts(loop, rows, number, clock))
    for number in range(steps):
        clock.time("whole step", partial(loop._step, [plan[number % len(plan)]], number, 1e-3))
    return round(statistics.mean(tokens))


def _timed_parts(loop: Any, rows: Any, number: int, clock: Clock) -> int:
    """Times the parts of one step; returns its valid tokens."""
    model, objective = loop.model, loop.objective
    batch = clock.time("batch", partial(loop.batcher.batch, rows, loop._rng(2, 0, number, 0)))
    inputs, lengths = torch.from_numpy(batch.inputs), torch.from_numpy(batch.lengths)
    features = clock.time("embedding fwd", partial(model.input_layer, inputs, lengths=lengths))
    cut = features.detach().requires_grad_()
    hidden = clock.time("encoder fwd", partial(model.encoder, cut, lengths=lengths))
    cut_hidden = hidden.detach().requires_grad_()
    logits = clock.time("pooling, head fwd", lambda: [target(cut_hidden, lengths=lengths) for target in model.targets])
    cut_logits = [value.detach().requires_grad_() for value in logits]
    by_name = dict(zip(model.names, cut_logits, strict=True))
    divisors = clock.time("divisors", partial(objective.divisors, [batch]))
    total = clock.time(
        "loss fwd", lambda: objective.total(objective.sums(by_name, batch, model.crf_scores()), divisors)
    )
    clock.time("loss bwd", total.backward)
    clock.time("pooling, head bwd", partial(torch.autograd.backward, logits, [value.grad for value in cut_logits]))
    clock.time("encoder bwd", partial(torch.autograd.backward, hidden, cut_hidden.grad))
    clock.time("embedding bwd", partial(torch.autograd.backward, features, cut.grad))
    clock.time("clip", partial(clipped_norm, model.parameters(), 1.0))
    clock.time("optimiser", loop.optimizer.step_all)
    clock.time("zero gradients", loop.optimizer.zero_grad)
    return int(batch.lengths.sum())


def report(name: str, data: Path, settings: Sequence[str], steps: int) -> None:
    clock = Clock(time.process_time if torch.get_num_threads() == 1 else time.perf_counter)
    plan = clock.time("preparing", lambda: planned(name, data, settings))
    with tempfile.TemporaryDirectory() as folder, torch.random.fork_rng():
        run = RunFolder(Path(folder) / "run")
        run.create()
        write_start(plan, run, "")
        loop = _Loop(plan.fitter, plan.task, plan.model, run, NoCallback(), False, math.inf)
        tokens = step_parts(loop, steps, clock)
        loop.padding_share, loop.state.epoch_seconds = 0.0, 1.0
        clock.time("dev and bookkeeping", loop._end_epoch)
        clock.time("dev alone", loop._evaluate_dev)
        clock.time("end of the run", lambda: _end(plan, run, loop.state))
    whole = statistics.median(clock.spent["whole step"])
    sizes = {"batch_tokens": loop.batch_tokens, "max_epochs": plan.task.config.train.max_epochs}
    print(f"\n{name}: {sizes}, {tokens} valid tokens per step, {tokens / whole * 1e3:,.0f} per second")
    for part, spent in clock.spent.items():
        if len(spent) > 1:
            print(f"  {part:<20} {statistics.median(spent):8.3f} ms  {statistics.median(spent) / whole:6.1%}")
    print(f"  {'imports':<20} {_IMPORTED:8.2f} s")
    for part, spent in clock.spent.items():
        if len(spent) == 1:
            print(f"  {part:<20} {spent[0] / 1e3:8.2f} s")


def _end(plan: Plan, run: RunFolder, state: State) -> None:
    _write_end(plan, run, state, evaluated_run(plan, FitResult.of(state)))


def main(arguments: Sequence[str] | None = None) -> None:
    names = [task.name for task in TASKS]
    parser = argparse.ArgumentParser(description="Where the time of a training goes.")
    parser.add_argument("tasks", nargs="+", choices=names, metavar="TASK", help=f"of {', '.join(names)}")
    parser.add_argument("--data", type=Path, default=Path("benchmarks/.work/data"), help="default: %(default)s")
    parser.add_argument("--steps", type=int, default=60, help="default: %(default)s")
    parser.add_argument("--threads", type=int, default=None, help="of torch; default: all cores")
    parser.add_argument("--set", nargs="*", default=[], dest="settings", help="settings, KEY=VALUE")
    parsed = parser.parse_args(arguments)
    keep_memory()  # as the command line does
    if parsed.threads:
        torch.set_num_threads(parsed.threads)
    for name in parsed.tasks:
        report(name, parsed.data, parsed.settings, parsed.steps)


if __name__ == "__main__":
    sys.exit(main())
