"""The losses in Keras's compile, fit and evaluate: labels, masks and weights arrive, and averages are right."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from keras_models import COUNTS, TAGS, TOKENS, compiled, numbers, tagger

import seqwise.losses.numpy as reference
from seqwise.errors import DtypeError, ShapeError, ValuesError
from seqwise.losses.keras import CrossEntropyLoss, MeanLoss

pytestmark = pytest.mark.filterwarnings(  # Keras's own, of torch tensors that it makes NumPy arrays
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)

RNG = np.random.default_rng(1)


def evaluated(model: Any, loss: Any, *arrays: Any, **options: Any) -> Any:
    return compiled(model, loss).evaluate(*arrays, verbose=0, **options)


def close(wanted: Any) -> Any:
    return pytest.approx(float(wanted), rel=1e-5)


def tagging_loss(model: Any, **options: Any) -> Any:
    """What the reference says of the tagger's logits."""
    return reference.cross_entropy(numbers(model(TOKENS)), TAGS, **{"mask": COUNTS, **options})


def test_padding_enters_no_average() -> None:
    model = tagger()
    wanted = tagging_loss(model)
    model.compile(keras.optimizers.SGD(0.1), loss=CrossEntropyLoss())  # compiled as Keras does by itself
    assert model.fit(TOKENS, TAGS, verbose=0).history["loss"] == [close(wanted)]


def test_more_padding_changes_neither_the_loss_nor_the_step() -> None:
    found = []
    for more in (0, 3):
        tokens, tags = (np.pad(array, ((0, 0), (0, more))) for array in (TOKENS, TAGS))
        model = compiled(tagger(), CrossEntropyLoss())
        loss = model.fit(tokens, tags, verbose=0).history["loss"][0]
        found.append((loss, [numbers(weight.value) for weight in model.weights]))
    (loss, weights), (padded_loss, padded_weights) = found
    assert padded_loss == close(loss)
    for weight, padded in zip(weights, padded_weights, strict=True):
        np.testing.assert_allclose(padded, weight, rtol=1e-5, atol=1e-6)


def test_the_step_follows_the_gradient_of_the_loss() -> None:
    model = tagger()
    logits = numbers(model(TOKENS))
    softmax = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    wanted = (softmax - np.eye(5)[TAGS])[COUNTS].sum(0) / COUNTS.sum()
    before = numbers(model.weights[-1].value)
    compiled(model, CrossEntropyLoss(), rate=1.0).fit(TOKENS, TAGS, verbose=0)
    np.testing.assert_allclose(before - numbers(model.weights[-1].value), wanted, rtol=1e-4, atol=1e-6)


def test_numbers_as_sample_weight_enter_the_divisor() -> None:
    model, weights = tagger(), RNG.uniform(0.1, 2, TAGS.shape)
    found = evaluated(model, CrossEntropyLoss(), TOKENS, TAGS, sample_weight=weights)
    assert found == close(tagging_loss(model, sample_weight=weights))


def test_booleans_as_sample_weight_are_a_mask() -> None:
    model, known = tagger(), RNG.random(TAGS.shape) < 0.6
    found = evaluated(model, CrossEntropyLoss(), TOKENS, TAGS, sample_weight=known)
    assert found == close(tagging_loss(model, mask=COUNTS & known))


def test_labels_that_no_float_can_tell_apart_stay_apart() -> None:
    names = tuple(range(2**24, 2**24 + 5))  # in float32 these are three numbers
    model = tagger()
    found = evaluated(model, CrossEntropyLoss(label_values=names), TOKENS, TAGS + 2**24)
    assert found == close(tagging_loss(model))


def test_several_losses_of_one_model() -> None:
    tokens = keras.Input((None,), dtype="int32")
    vectors = keras.layers.Embedding(9, 6, mask_zero=True)(tokens)
    slots = keras.layers.Dense(5, name="slots")(vectors)
    intent = keras.layers.Dense(3, name="intent")(keras.layers.GlobalAveragePooling1D()(vectors))
    model = keras.Model(tokens, {"slots": slots, "intent": intent})
    intents = np.array([0, 2, 1, 1])
    losses = {"slots": CrossEntropyLoss(), "intent": CrossEntropyLoss(label_smoothing=0.1)}
    found = evaluated(model, losses, TOKENS, {"slots": TAGS, "intent": intents}, return_dict=True)
    logits = model(TOKENS)
    slots_loss = reference.cross_entropy(numbers(logits["slots"]), TAGS, mask=COUNTS)
    intent_loss = reference.cross_entropy(numbers(logits["intent"]), intents, label_smoothing=0.1)
    assert found["slots_loss"] == close(slots_loss)
    assert found["intent_loss"] == close(intent_loss)
    assert found["loss"] == close(slots_loss + intent_loss)


