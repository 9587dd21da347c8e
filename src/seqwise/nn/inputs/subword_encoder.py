"""A vector per word from a pretrained model of subword tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from seqwise.nn._arguments import require_ids, require_sizes
from seqwise.nn._axes import Bool, Float, Integer
from seqwise.nn._masking import counted_positions

__all__ = ["SubwordEncoder"]


class SubwordEncoder(nn.Module):
    """The mean of a pretrained model's states over the subword tokens of each word.

    A text that exceeds the model's window is read in windows that overlap by half; a token takes its state from the
    window in which it has most context on both sides. So no text is truncated, and the output for a sequence does not
    depend on the rest of the batch. (In training, dropout inside the model depends on the position in the batch.)

    Args:
        network: a model of the transformers package, called with (input_ids=, attention_mask=); its result has
            `last_hidden_state` (texts, tokens, size).
        size: features of a state.
        prefix: ids of the special tokens before every text.
        suffix: ids of the special tokens after every text.
        window: maximum number of tokens per window, without prefix and suffix.
        padding: the padding id for shorter texts.

    Attributes:
        output_size: `size`.

    Raises:
        ConfigError: a size or a window below 1.

    References:
        Devlin et al. (2019), BERT. The mean over tokens is as good as the first token for most tasks (Acs, Kadar and
        Kornai, 2021, Subword Pooling Makes a Difference), and covers the whole of long words.
    """

    def __init__(
        self,
        network: nn.Module,
        size: int,
        *,
        prefix: Sequence[int] = (),
        suffix: Sequence[int] = (),
        window: int,
        padding: int = 1,
    ) -> None:
        super().__init__()
        require_sizes("SubwordEncoder", size=size, window=window)
        self.network = network
        self.output_size = size
        self.prefix, self.suffix = tuple(prefix), tuple(suffix)
        self.window, self.padding = window, padding

    def forward(
        self,
        ids: Integer[Tensor, "batch time tokens"],
        *,
        lengths: Integer[Tensor, " batch"] | None = None,
        mask: Bool[Tensor, "batch time"] | None = None,
    ) -> Float[Tensor, "batch time features"]:
        """Return the vectors of a batch of words.

        Args:
            ids: (batch, time, tokens) the ids of the subword tokens of each word, from 1, padded with 0. Words that
                do not count may hold anything.
            lengths: (batch,) the first `lengths[b]` words count.
            mask: (batch, time) booleans, True = counts. With neither, every word counts.

        Returns:
            (batch, time, size), exact zeros where a word does not count.

        Raises:
            DtypeError: ids are not integers.
            ShapeError: ids are not (batch, time, tokens), or lengths or mask do not fit them.
            UsageError: lengths and mask were both given.
        """
        require_ids("SubwordEncoder", ids, ("batch", "time", "tokens"))
        counted = counted_positions("SubwordEncoder", ids, lengths=lengths, mask=mask)
        present = (ids > 0) & counted[:, :, None]
        batch, time, _ = ids.shape
        words = torch.arange(batch * time, device=ids.device).view(batch, time, 1).expand_as(ids)[present]
        states = self._states(ids[present], present.sum(dim=(1, 2)).tolist())
        sums = states.new_zeros(batch * time, self.output_size).index_add(0, words, states)
        return (sums / present.sum(dim=2).view(-1, 1).clamp(min=1)).view(batch, time, self.output_size)

    def _states(self, tokens: Integer[Tensor, " tokens"], counts: Sequence[int]) -> Float[Tensor, "tokens features"]:
        """Return the state of every token; `counts` is the number of tokens of each of the concatenated texts."""
        plan = _windows(counts, self.window)
        if not plan.starts:
            return next(self.network.parameters()).new_zeros(0, self.output_size)
        device, before, longest = tokens.device, len(self.prefix), max(plan.sizes)
        starts, sizes = torch.tensor(plan.starts, device=device), torch.tensor(plan.sizes, device=device)
        order = torch.arange(longest, device=device)
        inside = order < sizes[:, None]  # (windows, longest)
        read = tokens.new_full((len(sizes), before + longest + len(self.suffix)), self.padding)
        read[:, :before] = tokens.new_tensor(self.prefix)
        body = torch.where(inside, tokens[(starts[:, None] + order).clamp(max=len(tokens) - 1)], self.padding)
        read[:, before : before + longest] = body
        rows = torch.arange(len(sizes), device=device)
        for place, token in enumerate(self.suffix):
            read[rows, before + sizes + place] = token
        attended = torch.arange(read.shape[1], device=device) < (before + len(self.suffix) + sizes)[:, None]
        states: Tensor = self.network(input_ids=read - 1, attention_mask=attended.long()).last_hidden_state
        return states[torch.tensor(plan.windows, device=device), before + torch.tensor(plan.places, device=device)]


class _Plan(NamedTuple):
    """Windows over the concatenated tokens of all texts, and the window of each token.

    `starts` and `sizes` describe each window, in tokens; `windows` and `places` are each token's window and its
    position in it.
    """

    starts: list[int]
    sizes: list[int]
    windows: list[int]
    places: list[int]


def _windows(counts: Sequence[int], window: int) -> _Plan:
    """Return the windows for texts with these numbers of tokens.

    Examples:
        >>> _windows([2, 5], window=4)
        _Plan(starts=[0, 2, 3], sizes=[2, 4, 4], windows=[0, 0, 1, 1, 1, 2, 2], places=[0, 1, 0, 1, 2, 2, 3])
    """
    plan = _Plan([], [], [], [])
    begin = 0
    for count in counts:
        firsts = [*range(0, count - window, max(window // 2, 1)), max(count - window, 0)] if count else []
        if len(firsts) == 1:
            plan.windows.extend([len(plan.starts)] * count)
            plan.places.extend(range(count))
        for token in range(count if len(firsts) > 1 else 0):
            # The context of a token: the tokens before and after it in the window; the ends of a text do not limit it.
            best = max(
                range(len(firsts)),
                key=lambda i: min(
                    token - firsts[i] if firsts[i] > 0 else count,
                    firsts[i] + window - 1 - token if firsts[i] + window < count else count,
                ),
            )
            plan.windows.append(len(plan.starts) + best)
            plan.places.append(token - firsts[best])
        plan.starts.extend(begin + first for first in firsts)
        plan.sizes.extend(min(window, count) for _ in firsts)
        begin += count
    return plan
