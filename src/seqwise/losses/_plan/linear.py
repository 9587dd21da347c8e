"""The plan of head and loss in one: logits are hidden x weight + bias, and never arrive."""

from __future__ import annotations

from seqwise.errors import ShapeError
from seqwise.losses import _hints
from seqwise.losses._loss_options import ClassOptions
from seqwise.losses._plan.call_plan import Plan
from seqwise.losses._plan.checks import call_of, check_kind
from seqwise.losses._plan.class_labels import plan_cross_entropy
from seqwise.shapes import ArraySpec, fits, shape_text

__all__ = ["plan_linear_cross_entropy"]


def plan_linear_cross_entropy(
    hidden: ArraySpec, weight: ArraySpec, bias: ArraySpec | None, labels: ArraySpec, options: ClassOptions
) -> Plan:
    """The plan of `cross_entropy` for logits that a linear layer will make.

    Raises:
        ShapeError: an array does not fit the others.
        DtypeError: an array holds the wrong kind of number.
        ConfigError: an option has a value that makes no sense.
    """
    name = "linear_cross_entropy"
    this = call_of(name, hidden, weight, bias, labels, *options.arrays().values())
    for array in (hidden, weight, bias):
        if array is not None:
            check_kind(this, array, "float")
    if not hidden.shape or len(weight.shape) not in (2, 3) or not fits(hidden.shape[-1:], weight.shape[-1:]):
        features = shape_text(("classes", hidden.shape[-1] if hidden.shape else "features"))
        expected = f"hidden (batch, ..., features), weight {features}, or one such weight for each output"
        hint = _hints.linear_weight(hidden, weight)
        raise this.error(ShapeError, "weight does not fit hidden", expected=expected, hint=hint)
    if bias is not None and not fits(bias.shape, weight.shape[:-1]):
        expected = f"bias {shape_text(weight.shape[:-1])}, one number for each row of the weight"
        raise this.error(ShapeError, "bias does not fit weight", expected=expected)
    logits = ArraySpec("logits", "float", hidden.shape[:-1] + weight.shape[:-1])
    return plan_cross_entropy(logits, labels, options, call=name, made_from=(hidden, weight, bias))
