"""Character CNN: a vector per word from its characters, independent of context."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from seqwise._readable import is_plain_cpu_tensor
from seqwise.errors import ConfigError
from seqwise.nn._arguments import require_ids, require_sizes
from seqwise.nn._axes import Float, Integer
from seqwise.nn.inputs._windows import fits, highest_windows

__all__ = ["CharacterEncoder"]


class CharacterEncoder(nn.Module):
    """A convolution over the characters of a word, then the maximum over the word.

    For each width w, feature f is max_i (b_f + sum_k W_fk . e(c_(i+k))) over the windows of w characters centred on
    each character of the word. There are few different characters, so W_fk . e(c) is computed once for each of them,
    and a window is a sum of w rows of that table.

    Args:
        character_count: number of character ids; id 0 is padding.
        dim: size of a character's vector.
        size: number of features.
        widths: window widths in characters, each odd; the features are divided among them.

    Attributes:
        output_size: `size`.

    Raises:
        ConfigError: a size below 1, no width, an even width, or more widths than features.

    Examples:
        >>> layer = CharacterEncoder(character_count=60, size=50)
        >>> layer(torch.tensor([[2, 14, 17, 3], [2, 14, 3, 0]])).shape
        torch.Size([2, 50])

    References:
        Ma and Hovy (2016), End-to-end Sequence Labeling via Bi-directional LSTM-CNNs-CRF.
    """

    def __init__(self, character_count: int, dim: int = 32, size: int = 64, *, widths: Sequence[int] = (3,)) -> None:
        super().__init__()
        require_sizes("CharacterEncoder", character_count=character_count, dim=dim, size=size)
        if not widths or any(width < 1 or width % 2 == 0 for width in widths) or len(widths) > size:
            raise ConfigError(
                f"CharacterEncoder: widths are {tuple(widths)}, expected one odd number or more, at most size = {size}"
            )
        self.output_size = size
        self.characters = nn.Embedding(character_count, dim, padding_idx=0)
        sizes = [size // len(widths) + (place < size % len(widths)) for place in range(len(widths))]
        self.windows = nn.ModuleList(
            nn.Conv1d(dim, features, width, padding=width // 2) for features, width in zip(sizes, widths, strict=True)
        )

    def forward(self, ids: Integer[Tensor, "words length"]) -> Float[Tensor, "words features"]:
        """Return the vectors of words.

        Args:
            ids: (words, length) integers: the characters of each word, padded with 0 at the end.

        Returns:
            (words, size); zeros for a word without characters.

        Raises:
            DtypeError: ids are not integers.
            ShapeError: ids are not (words, length).
        """
        require_ids("CharacterEncoder", ids, ("words", "length"))
        ids = ids.long()
        if not (fits([*self.parameters()]) and is_plain_cpu_tensor(ids)):
            return self._plain(ids)
        return torch.cat([self._by_table(window, ids) for window in self.windows], dim=1)

    def _plain(self, ids: Integer[Tensor, "words length"]) -> Float[Tensor, "words features"]:
        """Compute the vectors by definition: a convolution over all rows, padding included."""
        counted = ids > 0
        vectors = torch.where(counted[:, :, None], self.characters.weight[ids], 0.0)
        features = torch.cat([window(vectors.transpose(1, 2)) for window in self.windows], dim=1)
        highest = features.masked_fill(~counted[:, None, :], -torch.inf).amax(dim=2)
        return torch.where(counted.any(dim=1, keepdim=True), highest, 0.0)

    def _by_table(self, window: nn.Module, ids: Integer[Tensor, "words length"]) -> Float[Tensor, "words features"]:
        """Compute the vectors for one width from the table of each character's contribution to a window."""
        assert isinstance(window, nn.Conv1d)
        assert window.bias is not None
        table = torch.einsum("cd,fdw->wcf", self.characters.weight, window.weight)
        return highest_windows(table, window.bias, ids)
