"""Short forms for tests that read files."""

from __future__ import annotations

from typing import Any

import pytest

from seqwise.data.readers import ReadOptions, open_files
from seqwise.errors import UsageError


def values(*names: str, **options: Any) -> list[dict[str, Any]]:
    """The values of all records of some files."""
    return [record.values for record in open_files(names, ReadOptions(**options))]


def places(*names: str, **options: Any) -> list[str]:
    """Where the records of some files stand."""
    return [str(record.place) for record in open_files(names, ReadOptions(**options))]


def refusal(*names: str, **options: Any) -> str:
    """The message of the error that reading some files ends in."""
    with pytest.raises(UsageError) as caught:
        list(open_files(names, ReadOptions(**options)))
    return str(caught.value)
