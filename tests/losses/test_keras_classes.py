"""The Keras classes, called as Keras calls them: y_true, y_pred with its mask, sample_weight."""

from __future__ import annotations

import inspect
from typing import Any

import keras
import numpy as np
import pytest
from keras_models import COUNTS, TAGS, TOKENS, numbers, tagger

import seqwise.losses.keras
import seqwise.losses.numpy as reference
from seqwise.errors import ConfigError, ShapeError
from seqwise.losses.keras import BinaryCrossEntropyLoss, CrossEntropyLoss, FocalLoss, MeanLoss, OrdinalLoss

RNG = np.random.default_rng(1)
OUTPUTS = RNG.normal(size=(6, 4, 3))  # K = 4 outputs of 3 classes
WEIGHTS = RNG.uniform(0.1, 2, TAGS.shape)
CLASSES = [
    (CrossEntropyLoss, "cross_entropy", {"label_smoothing": 0.1}),
    (FocalLoss, "focal_loss", {"gamma": 1.5}),
    (OrdinalLoss, "ordinal_loss", {"class_weight": np.array([1.0, 2.0, 3.0, 4.0, 5.0])}),
    (BinaryCrossEntropyLoss, "binary_cross_entropy", {}),
]


@pytest.fixture(scope="module")
def logits() -> Any:
    """Logits of padded sequences; Keras's mask goes along."""
    return tagger()(TOKENS)


def close(wanted: Any) -> Any:
    return pytest.approx(np.asarray(wanted), rel=2e-6, abs=1e-6)


@pytest.mark.parametrize(("loss", "function", "options"), CLASSES[:3], ids=lambda part: getattr(part, "__name__", ""))
def test_padding_enters_no_average(loss: Any, function: str, options: Any, logits: Any) -> None:
    wanted = getattr(reference, function)(numbers(logits), TAGS, mask=COUNTS, **options)
    assert numbers(loss(**options)(TAGS, logits)) == close(wanted)


@pytest.mark.parametrize("reduction", ["none", "sum", "sequence_mean", "batch_mean", "per_output"])
def test_every_reduction_is_there(reduction: Any, logits: Any) -> None:
    wanted = reference.cross_entropy(numbers(logits), TAGS, mask=COUNTS, reduction=reduction)
    assert numbers(CrossEntropyLoss(reduction=reduction)(TAGS, logits)) == close(wanted)


def test_padding_enters_no_average_of_yes_or_no(logits: Any) -> None:
    labels = RNG.integers(0, 2, (4, 4, 5))
    wanted = reference.binary_cross_entropy(numbers(logits), labels, mask=COUNTS)
    assert numbers(BinaryCrossEntropyLoss()(labels, logits)) == close(wanted)


@pytest.mark.parametrize("weights", [WEIGHTS, WEIGHTS[:, 0], WEIGHTS[:, :1]], ids=["steps", "sequences", "a column"])
def test_numbers_as_sample_weight_are_weights_and_enter_the_divisor(weights: Any, logits: Any) -> None:
    wanted = reference.cross_entropy(numbers(logits), TAGS, mask=COUNTS, sample_weight=weights)
    assert numbers(CrossEntropyLoss()(TAGS, logits, weights)) == close(wanted)


@pytest.mark.parametrize("known", [WEIGHTS < 1.2, WEIGHTS[:, 0] < 1.2, WEIGHTS[:, :1] < 1.2])
def test_booleans_as_sample_weight_are_a_mask_beside_that_of_keras(known: Any, logits: Any) -> None:
    mask = COUNTS & known.reshape(4, -1)
    wanted = reference.cross_entropy(numbers(logits), TAGS, mask=mask)
    assert numbers(CrossEntropyLoss()(TAGS, logits, known)) == close(wanted)


def test_a_mask_of_steps_and_one_of_their_outputs_hold_together() -> None:
    steps = keras.layers.Masking()(np.where(COUNTS, 1.0, 0.0)[..., None])
    scores = keras.layers.Dense(5, kernel_initializer="ones")(steps)
    labels, known = RNG.integers(0, 2, (4, 4, 5)), RNG.random((4, 4, 5)) < 0.5
    wanted = reference.binary_cross_entropy(numbers(scores), labels, mask=COUNTS[..., None] & known)
    assert numbers(BinaryCrossEntropyLoss()(labels, scores, known)) == close(wanted)


