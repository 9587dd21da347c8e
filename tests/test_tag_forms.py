"""How tags of spans are spelled."""

from __future__ import annotations

import pytest

from seqwise.tag_forms import found_form, span_role

FORMS = [
    ("B-x", {"O": 90, "B-PER": 6, "I-PER": 4}),
    ("B-x", {"B-PER": 6, "I-PER": 4}),
    ("B-x", {"O": 9, "S-PER": 1}),
    ("B-x", {"O": 9, "B-A_B": 3, "M-A_B": 2, "E-A_B": 3, "S-A_B": 1}),
    ("B_x", {"O": 90, "B_PER": 6, "I_PER": 4}),
    ("B:x", {"O": 90, "B:PER-loc": 6, "I:PER-loc": 4}),
    ("x-B", {"O": 90, "PER-B": 6, "PER-I": 4}),
    ("x_B", {"v_B": 6, "v_M": 4, "v_E": 6, "n_S": 9}),
    ("b-x", {"o": 90, "b-per": 6, "i-per": 4}),
    ("B", {"O": 90, "B": 6, "I": 4}),
    ("B", {"B": 6, "M": 4, "E": 6, "S": 9}),
    ("b", {"o": 90, "b": 6, "i": 4}),
    ("x", {"O": 90, "PER": 6, "LOC": 4}),
    ("B-x", {"0": 90, "B-PER": 6, "I-PER": 4}),
]


@pytest.mark.parametrize(("form", "counts"), FORMS)
def test_the_form_is_that_of_all_tags(form, counts):
    found = found_form(counts)
    assert (found.form, found.odd, found.is_certain) == (form, (), True)


@pytest.mark.parametrize(("form", "counts"), FORMS[:-1])
@pytest.mark.parametrize("odd", ["-", "0", "B-", "#"])
def test_one_odd_tag_hides_no_form(form, counts, odd):
    found = found_form({**{tag: 10 * count for tag, count in counts.items()}, odd: 1})
    outside = {"O", "o"} & counts.keys()
    assert (found.form, found.odd) == (form, (odd,) if outside or odd in ("B-", "#") else ())


PLAIN = [
    {"NOUN": 30, "VERB": 20, "X": 3, "PUNCT": 9},
    {"NN": 30, "IN": 20, "-LRB-": 3, ".": 9, "PRP$": 3, "S": 1},
    {"N": 20, "O": 8, "V": 20, "P": 10, ",": 9, "S": 1, "L": 1, "E": 1, "U": 1},  # part of speech in tweets
    {"H": 40, "E": 20, "C": 40},  # secondary structure
    {"H": 40, "E": 20, "B": 2, "G": 4, "I": 1, "T": 10, "S": 9, "-": 20},
    {"I": 30, "O": 30, "M": 40},  # topology of a membrane protein
    {"A": 3, "O": 3, "B": 3},
    {"DT": 9, "O": 3, "JJ": 2},  # O is no outside where most tags are something else
    {"S/NP": 3, "N/N": 9, "NP": 12, "(S\\NP)/NP": 3},
    {"1": 30, "*": 90, "1:VPC": 3},
    {"O": 100},
]


@pytest.mark.parametrize("counts", PLAIN)
def test_tags_that_mark_no_spans_have_no_form(counts):
    assert found_form(counts) is None


def test_a_form_that_only_most_tags_have_is_not_certain():
    found = found_form({"O": 90, "B-PER": 5, "I-PER": 2, "PER": 3})
    assert (found.odd, found.inside, found.is_certain) == (("PER",), 10, False)


@pytest.mark.parametrize(
    ("tag", "form", "role"),
    [
        ("U-x", "B-x", ("S", "x")),
        ("W-x", "B-x", ("S", "x")),
        ("B-", "B-x", ("O", "")),
        ("b-x", "B-x", ("O", "")),
        ("B_x", "B-x", ("O", "")),
        ("-", "B-x", ("O", "")),
        ("", "B", ("O", "")),
        ("a-b-I", "x-B", ("I", "a-b")),
        ("L", "B", ("E", "span")),
        ("0", "x", ("O", "")),
    ],
)
def test_a_tag_has_the_role_that_its_form_says(tag, form, role):
    assert span_role(tag, form) == role
