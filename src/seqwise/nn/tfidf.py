"""TF-IDF of n-grams with logistic regression: a fast, deterministic and often strong model."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from seqwise.errors import ConfigError, listed
from seqwise.nn._arguments import require_ids, require_sizes
from seqwise.nn._axes import Bool, Float, Integer
from seqwise.nn.heads import class_slots
from seqwise.nn.sequence_model import SequenceModel
from seqwise.nn.target_module import TargetModule
from seqwise.targets import Target

__all__ = ["TFIDF", "MarginHead", "TfidfMargins", "build_tfidf"]

TFIDF = "tfidf"
"""The name of this model in `model.encoder`."""


class TfidfMargins(nn.Module):
    """The margins of linear models over the TF-IDF of n-grams.

    The feature of an n-gram that occurs c times in a sequence is (1 + ln c) times its inverse document frequency, and
    the features of a sequence are scaled to Euclidean norm 1: `TfidfVectorizer` of scikit-learn with `sublinear_tf`.
    Weights start at 0; training fits them.

    Args:
        count: number of ids; ids are 0 <= id < count, and 0 is padding.
        models: number of linear models.

    Attributes:
        output_size: `models`.
        inverse_frequencies: (count,) weight of each n-gram; 0 for ignored ones such as id 0.

    Raises:
        ConfigError: a size below 1.

    Examples:
        >>> margins = TfidfMargins(count=1000, models=3)
        >>> margins(torch.tensor([[7, 8, 8, 0], [8, 7, 9, 9]])).shape
        torch.Size([2, 3])
    """

    inverse_frequencies: Tensor

    def __init__(self, count: int, models: int) -> None:
        super().__init__()
        require_sizes("TfidfMargins", count=count, models=models)
        self.output_size = models
        self.weights = nn.Parameter(torch.zeros(count, models))
        self.biases = nn.Parameter(torch.zeros(models))
        frequencies = torch.ones(count)
        frequencies[0] = 0.0
        self.register_buffer("inverse_frequencies", frequencies)

    def forward(self, ids: Integer[Tensor, "batch ngrams"]) -> Float[Tensor, "batch models"]:
        """Return the margins of a batch.

        Args:
            ids: (batch, ngrams) integers, each n-gram as often as it occurs in the sequence, in any order, with any
                number of zeros.

        Returns:
            (batch, models); the biases for a sequence without n-grams.

        Raises:
            DtypeError: ids are not integers.
            ShapeError: ids are not (batch, ngrams).
        """
        require_ids("TfidfMargins", ids, ("batch", "ngrams"))
        if not ids.shape[1]:  # torch's sum needs at least one
            return self.biases.expand(len(ids), -1)
        ids, _ = ids.long().sort(dim=1)
        is_first, counts = _runs(ids)
        features = torch.where(is_first, (1 + counts.log()) * self.inverse_frequencies[ids], 0.0)
        length = features.square().sum(dim=1, keepdim=True).sqrt()
        features = features / torch.where(length > 0, length, 1.0)
        return nn.functional.embedding_bag(ids, self.weights, mode="sum", per_sample_weights=features) + self.biases


def _runs(ids: Tensor) -> tuple[Bool[Tensor, "batch ngrams"], Float[Tensor, "batch ngrams"]]:
    """Return, for sorted ids (batch, ngrams), whether each is the first of its run, and the length of the run."""
    is_first = torch.ones_like(ids, dtype=torch.bool)
    is_first[:, 1:] = ids[:, 1:] != ids[:, :-1]
    run = is_first.cumsum(dim=1) - 1
    sizes = torch.zeros(ids.shape, device=ids.device).scatter_add_(1, run, torch.ones(ids.shape, device=ids.device))
    return is_first, sizes.gather(1, run)


class MarginHead(nn.Module):
    """The logits of one target from the margins of linear models, one for each class of each of its outputs.

    Args:
        start: the index of the first of its models.
        classes: number of classes of each output; for a multilabel target the number of labels.
        split: whether logits have an axis of outputs, as for targets of kind `outputs`.

    Attributes:
        one_vs_rest: (models,) True for a one-vs-rest model, whose logit is its log-probability. Otherwise the logit is
            the margin itself.

    Examples:
        >>> MarginHead(2, [3, 2], split=True)(torch.zeros(8, 7)).shape
        torch.Size([8, 2, 3])
    """

    one_vs_rest: Tensor
    slots: Tensor

    def __init__(self, start: int, classes: Sequence[int], *, split: bool) -> None:
        super().__init__()
        self.start, self.classes, self.split = start, tuple(classes), split
        self.size = sum(self.classes)
        self.register_buffer("one_vs_rest", torch.zeros(self.size, dtype=torch.bool))
        self.register_buffer("slots", class_slots(self.classes), persistent=False)

    def forward(self, margins: Float[Tensor, "batch models"]) -> Float[Tensor, "batch ..."]:
        """Return the logits (batch, classes), or (batch, K, C) with -inf where an output has fewer classes than C."""
        own = margins[:, self.start : self.start + self.size]
        logits = torch.where(self.one_vs_rest, nn.functional.logsigmoid(own), own)
        if not self.split:
            return logits
        padded = nn.functional.pad(logits, (0, 1), value=-torch.inf)
        return padded.index_select(-1, self.slots).reshape(len(margins), len(self.classes), max(self.classes))


def build_tfidf(targets: Sequence[Target], *, ngram_count: int) -> SequenceModel:
    """Return the model for these targets, with all weights 0.

    Args:
        targets: the targets, each with one label or one set of labels per sequence.
        ngram_count: number of n-gram ids.

    Raises:
        ConfigError: a target with labels per step, or no n-grams.
    """
    if per_step := [target.name for target in targets if target.per_step]:
        raise ConfigError(
            f"model.encoder is {TFIDF}, which reads whole sequences, but {listed(per_step)} has labels per step"
        )
    if not ngram_count:
        raise ConfigError(f"model.encoder is {TFIDF}, and there are no n-grams to read")
    modules, start = {}, 0
    for target in targets:
        head = MarginHead(start, [len(classes) for classes in target.classes], split=target.kind == "outputs")
        modules[target.name] = TargetModule(head)
        start += head.size
    return SequenceModel(None, None, modules, TfidfMargins(ngram_count, start))
