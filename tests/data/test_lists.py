from __future__ import annotations

import pytest

from seqwise.data.lists import written_list

LISTS = [
    ('["B-PER", "O"]', ["B-PER", "O"]),
    ("['B-PER', 'O']", ["B-PER", "O"]),
    (repr(["it's", 'a "quote"']), ["it's", 'a "quote"']),
    ("[1, 0.5, true, null]", [1, 0.5, True, None]),
    ("[1, None, True]", [1, None, True]),
    (' [["a"], []]\n', [["a"], []]),
    ("[]", []),
]


@pytest.mark.parametrize(("cell", "expected"), LISTS)
def test_a_string_that_writes_out_a_list_is_that_list(cell, expected):
    assert written_list(cell) == expected


@pytest.mark.parametrize(
    "cell",
    [
        "",
        "B-PER O",
        "[sic]",
        "[1] and [2]",
        "['a' 'b']",  # NumPy's form, which Python reads as the one string 'ab'
        "[0.1 0.2]",
        "['\\d']",  # an escape that Python warns of
        '[{"start": 1}]',
        "[[[1]]]",
        '["\\ud83d"]',  # half of a surrogate pair
        "[" * 5000 + "]" * 5000,
        "(1, 2)",
        None,
        3,
        ["O"],
    ],
)
def test_everything_else_is_no_written_list(cell):
    assert written_list(cell) is None
