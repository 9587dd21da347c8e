"""One trained vector per token."""

from __future__ import annotations

from torch import Tensor, nn

from seqwise.errors import ConfigError
from seqwise.nn._arguments import require_dropout, require_ids, require_sizes
from seqwise.nn._axes import Bool, Float, Integer
from seqwise.nn._dropout import FeatureDropout
from seqwise.nn._masking import counted_positions
from seqwise.nn.inputs._embedding_sums import summed_vectors

__all__ = ["TokenEmbedding"]


class TokenEmbedding(nn.Module):
    """One trained vector per token.

    Vectors are initialised from the standard normal distribution. The vector of `padding_id` is zero and is never
    trained, even where that id is at a position that counts.

    Args:
        vocabulary_size: number of ids; ids are 0 <= id < vocabulary_size.
        dim: size of a vector.
        dropout: fraction of a vector's features dropped in training, the same ones at every step of a sequence.
        padding_id: the id whose vector is zero.

    Attributes:
        output_size: `dim`.

    Raises:
        ConfigError: a size below 1, dropout outside [0, 1), or padding_id outside the vocabulary.

    Examples:
        >>> import torch
        >>> layer = TokenEmbedding(vocabulary_size=1000, dim=50)
        >>> vectors = layer(torch.tensor([[7, 8, -1]]), lengths=torch.tensor([2]))
        >>> vectors.shape, vectors[0, 2].abs().sum().item()
        (torch.Size([1, 3, 50]), 0.0)
    """

    def __init__(self, vocabulary_size: int, dim: int, *, dropout: float = 0.0, padding_id: int = 0) -> None:
        super().__init__()
        require_sizes("TokenEmbedding", vocabulary_size=vocabulary_size, dim=dim)
        require_dropout("TokenEmbedding", dropout)
        if not 0 <= padding_id < vocabulary_size:
            raise ConfigError(
                f"TokenEmbedding: padding_id is {padding_id}, expected 0 <= padding_id < {vocabulary_size}, "
                "the size of the vocabulary"
            )
        self.vocabulary_size = vocabulary_size
        self.output_size = dim
        self.padding_id = padding_id
        self.embedding = nn.Embedding(vocabulary_size, dim, padding_idx=padding_id)
        self.dropout = FeatureDropout(dropout)

    def forward(
        self,
        ids: Integer[Tensor, "batch time"],
        *,
        lengths: Integer[Tensor, " batch"] | None = None,
        mask: Bool[Tensor, "batch time"] | None = None,
    ) -> Float[Tensor, "batch time features"]:
        """Return the vectors of a batch of tokens.

        Args:
            ids: (batch, time) integers of any type. Positions that do not count may hold anything; an id out
                of range elsewhere raises torch's IndexError on a CPU and a device-side assertion on a GPU.
            lengths: (batch,) the first `lengths[b]` steps count.
            mask: (batch, time) booleans, True = counts. With neither, every step counts.

        Returns:
            (batch, time, dim), exact zeros where a step does not count.

        Raises:
            DtypeError: ids are not integers.
            ShapeError: ids are not (batch, time), or lengths or mask do not fit them.
            UsageError: lengths and mask were both given.
        """
        require_ids("TokenEmbedding", ids, ("batch", "time"))
        counted = counted_positions("TokenEmbedding", ids, lengths=lengths, mask=mask)
        scale = self.dropout.scale((ids.shape[0], 1, self.output_size), self.embedding.weight)
        return summed_vectors(self.embedding, ids.long()[..., None], counted, scale)
