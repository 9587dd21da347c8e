"""The plan of the linear-chain CRF: emissions for each step, transitions between classes, and what is allowed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from seqwise.errors import ConfigError, DtypeError, ShapeError, listed
from seqwise.losses import _crf_hints
from seqwise.losses._plan.checks import check_kind
from seqwise.losses._plan.reductions import REDUCTIONS, Positions
from seqwise.shapes import ArraySpec, Call, Shape, fits, shape_text

__all__ = ["CrfPlan", "plan_crf"]


@dataclass(frozen=True)
class CrfPlan(Positions):
    """The meaning of a call of a CRF; there is one loss for each sequence.

    Attributes:
        steps: (batch, time).
        classes: the number of classes; None when it is not known yet.
        mask_missing: how many last axes the mask lacks against the steps.
    """

    steps: Shape
    classes: int | None
    mask_missing: int

    def check_reduction(self, reduction: str, denominator: object) -> None:
        """Refuses a reduction that does not exist for sequences, or that this denominator cannot have."""
        if reduction == "per_output":
            known = listed(name for name in REDUCTIONS if name != "per_output")
            problem = "reduction='per_output' needs several outputs, and a linear-chain CRF has one"
            raise self.call.error(ConfigError, problem, expected=f"one of {known}")
        super().check_reduction(reduction, denominator)


def plan_crf(call: str, arrays: Mapping[str, ArraySpec]) -> CrfPlan:
    """The plan of `crf_nll`, `crf_decode` or `crf_marginals`.

    Args:
        call: the name of the function.
        arrays: the arrays by argument name; those of `allowed` as `allowed.transitions`, `.start`, `.end`.

    Raises:
        ShapeError: an array does not fit the emissions.
        DtypeError: an array holds the wrong kind of number.
    """
    this = Call(call, tuple(arrays.values()))
    emissions, tags = arrays["emissions"], arrays.get("tags")
    _check_emissions(this, emissions)
    if tags is not None:
        _check_tags(this, emissions, tags)
    for name in ("transitions", "start", "end"):
        _check_scores(this, emissions, arrays.get(name), "int", "float")
        _check_scores(this, emissions, arrays.get(f"allowed.{name}"), "bool")
    _check_lengths(this, arrays.get("lengths"), emissions.shape[:2])
    return CrfPlan(
        call=this,
        positions=emissions.shape[:1],
        steps=emissions.shape[:2],
        classes=emissions.shape[2],
        mask_missing=_mask_missing(this, arrays.get("mask"), emissions.shape[:2]),
    )


def _check_emissions(call: Call, emissions: ArraySpec) -> None:
    check_kind(call, emissions, "float")
    rank = len(emissions.shape)
    if rank != 3:
        problem = f"emissions have {rank} {'axis' if rank == 1 else 'axes'}"
        hint = _crf_hints.emissions_rank(emissions)
        raise call.error(ShapeError, problem, expected="emissions (batch, time, classes)", hint=hint)
    if emissions.shape[-1] == 0:
        raise call.error(ShapeError, "emissions have 0 classes", expected="1 class or more")


def _check_tags(call: Call, emissions: ArraySpec, tags: ArraySpec) -> None:
    fitting = fits(tags.shape, emissions.shape[:2])
    if fitting and tags.kind == "int":
        return
    expected = f"tags int (batch, time) = {shape_text(emissions.shape[:2])}"
    if not fitting:
        hint = _crf_hints.tags_of(emissions, tags)
        raise call.error(ShapeError, "tags do not fit the emissions", expected=expected, hint=hint)
    hint = "tags are class indices: cast them to integers"
    raise call.error(DtypeError, f"tags are {tags.kind}", expected=expected, hint=hint)


def _check_scores(call: Call, emissions: ArraySpec, scores: ArraySpec | None, *kinds: str) -> None:
    """Refuses transitions, start, end and their `allowed` booleans when kind or shape is wrong."""
    if scores is None:
        return
    check_kind(call, scores, *kinds)
    square = scores.name.endswith("transitions")
    shape = emissions.shape[2:] * (2 if square else 1)
    if not fits(scores.shape, shape):
        problem = f"{scores.name} {'do' if square else 'does'} not fit the emissions"
        expected = f"{scores.name} {'(from class, to class)' if square else '(classes,)'} = {shape_text(shape)}"
        hint = _crf_hints.square(emissions, scores) if square else None
        raise call.error(ShapeError, problem, expected=expected, hint=hint)


def _check_lengths(call: Call, lengths: ArraySpec | None, steps: Shape) -> None:
    if lengths is None:
        return
    check_kind(call, lengths, "int")
    if not fits(lengths.shape, steps[:1]):
        expected = f"lengths (batch,) = {shape_text(steps[:1])}"
        hint = _crf_hints.batch_first(lengths, steps)
        raise call.error(ShapeError, "lengths do not fit the emissions", expected=expected, hint=hint)


def _mask_missing(call: Call, mask: ArraySpec | None, steps: Shape) -> int:
    """How many last axes the mask lacks; those it has are of the steps' size, or of size 1."""
    if mask is None:
        return 0
    check_kind(call, mask, "bool")
    if not fits(tuple(None if size == 1 else size for size in mask.shape), steps[: len(mask.shape)]):
        expected = (
            f"mask (batch, time) = {shape_text(steps)}, or its first axis, with size 1 where one value serves all"
        )
        hint = _crf_hints.batch_first(mask, steps)
        raise call.error(ShapeError, "mask does not fit the emissions", expected=expected, hint=hint)
    return len(steps) - len(mask.shape)
