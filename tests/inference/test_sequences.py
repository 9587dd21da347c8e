"""What `predict` is given from Python: sequences of every kind, and what is none."""

from __future__ import annotations

import math
from collections import UserDict
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
import torch

from seqwise.data.readers import ReadOptions, open_files
from seqwise.data.spec import InputSpec
from seqwise.errors import DataError, UsageError
from seqwise.inference.sequences import records_of

TEXT, TOKENS, SERIES = InputSpec("words", "text"), InputSpec("tokens", "tokens"), InputSpec("series", "signal")


def read(sequences, spec, channels=0):
    return list(records_of(sequences, spec, channels, "predict"))


def cells(sequences, spec, channels=0):
    return [record.values[spec.column] for record in read(sequences, spec, channels)]


def refusal(kind, sequences, spec, channels=0):
    with pytest.raises(kind) as caught:
        read(sequences, spec, channels)
    return str(caught.value)


TEXTS = [["a b", "c"], ("a b", "c"), iter(["a b", "c"]), np.array(["a b", "c"]), pa.array(["a b", "c"])]


@pytest.mark.parametrize("texts", TEXTS, ids=lambda texts: type(texts).__name__)
def test_texts_come_in_any_ordered_collection(texts):
    assert cells(texts, TEXT) == ["a b", "c"]


def test_a_place_is_the_position():
    assert [str(record.place) for record in read(["a", "b"], TEXT)] == ["sequences:0", "sequences:1"]


LISTS = [["a", "b"], ("a", "b"), np.array(["a", "b"]), iter(["a", "b"]), pa.scalar(["a", "b"])]


@pytest.mark.parametrize("tokens", LISTS, ids=lambda tokens: type(tokens).__name__)
def test_tokens_come_in_any_ordered_collection(tokens):
    assert cells([tokens], TOKENS) == [["a", "b"]]


def test_numbers_may_be_tokens():
    assert cells([np.array([3, 1]), [3, 1]], TOKENS) == [[3, 1], [3, 1]]


ARRAYS = [
    np.array([[1.0, 2.0], [3.0, 4.0]]),
    np.array([[1, 2], [3, 4]]),
    np.array([[1.0, 2.0], [3.0, 4.0]], dtype=object),
    torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True),
    torch.tensor([[1.0, 2.0], [3.0, 4.0]], dtype=torch.bfloat16),
    torch.tensor([[1, 2], [3, 4]]),
    [[1.0, 2.0], [3.0, 4.0]],
]


@pytest.mark.parametrize("series", ARRAYS, ids=lambda series: f"{type(series).__name__} {getattr(series, 'dtype', '')}")
def test_series_may_be_arrays_tensors_or_lists(series):
    (found,) = cells([series], SERIES, 2)
    assert np.asarray(found).tolist() == [[1, 2], [3, 4]]


def test_a_plain_array_has_one_channel():
    (found,) = cells([np.array([1.0, 2.0])], SERIES, 1)
    assert found.tolist() == [[1.0], [2.0]]


def test_series_of_equal_length_may_be_one_array():
    assert np.asarray(cells(np.zeros((3, 4, 2)), SERIES, 2)).shape == (3, 4, 2)


NOT_LISTS = {
    "a text": ("ab", TEXT, 0, "predict takes a list of texts, got one text; write predict([text])"),
    "a text for tokens": (
        "ab",
        TOKENS,
        0,
        "predict takes a list of token lists, got one text; write predict([tokens])",
    ),
    "bytes": (b"ab", TEXT, 0, "predict takes a list of texts, got bytes, which must be decoded first"),
    "None": (None, TEXT, 0, "predict takes a list of texts, got None, a missing value"),
    "a number": (5, TOKENS, 0, "predict takes a list of token lists, got 5, a number"),
    "a set": ({"ab"}, TEXT, 0, "predict takes a list of texts, got a set, which has no order"),
    "a dict": (
        {"text": ["ab"]},
        TEXT,
        0,
        "predict takes a list of texts, got a dict; write predict(table['text']), with the column's name in it",
    ),
    "a mapping": (
        UserDict(text=["ab"]),
        TEXT,
        0,
        "predict takes a list of texts, got a UserDict; write predict(table['text']), with the column's name in it",
    ),
    "what has columns, as a DataFrame does": (
        SimpleNamespace(columns=["text"]),
        TEXT,
        0,
        "predict takes a list of texts, got a SimpleNamespace; write predict(table['text']), with the column's name in "
        "it",
    ),
    "a table of Arrow": (
        pa.table({"signal": [[1.0]]}),
        SERIES,
        1,
        "predict takes a list of series, got a Table; write predict(table['signal']), with the column's name in it",
    ),
    "one series": (
        np.zeros((5, 2)),
        SERIES,
        2,
        "predict takes a list of series, got one array of shape (5, 2); for one series write predict([series])",
    ),
}


