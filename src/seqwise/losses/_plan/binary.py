"""The plan of the loss over yes-or-no labels: logits and labels have one shape."""

from __future__ import annotations

from seqwise.errors import ShapeError
from seqwise.losses import _hints
from seqwise.losses._loss_options import BinaryOptions
from seqwise.losses._plan.call_plan import Plan
from seqwise.losses._plan.checks import call_of, check_kind, check_lengths, flag, integer, missing_axes, smoothing
from seqwise.shapes import ArraySpec, fits, shape_text

__all__ = ["plan_binary_cross_entropy"]


def plan_binary_cross_entropy(
    logits: ArraySpec, labels: ArraySpec, options: BinaryOptions, *, call: str = "binary_cross_entropy"
) -> Plan:
    """The plan of a loss over yes-or-no labels: logits and labels have one shape.

    Raises:
        ShapeError: an array does not fit the logits.
        DtypeError: an array holds the wrong kind of number.
        ConfigError: an option has a value that makes no sense.
    """
    mask, lengths, pos_weight, sample_weight = options[:4]
    this = call_of(call, logits, labels, mask, lengths, pos_weight, sample_weight)
    check_kind(this, logits, "float")
    check_kind(this, labels, "bool", "int", "float")
    positions = logits.shape
    if not positions or not fits(labels.shape, positions):
        expected = f"logits (batch, labels), labels {shape_text(positions) if positions else '(batch, labels)'}"
        hint = _hints.binary_labels(logits, labels)
        raise this.error(ShapeError, "labels do not have the shape of the logits", expected=expected, hint=hint)
    if pos_weight is not None:
        check_kind(this, pos_weight, "int", "float")
        if pos_weight.shape not in ((), (1,)) and not fits(pos_weight.shape, positions[-1:]):
            problem = "pos_weight does not fit the labels"
            expected = f"pos_weight (labels,) = {shape_text(positions[-1:])}, or one number for all labels"
            hint = _hints.one_row(pos_weight, positions)
            raise this.error(ShapeError, problem, expected=expected, hint=hint)
    check_lengths(this, lengths, positions)
    return Plan(
        call=this,
        labels="binary",
        positions=positions,
        class_axis=None,
        classes=2,
        label_values=None,
        ignore_index=integer(this, "ignore_index", options.ignore_index),
        ignored_class=None,
        label_smoothing=smoothing(this, options.label_smoothing),
        from_logits=flag(this, "from_logits", options.from_logits),
        mask_missing=missing_axes(this, mask, positions, "bool"),
        sample_weight_missing=missing_axes(this, sample_weight, positions, "int", "float"),
    )
