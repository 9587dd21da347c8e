"""The table of problems and of the losses that fit them: what they are called, their shapes, why, and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["LOSSES", "POOLINGS", "PROBLEMS", "LossChoice", "Problem"]


@dataclass(frozen=True)
class Problem:
    """One kind of classification of sequences.

    Attributes:
        name: what `--problem` calls it.
        title: what it is, with the names of sizes in braces.
        label_axes: the axes of the labels.
        chooses: whether each label is one class out of several, so that logits have a class axis last; otherwise
            each label is a yes or a no, and logits have the axes of the labels.
        when: what makes labels of these axes this problem, in words that follow "if".
        why: why its loss and its shapes are what they are.
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
        chain = ("crf_nll",) if self.name == "tags" else ()
        return ("cross_entropy", "ordinal_loss", "focal_loss", *chain)


_CHOICE = "Exactly one class is right: a softmax over the classes, and minus the logarithm of the right one's share."
_STEPS = (
    "The mean is over the steps that count, so padding enters neither the sum nor the divisor. "
    "reduction='sequence_mean' gives short and long sequences the same weight."
)
_OUTPUTS = (
    "The outputs share one input, but each has a softmax of its own: the head gives outputs x classes numbers. "
    "A missing label is left out of the sum and of the divisor. Nothing has to be one-hot."
)
_YES_NO = (
    "Any number of labels can be right at once, so each has a sigmoid of its own; a softmax would make them compete."
)
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
                "both classes shall have a number each, as more classes would",
                f"{_CHOICE} The head reads a summary of the steps that count, never of padding: "
                "states[:, -1] reads padding in a padded batch.",
            ),
            Problem(
                "tags",
                "one label out of {classes} classes per step",
                ("batch", "time"),
                True,
                "axis 1 of the labels counts the steps of a sequence",
                f"{_CHOICE} {_STEPS}",
            ),
            Problem(
                "outputs",
                "{outputs} labels out of {classes} classes each, per sequence",
                ("batch", "outputs"),
                True,
                "axis 1 of the labels counts questions about one sequence",
                _OUTPUTS,
            ),
            Problem(
                "outputs-per-step",
                "{outputs} labels out of {classes} classes each, per step",
                ("batch", "time", "outputs"),
                True,
                "axis 1 counts the steps and axis 2 questions about each step",
                f"{_OUTPUTS} {_STEPS}",
            ),
            Problem(
                "multilabel",
                "any of {labels} labels per sequence",
                ("batch", "labels"),
                False,
                "each column says yes or no about the sequence, for itself",
                _YES_NO,
            ),
            Problem(
                "multilabel-per-step",
                "any of {labels} labels per step",
                ("batch", "time", "labels"),
                False,
                "each column says yes or no about a step, for itself",
                f"{_YES_NO} {_STEPS}",
            ),
            Problem(
                "yes-no",
                "one yes or no per sequence",
                ("batch",),
                False,
                "the labels are 0 and 1, and one number per sequence shall decide",
                _ONE_YES_NO,
            ),
            Problem(
                "yes-no-per-step",
                "one yes or no per step",
                ("batch", "time"),
                False,
                "axis 1 counts the steps, and one number per step shall decide",
                f"{_ONE_YES_NO} {_STEPS}",
            ),
        )
    }
)
"""Every problem by its name."""


@dataclass(frozen=True)
class LossChoice:
    """A loss beside the usual one, and when to take it.

    Attributes:
        what: the reading of the labels that it stands for.
        when: what would decide for it, in words that follow "if".
        why: what it does, once it is chosen.
    """

    what: str
    when: str
    why: str


LOSSES: Mapping[str, LossChoice] = MappingProxyType(
    {
        "cross_entropy": LossChoice("classes without an order", "no class is nearer to one than to another", ""),
        "binary_cross_entropy": LossChoice("yes-or-no labels", "each label is a yes or a no", ""),
        "ordinal_loss": LossChoice(
            "ordered classes",
            "a near miss is better than a far one",
            "The classes have an order: the loss asks 'label <= class?' at every border between two classes, so a "
            "near miss costs less than a far one. Head, shapes and options stay those of cross_entropy.",
        ),
        "focal_loss": LossChoice(
            "rare classes",
            "easy examples of the frequent class drown the rest; class_weight= is the other remedy",
            "The loss of what is already right is scaled down by (1 - p)^gamma, so that rare and hard examples count "
            "for more. Its probabilities are less sharp than those of cross_entropy.",
        ),
        "crf_nll": LossChoice(
            "tags that follow from each other",
            "a tag limits the next one, as I- may only follow B-",
            "A linear-chain CRF scores whole rows of tags: the head's numbers are emissions, and a (classes, classes) "
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
"""The summaries of a sequence that a head can read, by the name of `--pooling`."""
