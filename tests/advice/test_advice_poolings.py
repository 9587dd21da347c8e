"""The poolings that the code writes out are those of seqwise.nn: the same numbers, holes and padding included."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from seqwise.advice.dialects import DIALECTS
from seqwise.advice.pooling_code import pooling_lines
from seqwise.nn import POOLINGS

BATCH, TIME, SIZE = 5, 6, 8


def written_out(name, states, counts):
    """What the lines for NumPy leave."""
    names = {"np": np, "rng": np.random.default_rng(3), "states": states, "counts": counts}
    exec("\n".join(pooling_lines(name, DIALECTS["numpy"], SIZE)), names)
    return names


@pytest.mark.parametrize("name", ["last", "last of both", "mean", "max", "attention"])
@pytest.mark.parametrize("holes", [False, True])
def test_a_pooling_written_out_is_the_layer_of_seqwise(name, holes):
    rng = np.random.default_rng(0)
    states = rng.normal(size=(BATCH, TIME, SIZE))
    counts = np.arange(TIME) < np.array([1, 6, 3, 2, 5])[:, None]
    if holes:
        counts = rng.random((BATCH, TIME)) < 0.5
        counts[:, 2] = True
    states[~counts] = np.nan
    found = written_out(name, states, counts)
    layer = POOLINGS[name.removesuffix(" of both")](SIZE, bidirectional=name.endswith("of both")).double()
    if name == "attention":
        with torch.no_grad():
            layer.projection.weight.copy_(torch.from_numpy(found["projection"].T))
            layer.projection.bias.zero_()
            layer.score.weight.copy_(torch.from_numpy(found["score"].T))
    with torch.no_grad():
        wanted = layer(torch.from_numpy(states), mask=torch.from_numpy(counts)).numpy()
    np.testing.assert_allclose(found["pooled"], wanted, rtol=1e-12, atol=1e-14)
