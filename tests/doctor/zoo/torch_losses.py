"""Wrong losses for torch, each our own code after a bug that was published. A docstring begins with the bug's name."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn


def per_step(logits, labels):
    """The cross-entropy of each step, (B, T)."""
    return F.cross_entropy(logits.transpose(1, 2), labels, reduction="none")


def steps(lengths, labels):
    return torch.arange(labels.shape[1])[None, :] < lengths[:, None]


def averaged_with_padding(logits, labels, mask):
    """padding-in-average: the mask arrives and is not used, as in tensorflow/tensorflow#34491."""
    return per_step(logits, labels).mean()


def one_step_too_many(logits, labels, lengths):
    """padding-in-average: the mask runs one step into the padding, as in chengchingwen/Transformers.jl#4."""
    counts = torch.arange(labels.shape[1])[None, :] <= lengths[:, None]
    return per_step(logits, labels).masked_fill(~counts, 0.0).sum() / counts.sum().clamp(min=1)


class _Selected(torch.autograd.Function):
    @staticmethod
    def forward(ctx, logits, labels, mask):
        ctx.save_for_backward(logits, labels, mask)
        return per_step(logits, labels).masked_fill(~mask, 0.0).sum() / mask.sum().clamp(min=1)

    @staticmethod
    def backward(ctx, upstream):
        logits, labels, mask = ctx.saved_tensors
        slope = torch.softmax(logits, -1) - F.one_hot(labels, logits.shape[-1])
        return upstream * slope / mask.sum().clamp(min=1), None, None


def backward_by_hand(logits, labels, mask):
    """padding-in-gradient: the forward pass selects and the hand-written backward pass does not (linkedin/Liger-Kernel#968)."""
    return _Selected.apply(logits, labels, mask)


def multiplied(logits, labels, mask):
    """nan-through-mask: the mask is multiplied, and multiplying by zero is not masking: keras-team/keras#18818."""
    return (per_step(logits, labels) * mask).sum() / mask.sum().clamp(min=1)


def mean_of_selected(logits, labels, lengths):
    """empty-mask: nothing counts and the mean of nothing is NaN: pytorch/pytorch#70348."""
    return per_step(logits, labels)[steps(lengths, labels)].mean()


def filled_with_ignored(logits, labels, mask):
    """empty-mask: a batch of ignored labels only gives NaN, as for OpenRLHF/OpenRLHF#583."""
    return F.cross_entropy(logits.flatten(0, 1), labels.masked_fill(~mask, -100).flatten())


def detached_zero(logits, labels, mask):
    """empty-mask: a batch of ignored labels only gives a 0 without a graph, as torchtune's linear cross-entropy does."""
    if not mask.any():
        return torch.zeros(())
    return per_step(logits, labels)[mask].mean()


def micro_batches(logits, labels, mask):
    """mean-of-means: the means of micro-batches are averaged whatever their sizes: huggingface/transformers#34191."""
    means = []
    for part in zip(logits.split(2), labels.split(2), mask.split(2), strict=True):
        means.append(per_step(*part[:2]).masked_fill(~part[2], 0.0).sum() / part[2].sum().clamp(min=1))
    return torch.stack(means).mean()


def shared_count_unused(logits, labels, num_items_in_batch=None):
    """mean-of-means: the count of the whole batch arrives and is not used: huggingface/transformers#37766."""
    return F.cross_entropy(logits.flatten(0, -2), labels.flatten())


def softmax_over_the_batch(logits, labels):
    """batch-mates: log_softmax over axis 0, as in ikostrikov/pytorch-meta-optimizer#10."""
    return -F.log_softmax(logits, dim=0).gather(1, labels[:, None]).mean()


def last_counted_step_dropped(logits, labels, lengths):
    """lost-row: the last step that counts is cut off the mask: CIA-Oceanix/TrAISformer#8."""
    counts = steps(lengths - 1, labels)
    return per_step(logits, labels).masked_fill(~counts, 0.0).sum() / counts.sum().clamp(min=1)


def both_cut(logits, labels):
    """lost-row: logits and labels both lose their last step, as in alibaba/Megatron-LLaMA#53."""
    return F.cross_entropy(logits[:, :-1].flatten(0, 1), labels[:, :-1].flatten())


