"""Models, batches and the run of each sequence alone, which the tests of seqwise.nn compare with."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor

from seqwise.nn import ENCODERS, POOLINGS, SequenceModel, build_model
from seqwise.targets import Target

VOCABULARY_SIZE = 11
CHANNELS = 3
LENGTHS = (5, 1, 3, 4)
TIME = 5
HOLES = (  # no row is left-aligned except the second; 1 = counts
    (0, 1, 1, 0, 1, 0, 1),
    (1, 0, 0, 0, 0, 0, 0),
    (0, 0, 0, 1, 1, 1, 0),
    (1, 1, 0, 0, 0, 1, 1),
)
TARGETS = (
    Target("one label", "label", (("a", "b", "c"),)),
    Target("tags.of.steps", "tags", (("O", "B-x", "I-x"),), per_step=True),
    Target("votes", "outputs", ((-1, 0, 1), ("no", "yes")), outputs=("first", "second")),
    Target("feats", "outputs", ((-1, 0, 1), ("no", "yes")), outputs=("first", "second"), per_step=True),
    Target("topics", "multilabel", (("p", "q"),)),
    Target("marks", "multilabel", (("p", "q"),), per_step=True),
)
PER_STEP = frozenset(target.name for target in TARGETS if target.per_step)
DIRECTIONS = [
    (name, both) for name, kind in ENCODERS.items() for both in ([False, True] if kind.has_directions else [True])
]
ARCHITECTURES = tuple(
    (name, layers, both, pooling) for (name, both), layers, pooling in itertools.product(DIRECTIONS, (1, 2), POOLINGS)
)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def new_model(architecture: tuple[str, int, bool, str], *, kind: str = "tokens", dropout: float = 0.0) -> SequenceModel:
    """A model of every kind of target with small random weights, biases too."""
    encoder, layers, bidirectional, pooling = architecture
    size = {"vocabulary_size": VOCABULARY_SIZE} if kind == "tokens" else {"channels": CHANNELS}
    with torch.random.fork_rng(devices=[]):
        model = build_model(
            TARGETS, input=kind, **size, embedding=3, encoder=encoder, hidden=2, layers=layers,
            bidirectional=bidirectional, pooling=pooling, dropout=dropout, attention_size=3,
            context_window=kind == "series",
        )  # fmt: skip
    draws = generator()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0.0, 0.7, generator=draws)
    return model.double()


def new_tokens(batch: int = len(LENGTHS), time: int = TIME) -> Tensor:
    return torch.randint(1, VOCABULARY_SIZE, (batch, time), generator=generator(1))


def new_series(batch: int = len(LENGTHS), time: int = TIME) -> Tensor:
    return torch.randn(batch, time, CHANNELS, generator=generator(2), dtype=torch.float64)


def left_aligned(lengths: tuple[int, ...] = LENGTHS, time: int = TIME) -> Tensor:
    return torch.tensor([[step < length for step in range(time)] for length in lengths])


def at_counted(logits: dict[str, Tensor], counted: Tensor) -> dict[str, Tensor]:
    """Per-step logits as (steps that count, ...), sequence after sequence; the others as they are."""
    return {name: array[counted] if name in PER_STEP else array for name, array in logits.items()}


def run_alone(model: SequenceModel, inputs: Tensor, counted: Tensor) -> dict[str, Tensor]:
    """What the model gives for each sequence by itself: no padding, no mask; in the form of `at_counted`."""
    rows = [model(row[keep][None]) for row, keep in zip(inputs, counted, strict=True)]
    return {name: torch.cat([row[name][0] if name in PER_STEP else row[name] for row in rows]) for name in model.names}


def gradients(model: SequenceModel, logits: dict[str, Tensor]) -> dict[str, Tensor]:
    """Gradients of a sum of all finite logits, each with a random weight of its own."""
    draws = generator(3)
    total = torch.zeros((), dtype=torch.float64)
    for array in logits.values():
        weights = torch.randn(array.shape, generator=draws, dtype=torch.float64).to(array.dtype)
        total = total + (torch.where(array.isfinite(), array, 0.0) * weights).sum()
    model.zero_grad()
    total.backward()
    return {name: parameter.grad for name, parameter in model.named_parameters()}


def assert_same(actual: dict[str, Tensor], expected: dict[str, Tensor], *, rtol: float = 1e-10) -> None:
    assert actual.keys() == expected.keys()
    for name, array in expected.items():
        torch.testing.assert_close(actual[name], array, rtol=rtol, atol=rtol / 10, msg=lambda m, n=name: f"{n}: {m}")
