"""What the plan of a loss costs per eager call, the description of its arrays included.

    python -m benchmarks.speed.plan

The plan is all that our losses do before they compute, in plain Python; the goal is 15 microseconds. The quickest of
many repeats is the figure: what else runs on the machine only ever adds.
"""

from __future__ import annotations

import timeit
from collections.abc import Callable
from functools import partial
from typing import Any

import torch

from seqwise.losses._loss_options import BinaryOptions, ClassOptions
from seqwise.losses._plan import Plan, plan_binary_cross_entropy, plan_cross_entropy
from seqwise.shapes import array_spec

CALLS, REPEATS = 100, 1000

LOGITS, LABELS = torch.zeros(8, 47, 3), torch.zeros(8, 47, dtype=torch.long)
EVERY_ARRAY = {
    "mask": torch.ones(8, 47, dtype=torch.bool),
    "lengths": torch.full((8,), 47),
    "class_weight": torch.ones(3),
    "sample_weight": torch.ones(8, 47),
}


def classes(given: dict[str, torch.Tensor], label_values: tuple[int, ...] | None) -> Plan:
    options = ClassOptions(label_values=label_values, label_smoothing=0.1, **given).with_arrays(array_spec)
    return plan_cross_entropy(array_spec("logits", LOGITS), array_spec("labels", LABELS), options)


def yes_or_no() -> Plan:
    return plan_binary_cross_entropy(
        array_spec("logits", LOGITS), array_spec("labels", LOGITS), BinaryOptions(ignore_index=-1)
    )


PLANS: dict[str, Callable[[], Any]] = {
    "cross_entropy, logits and labels": partial(classes, {}, None),
    "cross_entropy, a mask and label values": partial(classes, {"mask": EVERY_ARRAY["mask"]}, (-1, 0, 1)),
    "cross_entropy, every array": partial(classes, EVERY_ARRAY, (-1, 0, 1)),
    "binary_cross_entropy, logits and labels": yes_or_no,
}


def main() -> None:
    for name, plan in PLANS.items():
        plan()
        seconds = min(timeit.repeat(plan, number=CALLS, repeat=REPEATS)) / CALLS
        print(f"{name:<42} {seconds * 1e6:6.1f} microseconds")


if __name__ == "__main__":
    main()
