"""The losses for PyTorch: functions, and modules that store options and call the functions.

`seqwise.losses` explains shapes, options and edge cases. Everything here differentiates,
twice too, and works under `torch.compile(fullgraph=True)`, `torch.func` and autocast. A GPU is never waited for:
values are looked at only for tensors on the CPU, outside of traces. Labels, masks, lengths and weights may be tensors,
NumPy arrays or lists; what is no tensor is copied to the device of the logits, and so are options on another device.

On several processes `LossSum.all_reduce()` and `all_reduce_denominator` make averages, and the gradients of
DistributedDataParallel, those of one process.
"""

from __future__ import annotations

from seqwise.losses._constraints import Allowed, allowed_transitions
from seqwise.losses._crf_terms import Decoded
from seqwise.losses.torch._crf_module import CRFLoss
from seqwise.losses.torch._loss_sum import LossSum
from seqwise.losses.torch._modules import (
    BinaryCrossEntropyLoss,
    CrossEntropyLoss,
    FocalLoss,
    LinearCrossEntropyLoss,
    OrdinalLoss,
)
from seqwise.losses.torch._ranks import all_reduce_denominator
from seqwise.losses.torch._torch_crf import crf_decode, crf_marginals, crf_nll
from seqwise.losses.torch._torch_losses import (
    binary_cross_entropy,
    cross_entropy,
    focal_loss,
    linear_cross_entropy,
    loss_sum,
    ordinal_loss,
)

__all__ = [
    "Allowed",
    "BinaryCrossEntropyLoss",
    "CRFLoss",
    "CrossEntropyLoss",
    "Decoded",
    "FocalLoss",
    "LinearCrossEntropyLoss",
    "LossSum",
    "OrdinalLoss",
    "all_reduce_denominator",
    "allowed_transitions",
    "binary_cross_entropy",
    "crf_decode",
    "crf_marginals",
    "crf_nll",
    "cross_entropy",
    "focal_loss",
    "linear_cross_entropy",
    "loss_sum",
    "ordinal_loss",
]
