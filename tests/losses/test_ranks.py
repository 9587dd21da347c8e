"""Averages over the ranks of torch.distributed are those of one process, and so are the gradients."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, distributed, multiprocessing, nn

from seqwise.errors import ConfigError
from seqwise.losses.torch import CRFLoss, LossSum, all_reduce_denominator, cross_entropy, loss_sum

RANKS = 3
LENGTHS = torch.tensor([[6, 5, 6, 4], [1, 0, 2, 1], [0, 0, 0, 0]])  # nothing counts on the last rank
CLASS_WEIGHT = torch.tensor([1.0, 3.0, 0.25])


def batches() -> tuple[Tensor, Tensor]:
    """Inputs (rank, batch, time, features) and labels (rank, batch, time)."""
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(RANKS, 4, 6, 5, generator=generator)
    return inputs, torch.randint(3, (RANKS, 4, 6), generator=generator)


def head() -> nn.Linear:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        return nn.Linear(5, 3)


Step = Callable[[Callable[[Tensor], Tensor], Tensor, Tensor, Tensor], Tensor]
"""Model, inputs, labels, lengths -> the loss that was shown, after backward."""


def averaged(model: Any, inputs: Tensor, labels: Tensor, lengths: Tensor) -> Tensor:
    loss = loss_sum(cross_entropy, model(inputs), labels, lengths=lengths).all_reduce().mean()
    loss.backward()
    return loss


def weighted(model: Any, inputs: Tensor, labels: Tensor, lengths: Tensor) -> Tensor:
    part = loss_sum(cross_entropy, model(inputs), labels, lengths=lengths, class_weight=CLASS_WEIGHT)
    loss = part.all_reduce().mean()
    loss.backward()
    return loss


def in_micro_batches(model: Any, inputs: Tensor, labels: Tensor, lengths: Tensor) -> Tensor:
    denominator = all_reduce_denominator(lengths.sum())
    losses = []
    for rows in (slice(0, 1), slice(1, 4)):
        loss = cross_entropy(model(inputs[rows]), labels[rows], lengths=lengths[rows], denominator=denominator)
        loss.backward()
        losses.append(loss.detach())
    shown = torch.stack(losses).sum()
    distributed.all_reduce(shown)
    return shown / RANKS


def chain(model: Any, inputs: Tensor, labels: Tensor, lengths: Tensor) -> Tensor:
    crf = CRFLoss(3)
    part = LossSum(crf(model(inputs), labels, lengths=lengths, denominator=1.0), lengths.sum())
    loss = part.all_reduce().mean()
    loss.backward()
    return loss


def by_the_total(model: Any, inputs: Tensor, labels: Tensor, lengths: Tensor) -> Tensor:
    """The recipe that gives 1 / ranks of the gradient."""
    total = lengths.sum()
    distributed.all_reduce(total)
    loss = cross_entropy(model(inputs), labels, lengths=lengths, denominator=total)
    loss.backward()
    return loss


def mean_of_means(model: Any, inputs: Tensor, labels: Tensor, lengths: Tensor) -> Tensor:
    loss = cross_entropy(model(inputs), labels, lengths=lengths)
    loss.backward()
    return loss


def added(model: Any, inputs: Tensor, labels: Tensor, lengths: Tensor) -> Tensor:
    part = loss_sum(cross_entropy, model(inputs), labels, lengths=lengths)
    loss = part.all_reduce(gradients="sum").mean()
    loss.backward()
    return loss


def added_denominator(model: Any, inputs: Tensor, labels: Tensor, lengths: Tensor) -> Tensor:
    denominator = all_reduce_denominator(float(lengths.sum()), gradients="sum")
    loss = cross_entropy(model(inputs), labels, lengths=lengths, denominator=denominator)
    loss.backward()
    shown = loss.detach().clone()
    distributed.all_reduce(shown)
    return shown


AVERAGING: list[Step] = [averaged, weighted, in_micro_batches, chain, by_the_total, mean_of_means]
ADDING: list[Step] = [added, added_denominator]


def _rank(rank: int, folder: str) -> None:
    torch.set_num_threads(1)
    distributed.init_process_group("gloo", rank=rank, world_size=RANKS, init_method=f"file://{folder}/meet")
    inputs, labels = batches()
    found = {}
    for step in AVERAGING:
        model = nn.parallel.DistributedDataParallel(head())
        loss = step(model, inputs[rank], labels[rank], LENGTHS[rank])
        found[step.__name__] = loss.detach(), model.module.weight.grad
    for step in ADDING:
        own = head()
        loss = step(own, inputs[rank], labels[rank], LENGTHS[rank])
        distributed.all_reduce(own.weight.grad)
        found[step.__name__] = loss.detach(), own.weight.grad
    torch.save(found, f"{folder}/{rank}.pt")
    distributed.destroy_process_group()


@pytest.fixture(scope="module")
def on_ranks(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, tuple[Tensor, Tensor]]]:
    """What each rank found: loss and gradient by the name of the step."""
    folder: Path = tmp_path_factory.mktemp("ranks")
    multiprocessing.spawn(_rank, (str(folder),), nprocs=RANKS)
    return [torch.load(folder / f"{rank}.pt") for rank in range(RANKS)]


def in_one_process(step: Step) -> tuple[Tensor, Tensor]:
    """Loss and gradient of the batches of all ranks together."""
    inputs, labels = batches()
    model, options = head(), {"class_weight": CLASS_WEIGHT} if step is weighted else {}
    logits = model(inputs.flatten(0, 1))
    if step is chain:
        loss = CRFLoss(3)(logits, labels.flatten(0, 1), lengths=LENGTHS.flatten())
    else:
        loss = cross_entropy(logits, labels.flatten(0, 1), lengths=LENGTHS.flatten(), **options)
    loss.backward()
    assert model.weight.grad is not None
    return loss.detach(), model.weight.grad


@pytest.mark.parametrize("step", [averaged, weighted, in_micro_batches, chain, added, added_denominator])
def test_loss_and_gradient_are_those_of_one_process(step: Step, on_ranks: Any) -> None:
    expected = in_one_process(step)
    for found in on_ranks:
        torch.testing.assert_close(found[step.__name__], expected, rtol=1e-5, atol=1e-7)


def test_the_total_as_denominator_gives_one_part_in_so_many_as_there_are_ranks(on_ranks: Any) -> None:
    _, gradient = in_one_process(by_the_total)
    torch.testing.assert_close(on_ranks[0]["by_the_total"][1], gradient / RANKS)


def test_the_mean_of_means_has_another_gradient(on_ranks: Any) -> None:
    _, gradient = in_one_process(mean_of_means)
    assert not torch.allclose(on_ranks[0]["mean_of_means"][1], gradient, rtol=0.1)


def test_in_one_process_nothing_changes() -> None:
    part = LossSum(torch.tensor(3.0, requires_grad=True), torch.tensor(2.0))
    assert part.all_reduce().mean() == 1.5
    assert all_reduce_denominator(torch.tensor([2, 3])).tolist() == [2, 3]


@pytest.mark.parametrize(
    "reduce",
    [lambda **o: LossSum(torch.ones(()), torch.ones(())).all_reduce(**o), lambda **o: all_reduce_denominator(1.0, **o)],
)
def test_gradients_are_averaged_or_added(reduce: Callable[..., Any]) -> None:
    with pytest.raises(ConfigError, match="gradients is 'average'"):
        reduce(gradients="average")
