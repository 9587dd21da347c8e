"""The linear-chain CRF as a module that learns its transitions."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from seqwise.errors import ConfigError
from seqwise.losses._call_options import known_options
from seqwise.losses._constraints import Allowed
from seqwise.losses._crf_terms import Decoded
from seqwise.losses._plan import Reduction
from seqwise.losses.torch._torch_crf import crf_decode, crf_marginals, crf_nll
from seqwise.shapes import shape_message

__all__ = ["CRFLoss"]


class CRFLoss(nn.Module):
    """A linear-chain CRF with trained transitions, start and end scores: the loss, decoding and marginals.

    The parameters start at 0. All paths are then scored by their emissions alone, and the loss is the cross-entropy
    of the tags; training adds the dependence between neighbouring tags.

    Args:
        classes: how many classes the emissions have.
        allowed: (classes, classes) booleans, or what `allowed_transitions` gives; moves with the module, is not
            saved with it.
        reduction: none, sum, mean, sequence_mean or batch_mean.

    Attributes:
        transitions: (classes, classes), from and to.
        start: (classes,).
        end: (classes,).

    Examples:
        >>> import torch
        >>> crf = CRFLoss(3)
        >>> loss = crf(torch.zeros(2, 5, 3), torch.zeros(2, 5, dtype=torch.long), lengths=torch.tensor([5, 2]))
        >>> loss.detach()
        tensor(1.0986)
        >>> crf.decode(torch.zeros(2, 2, 3), lengths=torch.tensor([2, 1])).tags
        tensor([[ 0,  0],
                [ 0, -1]])
    """

    @known_options
    def __init__(self, classes: int, *, allowed: Allowed | Tensor | None = None, reduction: Reduction = "mean") -> None:
        super().__init__()
        if isinstance(classes, bool) or not isinstance(classes, int) or classes < 1:
            problem = f"classes is {classes!r}"
            raise ConfigError(shape_message("CRFLoss", problem, (), expected="how many classes there are, 1 or more"))
        self.reduction = reduction
        self.transitions = nn.Parameter(torch.zeros(classes, classes))
        self.start = nn.Parameter(torch.zeros(classes))
        self.end = nn.Parameter(torch.zeros(classes))
        parts = allowed if isinstance(allowed, Allowed) else Allowed(allowed)
        for part, booleans in parts._asdict().items():
            buffer = None if booleans is None else torch.as_tensor(booleans)
            self.register_buffer(f"allowed_{part}", buffer, persistent=False)

    @known_options
    def forward(
        self,
        emissions: Tensor,
        tags: Tensor,
        *,
        mask: Tensor | None = None,
        lengths: Tensor | None = None,
        denominator: float | Tensor | None = None,
    ) -> Tensor:
        """The loss of a batch; see `crf_nll`."""
        return crf_nll(
            emissions,
            tags,
            self.transitions,
            start=self.start,
            end=self.end,
            mask=mask,
            lengths=lengths,
            allowed=self.allowed,
            reduction=self.reduction,
            denominator=denominator,
        )

    @known_options
    def decode(
        self, emissions: Tensor, *, mask: Tensor | None = None, lengths: Tensor | None = None, fill: int = -1
    ) -> Decoded:
        """The tags that score highest together, and their scores; see `crf_decode`."""
        return crf_decode(
            emissions,
            self.transitions,
            start=self.start,
            end=self.end,
            mask=mask,
            lengths=lengths,
            allowed=self.allowed,
            fill=fill,
        )

    @known_options
    def marginals(self, emissions: Tensor, *, mask: Tensor | None = None, lengths: Tensor | None = None) -> Tensor:
        """The probability of each class at each step; see `crf_marginals`."""
        return crf_marginals(
            emissions,
            self.transitions,
            start=self.start,
            end=self.end,
            mask=mask,
            lengths=lengths,
            allowed=self.allowed,
        )

    @property
    def allowed(self) -> Allowed:
        """The allowed transitions, starts and ends; None where all are allowed."""
        return Allowed(self.allowed_transitions, self.allowed_start, self.allowed_end)
