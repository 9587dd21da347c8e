from __future__ import annotations

import pytest

from seqwise.data.lists import is_enclosed, label_set, writes_objects, written_list

LISTS = [
    ('["B-PER", "O"]', ["B-PER", "O"]),
    ("['B-PER', 'O']", ["B-PER", "O"]),
    (repr(["it's", 'a "quote"']), ["it's", 'a "quote"']),
    ("[1, 0.5, true, null]", [1, 0.5, True, None]),
    ("[1, None, True]", [1, None, True]),
    (' [["a"], []]\n', [["a"], []]),
    ("[]", []),
    ("['a','b']", ["a", "b"]),
    ("[ 'a', 'b', ]", ["a", "b"]),
    ("('a', 'b')", ["a", "b"]),
    ("('a',)", ["a"]),
    ("()", []),
    ("['New York' 'b']", ["New York", "b"]),
    ("['it\\'s'\n \"b\"]", ["it's", "b"]),
    ("[1 2 0]", [1, 2, 0]),
    ("[0.5 -1. 2e3]", [0.5, -1.0, 2000.0]),
    ("[ True False]", [True, False]),
    ("[[0.1 0.2]\n [0.3 0.4]]", [[0.1, 0.2], [0.3, 0.4]]),
    ("array(['a', 'b'], dtype=object)", ["a", "b"]),
    ("[np.str_('a'), np.str_('b')]", ["a", "b"]),
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
        "['a''b']",
        "['a' 'b', 'c']",
        "['a', b]",
        "[Short Film, Family]",
        "[0.1 0.2 ... 0.9]",  # NumPy leaves values out
        "(a)",
        "('a')",
        "{'a', 'b'}",  # a set has no order
        "['\\d']",  # an escape that Python warns of
        '[{"start": 1}]',
        "[[[1]]]",
        '["\\ud83d"]',  # half of a surrogate pair
        "[" * 5000 + "]" * 5000,
        None,
        3,
        ["O"],
    ],
)
def test_everything_else_is_no_written_list(cell):
    assert written_list(cell) is None


SETS = [
    ("{'a', 'b'}", ["a", "b"]),
    ("{'a'}", ["a"]),
    ("{1, 2}", [1, 2]),
    ("frozenset({'a', 'b'})", ["a", "b"]),
    ("set()", []),
    ('{"choices": ["sport", "economy"]}', ["sport", "economy"]),
    ({"choices": ["sport"]}, ["sport"]),
    ('["a", "b"]', ["a", "b"]),
    ("('a', 'b')", ["a", "b"]),
    (["a"], ["a"]),
]


@pytest.mark.parametrize(("cell", "expected"), SETS)
def test_a_set_is_read_as_programs_write_it(cell, expected):
    assert label_set(cell) == expected


@pytest.mark.parametrize(
    "cell",
    [
        "{}",
        "{a, b}",
        "{'a' 'b'}",
        "{'a': 1}",
        '{"choices": ["a"], "other": 1}',
        '{"choices": [["a"]]}',
        '{"labels": ["a"]}',
        "[{'id': 1, 'name': 'a'}]",
        "a, b",
        "set",
        "football",
        None,
        {"labels": ["a"]},
    ],
)
def test_everything_else_is_no_set(cell):
    assert label_set(cell) is None


def test_objects_are_told_from_sets():
    assert [writes_objects(cell) for cell in ("[{'id': 1}]", '{"a": 1}', "{'a'}", "{a: 1}", "[1]", None)] == [
        True,
        True,
        False,
        False,
        False,
        False,
    ]


def test_brackets_enclose_a_text_only_where_they_are_one_pair():
    cells = ["[a]", " [a, [b]] ", "{a}", "[a] [b]", "[a", "(a)", "", "a"]
    assert [is_enclosed(cell) for cell in cells] == [True, True, True, False, False, False, False, False]
