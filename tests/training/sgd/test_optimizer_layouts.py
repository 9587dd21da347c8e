"""The optimizer steps what it is given wherever that stands in memory, and never writes beyond it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor, nn

from levels import MOST_LEVELS, on_level
from memory_layouts import CUTS, MemoryLayout, memory_layouts
from seqwise.errors import ShapeError
from seqwise.training.sgd.optimizer import RowAdamW, clipped_norm

SHAPES = [(3,), (3, 4), (2, 3, 4), (1, 4), (2, 1, 3), (0, 3)]


def random(*sizes: int, seed: int = 0) -> Tensor:
    return torch.randn(sizes, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(params=MOST_LEVELS, ids=str)
def _level(request: pytest.FixtureRequest) -> Iterator[None]:
    with on_level(request.param):
        yield


def stepped(kind: type[torch.optim.AdamW], values: Tensor, gradients: list[Tensor], **options: bool) -> Tensor:
    parameter = nn.Parameter(values.detach())
    optimizer = kind([parameter], lr=0.1, weight_decay=0.1, **options)
    for gradient in gradients:
        parameter.grad = gradient
        optimizer.step()
    return parameter.detach()


def owned(layout: MemoryLayout, values: Tensor) -> Tensor:
    """Numbers in a layout, of which none is of two places, so that they can be written to."""
    return layout._replace(repeated=()).of(values)


@pytest.mark.usefixtures("_level")
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_parameters_and_gradients_of_every_layout_are_stepped_as_torch_steps_copies(shape: tuple[int, ...]) -> None:
    values, slopes = random(*shape), [random(*shape, seed=seed) for seed in (1, 2)]
    for layout in memory_layouts(len(shape), CUTS if len(shape) < 3 else ("all", "every other")):
        placed = [layout.of(slope) for slope in slopes]
        wanted = stepped(torch.optim.AdamW, values.clone(), [g.contiguous() for g in placed], foreach=False)
        for parameter in (values.clone(), owned(layout, values)):
            found = stepped(RowAdamW, parameter, placed, fused=True)
            torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-6, msg=str(layout))


@pytest.mark.parametrize("name", ["exp_avg", "exp_avg_sq"])
def test_a_state_in_another_layout_is_stepped_as_torch_does(name: str) -> None:
    for layout in memory_layouts(2):
        found = []
        for is_placed in (True, False):
            parameter = nn.Parameter(random(3, 4))
            optimizer = RowAdamW([parameter], lr=0.1, fused=True)
            for seed in (1, 2):
                parameter.grad = random(3, 4, seed=seed)
                optimizer.step()
                state = optimizer.state[parameter]
                state[name] = owned(layout, state[name]) if is_placed else state[name]
            found.append(parameter.detach())
        torch.testing.assert_close(*found, rtol=1e-5, atol=1e-6, msg=str(layout))


@pytest.mark.parametrize("shape", [(2, 4), (12,), (4, 3), (), (3, 4, 1)], ids=str)
@pytest.mark.parametrize("name", ["exp_avg", "exp_avg_sq"])
@pytest.mark.parametrize("gradient", ["dense", "sparse", "transposed"])
def test_a_state_of_another_shape_is_an_error_before_anything_is_written(
    gradient: str, name: str, shape: tuple[int, ...]
) -> None:
    parameter = nn.Parameter(random(3, 4))
    optimizer = RowAdamW([parameter], lr=0.1, fused=True)
    parameter.grad = random(3, 4)
    optimizer.step()
    optimizer.state[parameter][name] = torch.zeros(shape)
    before = parameter.detach().clone()
    parameter.grad = {
        "dense": random(3, 4),
        "sparse": torch.sparse_coo_tensor(torch.tensor([[0, 2]]), random(2, 4), (3, 4), check_invariants=True),
        "transposed": random(4, 3).t(),
    }[gradient]
    with pytest.raises(ShapeError, match=rf"the optimizer's {name} is .* for a parameter \(3, 4\)"):
        optimizer.step()
    assert torch.equal(parameter, before)


Change = Callable[[torch.optim.AdamW, nn.Parameter], None]


def means_of(optimizer: torch.optim.AdamW, parameter: nn.Parameter) -> Tensor:
    means: Tensor = optimizer.state[parameter]["exp_avg"]
    return means


def change_decay(optimizer: torch.optim.AdamW, _: nn.Parameter) -> None:
    optimizer.param_groups[0]["weight_decay"] = 0.5


def turn_the_parameter(_: torch.optim.AdamW, parameter: nn.Parameter) -> None:
    parameter.data = parameter.data.t()


def turn_the_parameter_in_place(_: torch.optim.AdamW, parameter: nn.Parameter) -> None:
    with torch.no_grad():
        parameter.t_()


def move_the_parameter(_: torch.optim.AdamW, parameter: nn.Parameter) -> None:
    parameter.data = parameter.data + 1


def move_the_storage_of_the_parameter(_: torch.optim.AdamW, parameter: nn.Parameter) -> None:
    parameter.untyped_storage().resize_(100_000)


def give_the_parameter_another_storage(_: torch.optim.AdamW, parameter: nn.Parameter) -> None:
    with torch.no_grad():
        parameter.set_(parameter.detach() + 1)


def replace_a_state(optimizer: torch.optim.AdamW, parameter: nn.Parameter) -> None:
    optimizer.state[parameter]["exp_avg"] = means_of(optimizer, parameter) + 1


def move_a_state(optimizer: torch.optim.AdamW, parameter: nn.Parameter) -> None:
    means_of(optimizer, parameter).data = means_of(optimizer, parameter) + 1


def move_the_step(optimizer: torch.optim.AdamW, parameter: nn.Parameter) -> None:
    optimizer.state[parameter]["step"].data = torch.tensor(50.0)


def move_the_storage_of_a_state(optimizer: torch.optim.AdamW, parameter: nn.Parameter) -> None:
    means_of(optimizer, parameter).untyped_storage().resize_(100_000)


def turn_a_state(optimizer: torch.optim.AdamW, parameter: nn.Parameter) -> None:
    means_of(optimizer, parameter).t_()


def load_a_state(optimizer: torch.optim.AdamW, _: nn.Parameter) -> None:
    state = optimizer.state_dict()
    state["state"][0]["exp_avg_sq"] = state["state"][0]["exp_avg_sq"] * 2
    optimizer.load_state_dict(state)


def forget_a_state(optimizer: torch.optim.AdamW, parameter: nn.Parameter) -> None:
    del optimizer.state[parameter]


def forget_all(optimizer: torch.optim.AdamW, _: nn.Parameter) -> None:
    optimizer.state.clear()


def turn_the_gradient(_: torch.optim.AdamW, parameter: nn.Parameter) -> None:
    assert parameter.grad is not None
    parameter.grad = parameter.grad.t()


def negate_the_gradient(_: torch.optim.AdamW, parameter: nn.Parameter) -> None:
    parameter.grad = torch._neg_view(parameter.grad)


def leave_out_the_gradient(_: torch.optim.AdamW, parameter: nn.Parameter) -> None:
    parameter.grad = None


def make_all_double(optimizer: torch.optim.AdamW, parameter: nn.Parameter) -> None:
    for each in optimizer.param_groups[0]["params"]:
        each.data, each.grad = each.data.double(), None if each.grad is None else each.grad.double()
        for name in ("exp_avg", "exp_avg_sq"):
            optimizer.state[each][name] = optimizer.state[each][name].double()


CHANGES: list[Change] = [
    change_decay,
    turn_the_parameter,
    turn_the_parameter_in_place,
    move_the_parameter,
    move_the_storage_of_the_parameter,
    give_the_parameter_another_storage,
    replace_a_state,
    move_a_state,
    move_the_step,
    move_the_storage_of_a_state,
    turn_a_state,
    load_a_state,
    forget_a_state,
    forget_all,
    turn_the_gradient,
    negate_the_gradient,
    leave_out_the_gradient,
]


@pytest.mark.parametrize("change", [*CHANGES, make_all_double], ids=lambda change: change.__name__)
def test_what_changes_between_two_steps_is_seen(change: Change) -> None:
    found = []
    for kind in (RowAdamW, torch.optim.AdamW):
        parameter, other = nn.Parameter(random(4, 4)), nn.Parameter(random(3))
        optimizer = kind([parameter, other], lr=0.1, foreach=False)
        for step in range(6):
            is_double = parameter.dtype == torch.float64
            slopes = random(4, 4, seed=step), random(3, seed=step)
            parameter.grad, other.grad = (slope.double() if is_double else slope for slope in slopes)
            if step == 3:
                change(optimizer, parameter)
            optimizer.step()
        found.append(torch.cat([parameter.detach().flatten(), other.detach()]))
    torch.testing.assert_close(*found, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_an_optimizer_that_saw_the_change_goes_on_as_one_that_is_new(change: Change) -> None:
    found = []
    for is_new in (True, False):
        parameter, other = nn.Parameter(random(4, 4)), nn.Parameter(random(3))
        optimizer = RowAdamW([parameter, other], lr=0.1)
        for step in range(6):
            parameter.grad, other.grad = random(4, 4, seed=step), random(3, seed=step)
            if step == 3:
                change(optimizer, parameter)
                if is_new:
                    vars(optimizer).pop("_calls")
            optimizer.step()
        found.append(torch.cat([parameter.detach().flatten(), other.detach()]))
    assert torch.equal(*found)


def test_copies_of_an_optimizer_step_their_own_parameters() -> None:
    parameter = nn.Parameter(random(3, 4))
    optimizer = RowAdamW([parameter], lr=0.1)
    parameter.grad = random(3, 4)
    optimizer.step()
    copied, own = copy.deepcopy((optimizer, parameter))
    before = parameter.detach().clone()
    own.grad = random(3, 4)
    copied.step()
    assert torch.equal(parameter, before)
    optimizer.step()
    assert torch.equal(own, parameter)


def test_a_parameter_whose_first_gradient_comes_later_joins() -> None:
    found = []
    for kind in (RowAdamW, torch.optim.AdamW):
        parameters = [nn.Parameter(random(3, 4)), nn.Parameter(random(5))]
        optimizer = kind(parameters, lr=0.1, foreach=False)
        for step in range(4):
            parameters[0].grad = random(3, 4, seed=step)
            parameters[1].grad = random(5, seed=step) if step > 1 else None
            optimizer.step()
        optimizer.add_param_group({"params": [nn.Parameter(random(2, 2))]})
        parameters.append(optimizer.param_groups[1]["params"][0])
        parameters[2].grad = random(2, 2)
        optimizer.step()
        found.append(torch.cat([parameter.detach().flatten() for parameter in parameters]))
    torch.testing.assert_close(*found, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["exp_avg", "exp_avg_sq"])
@pytest.mark.parametrize("change", ["resized", "shrunk", "shrunk at another place"])
def test_a_state_that_shrinks_between_two_steps_is_an_error(name: str, change: str) -> None:
    parameter = nn.Parameter(random(3, 4))
    optimizer = RowAdamW([parameter], lr=0.1)
    for _ in range(2):
        parameter.grad = random(3, 4)
        optimizer.step()
    state = optimizer.state[parameter][name]
    if change == "resized":
        state.resize_(2, 4)
    else:
        state.data = state.data[:2] if change == "shrunk" else state.data[:2].clone()
    with pytest.raises(ShapeError, match=r"is \(2, 4\) for a parameter \(3, 4\)"):
        optimizer.step()


def test_a_table_that_shrinks_after_its_gradient_is_not_written_beyond() -> None:
    for size in ((2, 4), (3, 2)):
        parameter = nn.Parameter(random(3, 4))
        optimizer = RowAdamW([parameter], lr=0.1)
        parameter.grad = torch.sparse_coo_tensor(torch.tensor([[0, 2]]), random(2, 4), (3, 4), check_invariants=True)
        space = torch.zeros(100)
        parameter.data = space[: size[0] * size[1]].view(size)
        with pytest.raises((RuntimeError, IndexError)):
            optimizer.step()
        assert not space.any()


def test_a_parameter_that_shrinks_between_two_steps_is_an_error() -> None:
    parameter = nn.Parameter(random(3, 4))
    optimizer = RowAdamW([parameter], lr=0.1)
    for _ in range(2):
        parameter.grad = random(3, 4)
        optimizer.step()
    parameter.data, parameter.grad = parameter.data[:2], random(2, 4)  # which begins where it did
    with pytest.raises(ShapeError, match=r"is \(3, 4\) for a parameter \(2, 4\)"):
        optimizer.step()


def test_gradients_of_rows_and_of_all_numbers_take_turns() -> None:
    sparse = torch.sparse_coo_tensor(torch.tensor([[0, 2]]), random(2, 4), (3, 4), check_invariants=True)
    none = torch.sparse_coo_tensor(torch.zeros(1, 0, dtype=torch.long), random(0, 4), (3, 4), check_invariants=True)
    single = random(3, 4).to_sparse()
    gradients = [sparse, sparse, random(3, 4), random(3, 4), sparse, none, sparse, single, sparse, single]
    found = []
    for is_fresh in (True, False):
        parameter = nn.Parameter(random(3, 4))
        optimizer = RowAdamW([parameter], lr=0.1, weight_decay=0.0)
        for gradient in gradients:
            if is_fresh:  # an optimizer that remembers nothing but its state
                state = optimizer.state_dict()
                optimizer = RowAdamW([parameter], lr=0.1, weight_decay=0.0)
                optimizer.load_state_dict(state)
            parameter.grad = gradient.clone()
            optimizer.step()
        found.append(parameter.detach())
    torch.testing.assert_close(*found)


def test_a_state_of_another_type_is_left_to_torch() -> None:
    parameter = nn.Parameter(random(3, 4))
    optimizer = RowAdamW([parameter], lr=0.1, fused=True)
    parameter.grad = random(3, 4)
    optimizer.step()
    for name in ("exp_avg", "exp_avg_sq"):
        optimizer.state[parameter][name] = optimizer.state[parameter][name].double()
    before = parameter.detach().clone()
    with pytest.raises(RuntimeError, match="dtype|type"):
        optimizer.step()
    assert torch.equal(parameter, before)


@pytest.mark.parametrize("row", [-1, 3, 1 << 40])
def test_a_sparse_gradient_with_a_row_that_is_not_there_is_an_error(row: int) -> None:
    parameter = nn.Parameter(random(3, 4))
    optimizer = RowAdamW([parameter], lr=0.1)
    parameter.grad = torch.sparse_coo_tensor(
        torch.tensor([[row]]), random(1, 4), (3, 4), is_coalesced=True, check_invariants=False
    )
    with pytest.raises(IndexError, match=f"rows {row} to {row} of a table with 3 rows"):
        optimizer.step()


def test_sparse_gradients_of_single_numbers_and_of_several_axes() -> None:
    for dense in (random(3, 4), random(3, 4, 2)):
        for axes in range(1, dense.dim() + 1):
            gradients = [dense.to_sparse(axes) if axes < dense.dim() else dense.to_sparse()] * 2
            found = stepped(RowAdamW, torch.zeros_like(dense), gradients)
            assert torch.isfinite(found).all()
            assert torch.equal(found.sign(), -dense.sign())


@pytest.mark.usefixtures("_level")
def test_the_norm_of_gradients_of_every_layout() -> None:
    for layout in memory_layouts(3, ("all", "every other")):
        parameters = [nn.Parameter(torch.zeros(2, 3, 4)), nn.Parameter(torch.zeros(5))]
        parameters[0].grad, parameters[1].grad = owned(layout, random(2, 3, 4)), random(5)
        wanted = float(torch.cat([p.grad.flatten() for p in parameters]).norm())
        assert clipped_norm(parameters, wanted / 2) == pytest.approx(wanted, rel=1e-5)
        assert clipped_norm(parameters, wanted) == pytest.approx(wanted / 2, rel=1e-4)
