"""Made-up logits and labels of every kind, with gaps, padding and garbage where nothing counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seqwise.masks import lengths_to_mask
from seqwise.targets import Target

TARGETS = {
    "label": Target("intent", "label", (("book", "play", "rate", "stop"),)),
    "tags": Target("pos", "tags", (("ADJ", "NOUN", "VERB"),), per_step=True),
    "iob": Target("slots", "tags", (("O", "B-song", "I-song", "B-artist", "I-artist"),), per_step=True),
    "outputs": Target("votes", "outputs", ((-1, 0, 1), (0, 1), (-1, 0, 1, 2)), outputs=("fr", "de", "it")),
    "outputs per step": Target("feats", "outputs", (("x", "y"), ("u", "v", "w")), ("f",), ("a", "b"), True),
    "multilabel": Target("topics", "multilabel", (("art", "law", "war", "tax"),)),
    "multilabel per step": Target("marks", "multilabel", (("bold", "link"),), per_step=True),
}
KINDS = list(TARGETS)


@dataclass(frozen=True)
class Made:
    """A split: arrays as `Tally.update` takes them, garbage wherever nothing counts."""

    target: Target
    logits: NDArray[np.floating]
    labels: NDArray[np.integer]
    mask: NDArray[np.bool_]
    lengths: NDArray[np.int64]

    def rows(self, start: int, stop: int) -> tuple[NDArray[np.generic], ...]:
        """The arguments of `Tally.update` for some of the sequences."""
        return (
            self.logits[start:stop],
            self.labels[start:stop],
            self.mask[start:stop],
            self.lengths[start:stop],
        )


def made_up(name: str, *, seed: int, batch: int = 40, time: int = 7, gaps: float = 0.2) -> Made:
    """A made-up split for one of TARGETS; a share of `gaps` of the labels is missing."""
    random = np.random.default_rng(seed)
    target = TARGETS[name]
    lengths = random.integers(1, time + 1, size=batch)
    inner = {"outputs": (len(target.classes),), "multilabel": (target.class_count,)}.get(target.kind, ())
    shape = (batch, *((time,) if target.per_step else ()), *inner)
    sizes = np.array([2] if target.kind == "multilabel" else [len(classes) for classes in target.classes])
    labels = (random.random(shape) * sizes).astype(np.int64)
    mask = random.random(shape) >= gaps
    if target.per_step:
        mask &= lengths_to_mask(lengths, time).reshape((batch, time) + (1,) * len(inner))
    logits_shape = shape if target.kind == "multilabel" else (*shape, target.class_count)
    logits = random.normal(scale=2.0, size=logits_shape).astype(np.float32)
    if target.kind == "outputs":
        for k, classes in enumerate(target.classes):
            logits[..., k, len(classes) :] = -np.inf
    labels[~mask] = random.choice([-100, 99], size=int((~mask).sum()))
    logits[~mask] = np.nan
    return Made(target, logits, labels, mask, lengths)
