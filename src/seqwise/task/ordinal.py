"""Targets whose classes have an order (`loss.ordinal`): which ones they are, and their logits brought into it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from seqwise.config import LossConfig
from seqwise.errors import ConfigError, counted, did_you_mean, listed
from seqwise.targets import Target, label_text
from seqwise.task.crf_states import uses_crf

__all__ = ["check_ordinal", "in_order", "ordinal_messages", "ranks_of"]


def check_ordinal(config: LossConfig, targets: Sequence[Target]) -> None:
    """Refuses orders that do not fit the targets.

    Args:
        config: resolved.
        targets: what is predicted.

    Raises:
        ConfigError: a target that does not exist, or has no single labels, or is trained as a chain; labels without an
            order of their own, or an order that does not name each of them once.
    """
    names = [target.name for target in targets]
    for name in config.ordinal if isinstance(config.ordinal, dict) else ():
        if name not in names:
            near = did_you_mean(name, names)
            raise ConfigError(
                f"loss.ordinal names '{name}'. {near}{' ' if near else ''}The targets are {listed(names)}."
            )
    for target in targets:
        if _given(config, target):
            _check(config, target)


def ranks_of(config: LossConfig, target: Target) -> NDArray[np.int64] | None:
    """(C,), or (K, C) for outputs: the place of each class in the order; None for a target without one.

    Places behind the last class of an output that has fewer are those that it has anyway.
    """
    given = _given(config, target)
    if not given:
        return None
    ranks = np.tile(np.arange(target.class_count), (len(target.classes), 1))
    if isinstance(given, tuple):
        for output, classes in enumerate(target.classes):
            places = [given.index(label_text(label)) for label in classes]
            ranks[output, : len(classes)] = np.argsort(np.argsort(places))
    return ranks if target.kind == "outputs" else ranks[0]


def in_order(
    ranks: Tensor, logits: Tensor, labels: Tensor, class_weight: Tensor | None
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Logits, labels and class weights with the classes in their order.

    Args:
        ranks: (C,) or (K, C), see `ranks_of`.
        logits: (..., C) or (..., K, C).
        labels: (...) or (..., K) class indices.
        class_weight: (C,), (K, C) or None.
    """
    classes = ranks.argsort(dim=-1)
    moved = logits.gather(-1, classes.expand(logits.shape))
    places = ranks.expand(*labels.shape, ranks.shape[-1]).gather(-1, labels[..., None]).squeeze(-1)
    weight = None if class_weight is None else class_weight.expand(classes.shape).gather(-1, classes)
    return moved, places, weight


def ordinal_messages(config: LossConfig, targets: Sequence[Target]) -> list[str]:
    """What is said of targets with an order."""
    sentences = []
    for target in targets:
        if (ranks := ranks_of(config, target)) is not None:
            first = np.atleast_2d(ranks)[0][: len(target.classes[0])]
            order = " < ".join(label_text(target.classes[0][number]) for number in np.argsort(first))
            sentences.append(f"target '{target.name}': the ordinal loss takes the place of cross-entropy, {order}")
    return sentences


def _given(config: LossConfig, target: Target) -> bool | tuple[str, ...]:
    return config.ordinal.get(target.name, False) if isinstance(config.ordinal, dict) else config.ordinal


def _check(config: LossConfig, target: Target) -> None:
    given = _given(config, target)
    leave = f"loss.ordinal={{{target.name}: false}}" if isinstance(config.ordinal, dict) else "loss.ordinal by target"
    if target.kind == "multilabel":
        raise ConfigError(
            f"loss.ordinal is for labels of which one holds, and '{target.name}' has any number of them\n"
            f"  Name the others alone: {leave}."
        )
    if uses_crf(target, config.crf):
        raise ConfigError(f"'{target.name}' is trained as a CRF, which has no order\n  Add loss.crf=false.")
    known = [label_text(label) for classes in target.classes for label in classes]
    if given is True:
        texts = [label_text(label) for classes in target.classes for label in classes if isinstance(label, str)]
        if texts:
            names = ", ".join(dict.fromkeys(known))
            raise ConfigError(
                f"loss.ordinal is true, but the label {listed(texts, 1)} of '{target.name}' is no number, so that its "
                f"order is not known\n  Give it, lowest first: loss.ordinal={{{target.name}: [{names}]}}"
            )
        return
    assert isinstance(given, tuple)
    if repeated := sorted({text for text in given if given.count(text) > 1}):
        raise ConfigError(f"loss.ordinal names {listed(repeated)} of '{target.name}' more than once")
    if left := [text for text in dict.fromkeys(known) if text not in given]:
        raise ConfigError(
            f"loss.ordinal leaves out {counted(len(left), 'label')} of '{target.name}': {listed(left)}\n"
            "  Name them all, lowest first."
        )
    if unknown := [text for text in given if text not in known]:
        near = did_you_mean(unknown[0], known)
        raise ConfigError(
            f"loss.ordinal names '{unknown[0]}', which is no label of '{target.name}'. {near}{' ' if near else ''}"
            f"The labels are {listed(dict.fromkeys(known))}."
        )
