"""The cases that `seqwise bench` runs: small enough for a minute in all."""

from __future__ import annotations

import torch

from seqwise.bench.crf_benchmarks import crf_case, decode_case
from seqwise.bench.layer_benchmarks import layer_case
from seqwise.bench.loss_benchmarks import head_case, loss_case, outputs_case

__all__ = ["CASES"]

CASES = (
    loss_case(64, 50, 20),
    loss_case(64, 50, 1000),
    outputs_case(64, 47, 3),
    head_case(1024, 256, 16_000),
    head_case(1024, 256, 16_000, ignored=0.5),
    head_case(1024, 256, 16_000, dtype=torch.bfloat16),
    head_case(4096, 256, 72),
    crf_case(64, 50, 17),
    decode_case(64, 50, 17),
    layer_case("rnn", 64, 20, 128, shortest=18),
    layer_case("gru", 64, 20, 128, shortest=18),
    layer_case("lstm", 64, 20, 128, shortest=18),
)
