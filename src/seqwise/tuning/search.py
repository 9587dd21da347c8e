"""The search: the defaults first, then guesses, then what optuna proposes, until the budget is spent."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

from seqwise.config import Config
from seqwise.errors import ConfigError, DivergenceError
from seqwise.models.scoring import evaluate_rows
from seqwise.runs.resume import finished_metrics
from seqwise.training.callbacks import TrainingCallback
from seqwise.training.convex.convex_heads import is_convex
from seqwise.training.run import fitted, train
from seqwise.training.training_plan import Plan, plan_run, plan_task
from seqwise.tuning.journal import Asked, Journal, Trial, require_optuna
from seqwise.tuning.space import Space, with_values
from seqwise.tuning.trial import BrokenOff, OutOfTime, TrialCallback
from seqwise.tuning.tune_folder import TuneFolder
from seqwise.tuning.tune_text import begin_line, end_line

__all__ = ["Tuned", "Watcher", "tune"]

_WORTHWHILE = 0.5
_REPEATS = 20


class Watcher(TrainingCallback, Protocol):
    """Who watches a search."""

    def say(self, text: str) -> None:
        """One line for people."""


@dataclass(frozen=True)
class Tuned:
    """A search that ended.

    Attributes:
        folder: where it stands.
        deciding: the figures whose mean on dev decided, such as `intent.accuracy`.
        trials: all of them.
        default: the trial of the defaults.
        best: the best one; the defaults where nothing was better.
        metrics: by `default` and `best`, the content of their metrics.json.
        seconds: of the search.
    """

    folder: TuneFolder
    deciding: list[str]
    trials: list[Trial]
    default: Trial
    best: Trial
    metrics: dict[str, dict[str, Any]]
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """The content of tune.json."""
        return {
            "deciding": self.deciding,
            "seconds": round(self.seconds, 1),
            "default": {**self.default.to_json(), "metrics": self.metrics["default"]},
            "best": {**self.best.to_json(), "config": str(self.folder.best), "metrics": self.metrics["best"]},
            "trials": [trial.to_json() for trial in self.trials],
        }


def tune(
    given: Config, folder: TuneFolder, *, budget: float, watch: Watcher, trials: int | None = None, command: str = ""
) -> Tuned:
    """Searches for settings with better dev figures than the defaults; evaluates the two once on test.

    Args:
        given: the settings of a person, which stay as they are.
        folder: new, or that of a search of the same settings, which then goes on.
        budget: seconds for the whole search, those before an interruption included.
        watch: who watches.
        trials: most trials, beside the budget.
        command: the command line, for the record.

    Raises:
        MissingExtraError: optuna is not installed.
        ConfigError: settings that do not fit the data, or leave nothing to search; or the defaults alone take longer
            than the budget.
        Interrupted: Ctrl-C or SIGTERM; the search can go on.
        RunFolderError: another process searches in the folder, or its data changed.
    """
    began = time.monotonic()
    require_optuna()
    if given.train.budget is not None:
        raise ConfigError(
            "train.budget is set, which ends each training by the clock\n"
            "  Leave it out: the search has a budget of its own."
        )
    if given.train.ensemble > 1:
        raise ConfigError(
            f"train.ensemble is {given.train.ensemble}, but each trial trains one model\n  Leave it out, and train an "
            f"ensemble of what is found: seqwise train --config best.yaml --ensemble {given.train.ensemble}"
        )
    # One model per trial, whatever the effort; and a dev part, though the default of some encoders is to train on all.
    pins: dict[str, Any] = {"train.ensemble": 1} | (
        {} if given.data.dev else {"data.dev_fraction": given.data.dev_fraction}
    )
    given = with_values(given, pins)
    with folder.held():
        plan = plan_run(given, watch.say)
        space = _space(plan, given)
        folder.begin(given, plan.task.files, command)
        search = _Search(plan, space, folder, began, budget, watch, command)
        search.run(trials)
        return search.result()


def _space(plan: Plan, given: Config) -> Space:
    """The search space, which must not be empty."""
    space = Space.of(plan.task, given)
    if not space.words and not space.settings:
        raise ConfigError(
            f"there is nothing to search: with the encoder {plan.task.config.model.encoder}, every setting that a "
            "search tries is set already or changes nothing\n"
            "  Leave some of them to the search, such as --encoder, or train at once: seqwise train"
        )
    return space


class _Search:
    def __init__(
        self, plan: Plan, space: Space, folder: TuneFolder, began: float, budget: float, watch: Watcher, command: str
    ) -> None:
        self.plan, self.folder, self.watch, self.command = plan, folder, watch, command
        self.space = space
        self.journal = Journal(folder.journal, self.space, plan.task.config.train.seed)
        self.began = began - self.journal.seconds
        self.end = self.began + budget
        self.deciding = [f"{target}.{figure}" for target, figure in plan.deciding]

    def run(self, most: int | None) -> None:
        """Trials until the budget is spent, or there are so many."""
        self.watch.say(f"searching: {', '.join(self.journal.names)}")
        repeats = 0
        while repeats < _REPEATS and self._is_time_left() and (most is None or len(self.journal.trials()) < most):
            asked = self.journal.ask()
            try:
                repeats = repeats + 1 if self._is_repeated(asked) else 0
                if not repeats:
                    self._try(asked)
                self._keep()
            except OutOfTime:
                break
            finally:
                self.journal.spent(time.monotonic() - self.began)

    def result(self) -> Tuned:
        """The defaults and the best, evaluated as `train` evaluates."""
        trials = self.journal.trials()
        if not trials:
            raise ConfigError(
                "the budget is spent before one training by the defaults has ended\n"
                f"  Go on with a larger one: {self.folder.resume_command} --budget TIME"
            )
        default, best = trials[0], self._best(trials)
        metrics = {name: self._evaluated(trial) for name, trial in (("default", default), ("best", best))}
        seconds = time.monotonic() - self.began
        tuned = Tuned(self.folder, self.deciding, trials, default, best, metrics, seconds)
        self.folder.files.write_json("tune.json", tuned.to_json())
        return tuned

    @property
    def deadline(self) -> float:
        """When the last trial must have ended: evaluating the best takes as long as evaluating the defaults took."""
        return self.end - self.journal.judging

    def _is_time_left(self) -> bool:
        """Whether another trial can come to something."""
        finished = [trial.seconds for trial in self.journal.trials() if trial.figure is not None]
        return self.deadline - time.monotonic() > _WORTHWHILE * min(finished, default=0.0)

    def _is_repeated(self, asked: Asked) -> bool:
        """Whether a trial had these settings already, whose end is then this one's too."""
        try:
            settings = self.space.settings_of(asked.steps)
        except ConfigError:
            return False
        for trial in self.journal.trials():
            if trial.settings == settings:
                asked.tries(settings)
                self.journal.tell(asked, trial.figure, 0.0, f"as trial {trial.number}")
                return True
        return False

    def _try(self, asked: Asked) -> None:
        before = self.journal.trials()
        rivals = [trial for trial in before if len(trial.curve) > 1]  # what is solved for at once has no curve
        rival = self._best(rivals).curve if rivals else ()
        watch = TrialCallback(self.watch, rival, self.deadline, partial(self._report, asked))
        began, before_break = time.monotonic(), 0.0
        figure, ended = None, "finished"
        try:
            settings = self.space.settings_of(asked.steps)
            asked.tries(settings)
            self.watch.say(begin_line(asked.number, settings))
            plan = plan_task(self.space.task_of(settings), self.plan.device)
            run = self.folder.trial(asked.number)
            state = fitted(plan, run, resume=True, progress=watch, command=self.command)
            before_break = max(state.seconds - (time.monotonic() - began), 0.0)
            figure = self._solved_figure(plan) if is_convex(plan.single) else state.best_figure
        except BrokenOff as reason:
            ended = str(reason)
        except (ConfigError, DivergenceError) as error:
            if not before:
                raise  # the defaults themselves
            ended = str(error).splitlines()[0]
        trial = self.journal.tell(asked, figure, before_break + time.monotonic() - began, ended)
        self.watch.say(end_line(trial, before, self.deadline - time.monotonic()))

    def _report(self, asked: Asked, epoch: int, figure: float) -> None:
        asked.report(epoch, figure)
        self.journal.spent(time.monotonic() - self.began)

    def _solved_figure(self, plan: Plan) -> float:
        """The dev figure of heads that were solved for: their own is one of cross-validation."""
        task, tokens = plan.task, 4 * (plan.task.config.train.batch_tokens or 1024)
        dev = evaluate_rows(
            plan.model, task.batcher, task.targets, task.split.dev, batch_tokens=tokens, device=plan.device
        )
        figure = dev.deciding(plan.deciding)
        return -math.inf if figure is None else figure

    def _best(self, trials: list[Trial]) -> Trial:
        """The finished trial with the best figure, the first one of equals."""
        finished = [trial for trial in trials if trial.figure is not None] or trials
        return max(finished, key=lambda trial: trial.figure or 0.0)

    def _keep(self) -> None:
        """Keeps the run folders of the defaults, evaluated, and of the best, and the config of the best by its name."""
        trials = self.journal.trials()
        best = self._best(trials)
        self.folder.keep({trials[0].number, best.number})
        if not self.folder.trial(trials[0].number).is_finished:
            began = time.monotonic()
            facts = self._evaluated(trials[0])["training"]["baselines"]["facts"]
            cheap = sum(fact["seconds"] for fact in facts.values())  # baselines are fitted once
            self.journal.judged(max(time.monotonic() - began - cheap, 0.0))
        config = (self.folder.trial(best.number).path / "config.yaml").read_text(encoding="utf-8")
        self.folder.files.write_text(self.folder.best.name, config)

    def _evaluated(self, trial: Trial) -> dict[str, Any]:
        run = self.folder.trial(trial.number)
        if run.is_finished:
            return finished_metrics(run)
        task = self.space.task_of(trial.settings)
        if trial.number:  # the baselines stand beside the defaults
            task = replace(task, config=with_values(task.config, {"train.baselines": "majority"}))
        plan = plan_task(task, self.plan.device)
        return train(plan, run, resume=True, command=self.command).metrics
