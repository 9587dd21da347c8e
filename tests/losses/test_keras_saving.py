"""Losses in saved models and configs.

They stand in one file, since for this Keras imports TensorFlow, once per process, under every backend.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras_models import TAGS, TOKENS, compiled, tagger

from seqwise.losses.keras import BinaryCrossEntropyLoss, CrossEntropyLoss, FocalLoss, MeanLoss, OrdinalLoss

pytestmark = pytest.mark.filterwarnings(  # Keras's own, of torch tensors that it makes NumPy arrays
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)

WEIGHTS = np.array([1, 2, 3, 4, 5.5])
LOSSES = [
    CrossEntropyLoss(class_axis=1, label_smoothing=0.1),
    FocalLoss(class_weight=WEIGHTS, label_values=(4, 3, 2, 1, 0), ignore_index=-1, gamma=1.5),
    OrdinalLoss(reduction="sequence_mean", denominator=3.5, name="mine"),
    BinaryCrossEntropyLoss(pos_weight=keras.ops.convert_to_tensor(WEIGHTS), from_logits=False),
]


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: type(loss).__name__)
def test_a_loss_is_made_again_from_its_config(loss: Any) -> None:
    again = keras.losses.deserialize(keras.losses.serialize(loss))
    assert type(again) is type(loss)
    assert again.get_config() == loss.get_config()


def test_a_saved_model_keeps_its_loss(tmp_path: Path) -> None:
    loss = LOSSES[1]
    model = compiled(tagger(), loss, weighted_metrics=[MeanLoss(loss)])
    found = model.evaluate(TOKENS, TAGS, verbose=0, return_dict=True)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert type(loaded.loss) is FocalLoss
    assert loaded.loss.get_config() == loss.get_config()
    assert loaded.evaluate(TOKENS, TAGS, verbose=0, return_dict=True) == pytest.approx(found, rel=1e-6)
