"""The trials so far and what to try next, kept by optuna in a file that survives a crash at any moment."""

from __future__ import annotations

import math
import random
import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqwise.errors import MissingExtraError
from seqwise.tuning.space import ENCODER, Space

if TYPE_CHECKING:
    import optuna

__all__ = ["Asked", "Journal", "Trial", "require_optuna"]

_STUDY = "seqwise tune"
_NEAR_TRIALS = 12
_CHANGES = 2
_GUESSES: tuple[dict[str, Any], ...] = (
    {},
    {"model.dropout": 1, "model.hidden": 1},
    {"train.learning_rate": -2, "input.symbol_dropout": 1},
)
"""The defaults, and what is worth a try before anything is known: a larger network with more noise; smaller steps."""


def require_optuna() -> None:
    """Raises where optuna is missing, and keeps it from writing notes of its own.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import optuna
    except ImportError:
        raise MissingExtraError("optuna", "tune") from None
    optuna.logging.set_verbosity(optuna.logging.ERROR)


@dataclass(frozen=True)
class Trial:
    """The result of a trial.

    Attributes:
        number: from 0, the defaults; its run folder is called so.
        settings: what it set beside the given settings, by key.
        figure: the dev figure that decides, of its best epoch; higher is better; None where it did not end.
        curve: the best dev figure so far after each epoch.
        seconds: how long it took.
        ended: `finished`, or why not.
    """

    number: int
    settings: dict[str, Any]
    figure: float | None
    curve: tuple[float, ...]
    seconds: float
    ended: str

    def to_json(self) -> dict[str, Any]:
        """Plain values; a figure that is over nothing is None."""
        figures = [figure if math.isfinite(figure) else None for figure in self.curve]
        figure = None if self.figure is None or not math.isfinite(self.figure) else self.figure
        return {**asdict(self), "figure": figure, "curve": figures}


@dataclass(frozen=True)
class Asked:
    """A trial to be made.

    Attributes:
        number: see `Trial`.
        steps: by key, what it is to try; see `Space.task_of`.
        trial: its entry in the journal.
    """

    number: int
    steps: dict[str, Any]
    trial: optuna.Trial

    def report(self, epoch: int, figure: float) -> None:
        """Writes down the best dev figure so far, after an epoch (from 1)."""
        self.trial.report(figure, epoch)

    def tries(self, settings: dict[str, Any]) -> None:
        """Writes down what the steps mean."""
        self.trial.set_user_attr("settings", settings)


class Journal:
    """The trials of a search; one process at a time.

    Args:
        path: the file; what a crash tore off its end is cut.
        space: what is searched.
        seed: of optuna's choices.
    """

    def __init__(self, path: Path, space: Space, seed: int) -> None:
        self.space = space
        self.seed = seed
        self.study = _study(path, seed)

    @property
    def seconds(self) -> float:
        """How long the search has taken so far."""
        return float(self.study.user_attrs.get("seconds", 0.0))

    def spent(self, seconds: float) -> None:
        """Writes down how long the search has taken so far."""
        self.study.set_user_attr("seconds", round(seconds, 2))

    @property
    def judging(self) -> float:
        """How long it took to judge the defaults; 0 before that."""
        return float(self.study.user_attrs.get("judging", 0.0))

    def judged(self, seconds: float) -> None:
        """Writes down how long it took to judge the defaults."""
        self.study.set_user_attr("judging", round(seconds, 2))

    @property
    def names(self) -> list[str]:
        """The keys of all that is searched."""
        return [*self.space.words, *(setting.key for setting in self.space.settings)]

    def ask(self) -> Asked:
        """The next trial.

        That is the one that was under way when the search was broken off; else a guess; then, a dozen times, the best
        so far with two settings changed, which finds more in few trials than a sampler that has seen next to nothing;
        and from there on what optuna proposes (a tree-structured Parzen estimator; Bergstra et al., 2011, Algorithms
        for Hyper-Parameter Optimization).
        """
        from optuna.trial import TrialState

        broken = self.study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
        begun = self.study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))
        guesses = [*_GUESSES, *({ENCODER: name} for name in self.space.words.get(ENCODER, ())[1:])]
        if broken:
            for one in broken:
                self.study.tell(one.number, state=TrialState.FAIL)
            self.study.enqueue_trial(broken[-1].params, {"number": _number(broken[-1])})
        elif len(begun) < len(guesses):
            self.study.enqueue_trial(self._complete(guesses[len(begun)]))
        elif len(begun) < len(guesses) + _NEAR_TRIALS:
            self.study.enqueue_trial(self._near(self.study.best_params, len(begun)))
        trial = self.study.ask()
        if "number" not in trial.user_attrs:
            trial.set_user_attr("number", len(begun))
        steps: dict[str, Any] = {key: trial.suggest_categorical(key, names) for key, names in self.space.words.items()}
        steps |= {setting.key: trial.suggest_int(setting.key, *setting.steps) for setting in self.space.settings}
        return Asked(trial.user_attrs["number"], steps, trial)

    def tell(self, asked: Asked, figure: float | None, seconds: float, ended: str) -> Trial:
        """Writes down how a trial ended; without a figure it was broken off."""
        from optuna.trial import TrialState

        asked.trial.set_user_attr("seconds", round(seconds, 2))
        asked.trial.set_user_attr("ended", ended)
        state = TrialState.PRUNED if figure is None else TrialState.COMPLETE
        return _trial(self.study.tell(asked.trial, figure, state))

    def trials(self) -> list[Trial]:
        """The trials that ended, in their order."""
        from optuna.trial import TrialState

        return [_trial(t) for t in self.study.get_trials(states=(TrialState.COMPLETE, TrialState.PRUNED))]

    def _complete(self, steps: Mapping[str, Any]) -> dict[str, Any]:
        """A value for all that is searched: the default where the steps have none."""
        words = {key: steps.get(key, names[0]) for key, names in self.space.words.items()}
        return words | {setting.key: steps.get(setting.key, 0) for setting in self.space.settings}

    def _near(self, steps: Mapping[str, Any], number: int) -> dict[str, Any]:
        """These steps with two of them changed; another choice for every trial, the same in every search."""
        rng = random.Random(f"{self.seed} {number}")
        ranges = {setting.key: setting.steps for setting in self.space.settings}
        changed = dict(steps)
        for key in rng.sample(self.names, min(_CHANGES, len(self.names))):
            others = [name for name in self.space.words.get(key, ()) if name != steps[key]]
            changed[key] = rng.choice(others) if others else _other_step(steps[key], ranges[key], rng)
        return changed


def _other_step(step: int, steps: tuple[int, int], rng: random.Random) -> int:
    """The next step up or down."""
    return rng.choice([other for other in (step - 1, step + 1) if steps[0] <= other <= steps[1]])


def _study(path: Path, seed: int) -> optuna.Study:
    import optuna
    from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock, JournalStorage

    _cut_torn_line(path)
    Path(f"{path}.lock").unlink(missing_ok=True)  # nobody else is here: it is of a process that was killed
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        storage = JournalStorage(JournalFileBackend(str(path), JournalFileOpenLock(str(path))))
        sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=0, multivariate=True)
    return optuna.create_study(
        storage=storage, study_name=_STUDY, sampler=sampler, direction="maximize", load_if_exists=True
    )


def _cut_torn_line(path: Path) -> None:
    content = path.read_bytes() if path.exists() else b""
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        with path.open("r+b") as file:
            file.truncate(whole)


def _number(trial: optuna.trial.FrozenTrial) -> int:
    return int(trial.user_attrs.get("number", trial.number))


def _trial(frozen: optuna.trial.FrozenTrial) -> Trial:
    notes = frozen.user_attrs
    curve = tuple(figure for _, figure in sorted(frozen.intermediate_values.items()))
    figure = frozen.value if frozen.state.name == "COMPLETE" else None
    return Trial(_number(frozen), notes.get("settings", {}), figure, curve, notes["seconds"], notes["ended"])
