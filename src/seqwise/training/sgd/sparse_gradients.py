"""Which tables of vectors get sparse gradients: those of which a batch uses few rows."""

from __future__ import annotations

from torch import nn

from seqwise.nn import SubwordEncoder

__all__ = ["use_sparse_gradients"]

_SMALL_TABLE = 2048


def use_sparse_gradients(model: nn.Module) -> None:
    """Sets `sparse` of each `torch.nn.Embedding` in a model, by which its layers choose how they sum vectors.

    Tables on a CPU are sparse. The small tables of a pretrained encoder, of positions and distances, are not: every
    batch uses them throughout.

    Args:
        model: on the device of its training.
    """
    pretrained = {
        id(own)
        for module in model.modules()
        if isinstance(module, SubwordEncoder)
        for own in module.modules()
        if isinstance(own, nn.Embedding)
    }
    for module in model.modules():
        if isinstance(module, nn.Embedding):
            is_small = id(module) in pretrained and module.num_embeddings <= _SMALL_TABLE
            module.sparse = module.weight.device.type == "cpu" and not is_small
