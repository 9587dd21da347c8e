"""Random calls of every loss in every framework equal the oracle: 500 in `make test`, 10,000 in `make nightly`."""

from __future__ import annotations

import os
from typing import Any

import jax
import pytest
from loss_cases import JAX, Backend, Case, as_list, flat

from seqwise.testing import generated_cases

LOSSES = ("cross_entropy", "focal_loss", "ordinal_loss", "binary_cross_entropy")
CASES = int(os.environ.get("SEQWISE_CASES", "500")) // len(LOSSES)
SHARES = {"numpy": 0.3, "torch": 0.3, "torch, not compiled": 0.2, "keras": 0.1, "jax": 0.1}  # JAX compiles each shape


@pytest.mark.parametrize("loss", LOSSES)
def test_generated_calls_equal_the_oracle(loss: str, backend: Backend) -> None:
    for case, reduction in generated_cases(loss, round(CASES * SHARES[backend.name])):
        found = flat(answer(backend, loss, case, reduction))
        assert found == pytest.approx(case.expected(loss, reduction), rel=1e-12, abs=1e-12), case


def answer(backend: Backend, loss: str, case: Case, reduction: str) -> Any:
    """The loss as lists; in JAX of one compiled function, since its operations one by one take many times longer."""
    if backend is not JAX:
        return backend.call(loss, case.logits, case.labels, reduction=reduction, **case.options)
    given = JAX.arrays({"logits": case.logits, "labels": case.labels, **case.options})
    logits = given.pop("logits")
    return as_list(jax.jit(lambda logits: getattr(JAX.losses, loss)(logits, reduction=reduction, **given))(logits))