@pytest.mark.parametrize(("given", "spec", "channels", "message"), NOT_LISTS.values(), ids=NOT_LISTS)
def test_what_is_no_list_of_sequences_is_refused(given, spec, channels, message):
    assert refusal(UsageError, given, spec, channels) == message


def test_records_of_files_go_elsewhere(tmp_path):
    Path(tmp_path / "a.csv").write_text("text\nab\n")
    source = open_files([tmp_path / "a.csv"], ReadOptions())
    message = "predict takes a list of texts, got the records of files; write predictions(source)"
    assert refusal(UsageError, source, TEXT) == message


@pytest.mark.parametrize("missing", [None, math.nan, pa.scalar(None, pa.string())], ids=repr)
@pytest.mark.parametrize("spec", [TEXT, TOKENS, SERIES], ids=lambda spec: spec.kind)
def test_a_missing_value_is_an_empty_cell(missing, spec):
    assert cells([missing], spec, int(spec.is_series)) == [None]


NO_TEXTS = {
    5: "5, a number",
    True: "True, a boolean",
    b"ab": "bytes, which must be decoded first",
}


@pytest.mark.parametrize(("given", "told"), NO_TEXTS.items(), ids=repr)
def test_what_is_no_text_is_named_by_position_and_kind(given, told):
    assert refusal(DataError, ["ab", given], TEXT) == f"sequences:1: column 'text': expected a text, got {told}"


def test_tokens_are_no_text():
    assert refusal(DataError, [["ab", "c"]], TEXT) == (
        "sequences:0: column 'text': expected a text, got a list\n"
        "  This model reads running text; join tokens with spaces."
    )


NO_TOKENS = {
    "a number": (5, "5, a number"),
    "a dict": ({"a": 1}, "a dict"),
    "a set": ({"a"}, "a set, which has no order"),
    "bytes": (b"ab", "bytes, which must be decoded first"),
}


@pytest.mark.parametrize(("given", "told"), NO_TOKENS.values(), ids=NO_TOKENS)
def test_what_is_no_list_of_tokens_is_named_by_position_and_kind(given, told):
    message = f"sequences:1: column 'tokens': expected a list of tokens, got {told}"
    assert refusal(DataError, [["a"], given], TOKENS) == message


def test_a_text_is_no_list_of_tokens():
    assert refusal(DataError, ["a" * 50], TOKENS) == (
        f"sequences:0: column 'tokens': expected a list of tokens, got the text '{'a' * 40}…'\n"
        "  For one sequence write predict([tokens])."
    )


BAD_TOKENS = {None: "None, a missing value", math.nan: "nan, a missing value", ("a",): "a tuple", b"a": "bytes, which"}


@pytest.mark.parametrize(("token", "told"), BAD_TOKENS.items(), ids=repr)
def test_a_token_that_is_no_text_is_named(token, told):
    message = refusal(DataError, [["a", token]], TOKENS)
    assert message.startswith(f"sequences:0: column 'tokens': token 2 is {told}")
    assert message.endswith(", not a text")


NO_SERIES = {
    "a text": ("ab", "expected an array or a list of numbers, got the text 'ab'"),
    "a number": (
        0.5,
        "expected an array or a list of numbers, got 0.5, a number\n  For one series write predict([series]).",
    ),
    "three axes": (
        np.zeros((1, 2, 3)),
        "expected an array (time,) or (time, channels), got one of shape (1, 2, 3)",
    ),
    "no axis": (np.array(0.5), "expected an array (time,) or (time, channels), got one of shape ()"),
}


@pytest.mark.parametrize(("given", "message"), NO_SERIES.values(), ids=NO_SERIES)
def test_what_is_no_series_is_named_by_position_and_kind(given, message):
    assert refusal(DataError, [[[0.5]], given], SERIES, 1) == f"sequences:1: column 'signal': {message}"


@pytest.mark.parametrize(
    "odd", [np.array([True, False]), np.array(["a", "b"]), np.array([1j, 2j])], ids=lambda odd: odd.dtype.kind
)
def test_values_of_other_kinds_are_left_to_be_named_by_step(odd):
    assert cells([odd], SERIES, 1) == [odd.tolist()]
