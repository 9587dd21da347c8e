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

    train: tuple[str, ...] = Field((), description="files to learn from")
    dev: tuple[str, ...] = Field((), description="files that decide when to stop")
    test: tuple[str, ...] = Field((), description="files judged once, at the end")
    format: str | None = Field(
        None,
        description="csv, tsv, jsonl, parquet, conll, conllu, ts, ucr, fasttext, folder, parallel; by default found "
        "from the name, else from the content",
    )
    encoding: str = Field("utf-8", description="text encoding of the files")
    delimiter: str | None = Field(None, description="what separates the fields of a table")
    quote: bool | None = Field(None, description="whether fields may stand in quotes: csv yes, tsv no")
    header: bool | None = Field(
        None, description="whether a table's first line names its columns; by default as it and the lines below tell"
    )
    columns: tuple[str, ...] | None = Field(None, description="column names of a file that has none")
    series_id: str | None = Field(None, description="long-form series: the column that tells series apart")
    steps: tuple[str, ...] | None = Field(
        None, description="a table with a row per series: the columns that are its steps, in order"
    )
    sequence_id: str | tuple[str, ...] | None = Field(
        None,
        description="a table with a row per token: the column that tells sequences apart, or several that do so "
        "together (document, sentence); none for no such table",
    )
    time: str | None = Field(None, description="long-form series: the column that orders the steps")
    channels: tuple[str, ...] | None = Field(None, description="long-form series: the numeric columns")
    gaps: Literal["error", "fill"] = Field(
        "error", description="missing values of a series: refuse them, or carry the last one on and flag it"
    )
    label: tuple[str, ...] = Field((), description="columns with one label per sequence")
    tags: tuple[str, ...] = Field((), description="columns with one label per step")
    outputs: tuple[str, ...] = Field((), description="patterns of columns, each with one label (or an empty cell)")
    multilabel: tuple[str, ...] = Field((), description="columns with any number of labels, or patterns of 0/1 columns")
    missing: tuple[str, ...] | None = Field(
        None, description="words that mark a missing label, beside the empty cell; by default found from the labels"
    )
    label_separator: str | None = Field(
        None,
        description="what separates the labels of a set in one cell: signs, blank, tab, newline, or none",
    )
    id: str | None = Field(None, description="the column that names rows; none for none")
    group: str | None = Field(None, description="the column whose rows stay together in the split")
    dev_fraction: float = Field(
        0.1, ge=0, lt=1, description="share cut off as dev when no dev file is given; 0 for encoders that need none"
    )
    test_fraction: float = Field(0.1, gt=0, lt=1, description="share cut off as test when no file is given")
    unseen_labels: Literal["wrong", "error", "add"] = Field(
        "wrong",
        description="a dev or test label that training never saw: count it as wrong, refuse it, or make it a class",
    )
    on_empty: Literal["error", "skip"] = Field(
        "skip", description="a row whose text, tokens or series is empty: refuse it, or leave it out and say so"
    )
    cache: Literal["auto", "always", "never"] = Field(
        "auto", description="keep the encoded rows in a mapped file; auto: from 32 MB of files on"
    )
    cache_folder: str = Field("~/.cache/seqwise", description="where encoded rows are kept")

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
        None, description="the column of running text; several columns are joined in this order"
    )
    tokens: str | None = Field(None, description="the column of token lists")
    kind: Literal["auto", "words", "whitespace", "characters", "bytes", "tokens", "series"] = Field(
        "auto", description="how text becomes symbols"
    )
    lower: bool | None = Field(None, description="lower-case symbols; by default for words without tags")
    min_count: int = Field(1, ge=1, description="rarer symbols are read as the unknown symbol")
    parts: int | None = Field(
        None, ge=0, description="most parts of words (prefixes, suffixes, shapes) that are known; 0 for none"
    )
    characters: Literal["none", "cnn"] | None = Field(
        None, description="read words by their characters: cnn, a convolution; by default as fits the data"
    )
    vectors: str | None = Field(
        None, description="a file of word vectors trained before: word2vec's text form, GloVe's or fastText's .vec"
    )
    vector_words: int = Field(
        50_000, ge=0, description="how many of the first words of that file are known beside those of training"
    )
    vectors_trained: bool = Field(False, description="whether these vectors are trained further")
    differences: bool = Field(False, description="series: the changes from step to step beside the values")
    normalise: bool = Field(False, description="series: each scaled to mean 0 and deviation 1 by itself")
    symbol_dropout: float = Field(
        0.25, ge=0, description="alpha of the chance alpha / (alpha + count) that training hides a symbol"
    )
    ngrams: int | None = Field(
        None, ge=0, description="longest run of symbols that whole-sequence targets read beside the encoder; 0 for none"
    )
    sign_ngrams: int | None = Field(
        None, ge=0, description="longest run of signs inside a symbol that they read likewise, from 2 on; 0 for none"
    )
    ngram_limit: int = Field(200_000, ge=1, description="most n-grams that are known, the most frequent ones")

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
    embedding: int = Field(100, ge=1, description="size of a symbol's vector, or of the projected channels")
    hidden: int = Field(128, ge=1, description="size of a state, per direction")
    layers: int = Field(1, ge=1, description="layers of the encoder")
    bidirectional: bool = Field(True, description="recurrent layers read in both directions")
    pooling: str | dict[str, str] = Field("max", description="last, first, mean, max or attention; or one per target")
    attention_size: int | None = Field(None, ge=1, description="size of the attention's hidden layer")
    dropout: float = Field(0.3, ge=0, lt=1, description="dropout of embeddings, between layers and before the heads")
    surroundings: bool | None = Field(
        None,
        description="series with labels per step: a linear head over the steps around each, solved for at once",
    )
    per_doubling: int = Field(1, ge=1, description="rocket: layers until one looks twice as far")
    summaries: bool | None = Field(
        None, description="rocket: what each channel is like as a whole beside the shares, as far as it helps"
    )
    bag: int | None = Field(None, ge=0, description="size of the vector of a sequence's n-grams; 0 for none")
    ngram_dropout: float = Field(0.3, ge=0, lt=1, description="share of the n-grams that training hides")
    regression: bool | None = Field(
        None, description="whether a TF-IDF regression on the n-grams is weighed in, for whole-sequence targets"
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

    label_smoothing: float = Field(0.0, ge=0, lt=1, description="share of a label spread over all classes")
    class_weight: Literal["balanced"] | dict[str, Weight] | None = Field(
        None, description="balanced, or a weight per label value"
    )
    crf: bool | dict[str, bool] | None = Field(
        None,
        description="train the tags of a sequence together, as a CRF; true, false, or one of them per target",
    )
    scheme: Literal["own", "iobes"] | None = Field(
        None,
        description="scheme in which a CRF trains tags of IOB2: own, or iobes; they are written in their own",
    )
    ordinal: bool | dict[str, bool | tuple[str, ...]] = Field(
        False,
        description="labels in an order: true for numbers, or per target true or all labels, lowest first",
    )
    target_weight: dict[str, Weight] = Field({}, description="weight of each target's loss in the sum; 1 when left out")


class TrainConfig(_Section):
    """How it is minimised."""

    optimizer: Literal["adam", "adamw"] = Field("adamw", description="adam or adamw")
    effort: Effort = Field(
        "minutes", description="seconds, minutes or best: what is chosen for settings that nobody set"
    )
    learning_rate: float = Field(4e-3, gt=0, description="the highest step size, reached after the warm-up")
    head_learning_rate: float | None = Field(
        None, gt=0, description="the highest step size of all but a pretrained encoder, which has train.learning_rate"
    )
    weight_decay: float = Field(1e-2, ge=0, description="decay of weight matrices (adamw)")
    warmup: float = Field(0.05, ge=0, lt=1, description="share of the training over which the step size rises")
    decay: Literal["linear", "cosine", "none"] = Field("cosine", description="how the step size falls to zero")
    clip: float = Field(1.0, gt=0, description="largest norm of the gradient")
    max_epochs: int | None = Field(None, ge=1, description="passes over the data at most; by default from its amount")
    patience: int = Field(5, ge=1, description="stop after so many epochs without a better dev figure")
    metric: str | None = Field(None, description="the dev figure that decides, such as accuracy or intent.macro_f1")
    thresholds: bool = Field(
        True, description="multilabel: choose on dev from which probability each label is predicted; false: one half"
    )
    budget: str | None = Field(None, description="time to train for, such as 90s, 10m or 1h")
    batch_tokens: int | None = Field(None, ge=1, description="steps per batch, padding included")
    accumulate: int = Field(1, ge=1, description="batches per optimiser step, averaged exactly")
    ensemble: int = Field(
        1,
        ge=1,
        description="models that are trained, from seeds that follow; their mean predicts; by default 3 for few data",
    )
    distill: bool = Field(False, description="train one model on what the ensemble says, and keep that")
    seed: int = Field(1, ge=0, lt=2**63, description="seeds the split, the weights, the order and the dropout")
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        "auto",
        description="of the factors in gradients of recurrent layers; auto: bfloat16 where the processor has it",
    )
    baselines: Literal["auto", "majority"] = Field(
        "auto", description="cheap models beside the trained one: all that suit the data, or the majority alone"
    )
    device: Literal["auto", "cpu", "cuda", "mps"] = Field("auto", description="where to compute")
    checkpoint_seconds: float = Field(30.0, gt=0, description="longest time between checkpoints")

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
