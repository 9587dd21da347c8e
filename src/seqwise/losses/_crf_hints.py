"""Suggests how to change arrays that do not fit a CRF; only errors lead here."""

from __future__ import annotations

from seqwise.shapes import ArraySpec, Shape, fits, shape_text

__all__ = ["batch_first", "emissions_rank", "square", "tags_of"]

_SWAP = "batch is axis 0 and time axis 1: swap the first two axes of the"


def emissions_rank(emissions: ArraySpec) -> str | None:
    """A hint for emissions that do not have three axes."""
    if len(emissions.shape) == 2:
        return "a single sequence is a batch of 1: emissions[None], and tags[None] with them"
    if len(emissions.shape) == 4 and emissions.shape[0] == 1:
        return "axis 0 of the emissions has size 1: remove it with emissions[0]"
    return None


def tags_of(emissions: ArraySpec, tags: ArraySpec) -> str | None:
    """A hint for tags that are not one per step; None when there is none."""
    batch, time, classes = emissions.shape
    shape = tags.shape
    if len(shape) == 3 and shape[-1] == 1 and fits(shape[:-1], (batch, time)):
        return "the last axis of the tags has size 1: remove it with tags[..., 0]"
    if fits(shape, (batch, time, classes)):
        return "tags are class indices: for one-hot tags take their argmax over the last axis"
    if fits(shape, (batch,)):
        return "one label per sequence is for cross_entropy"
    if fits(shape, (time, batch)):
        return f"{_SWAP} emissions or of the tags"
    if fits(shape, (batch, classes)):
        return "classes are the last axis: swap the last two axes of the emissions"
    return None


def square(emissions: ArraySpec, transitions: ArraySpec) -> str | None:
    """A hint for transitions that are not (classes, classes); None when there is none."""
    _, time, classes = emissions.shape
    if classes is not None and transitions.shape == (classes + 2, classes + 2):
        return (
            "when two of these are the classes START and STOP, pass their scores by themselves: "
            "start= is the row of START, end= the column of STOP"
        )
    if time is not None and transitions.shape == (time, time):
        return "classes are the last axis: swap the last two axes of the emissions"
    if len(transitions.shape) > 2 and fits(transitions.shape[-2:], (classes, classes)):
        return "the same transitions serve every sequence and every step"
    return None


def batch_first(array: ArraySpec, steps: Shape) -> str | None:
    """A hint for a mask or lengths that fit emissions (time, batch, classes)."""
    turned = (steps[1], steps[0])
    if steps[0] != steps[1] and fits(array.shape, turned[: len(array.shape)]) and array.shape:
        return f"{_SWAP} emissions if they are {shape_text(('time', 'batch', 'classes'))}"
    return None
