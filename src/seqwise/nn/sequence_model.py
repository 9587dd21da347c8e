"""Model from an input layer, an encoder and a head per target: a batch in, logits by target out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from inspect import signature
from typing import Any, Literal

from torch import Tensor, nn

from seqwise.errors import ConfigError, UsageError, did_you_mean, listed
from seqwise.nn._axes import Bool, Integer, Num
from seqwise.nn.encoders import ENCODERS, ContextWindowEncoder, Encoder
from seqwise.nn.heads import LabelHead, MultiLabelHead, MultiOutputHead, TagsHead
from seqwise.nn.inputs import ChannelProjection, TokenEmbedding, WordEmbedding
from seqwise.nn.ngram_bag import NgramBag
from seqwise.nn.poolings import POOLINGS, AttentionPooling, Pooling
from seqwise.nn.tag_crf import CRFScores, TagCRF
from seqwise.nn.target_module import TargetModule
from seqwise.targets import Target
from seqwise.word_form import WordForm

__all__ = ["BAG", "SequenceModel", "assembled_model", "build_model", "new_head", "parameter_count"]

BAG = "bag"
"""The name in `model.encoder` of a bag of n-grams without an encoder."""


class SequenceModel(nn.Module):
    """A classifier of sequences: an encoder, a bag of n-grams, or both; any number of targets.

    Weights are stored by the position of a target, so its name may contain any characters; `names` keeps the
    order.

    Args:
        input_layer: called with (inputs, lengths=, mask=); returns (batch, time, features).
        encoder: called with (features, lengths=, mask=); returns (batch, time, hidden).
        targets: pooling and head of each target, by its name.
        bag: called with n-grams (batch, ngrams); returns (batch, size), which targets with one label per sequence read.
            With a bag the input layer and the encoder may both be None.
        context_window: called with (inputs, lengths=, mask=) like the input layer; returns (batch, time, features),
            which targets with a direct head read.

    Raises:
        ConfigError: no targets, or neither an encoder nor a bag.

    Examples:
        >>> import torch
        >>> from seqwise.nn import LabelHead, LSTMEncoder, MeanPooling, TagsHead, TokenEmbedding
        >>> targets = {
        ...     "intent": TargetModule(LabelHead(256, 5), MeanPooling(256)),
        ...     "slots": TargetModule(TagsHead(256, 9)),
        ... }
        >>> model = SequenceModel(TokenEmbedding(1000, 50), LSTMEncoder(50, 128), targets)
        >>> logits = model(torch.ones(32, 20, dtype=torch.long), lengths=torch.full((32,), 20))
        >>> logits["intent"].shape, logits["slots"].shape
        (torch.Size([32, 5]), torch.Size([32, 20, 9]))
    """

    def __init__(
        self,
        input_layer: nn.Module | None,
        encoder: nn.Module | None,
        targets: Mapping[str, TargetModule],
        bag: nn.Module | None = None,
        context_window: nn.Module | None = None,
    ) -> None:
        super().__init__()
        if not targets:
            raise ConfigError("SequenceModel: targets is empty, expected one target or more")
        if encoder is None and bag is None:
            raise ConfigError("SequenceModel: got neither an encoder nor a bag, expected one of them or both")
        self.input_layer = input_layer
        self.encoder = encoder
        self.bag = bag
        self.context_window = context_window
        self.names = tuple(targets)
        self.targets = nn.ModuleList(targets.values())

    def crf_scores(self) -> dict[str, CRFScores]:
        """Return the CRF scores of each target with a CRF, by name; `forward` returns their emissions as logits."""
        found: dict[str, CRFScores] = {}
        for name, target in zip(self.names, self.targets, strict=True):
            crf: Any = target.chain
            if crf is not None:
                found[name] = crf()
        return found

    def forward(
        self,
        inputs: Num[Tensor, "batch time *channels"],
        *,
        lengths: Integer[Tensor, " batch"] | None = None,
        mask: Bool[Tensor, "batch time"] | None = None,
        ngrams: Integer[Tensor, "batch ngrams"] | None = None,
    ) -> dict[str, Tensor]:
        """Return the logits of every target.

        Args:
            inputs: (batch, time) token ids or (batch, time, channels) values, as the input layer takes them.
            lengths: (batch,) the first `lengths[b]` steps count.
            mask: (batch, time) booleans, True = counts. With neither, every step counts.
            ngrams: (batch, ngrams) ids for the bag; required with a bag, ignored without one.

        Returns:
            Logits by target name, in the order of `names`; shapes as in `seqwise.targets.Target`.

        Raises:
            ShapeError, DtypeError, UsageError: as for the input layer; ngrams are missing.
        """
        if self.bag is not None and ngrams is None:
            raise UsageError("SequenceModel: this model has a bag of n-grams and ngrams is missing; give ngrams=")
        bag = None if self.bag is None else self.bag(ngrams)
        hidden = around = None
        if self.context_window is not None:
            around = self.context_window(inputs, lengths=lengths, mask=mask)
        if self.encoder is not None:
            features = inputs if self.input_layer is None else self.input_layer(inputs, lengths=lengths, mask=mask)
            hidden = self.encoder(features, lengths=lengths, mask=mask)
        return {
            name: target(hidden, lengths=lengths, mask=mask, bag=bag, context_window=around)
            for name, target in zip(self.names, self.targets, strict=True)
        }


def build_model(
    targets: Sequence[Target],
    *,
    input: Literal["tokens", "series"],  # noqa: A002 - the name of the config section
    vocabulary_size: int | None = None,
    channels: int | None = None,
    form: WordForm | None = None,
    embedding: int = 100,
    encoder: str = "lstm",
    hidden: int = 128,
    layers: int = 1,
    bidirectional: bool = True,
    pooling: str | Mapping[str, str] = "mean",
    dropout: float = 0.0,
    attention_size: int | None = None,
    ngram_count: int = 0,
    bag: int = 100,
    ngram_dropout: float = 0.0,
    crfs: Mapping[str, TagCRF] | None = None,
    context_window: bool = False,
    **encoder_options: Any,
) -> SequenceModel:
    """Return a model for these targets, with weights initialised by torch's global generator.

    Args:
        targets: one or more targets with distinct names.
        input: "tokens" for ids (batch, time), "series" for values (batch, time, channels).
        vocabulary_size: number of token ids, for tokens; id 0 is padding.
        channels: values per step, for series.
        form: for word tokens, the features besides the id of each (`WordEmbedding`); None for none.
        embedding: size of the vector that a token or a step of a series becomes.
        encoder: a name in `ENCODERS`, or `bag` for none: n-grams alone, for targets with one label per sequence.
        hidden: features of a state, of each direction.
        layers: number of layers of the encoder.
        bidirectional: whether a second direction reads from the end; only for encoders that have directions.
        pooling: a name in `POOLINGS` for every target with one label per sequence, or one name for each of
            those targets by the target's name. Targets with labels per step have none.
        dropout: fraction dropped in training after the input layer, in the encoder and before each head.
        attention_size: inner size of attention poolings; the size of a state when not given.
        ngram_count: number of n-gram ids (`NgramBag`); 0 for no n-grams. Targets with labels per step do not read
            them.
        bag: size of the n-grams' vector.
        ngram_dropout: fraction of the n-grams dropped in training.
        crfs: the linear-chain CRF of targets of kind `tags`, by name.
        context_window: for series, whether targets with labels per step, except tags with a CRF, have a direct head
            over the steps around each one (`ContextWindowEncoder`); its weights are 0 until they are fitted.
        encoder_options: further arguments of the encoder's class, such as `width` of `conv`.

    Returns:
        The model, in training mode.

    Raises:
        ConfigError: an unknown name, a size that is missing, not used or below 1, dropout outside [0, 1), no
            targets, two targets of one name, or one direction of an encoder that has none.

    Examples:
        >>> import torch
        >>> intent = Target("intent", "label", (("book", "play", "rate"),))
        >>> model = build_model([intent], input="tokens", vocabulary_size=1000, pooling="attention")
        >>> model(torch.ones(4, 7, dtype=torch.long))["intent"].shape
        torch.Size([4, 3])
    """
    _require_distinct_names(targets)
    _require_known("encoder", encoder, (*ENCODERS, BAG))
    pooled = [target for target in targets if not target.per_step]
    ngrams = NgramBag(ngram_count, bag, ngram_dropout=ngram_dropout) if ngram_count and pooled else None
    if encoder == BAG:
        return _bag_alone(targets, ngrams, dropout)
    input_layer = _input_layer(input, vocabulary_size, channels, embedding, form, dropout)
    layer = _encoder(
        encoder,
        input_layer.output_size,
        bidirectional,
        hidden=hidden,
        layers=layers,
        dropout=dropout,
        **encoder_options,
    )
    return assembled_model(
        targets,
        input_layer,
        layer,
        pooling=pooling,
        dropout=dropout,
        attention_size=attention_size,
        ngrams=ngrams,
        crfs=crfs,
        context_window=ContextWindowEncoder(channels) if context_window and channels else None,
    )


def assembled_model(
    targets: Sequence[Target],
    input_layer: nn.Module,
    encoder: Encoder,
    *,
    pooling: str | Mapping[str, str] = "mean",
    dropout: float = 0.0,
    attention_size: int | None = None,
    ngrams: NgramBag | None = None,
    crfs: Mapping[str, TagCRF] | None = None,
    context_window: ContextWindowEncoder | None = None,
) -> SequenceModel:
    """Return the model of an input layer and an encoder, with a new pooling and head for each target.

    See `build_model` for arguments and errors; pooled targets read `ngrams` in addition to the encoder.
    """
    _require_distinct_names(targets)
    bag_size = 0 if ngrams is None else ngrams.output_size
    chosen = _pooling_names(targets, pooling)
    modules = {
        target.name: TargetModule(
            new_head(
                target,
                encoder.output_size + (0 if target.per_step else bag_size),
                dropout,
                (crfs or {}).get(target.name),
            ),
            None
            if target.per_step
            else _pooling(chosen[target.name], encoder.output_size, encoder.bidirectional, attention_size),
            (crfs or {}).get(target.name),
            _direct_head(target, context_window, (crfs or {}).get(target.name)),
        )
        for target in targets
    }
    return SequenceModel(input_layer, encoder, modules, ngrams, context_window)


def _bag_alone(targets: Sequence[Target], ngrams: NgramBag | None, dropout: float) -> SequenceModel:
    per_step = [target.name for target in targets if target.per_step]
    if per_step:
        raise ConfigError(
            f"build_model: encoder is '{BAG}', which has no state per step, and {listed(per_step)} has labels per "
            f"step; take one of {listed(ENCODERS)}"
        )
    if ngrams is None:
        raise ConfigError(f"build_model: encoder is '{BAG}' and there are no n-grams; give ngram_count=")
    modules = {target.name: TargetModule(new_head(target, ngrams.output_size, dropout)) for target in targets}
    return SequenceModel(None, None, modules, ngrams)


def parameter_count(model: nn.Module) -> int:
    """Return the number of trained parameters of a model; shared ones count once, frozen ones not at all.

    Examples:
        >>> parameter_count(nn.Linear(128, 5))
        645
    """
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)


def _input_layer(
    kind: str,
    vocabulary_size: int | None,
    channels: int | None,
    embedding: int,
    form: WordForm | None,
    dropout: float,
) -> TokenEmbedding | WordEmbedding | ChannelProjection:
    _require_known("input", kind, ("tokens", "series"))
    sizes = {"vocabulary_size": vocabulary_size, "channels": channels}
    used, unused = ("vocabulary_size", "channels") if kind == "tokens" else ("channels", "vocabulary_size")
    if sizes[used] is None:
        raise ConfigError(f"build_model: input is '{kind}' and {used} is missing; give {used}=")
    if sizes[unused] is not None:
        raise ConfigError(f"build_model: input is '{kind}', which has no {unused}; drop {unused}= or change input=")
    if vocabulary_size is not None and form is not None:
        return WordEmbedding(vocabulary_size, embedding, form, dropout=dropout)
    if vocabulary_size is not None:
        return TokenEmbedding(vocabulary_size, embedding, dropout=dropout)
    assert channels is not None
    return ChannelProjection(channels, embedding, dropout=dropout)


def _encoder(name: str, input_size: int, bidirectional: bool, **options: Any) -> Encoder:
    kind = ENCODERS[name]
    if kind.has_directions:
        options["bidirectional"] = bidirectional
    elif not bidirectional:
        raise ConfigError(
            f"build_model: bidirectional is False, but '{name}' has no directions; leave it out, or choose one of "
            f"{listed(name for name, kind in ENCODERS.items() if kind.has_directions)}"
        )
    known = [option for option in signature(kind).parameters if option != "input_size"]
    if unknown := next((option for option in options if option not in known), None):
        hint = did_you_mean(unknown, known)
        raise ConfigError(f"build_model: the encoder '{name}' has no {unknown}. {hint or f'It has {listed(known)}.'}")
    return kind(input_size, **options)


def new_head(target: Target, size: int, dropout: float, crf: TagCRF | None = None) -> nn.Module:
    """Return the head of a target over vectors of a size; with a CRF it has a logit for each state."""
    if target.kind == "label":
        return LabelHead(size, target.class_count, dropout=dropout)
    if target.kind == "tags":
        return TagsHead(size, target.class_count if crf is None else crf.classes, dropout=dropout)
    if target.kind == "outputs":
        return MultiOutputHead(size, [len(classes) for classes in target.classes], dropout=dropout)
    return MultiLabelHead(size, target.class_count, dropout=dropout)


def _direct_head(target: Target, context_window: ContextWindowEncoder | None, crf: TagCRF | None) -> nn.Module | None:
    if context_window is None or not target.per_step or crf is not None:
        return None
    head = new_head(target, context_window.output_size, 0.0)
    for parameter in head.parameters():
        nn.init.zeros_(parameter)
    return head


def _pooling(name: str, size: int, bidirectional: bool, attention_size: int | None) -> Pooling:
    if name == "attention":
        return AttentionPooling(size, bidirectional=bidirectional, attention_size=attention_size)
    return POOLINGS[name](size, bidirectional=bidirectional)


def _pooling_names(targets: Sequence[Target], pooling: str | Mapping[str, str]) -> dict[str, str]:
    """Return the name of the pooling of each target that has one."""
    pooled = [target.name for target in targets if not target.per_step]
    chosen = dict.fromkeys(pooled, pooling) if isinstance(pooling, str) else dict(pooling)
    for target_name in chosen:
        _require_known("a target of pooling", target_name, pooled)
    missing = [name for name in pooled if name not in chosen]
    if missing:
        raise ConfigError(f"build_model: no pooling for {listed(missing)}; known poolings are {listed(POOLINGS)}")
    for name in [pooling] if isinstance(pooling, str) else chosen.values():
        _require_known("pooling", name, POOLINGS)
    return chosen


def _require_distinct_names(targets: Sequence[Target]) -> None:
    names = [target.name for target in targets]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ConfigError(f"build_model: more than one target is called {listed(repeated)}; give each its own name")


def _require_known(option: str, given: str, known: Mapping[str, object] | Sequence[str]) -> None:
    if given not in known:
        hint = did_you_mean(given, known)
        raise ConfigError(
            f"build_model: {option} is '{given}', expected one of {listed(known)}.{' ' if hint else ''}{hint}"
        )