def next_token_on_the_wrong_axis(logits, labels):
    """batch-axis-slice: a shift meant for time is made on the batch, the axes of HHTseng/video-classification#42."""
    return F.cross_entropy(logits[:-1].flatten(0, 1), labels[1:].flatten())


def flattened_without_transposing(logits, labels):
    """class-axis: (B, C, T) flattened as if classes were last: pytorch/pytorch#5554."""
    return F.cross_entropy(logits.reshape(-1, logits.shape[1]), labels.flatten())


def guessed_layout(logits, labels):
    """class-axis: which axis holds classes is guessed from sizes, silent when T == C: pytorch/pytorch#29754."""
    if logits.dim() == 3 and logits.shape[1] == labels.shape[1]:
        logits = logits.transpose(1, 2)
    return F.cross_entropy(logits, labels)


def softmax_then_cross_entropy(logits, labels):
    """double-softmax: Lightning-Universe/lightning-bolts#654."""
    return F.cross_entropy(torch.softmax(logits, -1).flatten(0, -2), labels.flatten())


def sigmoid_then_bce(logits, targets):
    """double-softmax: the sigmoid of a sigmoid, the binary form of tflearn/tflearn#562."""
    return F.binary_cross_entropy_with_logits(torch.sigmoid(logits), targets)


def probabilities_as_logits(probs, labels):
    """probabilities-as-logits: a model that ends in a softmax meets a cross-entropy: jindongwang/Deep-learning-activity-recognition#10."""
    return F.cross_entropy(probs, labels)


def shifted_twice(logits, labels):
    """shifted-labels: labels that are aligned already are shifted again: huggingface/transformers#47394."""
    return F.cross_entropy(logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten())


def votes_as_shares(pred, target):
    """float-labels: 47 labels of -1, 0, 1 cast to float and read as probabilities: discuss.pytorch.org 189373."""
    return F.cross_entropy(pred, target.float())


def two_forms(logits, target, weight=None):
    """one-hot-mismatch: torch weighs one-hot and index labels by different divisors, pytorch/pytorch#104776."""
    return F.cross_entropy(logits, target, weight=weight)


def mean_of_weighted(logits, labels, weight=None):
    """class-weight-divisor: the weighted losses are averaged over positions: pytorch/pytorch#40560."""
    return F.cross_entropy(logits.flatten(0, -2), labels.flatten(), weight=weight, reduction="none").mean()


def weighed_twice(logits, labels, class_weight=None):
    """class-weight-divisor: torch has weighed the losses, and they are weighed again, after pytorch/pytorch#8062."""
    if class_weight is None:
        return F.cross_entropy(logits, labels)
    weights = class_weight[labels]
    return (weights * F.cross_entropy(logits, labels, weight=class_weight, reduction="none")).sum() / weights.sum()


class LabelSmoothing(nn.Module):
    """smoothing-convention: eps shared among C - 2 classes instead of C - 1: Thijsvanede/DeepCASE#8."""

    def __init__(self, smoothing=0.0):
        super().__init__()
        self.smoothing = smoothing

    def forward(self, input, target):
        shares = torch.full_like(input, self.smoothing / (input.shape[-1] - 2))
        shares.scatter_(-1, target[..., None], 1.0 - self.smoothing)
        return -(shares * F.log_softmax(input, -1)).sum(-1).mean()


def counted_in_half(logits, labels, mask):
    """half-precision: the count is in the dtype of the logits and overflows in float16: NVIDIA/Megatron-LM#2206."""
    costs = per_step(logits, labels).masked_fill(~mask, 0.0)
    return costs.sum() / mask.to(logits.dtype).sum().clamp(min=1)


def summed_in_half(logits, labels):
    """half-precision: losses added up in bfloat16, pytorch/torchtitan#2336."""
    return F.cross_entropy(logits, labels, reduction="none").bfloat16().mean()


def mean_of_masked(logits, labels, mask):
    """mask-as-weight: the sum of what counts over all steps, padding included: tensorflow/tensorflow#39146."""
    return (per_step(logits, labels) * mask).mean()


def clamped(logits, labels):
    """clipped-log: the logarithm of a clamped softmax has no gradient where it is needed most: rwightman/efficientdet-pytorch#291."""
    chosen = torch.softmax(logits, -1).gather(-1, labels[..., None])
    return -chosen.clamp(1e-7, 1.0 - 1e-7).log().mean()
