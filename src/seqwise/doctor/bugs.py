"""The bugs that have a name: what each one is, how to fix it, and which others it brings with it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

__all__ = ["BUGS", "Bug", "explained"]


@dataclass(frozen=True)
class Bug:
    """A known way to be wrong.

    Attributes:
        is_that: what the code does, in one sentence that follows "this is that".
        fix: what to write instead.
        brings: bugs that are symptoms of this one: when this one is found, they are not reported beside it.
    """

    is_that: str
    fix: str
    brings: tuple[str, ...] = ()


_PADDING = ("padding-in-gradient", "nan-through-mask", "empty-mask")
_DISORDER = (
    "padding-in-average",
    *_PADDING,
    "mask-as-weight",
    "mean-of-means",
    "lost-row",
    "double-softmax",
    "probabilities-as-logits",
    "one-hot-mismatch",
    "class-weight-divisor",
    "smoothing-convention",
    "half-precision",
    "clipped-log",
)

_ODDITIES = (
    "gradient-not-slope",
    "no-lowest-value",
    "unnormalised-paths",
    "softmax-of-answers",
    "swapped-arguments",
    "wrong-costs-less",
)
_IN_MODELS = ("last-state-padding", "pooling-padding", "attention-padding", "lost-row")
_ALL_OTHERS = (*_DISORDER, *_ODDITIES, *_IN_MODELS)

BUGS: dict[str, Bug] = {
    "unsteady-result": Bug(
        "the same input gives another result in the next call: random numbers, or a state that is kept, are in it",
        "draw random numbers in training only (F.dropout(x, p, self.training)), begin with zeros, and keep no state "
        "from one call to the next",
        ("batch-mates", "batch-axis-slice", "class-axis", "shifted-labels", "writes-into-input", *_ALL_OTHERS),
    ),
    "writes-into-input": Bug(
        "the arrays of the caller are changed, and a second look at them sees other numbers",
        "work on a copy: logits = logits - logits.max(...) in place of logits -= ..., x.clone() or x.copy()",
        ("gradient-not-slope",),
    ),
    "padding-in-average": Bug(
        "padding is part of the average",
        "sum the losses of what counts and divide by how many they are: "
        "where(mask, loss, 0).sum() / maximum(mask.sum(), 1)",
        ("mask-as-weight", *_PADDING, "mean-of-means", "unnormalised-paths"),
    ),
    "padding-in-gradient": Bug(
        "the padding gets a gradient",
        "select what counts before anything is computed from it, in a backward pass written by hand too: "
        "where(mask, gradient, 0)",
    ),
    "nan-through-mask": Bug(
        "what does not count is multiplied by 0, and NaN or infinity times 0 is NaN",
        "select instead: where(mask, loss, 0)",
    ),
    "empty-mask": Bug(
        "nothing counts, and the sum 0 is divided by the count 0",
        "divide by maximum(count, 1), so that a batch in which nothing counts costs 0 and stays in the graph",
    ),
    "mean-of-means": Bug(
        "means over parts of the batch are averaged, although the parts differ in size",
        "add up sums and counts over all parts, and divide once at the end",
        ("empty-mask",),
    ),
    "batch-mates": Bug(
        "the result of one sequence depends on the others in its batch",
        "reduce over classes or time only, never over axis 0 (softmax over the last axis; batch_first=True for a "
        "recurrent layer of torch; undo the sorting by length)",
        (*_DISORDER, *_ODDITIES, "class-axis", *_IN_MODELS),
    ),
    "lost-row": Bug(
        "the first or last row or step never reaches the result",
        "look for a slice such as [1:] or [:-1], or a count such as lengths - 1, and take it out",
        ("padding-in-average", "mask-as-weight", "mean-of-means", "empty-mask", "half-precision", "unnormalised-paths"),
    ),
    "batch-axis-slice": Bug(
        "a slice is taken on the batch axis that was meant for the time axis",
        "with the batch first, time is axis 1: write x[:, 1:] and x[:, -1], not x[1:] and x[-1]",
        ("shifted-labels", "batch-mates", *_DISORDER, *_ODDITIES, *_IN_MODELS),
    ),
    "class-axis": Bug(
        "the class axis is mistaken for another axis",
        "take the softmax over the axis of the classes, and swap axes with transpose, never with reshape; where two "
        "sizes can be equal, let an argument say which axis holds the classes",
        (*_DISORDER, *_ODDITIES, "batch-mates", "shifted-labels"),
    ),
    "double-softmax": Bug(
        "softmax (or sigmoid) is applied twice",
        "give the logits to the cross-entropy as they are, or take the logarithm of the probabilities",
        ("probabilities-as-logits", "clipped-log", "half-precision"),
    ),
    "probabilities-as-logits": Bug(
        "probabilities and logits are taken for each other",
        "for probabilities, take their logarithm: -log(p[label]); for logits, use log_softmax (from_logits=True)",
        ("double-softmax", "clipped-log", "half-precision"),
    ),
    "shifted-labels": Bug(
        "each prediction is compared with the label of its neighbour",
        "compare logits[:, t] with labels[:, t]; where the next token is the label, shift once, where labels are made",
        ("lost-row", "padding-in-average", "mask-as-weight", "empty-mask", "double-softmax", *_ODDITIES),
    ),
    "no-gradient": Bug(
        "the loss is cut from its logits, so that nothing is learned from it",
        "go from logits to loss in the functions of one framework: no item() or float(), no .data, detach() or "
        "stop_gradient, no NumPy in between, no argmax",
        ("padding-in-gradient", "empty-mask", *_ODDITIES),
    ),
    "gradient-not-slope": Bug(
        "the gradient is not the slope of the loss",
        "differentiate the number that is returned, all of it: a mean over N positions has the gradient "
        "(softmax - onehot) / N; cut no part of it from the graph",
        ("padding-in-gradient",),
    ),
    "missing-softmax": Bug(
        "logits are taken for log-probabilities: no softmax is anywhere, and the loss falls without end",
        "apply log_softmax before nll_loss or before the label is picked, or call cross_entropy with the logits",
        ("probabilities-as-logits", "no-lowest-value", "clipped-log"),
    ),
    "no-lowest-value": Bug(
        "the loss falls without end while a right prediction grows",
        "apply a sigmoid or softmax before products with labels, such as an overlap (Dice), are formed",
    ),
    "softmax-of-answers": Bug(
        "a softmax makes answers compete that are yes or no each",
        "take a sigmoid of each: binary_cross_entropy_with_logits",
        ("wrong-costs-less",),
    ),
    "wrong-costs-less": Bug(
        "a wrong prediction costs no more than a right one",
        "see to the sign, and apply a sigmoid or softmax before an overlap with the labels (Dice) is formed",
        ("no-lowest-value",),
    ),
    "swapped-arguments": Bug(
        "labels stand in the place of the predictions, so that the logarithm is taken of the labels",
        "functions of torch, JAX and optax take the prediction first, those of Keras and scikit-learn the labels first",
        ("no-lowest-value", "probabilities-as-logits", "clipped-log", "nan-through-mask"),
    ),
    "unnormalised-paths": Bug(
        "the probabilities of all paths of tags do not add up to 1",
        "score a path and the sum over all paths alike: transitions[from, to], the same first and last step, the same "
        "mask",
        ("mean-of-means",),
    ),
    "float-labels": Bug(
        "labels that are class indices are read as probabilities",
        "keep the labels as integers of the shape of the logits without the class axis; never cast them to float",
    ),
    "one-hot-mismatch": Bug(
        "one-hot labels give another number than the same labels as class indices",
        "turn both forms into one first, then apply weights, smoothing and mask in one place",
    ),
    "class-weight-divisor": Bug(
        "the weights of the classes are not divided out once",
        "divide the weighted sum by the sum of the weights of the labels: (w[y] * loss).sum() / w[y].sum()",
    ),
    "smoothing-convention": Bug(
        "the smoothed labels do not add up to 1",
        "give (1 - eps) * onehot + eps / C; or 1 - eps to the label and eps / (C - 1) to each other class",
    ),
    "half-precision": Bug(
        "losses or counts are added up in half precision",
        "cast to float32 before the sum and count in integers; cast the result back if it must be",
    ),
    "mask-as-weight": Bug(
        "the mask weighs the losses but the divisor counts the padding",
        "divide by mask.sum(), not by the number of all positions, which mean() does",
        ("nan-through-mask", "empty-mask", "mean-of-means"),
    ),
    "last-state-padding": Bug(
        "a state is read that has been through padding",
        "pack the sequences (pack_padded_sequence), or take the state at step lengths - 1 of each",
        ("lost-row",),
    ),
    "squeezed-batch": Bug(
        "a batch of one sequence comes out without the axis of the batch",
        "name the axis that goes: squeeze(-1) or squeeze(0) of the layers, never squeeze() of all axes of size 1",
    ),
    "mask-inverted": Bug(
        "the mask is read the other way round than its name says",
        "attention_mask is 1 where a token counts, key_padding_mask is True where it is padding: write mask == 0 "
        "between them",
        ("attention-padding", "pooling-padding", "last-state-padding", "lost-row"),
    ),
    "backward-dropped": Bug(
        "one direction of the recurrent layer never reaches the output",
        "join the last state of the forward direction with the first of the backward one: "
        "cat([hidden[-2], hidden[-1]], dim=-1)",
    ),
    "pooling-padding": Bug(
        "the pooling over time takes in padding",
        "mean: where(mask, states, 0).sum(1) / lengths; max: where(mask, states, -inf).max(1)",
        ("last-state-padding",),
    ),
    "attention-padding": Bug(
        "attention gives weight to padding",
        "set the scores of padding to -inf before the softmax over time",
        ("pooling-padding", "last-state-padding"),
    ),
    "clipped-log": Bug(
        "the logarithm is taken of a probability that was clipped or rounded to 0, and below that there is no gradient",
        "use log_softmax (or log_sigmoid) of the logits, which needs no clip",
    ),
}
"""All names that `seqwise doctor` can give, in the order of the documentation."""


def explained(found: Collection[str]) -> dict[str, str]:
    """For each bug that is only a symptom of another one found, the bug at the root of it.

    Of two bugs that bring each other, the one that stands first in `BUGS` is the root.

    Examples:
        >>> explained({"padding-in-average", "nan-through-mask", "class-weight-divisor"})
        {'nan-through-mask': 'padding-in-average'}
    """
    order = [name for name in BUGS if name in found]
    brought = {
        root: [symptom for symptom in order if symptom in BUGS[root].brings and not _is_above(symptom, root)]
        for root in order
    }
    symptoms = {symptom for symptoms in brought.values() for symptom in symptoms}
    causes: dict[str, str] = {}
    for root in (name for name in order if name not in symptoms):
        open_names = list(brought[root])
        while open_names:
            symptom = open_names.pop()
            if symptom not in causes:
                causes[symptom] = root
                open_names += brought[symptom]
    return {name: causes[name] for name in order if name in causes}


def _is_above(symptom: str, root: str) -> bool:
    names = list(BUGS)
    return root in BUGS[symptom].brings and names.index(symptom) < names.index(root)
