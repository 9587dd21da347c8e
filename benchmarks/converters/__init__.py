"""Turns each data set, as its authors published it, into files that `seqwise train` reads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from benchmarks.converters import labels, outputs, steps

__all__ = ["CONVERTERS", "Converter"]

Converter = Callable[[Path, Path], None]
"""Takes the folder of the original files and the folder in which it writes a file per split."""

CONVERTERS: dict[str, Converter] = {
    "banking77": labels.banking77,
    "bc5cdr": steps.bc5cdr,
    "clinc150": labels.clinc150,
    "gesture-phase": steps.gesture_phase,
    "goemotions": outputs.goemotions,
    "mams-acsa": outputs.mams_acsa,
    "mr-sentence-polarity": labels.mr_sentence_polarity,
    "names-18-languages": labels.names_18_languages,
    "occupancy": steps.occupancy,
    "protein-ss": steps.protein_ss,
    "snips": steps.snips,
    "splice": labels.splice,
    "tox21": outputs.tox21,
    "ts-arrowhead": labels.time_series,
    "ts-basic-motions": labels.time_series,
    "ts-gunpoint": labels.time_series,
    "ts-italy-power": labels.time_series,
    "ts-japanese-vowels": labels.time_series,
    "ts-plaid": labels.time_series,
    "ts-unit-test": labels.time_series,
    "ud-en-atis": steps.universal_dependencies,
    "ud-en-ewt": steps.universal_dependencies,
    "ud-ug-udt": steps.universal_dependencies,
    "ud-vi-vtb": steps.universal_dependencies,
    "un-votes-47a": outputs.un_votes,
    "uner-sv-talbanken": steps.uner,
    "wnut17": steps.wnut17,
}
