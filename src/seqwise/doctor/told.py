"""The layout of a loss's arrays and the positions that count; and the error of a failed call."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CallFailed", "Channel", "Reading"]


class CallFailed(Exception):  # noqa: N818 - an outcome of a trial, never shown as an error
    """The user's code raised.

    Attributes:
        cause: what it raised.
    """

    def __init__(self, cause: BaseException) -> None:
        lines = [line.strip() for line in str(cause).splitlines() if line.strip()]
        said = lines[0] if lines else "nothing said"
        super().__init__(f"{type(cause).__name__}: {said if len(said) < 300 else said[:297] + '...'}")
        self.cause = cause


@dataclass(frozen=True)
class Reading:
    """How arrays are laid out for a loss.

    Attributes:
        layout: the axes of the logits: "btc", "bct", "tbc", "nc", and "bt" or "n" where there are no classes.
        labels: "index", "one-hot", or "binary" for yes or no in each cell of the logits.
        feed: what is given: "logits", "probabilities" or "log-probabilities".
        first_label: the label of the first class: 0, or 1 or -1 for losses that count from there.
        shifts: whether the loss compares each step with the label of the next one, as those of language models do.
    """

    layout: str
    labels: str
    feed: str = "logits"
    first_label: int = 0
    shifts: bool = False

    @property
    def has_time(self) -> bool:
        """Whether sequences keep an axis of their own."""
        return self.layout not in ("nc", "n")


@dataclass(frozen=True)
class Channel:
    """A way to tell a loss what counts.

    Attributes:
        kind: "mask", "lengths", "weight", "ignore" (a label of a certain value), "keras" (a mask hidden on the array).
        text: what people read: "mask", "labels of -100".
        role: the role of the parameter that takes it; "" when it is told by the labels alone.
        form: for masks, the dtype and the axes: ("bool", "positions").
        true_counts: for masks, whether True counts or is padding.
        value: for ignored labels, that label; it may be NaN where labels are yes or no.
        owner: the library whose behaviour it is, when it is not the user's.
    """

    kind: str
    text: str
    role: str = ""
    form: tuple[str, str] = ("bool", "positions")
    true_counts: bool = True
    value: float = 0
    owner: str | None = None
