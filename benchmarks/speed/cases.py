"""The sizes at which the losses, the CRF and the layers are measured: those of `goals.py` and their neighbours."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import torch

from seqwise.bench import Case, crf_case, decode_case, head_case, layer_case, loss_case, outputs_case

__all__ = ["CASES"]

_LARGE_HEADS = ((4096, 512, 32_000), (2048, 512, 128_000))
_SMALL_HEADS = ((4096, 256, 72), (4096, 512, 17), (2048, 512, 1000))
_CHAINS = ((64, 50, 17), (32, 100, 73), (16, 60, 120))

CASES: Mapping[str, tuple[Case, ...]] = MappingProxyType(
    {
        "losses": (
            *[loss_case(32, 100, classes) for classes in (3, 20, 128, 500, 1000)],
            outputs_case(64, 47, 3),
            outputs_case(512, 47, 3),
        ),
        "heads": (
            *[head_case(*size) for size in _LARGE_HEADS],
            *[head_case(*size, ignored=0.5) for size in _LARGE_HEADS],
            *[head_case(*size, dtype=torch.bfloat16) for size in _LARGE_HEADS],
            *[head_case(*size) for size in _SMALL_HEADS],
        ),
        "crf": (*[crf_case(*size) for size in _CHAINS], *[decode_case(*size) for size in _CHAINS]),
        "layers": (
            *[layer_case(encoder, 64, 20, 128, shortest=18) for encoder in ("rnn", "gru", "lstm")],
            layer_case("lstm", 32, 40, 128, shortest=4),
            layer_case("lstm", 64, 20, 256, shortest=18),
        ),
    }
)
"""By the name of their part of the benchmark."""
