"""Everything that a report shows, as plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from seqwise.evaluation.summary import Plain

__all__ = ["ReportData"]


@dataclass(frozen=True)
class ReportData:
    """Everything a report shows, as plain values; what a run does not have is left empty and left out.

    Attributes:
        name: of the run.
        created: when, as text.
        command: the command line that made the run.
        found: sentences on what was found in the data and which loss follows from it.
        data: split -> {"sequences", "steps", "labels", ...}: counts or texts.
        settings: the resolved settings; may be nested.
        model: encoder, number of parameters and the like.
        splits: split -> target -> scores as `Scores.to_json` gives them. Details are shown for `test`, or for
            the last split when there is none of that name.
        baselines: name of the baseline -> split -> target -> scores.
        baseline_statistics: name of the baseline -> `title`, `seconds`, `reads_input` and `learned_from`.
        baseline_notes: sentences on baselines that were left out or cut short.
        differences: target -> baseline -> figure -> how much higher that of the model is on the split shown in full;
            see `seqwise.evaluation.paired`.
        caveat: why the figures of that split show for no model that it is better.
        split_titles: what splits are called where that is not their name.
        warnings: sentences on what is wrong with the model.
        history: a record per epoch: `epoch`, `loss` (mean over the training labels), `dev_loss`, `metric`,
            `tokens_per_second`, `padding_share`, `seconds`; a key may be missing.
        history_notes: sentences on whose history it is, and how the losses are computed.
        losses_comparable: whether the losses of train and dev are the same function of labels and logits.
        metric_name: what `metric` is: the figure on dev that decides when to stop.
        best_epoch: the epoch whose weights were kept.
        length_buckets: target -> rows of {"length": "1 to 10", "count": 12, "value": 0.5}.
        errors: the most confident mistakes, worst first: {"text", "label", "predicted", "probability", "place"},
            and "target" when there are several.
    """

    name: str
    created: str
    command: str
    found: Sequence[str]
    data: Mapping[str, Plain]
    settings: Plain
    model: Plain
    splits: Mapping[str, Mapping[str, Plain]]
    baselines: Mapping[str, Mapping[str, Mapping[str, Plain]]] = field(default_factory=dict)
    baseline_statistics: Mapping[str, Plain] = field(default_factory=dict)
    baseline_notes: Sequence[str] = ()
    differences: Mapping[str, Mapping[str, Mapping[str, Plain]]] = field(default_factory=dict)
    caveat: str = ""
    split_titles: Mapping[str, str] = field(default_factory=dict)
    warnings: Sequence[str] = ()
    history: Sequence[Plain] = ()
    history_notes: Sequence[str] = ()
    losses_comparable: bool = True
    metric_name: str = ""
    best_epoch: int | None = None
    length_buckets: Mapping[str, Sequence[Plain]] = field(default_factory=dict)
    errors: Sequence[Plain] = ()
