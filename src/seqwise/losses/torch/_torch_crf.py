"""The linear-chain CRF as functions of tensors."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor

from seqwise.losses._array_terms import Terms
from seqwise.losses._call_options import known_options
from seqwise.losses._constraints import Allowed
from seqwise.losses._crf_terms import Decoded, plan_of
from seqwise.losses._crf_values import check_crf_values
from seqwise.losses._loss_options import Averaging, CrfOptions
from seqwise.losses._plan import CrfPlan, Reduction
from seqwise.losses.torch import _crf_native, _crf_plain
from seqwise.losses.torch._arrays import as_tensor, check_tensor
from seqwise.losses.torch._crf_plain import steps_that_count
from seqwise.losses.torch._loss_sum import reduced
from seqwise.losses.torch._terms import numbers

__all__ = ["crf_decode", "crf_marginals", "crf_nll"]


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
        ValuesError: a tag is out of range or not allowed, or a transition is not finite (tensors on the CPU).

    Examples:
        >>> import torch
        >>> emissions, transitions = torch.zeros(1, 3, 2), torch.zeros(2, 2)
        >>> crf_nll(emissions, torch.tensor([[0, 1, 1]]), transitions, reduction="sum")  # one path of 8: log 8
        tensor(2.0794)

    The contract is in `seqwise.losses`.
    """
    call = _called(
        "crf_nll",
        {"emissions": emissions, "tags": tags, "transitions": transitions},
        CrfOptions(start, end, mask, lengths, allowed),
    )
    losses, steps = _crf_native.losses_and_counts(call.arrays) or _losses_and_counts(call)
    loss: Tensor = reduced(Terms(call.plan, losses, steps, steps > 0), Averaging(reduction, denominator))
    return loss


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
        ValuesError: a transition is not finite, or a length is out of range (tensors on the CPU).

    Examples:
        >>> import torch
        >>> emissions, transitions = torch.tensor([[[2.0, 0.0], [0.0, 1.0]]]), torch.tensor([[0.0, -3.0], [0.0, 0.0]])
        >>> crf_decode(emissions, transitions)  # going from 0 to 1 would cost 3
        Decoded(tags=tensor([[0, 0]]), scores=tensor([2.]))
    """
    call = _called(
        "crf_decode",
        {"emissions": emissions, "transitions": transitions},
        CrfOptions(start, end, mask, lengths, allowed),
    )
    found = _crf_native.best_paths(call.arrays, fill)
    if found is not None:
        return Decoded(*found)
    chain, _ = _chain(call)
    if chain is None:
        return Decoded(emissions[..., 0].long(), call.nothing())
    return Decoded(*_crf_plain.best_paths(chain, fill))


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
    """The probability of each class at each step, over all paths of the sequence; differentiable.

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
        sequence without a possible path. At least float32.

    Raises:
        ShapeError, DtypeError: arrays do not fit together.
        ValuesError: a transition is not finite, or a length is out of range (tensors on the CPU).

    Examples:
        >>> import torch
        >>> crf_marginals(torch.zeros(1, 2, 2), torch.tensor([[1.0, 1.0], [1.0, 3.0]]).log())
        tensor([[[0.3333, 0.6667],
                 [0.3333, 0.6667]]])
    """
    call = _called(
        "crf_marginals",
        {"emissions": emissions, "transitions": transitions},
        CrfOptions(start, end, mask, lengths, allowed),
    )
    found = _crf_native.marginals(call.arrays)
    if found is not None:
        return found
    chain, _ = _chain(call)
    return call.computed(emissions) if chain is None else _crf_plain.marginals(chain)


class _Called(NamedTuple):
    """The meaning of a call, and its arrays by the names that messages show."""

    plan: CrfPlan
    arrays: dict[str, Tensor]

    def nothing(self) -> Tensor:
        """0 for each sequence, attached to the graph."""
        return self.computed(self.arrays["emissions"]).sum((1, 2))

    def computed(self, emissions: Tensor) -> Tensor:
        """The emissions in the type that is computed in."""
        return emissions.to(torch.promote_types(emissions.dtype, torch.float32))


def _called(call: str, given: dict[str, Any], options: CrfOptions) -> _Called:
    check_tensor(call, "emissions", given["emissions"])
    device, is_on_cpu = given["emissions"].device, given["emissions"].is_cpu
    arrays = {
        name: value
        if is_on_cpu and isinstance(value, Tensor) and value.is_cpu
        else as_tensor(call, name, value, device)
        for name, value in (given | options.arrays()).items()
    }
    return _Called(plan_of(call, arrays), arrays)


def _chain(call: _Called) -> tuple[_crf_plain.CrfInputs | None, Tensor]:
    """The linear-chain CRF, None when no sequence has a step; and the steps that count. Checks values."""
    plan, arrays = call
    counts = steps_that_count(arrays, plan.mask_missing)
    looked_at = numbers(**arrays, counts=counts)
    if looked_at is not None:
        check_crf_values(plan, looked_at, looked_at["counts"], refuses_nan=False)
    return _crf_plain.crf_inputs(arrays, counts) if plan.steps[1] else None, counts


def _losses_and_counts(call: _Called) -> tuple[Tensor, Tensor]:
    """The loss of each sequence, and how many steps count in it, (batch,) both."""
    chain, counts = _chain(call)
    losses = call.nothing() if chain is None else _crf_plain.nll(chain, call.arrays["tags"].long())
    return losses, counts.sum(1).to(losses.dtype)
