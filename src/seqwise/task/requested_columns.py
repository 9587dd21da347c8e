"""What a config says of the columns, and the columns that are found by it."""

from __future__ import annotations

from seqwise.config import Config
from seqwise.data.detect import Requested, find_spec
from seqwise.data.readers import Source
from seqwise.data.spec import DataSpec
from seqwise.task.opened_files import first_records, read_options

__all__ = ["columns_of", "named_classes"]


def columns_of(source: Source, config: Config) -> tuple[DataSpec, list[str]]:
    """The input and the targets among the columns of the training files, and the messages.

    Raises:
        DataError, ConfigError: see `find_spec`.
    """
    found = find_spec(source, first_records(source), _requested(config))
    return found.spec, list(found.notes)


def named_classes(config: Config) -> tuple[str, ...]:
    """The labels that settings of the loss name."""
    weights, orders = config.loss.class_weight, config.loss.ordinal
    named = list(weights) if isinstance(weights, dict) else []
    for order in orders.values() if isinstance(orders, dict) else ():
        named += order if isinstance(order, tuple) else ()
    return tuple(named)


def _requested(config: Config) -> Requested:
    data, given = config.data, config.input
    return Requested(
        text=given.text_column,
        tokens=given.tokens,
        label=data.label,
        tags=data.tags,
        outputs=data.outputs,
        multilabel=data.multilabel,
        kind=given.kind,
        is_cut_later=config.model.is_folder,
        lower=given.lower,
        gaps=data.gaps == "fill",
        differences=given.differences,
        normalise=given.normalise,
        missing=data.missing,
        classes=named_classes(config),
        label_separator=data.label_separator,
        id=data.id,
        group=data.group,
        ignored=tuple(
            column for column in (data.series_id, data.time, *read_options(data).sequence_ids) if column is not None
        ),
    )
