"""Table of the problems and the losses that fit them: names, shapes, reasons and conditions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["LOSSES", "POOLINGS", "PROBLEMS", "LossChoice", "Problem"]


@dataclass(frozen=True)
class Problem:
    """One kind of classification of sequences.

    Attributes:
        name: its name in `--problem`.
        title: a description, with the names of sizes in braces.
        label_axes: the axes of the labels.
        chooses: whether each label is one class out of several, so that logits have a class axis last; otherwise
            each label is a yes or a no, and logits have the axes of the labels.
        when: the condition for this problem among those with these axes, in words that follow "if".
        why: the reasons for its loss and its shapes.
    """

    name: str
    title: str
    label_axes: tuple[str, ...]
    chooses: bool
    when: str
    why: str

    @property
    def per_step(self) -> bool:
        """Whether every step has labels; if not, the states of a sequence are pooled before the head."""
        return "time" in self.label_axes

    @property
    def inner(self) -> str | None:
        """The axis over several labels of one sequence or step: `outputs`, `labels` or None."""
        return self.label_axes[-1] if self.label_axes[-1] in ("outputs", "labels") else None

    @property
    def logits_axes(self) -> tuple[str, ...]:
        """The axes of the logits."""
        return (*self.label_axes, "classes") if self.chooses else self.label_axes

    @property
    def losses(self) -> tuple[str, ...]:
        """The losses that fit, the usual one first."""
        if not self.chooses:
            return ("binary_cross_entropy",)
        crf = ("crf_nll",) if self.name == "tags" else ()
        return ("cross_entropy", "ordinal_loss", "focal_loss", *crf)


_CHOICE = "Exactly one class is right: a softmax over the classes, and the negative log-probability of the right one."
_STEPS = (
    "The mean is over the steps that count, so padding enters neither the sum nor the divisor. "
    "reduction='sequence_mean' gives short and long sequences the same weight."
)
_OUTPUTS = (
    "The outputs share one input, but each has its own softmax: the head returns outputs x classes numbers. "
    "A missing label is left out of the sum and of the divisor. Labels need not be one-hot."
)
_YES_NO = "Any number of labels can be right at once, so each has its own sigmoid; a softmax would make them compete."
_ONE_YES_NO = "A yes or a no needs one number: its sigmoid is the probability of yes."

PROBLEMS: Mapping[str, Problem] = MappingProxyType(
    {
        problem.name: problem
        for problem in (
            Problem(
                "label",
                "one label out of {classes} classes per sequence",
                ("batch",),
                True,
                "each of the two classes should have its own number",
                f"{_CHOICE} The head reads the pooled steps that count, never padding: "
                "states[:, -1] is padding in a padded batch.",
            ),
            Problem(
                "tags",
                "one label out of {classes} classes per step",
                ("batch", "time"),
                True,
                "axis 1 of the labels is the steps of a sequence",
                f"{_CHOICE} {_STEPS}",
            ),
            Problem(
                "outputs",
                "{outputs} labels out of {classes} classes each, per sequence",
                ("batch", "outputs"),
                True,
                "axis 1 of the labels is several questions about one sequence",
                _OUTPUTS,
            ),
            Problem(
                "outputs-per-step",
                "{outputs} labels out of {classes} classes each, per step",
                ("batch", "time", "outputs"),
                True,
                "axis 1 is the steps and axis 2 several questions about each step",
                f"{_OUTPUTS} {_STEPS}",
            ),
            Problem(
                "multilabel",
                "any of {labels} labels per sequence",
                ("batch", "labels"),
                False,
                "each column is an independent yes or no about the sequence",
                _YES_NO,
            ),
            Problem(
                "multilabel-per-step",
                "any of {labels} labels per step",
                ("batch", "time", "labels"),
                False,
                "each column is an independent yes or no about a step",
                f"{_YES_NO} {_STEPS}",
            ),
            Problem(
                "yes-no",
                "one yes or no per sequence",
                ("batch",),
                False,
                "the labels are 0 and 1, and one number per sequence should decide",
                _ONE_YES_NO,
            ),
            Problem(
                "yes-no-per-step",
                "one yes or no per step",
                ("batch", "time"),
                False,
                "axis 1 is the steps, and one number per step should decide",
                f"{_ONE_YES_NO} {_STEPS}",
            ),
        )
    }
)
"""Every problem by its name."""


@dataclass(frozen=True)
class LossChoice:
    """An alternative to the usual loss, and when to use it.

    Attributes:
        what: the interpretation of the labels that it implies.
        when: the condition for it, in words that follow "if".
        why: its effect, shown when it is chosen.
    """

    what: str
    when: str
    why: str


LOSSES: Mapping[str, LossChoice] = MappingProxyType(
    {
        "cross_entropy": LossChoice("classes without an order", "no two classes are closer than others", ""),
        "binary_cross_entropy": LossChoice("yes-or-no labels", "each label is a yes or a no", ""),
        "ordinal_loss": LossChoice(
            "ordered classes",
            "predicting a close class is better than a distant one",
            "The classes have an order: the loss asks 'label <= class?' at every border between two classes, so "
            "distant errors cost more than close ones. Head, shapes and options are those of cross_entropy.",
        ),
        "focal_loss": LossChoice(
            "rare classes",
            "easy examples of the frequent class dominate the loss; class_weight= is the alternative",
            "The loss of examples that are right is scaled down by (1 - p)^gamma, so that rare and hard examples count "
            "for more. Its probabilities are less sharp than those of cross_entropy.",
        ),
        "crf_nll": LossChoice(
            "tags that depend on each other",
            "a tag limits the next one, as I- may only follow B-",
            "A linear-chain CRF scores whole tag sequences: the head's outputs are emissions, and a (classes, classes) "
            "table of transitions is trained with them. Predict with crf_decode, not with argmax.",
        ),
    }
)
"""Every loss by its name."""

POOLINGS: Mapping[str, str] = MappingProxyType(
    {
        "last": "the state at the last step that counts; of a backward direction, at the first",
        "mean": "the mean over the steps that count",
        "max": "the largest value of each feature over the steps that count; padding never wins",
        "attention": "a mean with trained weights, a softmax over the steps that count",
    }
)
"""The poolings by their names in `--pooling`."""
