"""Poolings: the states of a sequence -> one vector, from the steps that count only.

| name        | vector                                                                                    |
|-------------|-------------------------------------------------------------------------------------------|
| `last`      | the state after the whole sequence: last step that counts (backward half: the first one)  |
| `first`     | the state at the first step that counts                                                   |
| `mean`      | the mean over the steps that count                                                        |
| `max`       | the largest value of each feature over the steps that count                               |
| `attention` | a mean over the steps that count with trained weights                                     |

A sequence in which no step counts gives zeros and gets no gradient. Padding is replaced by zeros before anything
is computed: NaN there reaches neither value nor gradient.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import MappingProxyType

import torch
from torch import Tensor, nn

from seqwise.errors import ConfigError
from seqwise.nn._arguments import require_axes, require_sizes
from seqwise.nn._axes import Bool, Float, Integer
from seqwise.nn._masking import counted_positions, selected

__all__ = [
    "POOLINGS",
    "AttentionPooling",
    "FirstPooling",
    "LastPooling",
    "MaxPooling",
    "MeanPooling",
    "Pooling",
]


class Pooling(nn.Module, ABC):
    """Base class of poolings; use one of the classes below.

    Args:
        size: features of a state.
        bidirectional: whether the second half of the features comes from a direction that reads backwards.
            Only `last` treats the halves differently.

    Attributes:
        output_size: features of the vector: `size`, unless the class says otherwise.

    Raises:
        ConfigError: a size below 1, or an odd one with two directions.
    """

    def __init__(self, size: int, *, bidirectional: bool = False) -> None:
        super().__init__()
        require_sizes(type(self).__name__, size=size)
        if bidirectional and size % 2:
            raise ConfigError(
                f"{type(self).__name__}: size is {size}, expected an even number: two directions of equal size"
            )
        self.size = size
        self.output_size = size
        self.bidirectional = bidirectional

    def forward(
        self,
        hidden: Float[Tensor, "batch time hidden"],
        *,
        lengths: Integer[Tensor, " batch"] | None = None,
        mask: Bool[Tensor, "batch time"] | None = None,
    ) -> Float[Tensor, "batch vector"]:
        """Return the vector of each sequence.

        Args:
            hidden: (batch, time, size) states; positions that do not count may hold anything.
            lengths: (batch,) the first `lengths[b]` steps count.
            mask: (batch, time) booleans, True = counts. With neither, every step counts.

        Returns:
            (batch, output_size); zeros for a sequence in which no step counts.

        Raises:
            ShapeError: hidden is not (batch, time, size), or lengths or mask do not fit it.
            DtypeError: lengths are not integers, or the mask is not boolean.
            UsageError: lengths and mask were both given.
        """
        counted = self._counted(hidden, lengths, mask)
        if hidden.shape[1] == 0:
            return hidden.new_zeros(len(hidden), self.output_size) + hidden.sum()  # attached to the graph
        vector = self._pooled(selected(hidden, counted), counted)
        return torch.where(counted.any(dim=1, keepdim=True), vector, 0.0)

    @abstractmethod
    def _pooled(
        self, hidden: Float[Tensor, "batch time hidden"], counted: Bool[Tensor, "batch time"]
    ) -> Float[Tensor, "batch vector"]:
        """Return the vectors; `hidden` is zero where a step does not count. Anything finite where no step counts."""

    def _counted(self, hidden: Tensor, lengths: Tensor | None, mask: Tensor | None) -> Tensor:
        call = type(self).__name__
        require_axes(call, "hidden", hidden, ("batch", "time", "size"), self.size)
        return counted_positions(call, hidden, lengths=lengths, mask=mask)

    def extra_repr(self) -> str:
        """Return the options, shown when a model is printed."""
        return f"{self.size}, bidirectional={self.bidirectional}"


class LastPooling(Pooling):
    """The state after the whole sequence. See `Pooling` for the arguments.

    For the forward direction that is the state at the last step that counts; for the backward direction, which reads
    from the end, the state at the first one. `hidden[:, -1]` would be padding for the former, and a state that has
    read one step for the latter.

    Examples:
        >>> states = torch.tensor([[[1.0, 9.0], [2.0, 8.0], [0.0, 0.0]]])
        >>> LastPooling(2, bidirectional=True)(states, lengths=torch.tensor([2])).tolist()
        [[2.0, 9.0]]
    """

    def _pooled(self, hidden: Tensor, counted: Tensor) -> Tensor:
        if not self.bidirectional:
            return _step(hidden, _last(counted))
        forward, backward = hidden.chunk(2, dim=2)
        return torch.cat([_step(forward, _last(counted)), _step(backward, _first(counted))], dim=1)


class FirstPooling(Pooling):
    """The state at the first step that counts. See `Pooling` for the arguments.

    For encoders that summarise the sequence in its first step; a forward direction has read only one step there.

    Examples:
        >>> states = torch.tensor([[[1.0], [2.0], [3.0]]])
        >>> FirstPooling(1)(states, mask=torch.tensor([[False, True, True]])).tolist()
        [[2.0]]
    """

    def _pooled(self, hidden: Tensor, counted: Tensor) -> Tensor:
        return _step(hidden, _first(counted))


class MeanPooling(Pooling):
    """The mean over the steps that count, summed in float32 at least. See `Pooling` for the arguments.

    Examples:
        >>> states = torch.tensor([[[1.0], [2.0], [torch.nan]]])
        >>> MeanPooling(1)(states, lengths=torch.tensor([2])).tolist()
        [[1.5]]
    """

    def _pooled(self, hidden: Tensor, counted: Tensor) -> Tensor:
        total = hidden.sum(dim=1, dtype=torch.promote_types(hidden.dtype, torch.float32))
        return (total / counted.sum(dim=1, keepdim=True).clamp(min=1)).to(hidden.dtype)


class MaxPooling(Pooling):
    """The largest value of each feature over the steps that count. See `Pooling` for the arguments.

    Padding cannot win, even where every state is negative. Tied maxima share the gradient.

    Examples:
        >>> states = torch.tensor([[[-3.0], [-1.0], [0.0]]])
        >>> MaxPooling(1)(states, lengths=torch.tensor([2])).tolist()
        [[-1.0]]
    """

    def _pooled(self, hidden: Tensor, counted: Tensor) -> Tensor:
        return torch.where(counted[:, :, None], hidden, -torch.inf).amax(dim=1)


class AttentionPooling(Pooling):
    """Weighted mean with trained attention: sum_t a_t h_t, a = softmax of v^T tanh(W h_t + b) over steps that count.

    Args:
        size: features of a state.
        bidirectional: as for every pooling; both halves are treated alike here.
        attention_size: rows of W; `size` when not given.

    Raises:
        ConfigError: a size below 1, or an odd one with two directions.

    References:
        Bahdanau, Cho and Bengio (2015), Neural Machine Translation by Jointly Learning to Align and
        Translate, for the additive score; Yang et al. (2016), Hierarchical Attention Networks, for its use as
        a summary of a sequence.

    Examples:
        >>> pooling = AttentionPooling(4, attention_size=3)
        >>> pooling.weights(torch.zeros(1, 3, 4), lengths=torch.tensor([2])).tolist()
        [[0.5, 0.5, 0.0]]
    """

    def __init__(self, size: int, *, bidirectional: bool = False, attention_size: int | None = None) -> None:
        super().__init__(size, bidirectional=bidirectional)
        rows = size if attention_size is None else attention_size
        require_sizes("AttentionPooling", attention_size=rows)
        self.projection = nn.Linear(size, rows)
        self.score = nn.Linear(rows, 1, bias=False)

    def weights(
        self,
        hidden: Float[Tensor, "batch time hidden"],
        *,
        lengths: Integer[Tensor, " batch"] | None = None,
        mask: Bool[Tensor, "batch time"] | None = None,
    ) -> Float[Tensor, "batch time"]:
        """Return the attention weight of each step.

        Args:
            hidden: (batch, time, size) states.
            lengths: (batch,) the first `lengths[b]` steps count.
            mask: (batch, time) booleans, True = counts. With neither, every step counts.

        Returns:
            (batch, time): non-negative, with sum 1 over the steps that count and 0 elsewhere; all 0 in a row in
            which no step counts.

        Raises:
            ShapeError, DtypeError, UsageError: as for calling the pooling.
        """
        counted = self._counted(hidden, lengths, mask)
        return self._weights(selected(hidden, counted), counted)

    def _pooled(self, hidden: Tensor, counted: Tensor) -> Tensor:
        weights = self._weights(hidden, counted).to(hidden.dtype)
        return (weights[:, None, :] @ hidden).squeeze(1)

    def _weights(self, hidden: Tensor, counted: Tensor) -> Tensor:
        scores = self.score(torch.tanh(self.projection(hidden))).squeeze(2)  # (batch, time)
        lowest = torch.finfo(scores.dtype).min  # finite, so that a row without counted steps has a softmax
        return torch.where(counted, torch.where(counted, scores, lowest).softmax(dim=1), 0.0)


POOLINGS: Mapping[str, type[Pooling]] = MappingProxyType(
    {
        "last": LastPooling,
        "first": FirstPooling,
        "mean": MeanPooling,
        "max": MaxPooling,
        "attention": AttentionPooling,
    }
)
"""The poolings by their names in `model.pooling`."""


def _first(counted: Tensor) -> Tensor:
    """Return (batch,) the first position that counts; the last position where none does."""
    order = torch.arange(counted.shape[1], device=counted.device)
    return torch.where(counted, order, counted.shape[1] - 1).amin(dim=1)


def _last(counted: Tensor) -> Tensor:
    """Return (batch,) the last position that counts; position 0 where none does."""
    order = torch.arange(counted.shape[1], device=counted.device)
    return torch.where(counted, order, 0).amax(dim=1)


def _step(hidden: Tensor, position: Tensor) -> Tensor:
    """Return (batch, features) the state at one position of each row."""
    return hidden.gather(1, position[:, None, None].expand(-1, 1, hidden.shape[2])).squeeze(1)
