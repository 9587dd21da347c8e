"""The linear-chain CRF as functions of arrays."""

from __future__ import annotations

from numpy.typing import ArrayLike

from seqwise.losses._call_options import known_options
from seqwise.losses._constraints import Allowed
from seqwise.losses._crf_terms import Decoded, best_paths, marginals, nll_terms
from seqwise.losses._loss_options import Averaging, CrfOptions
from seqwise.losses._plan import Reduction
from seqwise.losses.numpy._numpy_framework import NUMPY, Loss, reduced

__all__ = ["crf_decode", "crf_marginals", "crf_nll"]


@known_options
def crf_nll(
    emissions: ArrayLike,
    tags: ArrayLike,
    transitions: ArrayLike,
    *,
    start: ArrayLike | None = None,
    end: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    lengths: ArrayLike | None = None,
    allowed: Allowed | ArrayLike | None = None,
    reduction: Reduction = "mean",
    denominator: float | ArrayLike | None = None,
) -> Loss:
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
        A number; (batch,) for `none`. Always float64.

    Raises:
        ShapeError, DtypeError, ConfigError: arrays or options do not fit together.
        ValuesError: a tag is out of range or not allowed, or a number is NaN.

    Examples:
        >>> import numpy as np
        >>> emissions, transitions = np.zeros((1, 3, 2)), np.array([[0.0, 0.0], [0.0, 0.0]])
        >>> round(float(crf_nll(emissions, [[0, 1, 1]], transitions, reduction="sum")), 4)  # one path of 8: log 8
        2.0794

    The contract is in `seqwise.losses`.
    """
    terms = nll_terms(NUMPY, emissions, tags, transitions, CrfOptions(start, end, mask, lengths, allowed))
    return reduced(terms, Averaging(reduction, denominator))


@known_options
def crf_decode(
    emissions: ArrayLike,
    transitions: ArrayLike,
    *,
    start: ArrayLike | None = None,
    end: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    lengths: ArrayLike | None = None,
    allowed: Allowed | ArrayLike | None = None,
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
        ValuesError: a number is NaN, or a length is out of range.

    Examples:
        >>> import numpy as np
        >>> decoded = crf_decode(np.array([[[2.0, 0.0], [0.0, 1.0]]]), np.array([[0.0, -3.0], [0.0, 0.0]]))
        >>> decoded.tags.tolist(), decoded.scores.tolist()  # going from 0 to 1 would cost 3
        ([[0, 0]], [2.0])
    """
    return best_paths(NUMPY, emissions, transitions, CrfOptions(start, end, mask, lengths, allowed, fill))


@known_options
def crf_marginals(
    emissions: ArrayLike,
    transitions: ArrayLike,
    *,
    start: ArrayLike | None = None,
    end: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    lengths: ArrayLike | None = None,
    allowed: Allowed | ArrayLike | None = None,
) -> Loss:
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
        ValuesError: a number is NaN, or a length is out of range.

    Examples:
        >>> import numpy as np
        >>> crf_marginals(np.zeros((1, 2, 2)), np.array([[0.0, 0.0], [0.0, np.log(3)]])).round(3).tolist()
        [[[0.333, 0.667], [0.333, 0.667]]]
    """
    probabilities: Loss = marginals(NUMPY, emissions, transitions, CrfOptions(start, end, mask, lengths, allowed))
    return probabilities
