"""Settings left open that depend on the encoder, whoever chose it."""

from __future__ import annotations

from seqwise.nn import BAG
from seqwise.training.defaults.facts import Choice, Choices

__all__ = ["encoder_choices"]


def encoder_choices(encoder: str) -> Choices:
    """What an encoder needs beside the choices for the data; goes before them."""
    if encoder == "transformer":
        return {"train.learning_rate": Choice(1e-3, "a transformer takes smaller steps than recurrent layers")}
    if encoder == "conv":
        return {"model.layers": Choice(4, "convolutions see further with each layer")}
    if encoder == BAG:
        reason = "the encoder reads n-grams alone"
        return {
            "input.parts": Choice(0, reason),
            "input.characters": Choice("none", reason),
            "train.learning_rate": Choice(1e-2, "n-grams take larger steps than recurrent layers"),
        }
    return {}
