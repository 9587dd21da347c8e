"""The columns and options that the user asked for; everything else is detected."""

from __future__ import annotations

from dataclasses import dataclass

from seqwise.data.spec import InputKind

__all__ = ["Requested"]


@dataclass(frozen=True)
class Requested:
    """The columns and options that the user asked for; everything else is detected.

    Attributes:
        text: the column of running text.
        tokens: the column of token lists.
        label: columns with one label per sequence.
        tags: columns with one label per step.
        outputs: patterns such as `vote_*`; each names the columns of one target with K outputs.
        multilabel: columns with lists of labels, or patterns of 0/1 columns.
        kind: how a cell becomes a sequence; `auto` looks at the cells.
        lower: whether symbols are lower-cased; None decides by the targets.
        is_cut_later: whether a tokenizer of the model cuts words further, and so reads them as they stand in the text.
        id: the column that names rows; `none` for none.
        group: the column whose rows stay together in a split.
        gaps: whether values of a series may be missing.
        differences: whether the changes of a series stand beside its values.
        normalise: whether each series is scaled by itself.
        missing: the words that mark a missing label; None decides by the cells.
        classes: labels that the user named, and which therefore are none of these words.
        label_separator: what separates the labels of a set in one cell; None decides by the cells, and the empty string
            says that nothing does.
        ignored: columns that are neither input nor target, such as the id and the time of long-form series.
    """

    text: str | None = None
    tokens: str | None = None
    label: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    multilabel: tuple[str, ...] = ()
    kind: InputKind | str = "auto"
    lower: bool | None = None
    is_cut_later: bool = False
    id: str | None = None
    group: str | None = None
    gaps: bool = False
    differences: bool = False
    normalise: bool = False
    missing: tuple[str, ...] | None = None
    classes: tuple[str, ...] = ()
    label_separator: str | None = None
    ignored: tuple[str, ...] = ()

    @property
    def names_targets(self) -> bool:
        """Whether the user named any target."""
        return bool(self.label or self.tags or self.outputs or self.multilabel)
