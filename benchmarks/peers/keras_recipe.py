"""The plain recipe in Keras on TensorFlow: embedding, BiLSTM, dense layer; random batches of 32, padded, masked; Adam.

    python -m benchmarks.peers.keras_recipe DATA/snips intent

Needs keras and tensorflow.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import numpy as np
import tensorflow as tf

from benchmarks.peers.command import Peer, Trained, main, median_speed
from benchmarks.peers.rows import Row, tokens_of

__all__ = ["PEER"]

_BATCH, _EMBEDDING, _HIDDEN = 32, 100, 128
_PAD, _UNKNOWN = 0, 1


class _Clock(keras.callbacks.Callback):
    """The seconds of each epoch."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        self._started = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        self.seconds.append(time.perf_counter() - self._started)


def _train(rows: Sequence[Row], task: str, *, epochs: int, seed: int) -> Trained:
    keras.utils.set_random_seed(seed)
    per_step = task != "intent"
    words: dict[str, int] = {}
    for sentence, _ in rows:
        for word in sentence:
            words.setdefault(word, len(words) + 2)
    names = sorted({name for _, label in rows for name in (label if per_step else [label])})
    classes = {name: number for number, name in enumerate(names)}

    def numbered(sentence: list[str]) -> list[int]:
        return [words.get(word, _UNKNOWN) for word in sentence]

    def examples() -> Any:
        for sentence, label in rows:
            yield numbered(sentence), [classes[tag] for tag in label] if per_step else classes[label]

    steps = tf.TensorSpec([None], tf.int32)
    data = tf.data.Dataset.from_generator(
        examples, output_signature=(steps, steps if per_step else tf.TensorSpec([], tf.int32))
    ).cache()
    batches = data.shuffle(len(rows), seed=seed).padded_batch(_BATCH).prefetch(tf.data.AUTOTUNE)
    model = keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            keras.layers.Embedding(len(words) + 2, _EMBEDDING, mask_zero=True),
            keras.layers.Bidirectional(keras.layers.LSTM(_HIDDEN, return_sequences=per_step)),
            keras.layers.Dense(len(classes)),
        ]
    )
    model.compile(keras.optimizers.Adam(1e-3), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    clock = _Clock()
    model.fit(batches, epochs=epochs, verbose=0, callbacks=[clock])

    @tf.function(input_signature=[tf.TensorSpec([None, None], tf.int32)])
    def logits(padded: Any) -> Any:
        return model(padded, training=False)

    def predict(sentences: list[list[str]]) -> list[Any]:
        found: list[Any] = []
        for start in range(0, len(sentences), _BATCH):
            some = sentences[start : start + _BATCH]
            padded = np.full((len(some), max(map(len, some))), _PAD, dtype="int32")
            for row, sentence in enumerate(some):
                padded[row, : len(sentence)] = numbered(sentence)
            best = logits(padded).numpy().argmax(-1)
            found += (
                [[names[tag] for tag in tags[: len(sentence)]] for tags, sentence in zip(best, some, strict=True)]
                if per_step
                else [names[label] for label in best]
            )
        return found

    speed = median_speed(tokens_of(rows), clock.seconds)
    return Trained(speed, predict, {"parameters": model.count_params(), "tensorflow": tf.__version__})


PEER = Peer("Keras", "keras", ("intent", "slots", "upos"), _train)

if __name__ == "__main__":
    main(PEER)
