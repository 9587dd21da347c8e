"""Cases of the linear-chain CRF: the loss forward and backward, and the best path."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from importlib.util import find_spec
from typing import Any, NamedTuple

import torch
from torch import Tensor

from seqwise.bench.case import Case, Results, Way, gradients
from seqwise.losses.torch import crf_decode, crf_nll

__all__ = ["crf_case", "decode_case"]

_FILL = -1


def crf_case(batch: int, time: int, classes: int) -> Case:
    """Negative log-likelihood of tags under a CRF, forward and backward, lengths from half of the time to all of it.

    Beside pytorch-crf where it is installed, and the recursion as it is usually written: log-sum-exp over (batch,
    classes, classes) at each step, recorded for the gradient. The limit is the products of a forward and a backward
    recursion and of the expected transitions.
    """
    return Case("crf_nll", f"({batch}, {time}, {classes})", partial(_loss_ways, batch, time, classes))


def decode_case(batch: int, time: int, classes: int) -> Case:
    """The best path of each sequence (Viterbi); the limit has as many multiply-adds as it has sums to compare."""
    return Case("crf_decode", f"({batch}, {time}, {classes})", partial(_decode_ways, batch, time, classes))


class _Inputs(NamedTuple):
    emissions: Tensor
    tags: Tensor
    transitions: Tensor
    start: Tensor
    end: Tensor
    lengths: Tensor

    @property
    def counts(self) -> Tensor:
        return torch.arange(self.tags.shape[1]) < self.lengths[:, None]

    @property
    def scores(self) -> dict[str, Tensor]:
        """The inputs with gradients."""
        names = ("emissions", "transitions", "start", "end")
        return {name: getattr(self, name) for name in names}


def _inputs(batch: int, time: int, classes: int) -> _Inputs:
    generator = torch.Generator().manual_seed(0)

    def scores(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator).requires_grad_()

    return _Inputs(
        emissions=scores(batch, time, classes),
        tags=torch.randint(classes, (batch, time), generator=generator),
        transitions=scores(classes, classes),
        start=scores(classes),
        end=scores(classes),
        lengths=torch.linspace(time // 2, time, batch).round().long(),
    )


def _loss_ways(batch: int, time: int, classes: int) -> Sequence[Way]:
    given = _inputs(batch, time, classes)
    options: dict[str, Any] = {"start": given.start, "end": given.end, "lengths": given.lengths, "reduction": "sum"}
    ways = [
        Way(
            "seqwise",
            gradients(partial(crf_nll, given.emissions, given.tags, given.transitions, **options), given.scores),
            "ours",
        ),
        Way("recursion in torch", gradients(partial(_plain_nll, given), given.scores)),
    ]
    crf = _pytorch_crf(given)
    if crf is not None:
        mask = given.counts
        loss = partial(lambda: -crf(given.emissions, given.tags, mask=mask))
        parts = {"transitions": crf.transitions, "start": crf.start_transitions, "end": crf.end_transitions}
        ways.append(Way("pytorch-crf", gradients(loss, {"emissions": given.emissions, **parts})))
    return [*ways, Way("products alone", _products(batch, time, classes, backward=True), "limit")]


def _plain_nll(given: _Inputs) -> Tensor:
    """The recursion as it is usually written."""
    emissions, tags, transitions, counts = given.emissions, given.tags, given.transitions, given.counts
    rows, last = torch.arange(len(tags)), given.lengths - 1
    total = given.start + emissions[:, 0]  # (batch, classes)
    path = total.gather(1, tags[:, :1])[:, 0]
    for step in range(1, tags.shape[1]):
        reached = (total[:, :, None] + transitions).logsumexp(1) + emissions[:, step]
        moved = transitions[tags[:, step - 1], tags[:, step]] + emissions[rows, step, tags[:, step]]
        total = torch.where(counts[:, step, None], reached, total)
        path = path + torch.where(counts[:, step], moved, moved.new_zeros(()))
    return ((total + given.end).logsumexp(1) - path - given.end[tags[rows, last]]).sum()


def _decode_ways(batch: int, time: int, classes: int) -> Sequence[Way]:
    given = _inputs(batch, time, classes)
    given = given._replace(**{name: tensor.detach() for name, tensor in given.scores.items()})
    options: dict[str, Any] = {"start": given.start, "end": given.end, "lengths": given.lengths, "fill": _FILL}
    decode = partial(crf_decode, given.emissions, given.transitions, **options)
    ways = [
        Way("seqwise", decode, "ours", results=lambda decoded: {"tags": decoded.tags}),
        Way("recursion in torch", partial(_plain_path, given), results=lambda tags: {"tags": tags}),
    ]
    crf = _pytorch_crf(given)
    if crf is not None:
        path = partial(crf.decode, given.emissions, mask=given.counts)
        ways.append(Way("pytorch-crf", torch.no_grad()(path), results=partial(_padded, time)))
    return [*ways, Way("products alone", _products(batch, time, classes, backward=False), "limit")]


def _plain_path(given: _Inputs) -> Tensor:
    """Viterbi batched over sequences: one maximum over (batch, classes, classes) at each step, then the way back."""
    emissions, counts, time = given.emissions, given.counts, given.tags.shape[1]
    best, came_from = given.start + emissions[:, 0], []
    stay = torch.arange(best.shape[1]).expand_as(best)
    for step in range(1, time):
        reached, origin = (best[:, :, None] + given.transitions).max(1)
        best = torch.where(counts[:, step, None], reached + emissions[:, step], best)
        came_from.append(torch.where(counts[:, step, None], origin, stay))
    tags = [(best + given.end).argmax(1)]
    for origin in reversed(came_from):
        tags.append(origin.gather(1, tags[-1][:, None])[:, 0])
    return torch.stack(tags[::-1], dim=1).masked_fill(~counts, _FILL)


def _padded(time: int, paths: list[list[int]]) -> Results:
    return {"tags": torch.tensor([path + [_FILL] * (time - len(path)) for path in paths])}


def _pytorch_crf(given: _Inputs) -> Any | None:
    """The module of pytorch-crf with our scores; None where it is not installed."""
    if find_spec("torchcrf") is None:
        return None
    from torchcrf import CRF

    crf = CRF(given.transitions.shape[0], batch_first=True)
    with torch.no_grad():
        crf.transitions.copy_(given.transitions)
        crf.start_transitions.copy_(given.start)
        crf.end_transitions.copy_(given.end)
    return crf


def _products(batch: int, time: int, classes: int, *, backward: bool) -> Callable[[], None]:
    """One product (batch, classes) x (classes, classes) per step, or those of both directions and of their sum."""
    state, transitions = torch.ones(batch, classes), torch.eye(classes)
    reached, steps = torch.empty(batch, classes), torch.ones((time - 1) * batch, classes)
    expected = torch.empty(classes, classes)

    def run() -> None:
        for _ in range((time - 1) * (2 if backward else 1)):
            torch.mm(state, transitions, out=reached)
        if backward:
            torch.mm(steps.T, steps, out=expected)

    return run
