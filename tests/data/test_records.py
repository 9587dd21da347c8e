from __future__ import annotations

import dataclasses

import pytest

from seqwise.data.records import Place, Record


def test_a_place_reads_as_file_and_line():
    assert str(Place("folder/train.csv", 17)) == "folder/train.csv:17"


def test_a_record_cannot_be_given_another_place():
    record = Record(Place("a.csv", 2), {"text": "x"})
    with pytest.raises(dataclasses.FrozenInstanceError):
        record.place = Place("b.csv", 1)