def test_missing_labels_of_several_outputs_are_left_out() -> None:
    labels = RNG.choice([-1, 0, 1, 99], (6, 4))
    wanted = reference.cross_entropy(OUTPUTS, labels, label_values=(-1, 0, 1), ignore_index=99)
    by_value = CrossEntropyLoss(label_values=(-1, 0, 1), ignore_index=99)(labels, OUTPUTS)
    by_mask = CrossEntropyLoss(label_values=(-1, 0, 1))(labels, OUTPUTS, labels != 99)
    assert numbers(by_value) == close(wanted)
    assert numbers(by_mask) == close(wanted)


def test_class_weights_may_be_arrays_tensors_or_lists(logits: Any) -> None:
    weights = [1.0, 5.0, 1.0, 1.0, 0.5]
    wanted = reference.cross_entropy(numbers(logits), TAGS, mask=COUNTS, class_weight=weights)
    for given in (weights, np.array(weights), keras.ops.array(weights)):
        assert numbers(CrossEntropyLoss(class_weight=given)(TAGS, logits)) == close(wanted)


def test_nan_in_padding_reaches_nothing(logits: Any) -> None:
    spoiled = keras.ops.where(keras.ops.array(COUNTS[..., None]), logits, np.nan)
    found = CrossEntropyLoss()(TAGS, spoiled, COUNTS)
    assert numbers(found) == close(numbers(CrossEntropyLoss()(TAGS, logits)))


def test_the_mean_loss_divides_once_over_all_batches(logits: Any) -> None:
    mean = MeanLoss(CrossEntropyLoss(ignore_index=-1))
    missing = np.where(COUNTS, TAGS, -1)
    for row in range(4):
        mean.update_state(missing[[row]], numbers(logits)[[row]], WEIGHTS[[row]])
    wanted = reference.cross_entropy(numbers(logits), TAGS, mask=COUNTS, sample_weight=WEIGHTS)
    assert numbers(mean.result()) == close(wanted)
    mean.reset_state()
    assert numbers(mean.result()) == 0


@pytest.mark.parametrize(("loss", "function", "options"), CLASSES, ids=lambda part: getattr(part, "__name__", ""))
def test_classes_have_the_options_that_do_not_come_with_a_batch(loss: Any, function: str, options: Any) -> None:
    def defaults(callable_: Any) -> dict[str, Any]:
        parameters = inspect.signature(callable_).parameters.values()
        return {p.name: p.default for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY}

    wanted = defaults(getattr(seqwise.losses.keras, function))
    for name in ("mask", "lengths", "sample_weight"):
        del wanted[name]
    assert defaults(loss.__init__) == wanted | {"name": None}


def test_a_config_holds_every_option() -> None:
    loss = BinaryCrossEntropyLoss(pos_weight=np.array([1.0, 2.0]), ignore_index=-1, from_logits=False, name="mine")
    assert loss.get_config() == {
        "name": "mine",
        "reduction": "mean",
        "denominator": None,
        "ignore_index": -1,
        "pos_weight": [1.0, 2.0],
        "label_smoothing": 0.0,
        "from_logits": False,
    }


def test_a_loss_is_called_after_its_class() -> None:
    assert CrossEntropyLoss().name.startswith("cross_entropy_loss")


def test_an_unknown_option_is_named() -> None:
    with pytest.raises(
        ConfigError, match=r"CrossEntropyLoss: there is no option 'axis'(?s:.*)Did you mean 'class_axis'"
    ):
        CrossEntropyLoss(axis=1)


def test_a_reduction_of_keras_is_told_ours() -> None:
    with pytest.raises(ConfigError, match="there is no reduction 'sum_over_batch_size'"):
        CrossEntropyLoss(reduction="sum_over_batch_size")(TAGS, np.zeros((4, 4, 5)))


def test_a_mask_that_does_not_fit_is_named() -> None:
    pooled = keras.ops.zeros((4, 5))
    with pytest.raises(ShapeError) as caught:
        CrossEntropyLoss()(TAGS[:, 0], pooled, COUNTS)
    assert str(caught.value) == (
        "cross_entropy: mask does not fit the labels\n"
        "  logits  float  (4, 5)\n"
        "  labels  int    (4,)\n"
        "  mask    bool   (4, 4)\n"
        "  expected: mask (4,), or its first axes, with size 1 where one value serves all\n"
        "  hint: mask has no class axis: one value for each label"
    )
