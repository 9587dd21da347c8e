"""Advice for shapes and values: the problem, the loss, the head, the mapping of labels, and code."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from seqwise.advice.advice_text import Advice, ArrayWanted, ValueMapping
from seqwise.advice.alternatives import alternatives, title
from seqwise.advice.array_statistics import ArrayStatistics, statistics_of
from seqwise.advice.choices import Choices, Wish
from seqwise.advice.problems import LOSSES, PROBLEMS
from seqwise.advice.reading import Reading, head_text
from seqwise.advice.readings import readings_of
from seqwise.advice.snippets import loss_call, maps_by_hand, snippet
from seqwise.advice.value_classes import ASSUMED_CLASSES
from seqwise.errors import ConfigError, ShapeError, listed
from seqwise.shapes import shape_text

__all__ = ["advice_of", "advise"]


def advise(
    logits: Any = None,
    labels: Any = None,
    *,
    probabilities: Any = None,
    hidden: Any = None,
    mask: Any = None,
    lengths: Any = None,
    values: Iterable[Any] | str | None = None,
    missing: int | None = None,
    label_kind: str | None = None,
    class_axis: int | None = None,
    problem: str | None = None,
    loss: str | None = None,
    pooling: str = "last",
    bidirectional: bool = False,
    framework: str | None = None,
) -> Advice:
    """Advise a loss, a head and shapes for arrays or shapes of arrays.

    Give an array of any framework, a tuple of sizes, text such as `8x47`, or the name of an `.npy` file.

    Args:
        logits: the model's output, or its intended shape.
        labels: the labels.
        probabilities: the model's output, if it is probabilities.
        hidden: the encoder's states, (batch, time, features) or (batch, features).
        mask: True = counts.
        lengths: (batch,) the number of steps that count.
        values: all label values, in class order: (-1, 0, 1), `no,yes`, `0..4`. Read from the labels if they are an
            array.
        missing: labels of this value do not count.
        label_kind: int, float, bool or text, for labels given as a shape.
        class_axis: the class axis of the logits, where two axes have equal size.
        problem: the name of the problem, where the shapes fit several.
        loss: a loss in place of the usual one of the problem.
        pooling: last, mean, max or attention, where the states of steps become one vector.
        bidirectional: whether the second half of the features of the states reads backwards.
        framework: torch, keras, jax or numpy, for code of that one only.

    Raises:
        ConfigError: no labels, or an option that does not apply.
        ShapeError: shapes that fit no problem.
        ValuesError: labels that are continuous values.
        DataError: a file that cannot be read.

    Examples:
        >>> advice = advise(logits=(8, 47), labels=(8, 47), values=(-1, 0, 1))
        >>> advice.title
        '47 labels out of 3 classes each, per sequence'
        >>> advice.head
        'Linear(hidden, 47 * 3) -> reshape (8, 47, 3)'
        >>> advice.call
        'cross_entropy(logits, labels, label_values=(-1, 0, 1))'
    """
    given = {
        "logits": logits,
        "probabilities": probabilities,
        "hidden": hidden,
        "labels": labels,
        "mask": mask,
        "lengths": lengths,
    }
    wish = Wish(problem, loss, pooling, bidirectional, framework)
    statistics = statistics_of(given, values=values, missing=missing, label_kind=label_kind, class_axis=class_axis)
    readings = readings_of(statistics, problem)
    if loss is not None:
        readings = [reading for reading in readings if loss in reading.problem.losses]
        _require_loss(loss, readings, statistics, problem)
    return advice_of(readings, statistics, wish)


def advice_of(
    readings: Sequence[Reading], statistics: ArrayStatistics, wish: Wish, notes: Sequence[str] = ()
) -> Advice:
    """Return the advice for the first of the readings.

    Args:
        readings: the interpretations of the statistics.
        statistics: statistics of the input.
        wish: the user's choices.
        notes: reasons besides those that follow from the reading.
    """
    reading, problem = readings[0], readings[0].problem
    _require_both_directions(reading, statistics, wish)
    choices = wish.choices(problem.losses[0], from_logits=statistics.from_logits)
    features = None if reading.states is None else reading.states[-1]
    why = (problem.why, LOSSES[choices.loss].why, *_notes(reading, statistics), *notes)
    return Advice(
        problem=problem.name,
        title=title(reading),
        loss=choices.loss,
        call=loss_call(reading, choices, literal=True),
        pooling=choices.pooling if reading.is_pooled else None,
        head=head_text(problem, reading.positions, reading.classes, features),
        shapes=_shapes(reading, choices),
        mapping=_mapping(reading, choices),
        changes=reading.changes,
        why=tuple(filter(None, why)),
        alternatives=alternatives(readings, statistics, choices.loss, wish.problem),
        code={name: snippet(reading, choices, name) for name in wish.frameworks},
    )


def _shapes(reading: Reading, choices: Choices) -> dict[str, ArrayWanted]:
    """Return the arrays that the head and the loss must receive."""
    problem, crf = reading.problem, choices.is_crf
    scores = "emissions" if crf else "logits" if choices.from_logits else "probabilities"
    axes = problem.logits_axes if reading.one_hot else problem.label_axes
    wanted = {
        scores: ArrayWanted("float", reading.logits_shape, problem.logits_axes),
        "tags" if crf else "labels": ArrayWanted(reading.label_kind, reading.labels_shape, axes),
    }
    if crf:
        wanted["transitions"] = ArrayWanted("float", (reading.classes, reading.classes), ("from", "to"))
    if reading.lengths is not None:
        wanted["lengths"] = ArrayWanted("int", reading.positions[:1], ("batch",))
    if reading.mask is not None:
        of_mask = problem.label_axes if reading.mask == "loss" else ("batch", "time")
        wanted["mask"] = ArrayWanted("bool", reading.mask_shape, of_mask[: len(reading.mask_shape)])
    if reading.states is not None:
        of_states = ("batch", "features") if len(reading.states) == 2 else ("batch", "time", "features")
        wanted = {"states": ArrayWanted("float", reading.states, of_states), **wanted}
    return wanted


def _mapping(reading: Reading, choices: Choices) -> ValueMapping | None:
    if reading.values is None:
        return None
    return ValueMapping(reading.values, "class_of" if maps_by_hand(reading, choices) else "label_values")


def _notes(reading: Reading, statistics: ArrayStatistics) -> list[str]:
    """Return further reasons that follow from the statistics."""
    notes = []
    if reading.one_hot:
        notes.append(
            "One-hot labels and class indices give the same number here, whatever the options; indices need no "
            "one-hot array in memory."
        )
    if not statistics.from_logits:
        notes.append(
            "With probabilities, 0 for the right class costs 87.34 nats, by definition, and has no gradient. Prefer "
            "logits: the loss computes softmax and logarithm together, without loss of precision."
        )
    if reading.lengths == "pooling":
        notes.append("The lengths go to the encoder and to the pooling, not to the loss: its labels have no time axis.")
    if reading.mask == "pooling":
        notes.append("The mask goes to the encoder and to the pooling, not to the loss: its labels have no time axis.")
    if not reading.problem.chooses and statistics.values is None and statistics.labels.data is None:
        notes.append("The values of the labels decide what they are; name them: --values=0,1 or --values=-1,0,1.")
    if not reading.classes_known:
        notes.append(f"The number of classes is unknown; {ASSUMED_CLASSES} are shown. Name them: --values=0,1,2.")
    if reading.problem.per_step and reading.lengths is None and reading.mask is None:
        notes.append(f"Where sequences are padded add lengths= int {shape_text(reading.positions[:1])}.")
    if reading.problem.inner and reading.mask is None and reading.missing is None:
        notes.append(f"Where labels are missing add mask= bool {shape_text(reading.positions)}, True = present.")
    return notes


def _require_both_directions(reading: Reading, statistics: ArrayStatistics, wish: Wish) -> None:
    """Check that the states can be two directions, concatenated."""
    if wish.bidirectional and reading.states is not None and reading.states[-1] % 2:
        problem = f"states of {reading.states[-1]} features cannot be two concatenated directions"
        raise statistics.call.error(ShapeError, problem, expected="an even number of features, or one direction")


def _require_loss(loss: str, readings: list[Reading], statistics: ArrayStatistics, problem: str | None) -> None:
    """Check that the loss fits the problem, or one of those that fit the shapes."""
    if not readings:
        fitting = [name for name, known in PROBLEMS.items() if loss in known.losses]
        which = f"'{problem}'" if problem else "these labels"
        raise statistics.call.error(
            ConfigError, f"{loss} does not fit {which}", expected=f"a problem among {listed(fitting)}, or another loss"
        )
    if loss == "crf_nll" and (readings[0].one_hot or not statistics.from_logits):
        raise statistics.call.error(
            ConfigError,
            "crf_nll takes tags as class indices, and emissions that are not probabilities",
            expected=f"labels int {shape_text(readings[0].positions)}, logits {shape_text(readings[0].logits_shape)}",
        )
