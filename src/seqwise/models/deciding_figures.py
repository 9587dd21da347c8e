"""Which figures on dev decide which epoch, or which model, is best."""

from __future__ import annotations

from collections.abc import Sequence

from seqwise.errors import ConfigError, did_you_mean, listed
from seqwise.evaluation import tally_for
from seqwise.evaluation.summary import main_figure
from seqwise.targets import Target

__all__ = ["decisive_figures"]


def decisive_figures(metric: str | None, targets: Sequence[Target]) -> list[tuple[str, str]]:
    """The (target, figure) pairs whose mean on dev decides which epoch is best.

    Args:
        metric: `FIGURE`, `TARGET.FIGURE`, or None for each target's main figure.
        targets: what is predicted.

    Raises:
        ConfigError: no such target or figure.
    """
    known = {target.name: ["loss", *tally_for(target).scores().figures] for target in targets}
    if metric is None:
        return [(name, main_figure(dict.fromkeys(figures))) for name, figures in known.items()]
    pairs = [(name, figure) for name, figures in known.items() for figure in figures if metric == f"{name}.{figure}"]
    pairs = pairs or [(name, metric) for name, figures in known.items() if metric in figures]
    if not pairs:
        names = [f"{name}.{figure}" if len(known) > 1 else figure for name, fs in known.items() for figure in fs]
        raise ConfigError(f"train.metric is '{metric}'. {did_you_mean(metric, names)} There are {listed(names, 40)}.")
    return pairs