def test_the_mean_over_an_epoch_divides_once() -> None:
    model = tagger()
    compiled(model, CrossEntropyLoss(), weighted_metrics=[MeanLoss(CrossEntropyLoss())])
    found = model.evaluate(TOKENS, TAGS, batch_size=2, verbose=0, return_dict=True)
    assert found["mean_loss"] == close(tagging_loss(model))


def test_the_mean_over_an_epoch_of_training_divides_once() -> None:
    model, missing = tagger(), np.where(COUNTS, TAGS, -1)
    wanted, loss = tagging_loss(model), CrossEntropyLoss(ignore_index=-1)
    compiled(model, loss, rate=0.0, weighted_metrics=[MeanLoss(loss)])
    assert model.fit(TOKENS, missing, batch_size=2, verbose=0).history["mean_loss"] == [close(wanted)]


def test_one_denominator_makes_accumulated_steps_add_up() -> None:
    whole, parts = compiled(tagger(), CrossEntropyLoss()), tagger()
    whole.fit(TOKENS, TAGS, batch_size=4, verbose=0)
    optimizer = keras.optimizers.SGD(0.1, gradient_accumulation_steps=2)
    compiled(parts, CrossEntropyLoss(denominator=float(COUNTS.sum() / 2)), optimizer=optimizer)
    parts.fit(TOKENS, TAGS, batch_size=2, shuffle=False, verbose=0)
    for one, other in zip(whole.weights, parts.weights, strict=True):
        np.testing.assert_allclose(numbers(one.value), numbers(other.value), rtol=1e-5, atol=1e-6)


def test_half_precision_models_have_a_float32_loss() -> None:
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = tagger()
    finally:
        keras.config.set_dtype_policy("float32")
    logits = model(TOKENS)
    assert keras.backend.standardize_dtype(logits.dtype) == "float16"
    assert keras.backend.standardize_dtype(CrossEntropyLoss()(TAGS, logits).dtype) == "float32"
    wanted = reference.cross_entropy(numbers(logits), TAGS, mask=COUNTS)
    assert compiled(model, CrossEntropyLoss()).fit(TOKENS, TAGS, verbose=0).history["loss"] == [close(wanted)]


@pytest.mark.parametrize(
    ("labels", "kind", "words"),
    [
        (TAGS[:, :3], ShapeError, "cross_entropy: labels do not fit logits with classes on axis 2\n"),
        (TAGS / 1.0, DtypeError, "labels are float, but labels of this shape are class indices\n"),
    ],
    ids=["shape", "kind"],
)
def test_wrong_labels_are_the_same_error_in_fit(labels: Any, kind: Any, words: str) -> None:
    with pytest.raises(kind) as caught:
        compiled(tagger(), CrossEntropyLoss()).fit(TOKENS, labels, verbose=0)
    assert words in str(caught.value)


def test_a_label_out_of_range_is_no_silent_loss() -> None:
    model = compiled(tagger(), CrossEntropyLoss())
    labels = np.where(TAGS == 4, 5, TAGS)
    if keras.backend.backend() == "torch":  # which trains outside of traces
        with pytest.raises(ValuesError, match=r"labels\[1, 0\] is 5"):
            model.evaluate(TOKENS, labels, verbose=0)
    else:
        assert np.isnan(model.evaluate(TOKENS, labels, verbose=0))


if keras.backend.backend() == "tensorflow":
    import tensorflow as tf

    def test_two_replicas_take_the_step_of_the_batch() -> None:
        alone = compiled(tagger(), CrossEntropyLoss())
        loss = alone.fit(TOKENS, TAGS, batch_size=4, verbose=0).history["loss"]
        with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
            together = compiled(tagger(), CrossEntropyLoss(), weighted_metrics=[MeanLoss(CrossEntropyLoss())])
        history = together.fit(TOKENS, TAGS, batch_size=4, shuffle=False, verbose=0).history
        assert history["loss"] == [close(loss[0])]  # 5 labels count in each half
        assert history["mean_loss"] == [close(loss[0])]
        for one, other in zip(alone.weights, together.weights, strict=True):
            np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=1e-5, atol=1e-6)

    def test_weights_of_two_ranks_on_one_model_are_named() -> None:
        model = compiled(tagger(), CrossEntropyLoss())
        model.evaluate(TOKENS, TAGS, sample_weight=np.ones(len(TAGS), "float32"), verbose=0)
        with pytest.raises(ShapeError, match=r"(?s)the number of axes of sample_weight is not known.*give it one"):
            model.evaluate(TOKENS, TAGS, sample_weight=np.ones(TAGS.shape, "float32"), verbose=0)
