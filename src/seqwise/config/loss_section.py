"""The section `loss`: what is minimised."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from seqwise.config.section import MODEL, Flag, Search, Section, Steps

__all__ = ["LossConfig"]

Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]


def _twentieths(value: float, step: int) -> float:
    return min(max(round(value + 0.05 * step, 4), 0.0), 0.9)


class LossConfig(Section):
    """What is minimised."""

    label_smoothing: Annotated[
        float,
        Steps(0, 2, _twentieths, rank=10),
        Flag("--label-smoothing", "Probability mass spread over all classes.", 35, MODEL),
    ] = Field(0.0, ge=0, lt=1, description="probability mass of a label that is spread over all classes")
    class_weight: Annotated[
        Literal["balanced"] | dict[str, Weight] | None,
        Flag("--class-weight", "balanced, or weights by label: '{yes: 2, no: 1}'.", 34, MODEL),
    ] = Field(None, description="balanced, or a weight per label value")
    crf: Annotated[bool | dict[str, bool] | None, Search(lambda: (True, False), rank=4)] = Field(
        None,
        description="train tags with a linear-chain CRF: true, false, or either per target",
    )
    scheme: Literal["own", "iobes"] | None = Field(
        None,
        description="scheme in which a CRF trains IOB2 tags: own or iobes; predictions keep that of the data",
    )
    ordinal: bool | dict[str, bool | tuple[str, ...]] = Field(
        False,
        description="ordered labels: true for numbers, or per target true or all labels from lowest to highest",
    )
    target_weight: dict[str, Weight] = Field(
        {}, description="weight of the loss of each target in the sum; 1 by default"
    )
