"""How the tags of a target hang together: the scheme that training shows, what it allows, and the chain that learns it.

Tags that mark spans follow a scheme; which one is read from the training part, since names alone cannot tell IOB1 from
IOB2. Few files are without mistakes: tags that break the scheme are read as the scorer conlleval reads them, and
trained as the tags that the scheme writes for those spans. What is judged are always the labels of the files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqwise.data.labels import LabelCodec, transition_counts
from seqwise.data.store import Store
from seqwise.evaluation.spans import span_edges, tag_scheme
from seqwise.losses.torch import Allowed, LossSum, allowed_transitions, crf_decode, crf_marginals, crf_nll, loss_sum
from seqwise.nn import Chain, TagChain
from seqwise.targets import Target
from seqwise.training.config import LossConfig

Scheme = Literal["iob", "iob1", "iobes"]

__all__ = [
    "chain_loss",
    "chain_sentences",
    "decoded_tags",
    "is_chained",
    "tag_chain",
    "tag_log_probabilities",
    "with_scheme",
]

_FEW_BREAKS = 0.02  # of the tags inside spans; with more of them the scheme is another one, or none
_LEAST_PROBABILITY = 1e-9


def with_scheme(codec: LabelCodec, store: Store, rows: NDArray[np.int64]) -> tuple[Target, str | None]:
    """The codec's target with the scheme that its tags follow in these rows, and a sentence when they follow one.

    The scheme that the fewest transitions break wins, when those are at most 2 % of the tags that are not O.
    """
    target = codec.target
    if not target.is_iob:
        return target, None
    names = [str(label) for label in target.labels]
    counts = transition_counts(codec, store, rows)
    marked = int(counts[:, [i for i, name in enumerate(names) if name != "O"]].sum())
    prefixes = {name[0] for name in names if name != "O"}
    schemes: tuple[Scheme, ...] = ("iob", "iob1") if prefixes <= {"B", "I"} else ("iobes",)
    schemes = ("iob1",) if prefixes == {"I"} else schemes
    breaks = {scheme: _breaks(replace(target, scheme=scheme), counts) for scheme in schemes}
    scheme = min(breaks, key=lambda name: breaks[name])
    found = f"{breaks[scheme]:,} of {marked:,} tags in spans"
    if breaks[scheme] > _FEW_BREAKS * marked:
        return target, (
            f"warning: target '{target.name}': {found} break every scheme (IOB1, IOB2, IOBES), so any tag may follow "
            "any other"
        )
    title = {"iob": "IOB2", "iob1": "IOB1", "iobes": "IOBES (BILOU)"}[scheme]
    but = f"; {found} break its rules and are read as conlleval reads them" if breaks[scheme] else ""
    return replace(target, scheme=scheme), f"target '{target.name}': the tags mark spans in {title}{but}"


def _breaks(target: Target, counts: NDArray[np.int64]) -> int:
    """How many transitions (C + 1, C + 1), starts and ends included, a scheme does not allow."""
    allowed = _allowed(target)
    size = target.class_count
    between = counts[:size, :size][~allowed.transitions].sum()
    return int(between + counts[size, :size][~allowed.start].sum() + counts[:size, size][~allowed.end].sum())


@lru_cache(maxsize=32)
def _allowed(target: Target) -> Allowed:
    """What the scheme of a target allows; labels of a type that lacks a tag which the scheme needs are free."""
    assert target.scheme is not None
    names = [str(label) for label in target.labels]
    allowed = allowed_transitions(names, target.scheme)
    needed = {"iob": ("B",), "iob1": ("I",), "iobes": ("B", "IM", "EL", "SU")}[target.scheme]
    free = np.array(
        [name != "O" and not all(any(f"{p}-{name[2:]}" in names for p in some) for some in needed) for name in names]
    )
    return Allowed(allowed.transitions | free[:, None] | free[None, :], allowed.start | free, allowed.end | free)


def is_chained(target: Target, crf: bool | dict[str, bool] | None) -> bool:
    """Whether `loss.crf` of a resolved config trains the tags of a target as a chain."""
    if target.kind != "tags" or crf is None:
        return False
    return crf.get(target.name, False) if isinstance(crf, dict) else crf


def chain_sentences(config: LossConfig, targets: Sequence[Target]) -> list[str]:
    """What is said of targets of kind `tags`: which are trained as a chain, which are only decoded as one."""
    sentences = []
    for target in targets:
        if is_chained(target, config.crf):
            said = "in place of cross-entropy, a CRF trains and decodes the tags of a sequence together"
        elif target.scheme is not None:
            said = "of the tags that the scheme allows, those with the largest sum of logits are predicted"
        else:
            continue
        sentences.append(f"target '{target.name}': {said}")
    return sentences


def tag_chain(target: Target, config: LossConfig) -> TagChain | None:
    """The chain of a target: learned where `loss.crf` says so, else only what the scheme of its tags allows, if any."""
    is_learned = is_chained(target, config.crf)
    if target.scheme is None:
        return TagChain(target.class_count) if is_learned else None
    allowed = _allowed(target)
    return TagChain(
        target.class_count,
        is_learned=is_learned,
        allowed_transitions=allowed.transitions,
        allowed_start=allowed.start,
        allowed_end=allowed.end,
    )


def chain_loss(target: Target, chain: Chain, emissions: Tensor, labels: NDArray[np.int64], mask: Tensor) -> LossSum:
    """The negative log-likelihood of the tags of a batch, and the number of tags.

    Args:
        target: what is predicted.
        chain: learned together with the emissions.
        emissions: (batch, time, classes).
        labels: (batch, time) class indices.
        mask: (batch, time), True where a tag counts; the tags beside one that does not are neighbours.
    """
    tags = torch.from_numpy(_well_formed(target, labels, mask.cpu().numpy())).to(emissions.device)
    scores = {"start": chain.start, "end": chain.end, "allowed": _constraints(chain)}
    return loss_sum(crf_nll, emissions, tags, chain.transitions, mask=mask, **scores)


def tag_log_probabilities(chain: Chain, emissions: Tensor, lengths: Tensor) -> Tensor:
    """The logarithm of the probability of each class at each step, over all tags of the sequence (marginals).

    They serve as logits: softmax over the classes gives the probabilities back. None is below 1e-9, so that the loss of
    a label which the chain does not allow is finite. A chain that was not learned leaves the logits as they are.
    """
    if not chain.is_learned:
        return emissions
    probabilities = crf_marginals(
        emissions, chain.transitions, start=chain.start, end=chain.end, lengths=lengths, allowed=_constraints(chain)
    )
    return probabilities.clamp_min(_LEAST_PROBABILITY).log()


def decoded_tags(chain: Chain, emissions: Tensor, lengths: Tensor) -> Tensor:
    """The tags (batch, time) that score highest together; the largest emission where no tags are allowed at all."""
    found = crf_decode(
        emissions, chain.transitions, start=chain.start, end=chain.end, lengths=lengths, allowed=_constraints(chain)
    )
    return torch.where(found.tags < 0, emissions.argmax(-1), found.tags)


def _constraints(chain: Chain) -> Allowed | None:
    if chain.allowed_transitions is None:
        return None
    return Allowed(chain.allowed_transitions, chain.allowed_start, chain.allowed_end)


def _well_formed(target: Target, labels: NDArray[np.int64], mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The tags that the target's scheme writes for the spans which conlleval reads in labels (batch, time)."""
    if target.scheme is None:
        return labels
    table = _tags_of_roles(target)
    scheme = tag_scheme(target.labels)
    opens, closes, touches = span_edges(scheme, labels, mask)
    role = _SINGLE * (opens & closes) + _FIRST * (opens & ~closes) + _LAST * (closes & ~opens)
    role = role + _TOUCHING * (opens & touches)
    written = table[scheme.type_of[np.where(mask, labels, 0)], role]
    return np.where(mask & (written >= 0), written, labels)


_FIRST, _LAST, _SINGLE, _TOUCHING = 1, 2, 3, 4  # inside is 0; a span that touches the one before begins with 5 or 7


@lru_cache(maxsize=32)
def _tags_of_roles(target: Target) -> NDArray[np.int64]:
    """(types + 1, 8) the class of each type and role in a span; -1 where there is none, and for O, the last row."""
    names = [str(label) for label in target.labels]
    types = tag_scheme(target.labels).types
    wanted = {
        "iob": ("I", "B", "I", "B", "", "B", "", "B"),
        "iob1": ("I", "I", "I", "I", "", "B", "", "B"),
        "iobes": ("IM", "B", "EL", "SU", "", "B", "", "SU"),
    }[str(target.scheme)]
    table = np.full((len(types) + 1, len(wanted)), -1, dtype=np.int64)
    for row, kind in enumerate(types):
        for column, prefixes in enumerate(wanted):
            fitting = [names.index(f"{prefix}-{kind}") for prefix in prefixes if f"{prefix}-{kind}" in names]
            table[row, column] = fitting[0] if fitting else -1
    return table
