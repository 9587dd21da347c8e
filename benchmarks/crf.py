"""The CRF of seqwise.losses.torch beside pytorch-crf and its own plain path: loss with gradients, and decoding.

pip install --no-deps --target FOLDER pytorch-crf
python -m benchmarks.crf --peer FOLDER
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch

from seqwise import _native
from seqwise.losses.torch import CRFLoss

SHAPES = ((64, 50, 17), (32, 100, 73), (16, 60, 120))


def peer_module(folder: Path, classes: int, crf: CRFLoss) -> Any:
    """pytorch-crf with the parameters of ours."""
    sys.path.insert(0, str(folder))
    from torchcrf import CRF  # type: ignore[import-not-found]

    peer = CRF(classes, batch_first=True)
    with torch.no_grad():
        peer.transitions.copy_(crf.transitions)
        peer.start_transitions.copy_(crf.start)
        peer.end_transitions.copy_(crf.end)
    return peer


def contestants(shape: tuple[int, int, int], folder: Path, padding: float) -> dict[str, dict[str, Callable[[], Any]]]:
    """What is timed, after it was asserted that all sides compute the same."""
    batch, steps, classes = shape
    generator = torch.Generator().manual_seed(0)
    emissions = torch.randn(shape, generator=generator, requires_grad=True)
    tags = torch.randint(classes, (batch, steps), generator=generator)
    lengths = torch.randint(1, steps + 1, (batch,), generator=generator) if padding else torch.full((batch,), steps)
    lengths = torch.where(torch.rand(batch, generator=generator) < 2 * padding, lengths, steps)
    mask = torch.arange(steps) < lengths.unsqueeze(1)
    crf = CRFLoss(classes, reduction="sum")
    with torch.no_grad():
        for parameter in crf.parameters():
            parameter.copy_(torch.rand(parameter.shape, generator=generator) * 0.2 - 0.1)
    peer = peer_module(folder, classes, crf)

    def ours() -> list[torch.Tensor]:
        return _gradients(crf(emissions, tags, mask=mask), [emissions, *crf.parameters()])

    def theirs() -> list[torch.Tensor]:
        parameters = [peer.transitions, peer.start_transitions, peer.end_transitions]
        return _gradients(-peer(emissions, tags, mask=mask), [emissions, *parameters])

    def decoded() -> Any:
        with torch.no_grad():
            return crf.decode(emissions, mask=mask).tags

    def their_decoded() -> Any:
        with torch.no_grad():
            return peer.decode(emissions, mask=mask)

    for found, wanted in zip(ours(), theirs(), strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-4)
    for row, length, path in zip(decoded().tolist(), lengths.tolist(), their_decoded(), strict=True):
        assert row[:length] == path
    return {
        "loss and gradients": {"seqwise": ours, "plain": _plain(ours), "pytorch-crf": theirs},
        "decode": {"seqwise": decoded, "plain": _plain(decoded), "pytorch-crf": their_decoded},
    }


def _gradients(loss: torch.Tensor, by: list[torch.Tensor]) -> list[torch.Tensor]:
    return [loss.detach(), *torch.autograd.grad(loss, by)]


def _plain(call: Callable[[], Any]) -> Callable[[], Any]:
    """The same call without compiled code."""

    def without() -> Any:
        with mock.patch.object(_native, "library", return_value=None):
            return call()

    return without


def seconds(calls: dict[str, Callable[[], Any]], budget: float) -> dict[str, list[float]]:
    """Seconds of each call, taken in turns until the budget is used."""
    found: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        call()
    end = time.perf_counter() + budget
    while time.perf_counter() < end or len(found["seqwise"]) < 5:
        for name, call in calls.items():
            begin = time.perf_counter()
            call()
            found[name].append(time.perf_counter() - begin)
    return found


def peak_gflops(size: int = 1024) -> float:
    """What a bare product of matrices reaches here, in float32."""
    left, right = torch.rand(size, size), torch.rand(size, size)
    times = seconds({"seqwise": lambda: left @ right}, 1.0)["seqwise"]
    return 2 * size**3 / statistics.median(times) / 1e9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", type=Path, required=True, help="the folder with pytorch-crf")
    parser.add_argument("--seconds", type=float, default=8.0, help="for each shape and function")
    parser.add_argument("--padding", type=float, default=0.0, help="the share of steps that do not count")
    parser.add_argument("--output", type=Path, help="a JSON lines file to add the results to")
    given = parser.parse_args()
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    machine = {
        "machine": platform.processor() or platform.machine(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "commit": commit.stdout.strip(),
        "gflops": round(peak_gflops(), 1),
        "native": None if _native.library() is None else Path(_native.library()._name).name,  # type: ignore[union-attr]
    }
    print(json.dumps(machine))
    for shape in SHAPES:
        for what, calls in contestants(shape, given.peer, given.padding).items():
            times = seconds(calls, given.seconds)
            peer = statistics.median(times["pytorch-crf"])
            for name, values in times.items():
                low, middle, high = np.quantile(values, [0.2, 0.5, 0.8]) * 1e3
                line = {"what": what, "shape": shape, "name": name, "p20_ms": round(low, 4), "p50_ms": round(middle, 4)}
                line |= {"p80_ms": round(high, 4), "ratio": round(middle / 1e3 / peer, 4), "runs": len(values)}
                print(json.dumps(line))
                if given.output:
                    with given.output.open("a") as file:
                        file.write(json.dumps({**line, **machine}) + "\n")


if __name__ == "__main__":
    main()
