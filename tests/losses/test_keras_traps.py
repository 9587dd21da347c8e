"""What goes wrong, without an error, with Keras's own losses: each trap, and the same call of ours beside it.

Each test first shows the wrong number, so that a version of Keras that mends the trap makes it fail.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from keras_models import COUNTS, TAGS, TOKENS, compiled, numbers, tagger

import seqwise.losses.numpy as reference
from seqwise.errors import SoftmaxTwiceWarning
from seqwise.losses.keras import CrossEntropyLoss, MeanLoss

pytestmark = pytest.mark.filterwarnings(  # Keras's own, of torch tensors that it makes NumPy arrays
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)

LOGITS = np.random.default_rng(0).normal(size=(4, 4, 5)).astype("float32")
RIGHT = float(reference.cross_entropy(LOGITS, TAGS))
SparseCrossEntropy = keras.losses.SparseCategoricalCrossentropy


def close(wanted: Any) -> Any:
    return pytest.approx(float(wanted), rel=1e-5)


def test_logits_are_taken_for_probabilities() -> None:
    assert float(SparseCrossEntropy()(TAGS, LOGITS)) != pytest.approx(RIGHT, rel=0.1)  # from_logits=False
    assert float(CrossEntropyLoss()(TAGS, LOGITS)) == close(RIGHT)
    softmax = np.exp(LOGITS) / np.exp(LOGITS).sum(-1, keepdims=True)
    with pytest.warns(SoftmaxTwiceWarning):  # the same mistake the other way round
        CrossEntropyLoss()(TAGS, softmax)


def test_labels_are_cast_to_the_type_of_the_loss() -> None:
    logits = np.zeros((1, 300), "float32")
    logits[0, 257] = 20.0
    theirs = SparseCrossEntropy(from_logits=True, dtype="bfloat16")(np.array([257]), logits)
    assert float(theirs) == pytest.approx(20, rel=0.01)  # bfloat16 has no 257: the label is 256
    ours = CrossEntropyLoss()(np.array([257]), keras.ops.cast(logits, "bfloat16"))
    assert float(ours) == pytest.approx(0, abs=1e-5)


def test_a_mask_as_sample_weight_divides_by_all() -> None:
    mask = COUNTS.astype("float32")
    right = float(reference.cross_entropy(LOGITS, TAGS, mask=COUNTS))
    assert float(SparseCrossEntropy(from_logits=True)(TAGS, LOGITS, mask)) == close(right * COUNTS.mean())
    assert float(CrossEntropyLoss()(TAGS, LOGITS, mask)) == close(right)


def test_what_a_mask_leaves_out_still_spoils_the_loss() -> None:
    spoiled = np.where(COUNTS[..., None], LOGITS, np.nan)
    assert np.isnan(float(SparseCrossEntropy(from_logits=True)(TAGS, spoiled, COUNTS.astype("float32"))))
    right = reference.cross_entropy(LOGITS, TAGS, mask=COUNTS)
    assert float(CrossEntropyLoss()(TAGS, spoiled, COUNTS)) == close(right)


def test_weights_of_sequences_are_taken_for_weights_of_steps() -> None:
    weights = np.array([1.0, 2.0, 3.0, 4.0], "float32")  # as many sequences as steps; else Keras raises
    theirs = SparseCrossEntropy(from_logits=True, reduction="sum")(TAGS, LOGITS, weights)
    sums = reference.cross_entropy(LOGITS, TAGS, reduction="none")
    assert float(theirs) == close((sums * weights).sum())
    ours = CrossEntropyLoss(reduction="sum")(TAGS, LOGITS, weights)
    assert float(ours) == close((sums * weights[:, None]).sum())


def test_class_weights_are_looked_up_for_the_step_with_the_highest_label() -> None:
    model, weights = tagger(mask_zero=False), {0: 1.0, 1: 5.0, 2: 1.0, 3: 20.0, 4: 0.5}
    losses = reference.cross_entropy(numbers(model(TOKENS)), TAGS, reduction="none")
    highest = np.array([weights[int(step)] for step in TAGS.argmax(-1)])  # the argmax over time is taken for a class
    theirs = compiled(tagger(mask_zero=False), SparseCrossEntropy(from_logits=True), rate=0.0)
    found = theirs.fit(TOKENS, TAGS, class_weight=weights, shuffle=False, verbose=0).history["loss"]
    assert found == [close((losses * highest).mean())]  # and it weighs steps, as above
    each = np.array(list(weights.values()))
    ours = compiled(tagger(mask_zero=False), CrossEntropyLoss(class_weight=each), rate=0.0)
    right = (losses * each[TAGS]).sum() / each[TAGS].sum()
    assert ours.fit(TOKENS, TAGS, verbose=0).history["loss"] == [close(right)]


def test_the_loss_of_an_epoch_is_a_mean_of_means() -> None:
    model = tagger()
    logits = numbers(model(TOKENS))
    batches = [slice(0, 1), slice(1, 2), slice(2, 3), slice(3, 4)]
    means = [reference.cross_entropy(logits[one], TAGS[one], mask=COUNTS[one]) for one in batches]
    right = reference.cross_entropy(logits, TAGS, mask=COUNTS)
    compiled(model, CrossEntropyLoss(), weighted_metrics=[MeanLoss(CrossEntropyLoss())])
    found = model.evaluate(TOKENS, TAGS, batch_size=1, verbose=0, return_dict=True)
    assert found["loss"] == close(np.mean(means))
    assert found["mean_loss"] == close(right)
    assert float(np.mean(means)) != pytest.approx(float(right), rel=0.02)


def test_under_jax_the_mask_does_not_reach_metrics_in_fit() -> None:
    model, missing = tagger(), np.where(COUNTS, TAGS, -1)
    logits, reaches = numbers(model(TOKENS)), keras.backend.backend() != "jax"
    right = reference.cross_entropy(logits, TAGS, mask=COUNTS)
    compiled(model, CrossEntropyLoss(), rate=0.0, weighted_metrics=[MeanLoss(CrossEntropyLoss())])
    found = model.fit(TOKENS, TAGS, verbose=0).history["mean_loss"]
    assert found == [close(right if reaches else reference.cross_entropy(logits, TAGS))]
    loss = CrossEntropyLoss(ignore_index=-1)
    compiled(model, loss, rate=0.0, weighted_metrics=[MeanLoss(loss)])
    assert model.fit(TOKENS, missing, verbose=0).history["mean_loss"] == [close(right)]
