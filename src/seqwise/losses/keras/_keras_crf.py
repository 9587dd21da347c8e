"""The linear-chain CRF as functions of tensors."""

from __future__ import annotations

from seqwise.losses._array_terms import reduced
from seqwise.losses._call_options import known_options
from seqwise.losses._constraints import Allowed
from seqwise.losses._crf_terms import Decoded, best_paths, marginals, nll_terms
from seqwise.losses._loss_options import Averaging, CrfOptions
from seqwise.losses._plan import Reduction
from seqwise.losses.keras._keras_framework import KERAS, Tensor, as_written

__all__ = ["crf_decode", "crf_marginals", "crf_nll"]


@as_written
@known_options
def crf_nll(
    emissions: Tensor,
    tags: Tensor,
    transitions: Tensor,
    *,
    start: Tensor | None = None,
    end: Tensor | None = None,
    mask: Tensor | None = None,
    lengths: Tensor | None = None,
    allowed: Allowed | Tensor | None = None,
    reduction: Reduction = "mean",
    denominator: float | Tensor | None = None,
) -> Tensor:
    """Negative log-likelihood of tags under a linear-chain conditional random field: one loss per sequence.

    Args:
        emissions: (batch, time, classes) floats: the score of each class at each step.
        tags: (batch, time) integers, class indices.
        transitions: (classes, classes): the score of going from one class (row) to another (column).
        start: (classes,): the score of starting with a class; 0 when not given.
        end: (classes,): the score of ending with a class; 0 when not given.
        mask: (batch, time) booleans, or (batch,); True = this step counts.
        lengths: (batch,) integers; the first `lengths[b]` steps count.
        allowed: (classes, classes) booleans, from and to, or what `allowed_transitions` gives.
        reduction: none, sum, mean, sequence_mean or batch_mean.
        denominator: replaces the divisor of a mean.

    Returns:
        A scalar; (batch,) for `none`. At least float32.

    Raises:
        ShapeError, DtypeError, ConfigError: arrays or options do not fit together.
        ValuesError: a tag is out of range or not allowed, or a transition is not finite (tensors on the CPU, outside of
            traces).

    Examples:
        >>> from keras import ops
        >>> loss = crf_nll(ops.zeros((1, 3, 2)), [[0, 1, 1]], ops.zeros((2, 2)), reduction="sum")
        >>> round(float(loss), 4)  # one path of 8: log 8
        2.0794

    The contract is in `seqwise.losses`.
    """
    terms = nll_terms(KERAS, emissions, tags, transitions, CrfOptions(start, end, mask, lengths, allowed))
    return reduced(KERAS, terms, Averaging(reduction, denominator))


@as_written
@known_options
def crf_decode(
    emissions: Tensor,
    transitions: Tensor,
    *,
    start: Tensor | None = None,
    end: Tensor | None = None,
    mask: Tensor | None = None,
    lengths: Tensor | None = None,
    allowed: Allowed | Tensor | None = None,
    fill: int = -1,
) -> Decoded:
    """The tags that score highest together (Viterbi), and their scores.

    Of paths with equal scores the one with the lowest last tag wins, then the lowest tag before it, and so on.

    Args:
        emissions: as for `crf_nll`, like all that follow.
        transitions: (classes, classes).
        start: (classes,).
        end: (classes,).
        mask: (batch, time) booleans, or (batch,).
        lengths: (batch,) integers.
        allowed: (classes, classes) booleans, or what `allowed_transitions` gives.
        fill: the value of `tags` at steps that do not count.

    Returns:
        `tags` (batch, time) and `scores` (batch,).

    Raises:
        ShapeError, DtypeError: arrays do not fit together.
        ValuesError: a transition is not finite, or a length is out of range (tensors on the CPU, outside of traces).

    Examples:
        >>> from keras import ops
        >>> decoded = crf_decode(ops.array([[[2.0, 0.0], [0.0, 1.0]]]), ops.array([[0.0, -3.0], [0.0, 0.0]]))
        >>> [int(tag) for tag in decoded.tags[0]], float(decoded.scores[0])  # going from 0 to 1 would cost 3
        ([0, 0], 2.0)
    """
    return best_paths(KERAS, emissions, transitions, CrfOptions(start, end, mask, lengths, allowed, fill))


@as_written
@known_options
def crf_marginals(
    emissions: Tensor,
    transitions: Tensor,
    *,
    start: Tensor | None = None,
    end: Tensor | None = None,
    mask: Tensor | None = None,
    lengths: Tensor | None = None,
    allowed: Allowed | Tensor | None = None,
) -> Tensor:
    """The probability of each class at each step, over all paths of the sequence.

    Args:
        emissions: as for `crf_nll`, like all that follow.
        transitions: (classes, classes).
        start: (classes,).
        end: (classes,).
        mask: (batch, time) booleans, or (batch,).
        lengths: (batch,) integers.
        allowed: (classes, classes) booleans, or what `allowed_transitions` gives.

    Returns:
        (batch, time, classes) probabilities with sum 1 over the classes; 0 where a step does not count, and in a
        sequence without a possible path.

    Raises:
        ShapeError, DtypeError: arrays do not fit together.
        ValuesError: a transition is not finite, or a length is out of range (tensors on the CPU, outside of traces).

    Examples:
        >>> from keras import ops
        >>> probabilities = crf_marginals(ops.zeros((1, 2, 2)), ops.log(ops.array([[1.0, 1.0], [1.0, 3.0]])))
        >>> [[round(float(p), 3) for p in step] for step in probabilities[0]]
        [[0.333, 0.667], [0.333, 0.667]]
    """
    return marginals(KERAS, emissions, transitions, CrfOptions(start, end, mask, lengths, allowed))
