"""Without a private attribute of torch that says what compiled code may read, the plain path serves."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from seqwise._readable import _PRIVATE

PROGRAM = """
import json, sys, warnings
import torch
missing = sys.argv[1]
if missing:
    path, _, name = missing.rpartition(".")
    holder = torch
    for part in path.split("."):
        holder = getattr(holder, part)
    value = getattr(holder, name)
warnings.simplefilter("always")
with warnings.catch_warnings(record=True) as said:
    if missing:
        delattr(holder, name)
    try:
        import seqwise._readable as readable
        import seqwise.losses.torch as losses
        from seqwise.nn import GRUEncoder
    finally:
        if missing:
            setattr(holder, name, value)  # which torch itself goes on reading
    generator = torch.Generator().manual_seed(0)
    def random(*sizes):
        return torch.randn(sizes, generator=generator).requires_grad_()
    logits, hidden, weight, moves = random(3, 7, 20), random(8, 6), random(33, 6), random(20, 20)
    labels, lengths = torch.arange(21).view(3, 7) % 20, torch.tensor([7, 3, 5])
    torch.manual_seed(0)
    encoder = GRUEncoder(20, 8)
    results = [
        losses.cross_entropy(logits, labels, lengths=lengths, label_smoothing=0.1),
        losses.cross_entropy(logits, labels, lengths=lengths, reduction="none").square().sum(),
        losses.crf_nll(logits, labels, moves, lengths=lengths),
        losses.linear_cross_entropy(hidden, weight, torch.arange(8)),
        encoder(logits, lengths=lengths).square().mean(),
    ]
    total = sum(results)
    slopes = torch.autograd.grad(total, [logits, hidden, weight, moves])
numbers = [result.item() for result in results] + [number for slope in slopes for number in slope.flatten().tolist()]
texts = [str(one.message) for one in said if "seqwise" in str(one.message)]
print(json.dumps([readable.is_plain_cpu_tensor(logits), readable.is_traced(), texts, numbers]))
"""


def answers(missing: str) -> tuple[bool, bool, list[str], list[float]]:
    """What a process says in which torch has lost an attribute by the time seqwise is imported."""
    done = subprocess.run([sys.executable, "-c", PROGRAM, missing], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: tuple[bool, bool, list[str], list[float]] = tuple(json.loads(done.stdout.splitlines()[-1]))
    return found


@pytest.fixture(scope="module")
def whole() -> tuple[bool, bool, list[str], list[float]]:
    return answers("")


def test_with_all_of_them_tensors_are_read(whole: tuple[bool, bool, list[str], list[float]]) -> None:
    assert whole[:3] == (True, False, [])


@pytest.mark.parametrize("missing", _PRIVATE)
def test_without_one_the_plain_path_gives_the_same_and_says_so_once(
    missing: str, whole: tuple[bool, bool, list[str], list[float]]
) -> None:
    is_plain_cpu_tensor, is_traced, texts, numbers = answers(missing)
    assert (is_plain_cpu_tensor, is_traced, len(texts)) == (False, True, 1)
    assert f"has no torch.{missing}, by which seqwise tells" in texts[0]
    assert numbers == pytest.approx(whole[3], rel=1e-4, abs=1e-6)
