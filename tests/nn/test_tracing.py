"""Models read no value of an array on their way, so they trace: meta tensors, torch.export, torch.compile."""

from __future__ import annotations

import subprocess
import sys
import warnings

import jaxtyping
import nn_cases
import pytest
import torch

WAYS = {
    "lengths": lambda device: {"lengths": torch.tensor(nn_cases.LENGTHS, device=device)},
    "mask": lambda device: {"mask": nn_cases.left_aligned().to(device)},
    "neither": lambda device: {},
}


@pytest.fixture
def _plain_annotations():
    torch._dynamo.reset()
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("encoder", "pooling"),
    [
        ("gru", "mean"),
        ("rnn", "mean"),
        ("transformer", "mean"),
        ("conv", "mean"),
        *[("lstm", pooling) for pooling in ("last", "first", "mean", "max", "attention")],
    ],
)
def test_no_value_is_read_back_from_the_device(encoder, pooling, way):
    model = nn_cases.new_model((encoder, 2, True, pooling)).to("meta")  # reading from meta is an error
    logits = model(nn_cases.new_tokens().to("meta"), **WAYS[way]("meta"))
    assert {array.device.type for array in logits.values()} == {"meta"}


@pytest.mark.usefixtures("_plain_annotations")
@pytest.mark.parametrize("way", ["lengths", "mask"])
def test_an_exported_model_agrees_at_other_batch_sizes_and_times(way):
    patches = pytest.importorskip("torch.export._patches", reason="this torch exports no recurrent layers")
    model = nn_cases.new_model(("lstm", 2, True, "attention")).float().eval()
    batch, time = torch.export.Dim("batch", min=2, max=64), torch.export.Dim("time", min=2, max=64)
    axes = {"inputs": {0: batch, 1: time}, way: {0: batch} if way == "lengths" else {0: batch, 1: time}}
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns of its own recurrent layers
        with patches.register_lstm_while_loop_decomposition():
            program = torch.export.export(
                model, (nn_cases.new_tokens(),), WAYS[way]("cpu"), dynamic_shapes=axes, strict=False
            )
        for lengths in ((2, 3), (7, 0, 4, 4, 1)):
            tokens = nn_cases.new_tokens(len(lengths), max(lengths))
            mask = nn_cases.left_aligned(lengths, max(lengths))
            positions = {"lengths": torch.tensor(lengths)} if way == "lengths" else {"mask": mask}
            actual = program.module()(tokens, **positions)
            nn_cases.assert_same(actual, model(tokens, **positions), rtol=1e-5)


@pytest.mark.usefixtures("_plain_annotations")
@pytest.mark.parametrize("way", ["lengths", "mask"])
@pytest.mark.parametrize("pooling", ["last", "first", "mean", "max", "attention"])
def test_poolings_and_heads_compile_into_one_graph(pooling, way):
    target = nn_cases.new_model(("lstm", 1, True, pooling)).targets[2]
    compiled = torch.compile(target, fullgraph=True, backend="eager")
    hidden = torch.randn(4, 5, 4, generator=nn_cases.generator(), dtype=torch.float64)
    positions = WAYS[way]("cpu")
    torch.testing.assert_close(compiled(hidden, **positions), target(hidden, **positions))


def test_the_package_works_without_jaxtyping():
    code = (
        "import sys; sys.modules['jaxtyping'] = None\n"
        "import torch; from seqwise.nn import LSTMEncoder\n"
        "sys.stdout.write(str(tuple(LSTMEncoder(2, 3)(torch.zeros(1, 4, 2)).shape)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "(1, 4, 6)"


def test_public_names_are_sorted_and_there():
    import seqwise.nn

    assert seqwise.nn.__all__ == sorted(seqwise.nn.__all__)
    assert all(hasattr(seqwise.nn, name) for name in seqwise.nn.__all__)
