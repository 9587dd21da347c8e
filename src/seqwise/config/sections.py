"""Every setting of a run: its default, its range and one sentence; also the text of `--help` and of config.yaml."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from seqwise.errors import ConfigError, did_you_mean, listed
from seqwise.targets import label_text

__all__ = [
    "Config",
    "DataConfig",
    "Effort",
    "InputConfig",
    "LossConfig",
    "ModelConfig",
    "TrainConfig",
    "seconds_of",
]


_SEPARATORS = {"blank": " ", "tab": "\t", "\\t": "\t", "newline": "\n", "\\n": "\n", "\r\n": "\n", "none": ""}
"""Names of what separates labels, and of nothing."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class DataConfig(_Section):
    """Where the sequences are and how they are read."""

    train: tuple[str, ...] = Field((), description="training files")
    dev: tuple[str, ...] = Field((), description="dev files: decide when to stop")
    test: tuple[str, ...] = Field((), description="test files: evaluated once, at the end")
    format: str | None = Field(
        None,
        description="csv, tsv, jsonl, parquet, conll, conllu, ts, ucr, fasttext, folder, parallel; detected by default "
        "from the name, else from the content",
    )
    encoding: str = Field("utf-8", description="text encoding of the files")
    delimiter: str | None = Field(None, description="field delimiter of a table")
    quote: bool | None = Field(None, description="whether fields may be quoted; by default yes for csv, no for tsv")
    header: bool | None = Field(None, description="whether the first line of a table is a header; detected by default")
    columns: tuple[str, ...] | None = Field(None, description="column names of a file without a header")
    series_id: str | None = Field(None, description="long-form series: the id column")
    steps: tuple[str, ...] | None = Field(
        None, description="a table with one row per series: its columns in the order of time"
    )
    sequence_id: str | tuple[str, ...] | None = Field(
        None,
        description="a table with a row per token: the column that tells sequences apart, or several that do so "
        "together (document, sentence); none for no such table",
    )
    time: str | None = Field(None, description="long-form series: the time column")
    channels: tuple[str, ...] | None = Field(None, description="long-form series: the numeric columns")
    gaps: Literal["error", "fill"] = Field(
        "error", description="missing values of a series: refuse them, or carry the last value forward and flag it"
    )
    label: tuple[str, ...] = Field((), description="columns with one label per sequence")
    tags: tuple[str, ...] = Field((), description="columns with one label per token or time step")
    outputs: tuple[str, ...] = Field((), description="patterns of columns, each with one label or an empty cell")
    multilabel: tuple[str, ...] = Field((), description="columns with any number of labels, or patterns of 0/1 columns")
    missing: tuple[str, ...] | None = Field(
        None, description="words that mark a missing label, besides the empty cell; detected by default"
    )
    label_separator: str | None = Field(
        None,
        description="separator of several labels in one cell: characters, blank, tab, newline or none",
    )
    id: str | None = Field(None, description="the column of row ids; none for no such column")
    group: str | None = Field(None, description="rows with the same value in this column stay in the same split")
    dev_fraction: float = Field(
        0.1, ge=0, lt=1, description="fraction split off as dev without a dev file; 0 for encoders that need none"
    )
    test_fraction: float = Field(0.1, gt=0, lt=1, description="fraction split off as test when no test file is given")
    unseen_labels: Literal["wrong", "error", "add"] = Field(
        "wrong",
        description="dev and test labels that training never saw: count as wrong, refuse, or add as classes",
    )
    on_empty: Literal["error", "skip"] = Field(
        "skip", description="rows without text, tokens or steps: refuse them, or skip them and report how many"
    )
    cache: Literal["auto", "always", "never"] = Field(
        "auto", description="cache the encoded rows in a memory-mapped file; auto: from 32 MB of files"
    )
    cache_folder: str = Field("~/.cache/seqwise", description="folder of that cache")

    @field_validator(
        "train", "dev", "test", "columns", "channels", "steps", "label", "tags", "outputs", "multilabel", mode="before"
    )
    @classmethod
    def _one_is_a_list(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("missing", mode="before")
    @classmethod
    def _words(cls, value: Any) -> Any:
        if value is None:
            return None
        words = value if isinstance(value, (list, tuple)) else [value]
        return tuple(
            "" if word is None else label_text(word) if isinstance(word, (int, float)) else word for word in words
        )

    @field_validator("label_separator")
    @classmethod
    def _sign(cls, value: str | None) -> str | None:
        if not value:
            return value
        if value not in _SEPARATORS and (value[0].isalnum() or value[-1].isalnum()):
            raise ValueError(
                f"'{value}' is part of words; a word between labels has its blanks, ' {value} '; else give signs such "
                "as '::', or blank, tab, newline or none"
            )
        return _SEPARATORS.get(value, value)

    @model_validator(mode="after")
    def _something_is_left(self) -> Self:
        if self.dev_fraction + self.test_fraction >= 1:
            raise ValueError("dev_fraction and test_fraction together leave nothing to train on")
        return self


class InputConfig(_Section):
    """How a cell becomes a sequence."""

    text: str | tuple[str, ...] | None = Field(
        None, description="the text column; several columns are joined in this order"
    )
    tokens: str | None = Field(None, description="the column of token lists")
    kind: Literal["auto", "words", "whitespace", "characters", "bytes", "tokens", "series"] = Field(
        "auto", description="how text is split into symbols"
    )
    lower: bool | None = Field(None, description="lower-case the symbols; by default for words without tags")
    min_count: int = Field(1, ge=1, description="rarer symbols become the unknown symbol")
    parts: int | None = Field(None, ge=0, description="maximum number of affix and shape features of words; 0 for none")
    characters: Literal["none", "cnn"] | None = Field(
        None, description="read words character by character too: cnn, a convolution; chosen from the data by default"
    )
    vectors: str | None = Field(
        None, description="a file of pretrained word vectors: word2vec text format, GloVe, or fastText .vec"
    )
    vector_words: int = Field(
        50_000, ge=0, description="number of words taken from the top of that file besides those of the training data"
    )
    vectors_trained: bool = Field(False, description="fine-tune these vectors instead of freezing them")
    differences: bool = Field(False, description="series: add the differences between time steps to the values")
    normalise: bool = Field(False, description="series: scale each one to mean 0 and standard deviation 1")
    symbol_dropout: float = Field(
        0.25, ge=0, description="alpha of the probability alpha / (alpha + count) that a symbol is hidden in training"
    )
    ngrams: int | None = Field(
        None, ge=0, description="longest n-gram of symbols, for targets with one label per sequence; 0 for none"
    )
    sign_ngrams: int | None = Field(
        None, ge=0, description="longest character n-gram within a symbol, from 2 on, for the same targets; 0 for none"
    )
    ngram_limit: int = Field(200_000, ge=1, description="maximum number of n-grams, the most frequent ones")

    @field_validator("text")
    @classmethod
    def _several_differ(cls, text: str | tuple[str, ...] | None) -> str | tuple[str, ...] | None:
        if not isinstance(text, tuple) or not text:
            return text or None
        if len(set(text)) < len(text):
            raise ValueError(f"columns that are joined must differ, got {listed(text)}")
        return text if len(text) > 1 else text[0]

    @property
    def texts(self) -> tuple[str, ...]:
        """The columns that are joined into one text; empty where one or none is named."""
        return self.text if isinstance(self.text, tuple) else ()

    @property
    def text_column(self) -> str | None:
        """The column of text as records have it; see `ReadOptions.joined_column`."""
        return " + ".join(self.text) if isinstance(self.text, tuple) else self.text

    @model_validator(mode="before")
    @classmethod
    def _older_name_of_parts(cls, given: Any) -> Any:
        """Takes configs of earlier versions, where `affix_buckets` was the size of a table; 0 for no parts."""
        if not isinstance(given, dict) or "affix_buckets" not in given:
            return given
        older = {} if given["affix_buckets"] else {"parts": given["affix_buckets"]}
        return older | {key: value for key, value in given.items() if key != "affix_buckets"}

    @field_validator("sign_ngrams")
    @classmethod
    def _no_single_signs(cls, sign_ngrams: int | None) -> int | None:
        if sign_ngrams == 1:
            raise ValueError("a run has two signs or more: give 0 for none, or 2 and more")
        return sign_ngrams


class ModelConfig(_Section):
    """The network."""

    encoder: str = Field(
        "lstm",
        description="lstm, gru, rnn, transformer or conv; bag: n-grams alone, in seconds; "
        "tfidf: TF-IDF of n-grams and logistic regression; rocket: for series; "
        "or a model folder",
    )
    embedding: int = Field(100, ge=1, description="embedding size of a symbol, or size of the projected channels")
    hidden: int = Field(128, ge=1, description="hidden size, per direction")
    layers: int = Field(1, ge=1, description="number of encoder layers")
    bidirectional: bool = Field(True, description="read in both directions with recurrent layers")
    pooling: str | dict[str, str] = Field("max", description="last, first, mean, max or attention; or one per target")
    attention_size: int | None = Field(None, ge=1, description="hidden size of attention pooling")
    dropout: float = Field(0.3, ge=0, lt=1, description="dropout on embeddings, between layers and before the heads")
    surroundings: bool | None = Field(
        None,
        description="series with a label per time step: add a linear head over a context window, fitted at once",
    )
    per_doubling: int = Field(1, ge=1, description="rocket: number of layers after which the dilation doubles")
    summaries: bool | None = Field(
        None,
        description="rocket: add summary statistics of each channel to the PPV features, weighted by cross-validation",
    )
    bag: int | None = Field(None, ge=0, description="embedding size of the bag of n-grams; 0 for none")
    ngram_dropout: float = Field(0.3, ge=0, lt=1, description="fraction of the n-grams that is hidden in training")
    regression: bool | None = Field(
        None, description="stack a TF-IDF regression on the network, for targets with one label per sequence"
    )

    @field_validator("encoder")
    @classmethod
    def _known_encoder(cls, encoder: str) -> str:
        if encoder in (*_encoders(), ".", "..") or any(sign in encoder for sign in "/\\"):
            return encoder
        if Path(encoder).is_dir():
            return f"./{encoder}"  # read again elsewhere, it is still a folder
        _require_known("encoder", encoder, _encoders())
        return encoder

    @property
    def is_folder(self) -> bool:
        """Whether the encoder is a model folder of the transformers package."""
        return self.encoder not in _encoders()

    @field_validator("pooling")
    @classmethod
    def _known_poolings(cls, pooling: str | dict[str, str]) -> str | dict[str, str]:
        from seqwise.nn import POOLINGS

        for name in [pooling] if isinstance(pooling, str) else pooling.values():
            _require_known("pooling", name, POOLINGS)
        return pooling


def _encoders() -> tuple[str, ...]:
    """The encoders that have a name."""
    from seqwise.nn import BAG, ENCODERS, ROCKET, TFIDF

    return (*ENCODERS, BAG, TFIDF, ROCKET)


def _require_known(what: str, name: str, known: Iterable[str]) -> None:
    if name not in known:
        near = did_you_mean(name, known)
        raise ValueError(f"there is no {what} '{name}'. {near}{' ' if near else ''}There are {listed(known)}.")


Effort = Literal["seconds", "minutes", "best"]
Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class LossConfig(_Section):
    """What is minimised."""

    label_smoothing: float = Field(
        0.0, ge=0, lt=1, description="probability mass of a label that is spread over all classes"
    )
    class_weight: Literal["balanced"] | dict[str, Weight] | None = Field(
        None, description="balanced, or a weight per label value"
    )
    crf: bool | dict[str, bool] | None = Field(
        None,
        description="train tags with a linear-chain CRF: true, false, or either per target",
    )
    scheme: Literal["own", "iobes"] | None = Field(
        None,
        description="scheme in which a CRF trains IOB2 tags: own or iobes; predictions keep that of the data",
    )
    ordinal: bool | dict[str, bool | tuple[str, ...]] = Field(
        False,
        description="ordered labels: true for numbers, or per target true or all labels from lowest to highest",
    )
    target_weight: dict[str, Weight] = Field(
        {}, description="weight of the loss of each target in the sum; 1 by default"
    )


class TrainConfig(_Section):
    """How it is minimised."""

    optimizer: Literal["adam", "adamw"] = Field("adamw", description="adam or adamw")
    effort: Effort = Field("minutes", description="time against quality: decides the settings that you leave open")
    learning_rate: float = Field(4e-3, gt=0, description="peak learning rate, reached after warm-up")
    head_learning_rate: float | None = Field(
        None, gt=0, description="peak learning rate of all but a pretrained encoder, which uses train.learning_rate"
    )
    weight_decay: float = Field(1e-2, ge=0, description="weight decay of matrices (adamw)")
    warmup: float = Field(0.05, ge=0, lt=1, description="fraction of the training in which the learning rate rises")
    decay: Literal["linear", "cosine", "none"] = Field(
        "cosine", description="schedule by which the learning rate falls to zero"
    )
    clip: float = Field(1.0, gt=0, description="maximum norm of the gradient")
    max_epochs: int | None = Field(
        None, ge=1, description="maximum number of epochs; by default from the amount of data"
    )
    patience: int = Field(5, ge=1, description="stop after this many epochs without a better dev figure")
    metric: str | None = Field(
        None, description="dev figure that picks the best epoch, such as accuracy or intent.macro_f1"
    )
    thresholds: bool = Field(
        True, description="multilabel: choose the probability threshold of each label on dev; false: 0.5"
    )
    budget: str | None = Field(None, description="time to train for, such as 90s, 10m or 1h")
    batch_tokens: int | None = Field(None, ge=1, description="tokens or time steps per batch, padding included")
    accumulate: int = Field(1, ge=1, description="batches per optimizer step, averaged exactly")
    ensemble: int = Field(
        1,
        ge=1,
        description="number of models (consecutive seeds), whose predictions are averaged; by default 3 for small data",
    )
    distill: bool = Field(False, description="distil the ensemble into one model, and keep only that")
    seed: int = Field(1, ge=0, lt=2**63, description="random seed of the split, the weights, the order and the dropout")
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        "auto",
        description="of the products in gradients of recurrent layers; auto: bfloat16 where the processor has it",
    )
    baselines: Literal["auto", "majority"] = Field(
        "auto", description="baselines to fit and report: all that suit the data, or the majority class alone"
    )
    device: Literal["auto", "cpu", "cuda", "mps"] = Field("auto", description="where to compute")
    checkpoint_seconds: float = Field(30.0, gt=0, description="maximum seconds between checkpoints")

    @field_validator("budget", mode="before")
    @classmethod
    def _readable_budget(cls, budget: Any) -> str | None:
        if budget is not None:
            seconds_of(str(budget))
        return None if budget is None else str(budget)


class Config(_Section):
    """All settings of a run."""

    data: DataConfig = DataConfig()
    input: InputConfig = InputConfig()
    model: ModelConfig = ModelConfig()
    loss: LossConfig = LossConfig()
    train: TrainConfig = TrainConfig()


def seconds_of(duration: str) -> float:
    """The seconds of a duration such as 90s, 10m or 1.5h; a bare number is in seconds.

    Examples:
        >>> seconds_of("1.5h")
        5400.0

    Raises:
        ConfigError: anything else.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smh]?)", duration.strip())
    if match is None or float(match[1]) == 0:
        raise ConfigError(f"a budget looks like 90s, 10m or 1h; got '{duration}'")
    return float(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[match[2]]
