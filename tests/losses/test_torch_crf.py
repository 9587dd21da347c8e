"""What only torch has: compilation, transforms, low precision, a module that learns, and training with it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from crf_cases import CASES, Case, arrays
from loss_cases import TORCH

from seqwise.errors import ConfigError, ValuesError
from seqwise.losses.torch import (
    Allowed,
    CRFLoss,
    allowed_transitions,
    crf_decode,
    crf_marginals,
    crf_nll,
    cross_entropy,
    loss_sum,
)

pytestmark = pytest.mark.usefixtures("compiled_or_plain")


def random(*sizes: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(sizes, generator=torch.Generator().manual_seed(seed))


def indices(below: int, *sizes: int, seed: int = 1) -> torch.Tensor:
    return torch.randint(below, sizes, generator=torch.Generator().manual_seed(seed))


EMISSIONS, TAGS, TRANSITIONS = random(4, 5, 3), indices(3, 4, 5), random(3, 3, seed=2)
MASK = torch.tensor([[1, 0, 1, 1, 0], [0, 0, 1, 1, 1], [0] * 5, [1] * 5]).bool()
IOB = allowed_transitions(["O", "B-x", "I-x"])
IOB_TAGS = torch.tensor([[0, 7, 1, 2, 7], [7, 7, 1, 2, 2], [7] * 5, [1, 2, 0, 1, 1]])


@pytest.fixture
def compiler() -> Iterator[None]:
    """Compiled code is kept for each function and limited in number: start and leave with none."""
    torch.compiler.reset()
    yield
    torch.compiler.reset()


def case_named(name: str) -> Case:
    return next(case for case in CASES if case.name == name)


COMPILED = [
    ("transitions alone", "mean"),
    ("mask and lengths", "sequence_mean"),
    ("IOB with holes", "batch_mean"),
    ("transitions allowed in part", "none"),
]


@pytest.mark.usefixtures("compiler")
@pytest.mark.parametrize(("name", "reduction"), COMPILED)
def test_the_whole_of_the_loss_compiles_to_one_graph(name: str, reduction: Any) -> None:
    case = case_named(name)
    given = arrays(TORCH, {"tags": case.tags, "transitions": case.transitions, **case.options})
    emissions = TORCH.array(case.emissions, "float").requires_grad_()
    compiled = torch.compile(crf_nll, fullgraph=True, backend="aot_eager")
    found, wanted = (loss(emissions, reduction=reduction, **given) for loss in (compiled, crf_nll))
    torch.testing.assert_close(found, wanted)
    gradients = [torch.autograd.grad(value.sum(), emissions)[0] for value in (found, wanted)]
    torch.testing.assert_close(*gradients)


@pytest.mark.usefixtures("compiler")
def test_decoding_and_marginals_compile_to_one_graph() -> None:
    @torch.compile(fullgraph=True, backend="aot_eager")
    def both(emissions: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        decoded = crf_decode(emissions, TRANSITIONS, mask=MASK, allowed=IOB)
        return decoded.tags, decoded.scores, crf_marginals(emissions, TRANSITIONS, mask=MASK, allowed=IOB)

    wanted = crf_decode(EMISSIONS, TRANSITIONS, mask=MASK, allowed=IOB)
    probabilities = crf_marginals(EMISSIONS, TRANSITIONS, mask=MASK, allowed=IOB)
    torch.testing.assert_close(both(EMISSIONS), (*wanted, probabilities))


@pytest.mark.usefixtures("compiler")
def test_a_compiled_module_serves_sequences_of_all_lengths() -> None:
    crf = CRFLoss(3, allowed=IOB)
    compiled = torch.compile(crf, fullgraph=True, backend="aot_eager")
    for time in (2, 3, 5):
        found = compiled(EMISSIONS[:, :time], IOB_TAGS[:, :time], mask=MASK[:, :time])
        torch.testing.assert_close(found, crf(EMISSIONS[:, :time], IOB_TAGS[:, :time], mask=MASK[:, :time]))


def test_vmap_over_examples_equals_the_batch() -> None:
    def one(emissions: torch.Tensor, tags: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return crf_nll(emissions[None], tags[None], TRANSITIONS, mask=mask[None], reduction="sum")

    def decoded(emissions: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return crf_decode(emissions[None], TRANSITIONS, mask=mask[None]).tags[0]

    found = torch.func.vmap(one)(EMISSIONS, TAGS, MASK)
    torch.testing.assert_close(found, crf_nll(EMISSIONS, TAGS, TRANSITIONS, mask=MASK, reduction="none"))
    found = torch.func.vmap(decoded)(EMISSIONS, MASK)
    torch.testing.assert_close(found, crf_decode(EMISSIONS, TRANSITIONS, mask=MASK).tags)


def test_functional_gradients_equal_autograd() -> None:
    transitions = TRANSITIONS.clone().requires_grad_()
    (wanted,) = torch.autograd.grad(crf_nll(EMISSIONS, TAGS, transitions, mask=MASK), transitions)
    found = torch.func.grad(lambda t: crf_nll(EMISSIONS, TAGS, t, mask=MASK))(TRANSITIONS)
    torch.testing.assert_close(found, wanted)
    per_example = torch.func.vmap(
        torch.func.grad(lambda t, e, y, m: crf_nll(e[None], y[None], t, mask=m[None], reduction="sum")),
        in_dims=(None, 0, 0, 0),
    )(TRANSITIONS, EMISSIONS, TAGS, MASK)
    torch.testing.assert_close(per_example.sum(0) / MASK.sum(), wanted)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_emissions_are_computed_in_float32(dtype: torch.dtype) -> None:
    emissions = EMISSIONS.to(dtype).requires_grad_()
    found = crf_nll(emissions, TAGS, TRANSITIONS, mask=MASK)
    wanted = crf_nll(emissions.detach().float(), TAGS, TRANSITIONS, mask=MASK)
    torch.testing.assert_close(found, wanted, rtol=0, atol=0)
    found.backward()
    assert emissions.grad is not None
    assert emissions.grad.dtype == dtype
    assert crf_marginals(emissions, TRANSITIONS).dtype == torch.float32
    assert crf_decode(emissions, TRANSITIONS).scores.dtype == torch.float32


def test_many_half_precision_steps_are_summed_exactly_enough() -> None:
    zeros = torch.zeros(40, 2000, 2, dtype=torch.float16)
    found = crf_nll(zeros, zeros[..., 0].long(), torch.zeros(2, 2, dtype=torch.float16))
    assert float(found) == pytest.approx(math.log(2), rel=1e-6)


def test_transitions_may_be_of_another_type_than_emissions() -> None:
    wanted = crf_nll(EMISSIONS, TAGS, TRANSITIONS)
    found = crf_nll(EMISSIONS, TAGS, TRANSITIONS.double(), start=torch.zeros(3, dtype=torch.int64))
    torch.testing.assert_close(found, wanted, rtol=0, atol=0)
    assert crf_nll(EMISSIONS.double(), TAGS, TRANSITIONS).dtype == torch.float64


def test_float32_is_exact_against_the_size_of_the_loss_and_not_of_the_scores() -> None:
    emissions = random(2, 500, 4, seed=5)
    tags = emissions.argmax(-1)
    transitions = random(4, 4, seed=6)
    wanted = crf_nll(emissions.double(), tags, transitions.double(), reduction="none")
    found = crf_nll(emissions + 1024, tags, transitions + 1024, reduction="none")  # a million in all
    assert (found.double() - wanted).abs().max() / wanted.max() < 1e-4


def test_long_float32_sequences_of_large_scores_decode_as_in_float64() -> None:
    emissions, transitions = (
        (random(2, 1000, 4, seed=7) * 8).round() / 8 + 16384,
        (random(4, 4, seed=8) * 8).round() / 8,
    )
    found, wanted = crf_decode(emissions, transitions), crf_decode(emissions.double(), transitions.double())
    assert torch.equal(found.tags, wanted.tags)
    torch.testing.assert_close(found.scores.double(), wanted.scores, rtol=1e-6, atol=0)


@pytest.mark.parametrize("dtype", [torch.int8, torch.uint8, torch.int16, torch.int32, torch.int64])
def test_tags_may_be_any_integers(dtype: torch.dtype) -> None:
    found = crf_nll(EMISSIONS, TAGS.to(dtype), TRANSITIONS)
    torch.testing.assert_close(found, crf_nll(EMISSIONS, TAGS, TRANSITIONS), rtol=0, atol=0)


def test_many_classes_do_not_overflow_small_tags() -> None:
    emissions, tags, transitions = random(2, 3, 200), indices(200, 2, 3), random(200, 200)
    found = crf_nll(emissions, tags.to(torch.uint8), transitions)
    torch.testing.assert_close(found, crf_nll(emissions, tags, transitions), rtol=0, atol=0)


def test_options_may_be_plain_lists() -> None:
    found = crf_nll(EMISSIONS, TAGS, TRANSITIONS.tolist(), start=[1.0, 0.0, 2.0], lengths=[5, 0, 2, 3])  # type: ignore[arg-type]
    wanted = crf_nll(EMISSIONS, TAGS, TRANSITIONS, start=torch.tensor([1.0, 0, 2]), lengths=torch.tensor([5, 0, 2, 3]))
    torch.testing.assert_close(found, wanted)


def test_autocast_changes_nothing() -> None:
    wanted = crf_nll(EMISSIONS, TAGS, TRANSITIONS, mask=MASK)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = crf_nll(EMISSIONS, TAGS, TRANSITIONS, mask=MASK)
    torch.testing.assert_close(found, wanted, rtol=0, atol=0)


def test_emissions_on_the_meta_device_give_a_loss_without_numbers() -> None:
    emissions = torch.empty(2, 3, 4, device="meta")
    found = crf_nll(emissions, torch.empty(2, 3, dtype=torch.long, device="meta"), torch.empty(4, 4, device="meta"))
    assert found.shape == ()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_gpu_is_never_waited_for() -> None:
    emissions, tags, mask = EMISSIONS.cuda().requires_grad_(), IOB_TAGS.cuda(), MASK.cuda()
    crf = CRFLoss(3, allowed=IOB).cuda()
    torch.cuda.set_sync_debug_mode("error")
    try:
        found = crf(emissions, tags, mask=mask)
        found.backward()
        decoded = crf.decode(emissions, mask=mask)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    crf = crf.cpu()
    torch.testing.assert_close(found.cpu(), crf(EMISSIONS, IOB_TAGS, mask=MASK))
    torch.testing.assert_close(decoded.tags.cpu(), crf.decode(EMISSIONS, mask=MASK).tags)


def learned(**options: Any) -> CRFLoss:
    """A module with parameters that are not 0."""
    crf = CRFLoss(3, **options)
    with torch.no_grad():
        for seed, parameter in enumerate(crf.parameters()):
            parameter.copy_(random(*parameter.shape, seed=seed))
    return crf


def test_the_module_is_the_functions_with_its_transitions() -> None:
    crf = learned(allowed=IOB, reduction="sequence_mean")
    scores = {"start": crf.start, "end": crf.end, "mask": MASK, "allowed": IOB}
    found = crf(EMISSIONS, IOB_TAGS, mask=MASK, denominator=2.0)
    wanted = crf_nll(EMISSIONS, IOB_TAGS, crf.transitions, reduction="sequence_mean", denominator=2.0, **scores)
    torch.testing.assert_close(found, wanted, rtol=0, atol=0)
    decoded, wanted_path = crf.decode(EMISSIONS, mask=MASK, fill=0), crf_decode(EMISSIONS, crf.transitions, **scores)
    assert torch.equal(decoded.tags, wanted_path.tags.masked_fill(~MASK, 0))
    assert torch.equal(decoded.scores, wanted_path.scores)
    torch.testing.assert_close(
        crf.marginals(EMISSIONS, mask=MASK), crf_marginals(EMISSIONS, crf.transitions, **scores), rtol=0, atol=0
    )


def test_the_module_takes_lengths() -> None:
    crf, lengths = learned(), torch.tensor([5, 1, 0, 3])
    mask = torch.arange(5) < lengths.unsqueeze(1)
    torch.testing.assert_close(crf(EMISSIONS, TAGS, lengths=lengths), crf(EMISSIONS, TAGS, mask=mask))
    assert torch.equal(crf.decode(EMISSIONS, lengths=lengths).tags, crf.decode(EMISSIONS, mask=mask).tags)
    torch.testing.assert_close(crf.marginals(EMISSIONS, lengths=lengths), crf.marginals(EMISSIONS, mask=mask))


def test_a_new_module_is_cross_entropy() -> None:
    torch.testing.assert_close(CRFLoss(3)(EMISSIONS, TAGS, mask=MASK), cross_entropy(EMISSIONS, TAGS, mask=MASK))


def test_what_is_learned_is_saved_and_what_is_allowed_is_not() -> None:
    crf = learned(allowed=IOB)
    assert list(crf.state_dict()) == ["transitions", "start", "end"]
    again = CRFLoss(3, allowed=IOB)
    again.load_state_dict(crf.state_dict())
    torch.testing.assert_close(again(EMISSIONS, IOB_TAGS, mask=MASK), crf(EMISSIONS, IOB_TAGS, mask=MASK))


def test_the_module_moves_with_what_is_allowed() -> None:
    crf = CRFLoss(3, allowed=IOB).to("meta")
    assert {part.device.type for part in crf.allowed} == {"meta"}
    assert crf.transitions.device.type == "meta"


@pytest.mark.parametrize("allowed", [None, torch.tensor(IOB.transitions), Allowed(None, end=[True, False, True])])
def test_what_is_allowed_may_be_given_in_part(allowed: Any) -> None:
    crf, given = learned(allowed=allowed), {} if allowed is None else {"allowed": allowed}
    found = crf.decode(EMISSIONS, mask=MASK)
    wanted = crf_decode(EMISSIONS, crf.transitions, start=crf.start, end=crf.end, mask=MASK, **given)
    assert torch.equal(found.tags, wanted.tags)


def test_the_module_answers_an_unknown_option_with_the_nearest_one() -> None:
    with pytest.raises(ConfigError, match=r"CRFLoss: there is no option 'reductions'(.|\n)*Did you mean 'reduction'\?"):
        CRFLoss(3, reductions="sum")  # type: ignore[call-arg]


def test_training_teaches_what_follows_what() -> None:
    torch.manual_seed(0)
    crf, tags = CRFLoss(3), torch.tensor([[0, 1, 2, 0, 1, 2], [1, 2, 0, 1, 2, 0]])
    emissions = torch.zeros(2, 6, 3)  # nothing to see: only the order of the tags can be learned
    optimizer = torch.optim.Adam(crf.parameters(), lr=0.5)
    for _ in range(60):
        optimizer.zero_grad()
        crf(emissions, tags).backward()
        optimizer.step()
    assert crf.transitions.argmax(1).tolist() == [1, 2, 0]
    assert crf.decode(emissions[:1]).tags[0].diff().remainder(3).tolist() == [1] * 5


def test_loss_sum_of_micro_batches_is_that_of_the_batch() -> None:
    def part(rows: slice) -> Any:
        return loss_sum(crf_nll, EMISSIONS[rows], TAGS[rows], TRANSITIONS, mask=MASK[rows])

    total = part(slice(0, 1)) + part(slice(1, 4))
    torch.testing.assert_close(total.mean(), crf_nll(EMISSIONS, TAGS, TRANSITIONS, mask=MASK))
    assert int(total.count) == int(MASK.sum())


def test_loss_sum_names_the_losses_it_knows() -> None:
    with pytest.raises(ConfigError, match="'crf_nll'"):
        loss_sum(crf_marginals, EMISSIONS, TRANSITIONS)


def test_inputs_are_left_as_they_were() -> None:
    given = [EMISSIONS.clone(), TAGS.clone(), TRANSITIONS.clone(), MASK.clone()]
    crf_nll(EMISSIONS, TAGS, TRANSITIONS, mask=MASK)
    crf_decode(EMISSIONS, TRANSITIONS, mask=MASK)
    assert all(torch.equal(*pair) for pair in zip(given, (EMISSIONS, TAGS, TRANSITIONS, MASK), strict=True))


def test_values_are_looked_at_outside_of_traces_only() -> None:
    wrong = torch.full((1, 2), 9)
    with pytest.raises(ValuesError, match=r"tags\[0, 0\] is 9"):
        crf_nll(EMISSIONS[:1, :2], wrong, TRANSITIONS)
