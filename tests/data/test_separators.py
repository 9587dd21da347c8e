from __future__ import annotations

import numpy as np
import pytest
from data_cases import csv_of, found, refused, spec, store_of, write_text
from hypothesis import given
from hypothesis import strategies as st

from seqwise.data.cells import raw_labels
from seqwise.data.detect import Requested
from seqwise.data.labels import find_targets
from seqwise.data.records import Place, Record
from seqwise.data.separators import doubtful_sign, separator_of
from seqwise.data.spec import TargetSpec
from seqwise.errors import ConfigError, DataError, LabelError
from seqwise.inference.written_layout import cell_text

SETS = [["Short Film", "Family"], ["Comedy", "Crime"], ["Documentary"], ["Comedy"], ["Crime", "Short Film"]] * 3
TEXTS = [f"a plot in some words {number}" for number in range(len(SETS))]


def quoted(cell):
    return '"' + cell.replace('"', '""') + '"'


def table(cells):
    return csv_of(["plot", *TEXTS], ["genre", *map(quoted, cells)])


FORMS = {
    "bar": "|".join,
    "semicolon": "; ".join,
    "comma": ", ".join,
    "slash": "/".join,
    "slash and blanks": " / ".join,
    "two colons": "::".join,
    "tilde": "~".join,
    "line break": "\n".join,
    "line break of Windows": "\r\n".join,
    "two bars": "||".join,
    "bar at both ends": lambda labels: f"|{'|'.join(labels)}|",
    "Japanese comma": "\u3001".join,
    "quotes": lambda labels: repr(labels)[1:-1],
    "list": repr,
    "tuple": lambda labels: repr(tuple(labels)),
    "set": lambda labels: "{" + repr(labels)[1:-1] + "}",
    "NumPy": lambda labels: repr(labels).replace(",", ""),
    "JSON": lambda labels: repr(labels).replace("'", '"'),
    "choices": lambda labels: '{"choices": ' + repr(labels).replace("'", '"') + "}" if len(labels) > 1 else labels[0],
    "brackets": lambda labels: f"[{', '.join(labels)}]",
    "round brackets": lambda labels: f"({', '.join(labels)})",
    "array of PostgreSQL": lambda labels: f"{{{','.join(labels)}}}",
}
GENRES = ("Comedy", "Crime", "Documentary", "Family", "Short Film")


@pytest.mark.parametrize("asked", [Requested(text="plot"), Requested(text="plot", multilabel=("genre",))])
@pytest.mark.parametrize("form", FORMS)
def test_sets_are_read_in_every_form_that_proves_itself(tmp_path, form, asked):
    file = write_text(tmp_path / "d.csv", table(map(FORMS[form], SETS)))
    store = store_of(file, found(file, asked).spec)
    (target,) = find_targets(store, np.arange(len(store)))
    assert (target.kind, target.labels) == ("multilabel", GENRES)
    read = [{store.label_values[0][number] for number in store.labels(0, row)} for row in range(len(store))]
    assert read == [set(labels) for labels in SETS]


def test_hashtags_are_labels_between_blanks(tmp_path):
    text = table(" ".join(f"#{label.replace(' ', '_')}" for label in labels) for labels in SETS)
    (target,) = spec(tmp_path, text).targets
    assert (target.form, target.delimiter) == ("delimited", " ")


def test_hashtags_without_blanks_are_labels(tmp_path):
    text = table("".join(f"#{label.replace(' ', '_')}" for label in labels) for labels in SETS)
    store = store_of(write_text(tmp_path / "d.csv", text))
    assert find_targets(store, np.arange(len(store)))[0].labels == (*GENRES[:4], "Short_Film")


def test_a_comma_between_hashtags_is_no_part_of_them(tmp_path):
    text = table(", ".join(f"#{label.replace(' ', '_')}" for label in labels) for labels in SETS)
    (target,) = spec(tmp_path, text).targets
    assert (target.form, target.delimiter) == ("delimited", ",")


SINGLE = {
    "a name with a slash": ["and/or", "either", "neither"] * 5,
    "protocols": ["TCP/IP", "TCP", "IP", "UDP"] * 3,
    "a word for nothing": ["N/A", "yes", "no"] * 5,
    "names": ["Smith, John", "Smith, Jane", "Doe, John"] * 5,
    "one odd name": ["A", "B", "C; D"] * 5,
    "a hierarchy": ["sport/ball", "sport/ski", "politics/eu", "politics/us"] * 3,
    "a hierarchy with its heads": ["sport", "sport/ball", "politics", "politics/eu"] * 3,
    "fixed fields": ["NOUN|Sing", "NOUN|Plur", "VERB|Sing", "VERB|Plur"] * 3,
    "dates": ["01/02/2024", "02/01/2024", "01/01/2024"] * 5,
    "words": ["card arrival", "card", "card lost", "arrival"] * 3,
}


@pytest.mark.parametrize("cells", SINGLE.values(), ids=SINGLE)
def test_a_sign_that_belongs_to_labels_cuts_none(cells):
    assert separator_of(cells) is None


NAMES = {
    "names with and": ["Bath and Body", "Food and Drink", "Home", "Toys and Games", "Kids"] * 3,
    "paths": ["/home/a", "/home/b", "/etc/x", "/usr/bin/c"] * 3,
    "languages": ["C++", "C", "C#", "F#", "Java", "Objective-C"] * 3,
    "namespaces": ["std::vector", "std::map", "boost::any", "std"] * 3,
    "locales": ["en-US", "en-GB", "de-DE", "de-AT"] * 3,
    "faces": [":)", ":(", ":/", ":-)"] * 3,
    "stars": ["*", "**", "***"] * 3,
    "signs": ["+", "-", "+/-"] * 3,
    "versions": ["1.0.1", "1.1", "2.0", "0.1"] * 3,
    "ranges": ["0-5", "6-10", "11+"] * 3,
    "music": ["R&B", "Rock & Roll", "Pop", "Hip-Hop/Rap"] * 3,
    "towns": ["Paris, France", "Paris, Texas", "London, UK"] * 3,
    "quoted words": ["'yes'", "'no'"] * 3,
    "tags": ["B-PER", "I-PER", "B-LOC", "I-LOC", "O"] * 3,
    "intents": ["card_arrival", "card_lost", "lost_or_stolen_phone", "pin_blocked"] * 3,
}
MAY_STAND_ALONE = ("protocols", "words", "a word for nothing")


@pytest.mark.parametrize("name", NAMES)
def test_names_with_signs_in_them_are_neither_cut_nor_in_doubt(name):
    assert (separator_of(NAMES[name]), doubtful_sign(NAMES[name])) == (None, None)


@pytest.mark.parametrize("name", [name for name in SINGLE if name not in MAY_STAND_ALONE])
def test_a_sign_that_plainly_belongs_to_labels_is_not_in_doubt(name):
    assert doubtful_sign(SINGLE[name]) is None


ASKED = [" and ", " & ", " + ", " -> ", "\u2022", ":", " - ", "^", "<br>", "\\"]


@pytest.mark.parametrize("sign", ASKED)
def test_a_sign_that_may_separate_labels_is_named_with_its_flag(tmp_path, sign):
    cells = [sign.join(labels) for labels in SETS]
    note = said(tmp_path, cells)[1]
    assert note.startswith("column 'genre': each cell is one label; if ")
    assert "--multilabel genre --label-separator " in note
    assert spec(tmp_path, table(cells), Requested(label_separator=sign)).targets[0].kind == "multilabel"


@pytest.mark.parametrize("sign", ["::", "~", ", ", "/"])
def test_sets_that_never_have_one_label_are_said(tmp_path, sign):
    cells = [sign.join(labels) for labels in (["a", "b"], ["b", "c"], ["c", "a"])] * 5
    assert "--multilabel genre --label-separator" in said(tmp_path, cells)[1]


@pytest.mark.parametrize(("one", "other"), [("|", ";"), (";", ","), (", ", "/"), (", ", " and ")])
def test_several_separators_in_one_column_are_refused(tmp_path, one, other):
    cells = [(one if number % 2 else other).join(labels) for number, labels in enumerate([*SETS, *SETS[1:]])]
    text = csv_of(["plot", *(f"a plot {number}" for number in range(len(cells)))], ["genre", *map(quoted, cells)])
    message = refused(DataError, tmp_path, text)
    assert message.startswith("data.csv: column 'genre': labels seem to be separated by '")
    assert "Write one of them everywhere. --label-separator" in message
    assert spec(tmp_path, text, Requested(label_separator="")).targets[0].kind == "label"


def test_names_in_a_list_are_not_separators_of_two_kinds(tmp_path):
    cells = ["Smith, John|Doe, Jane", "Doe, Jane", "Smith, John", "Doe, John|Smith, John"] * 4
    assert spec(tmp_path, table(cells[: len(SETS)])).targets[0].delimiter == "|"


def test_lists_of_one_label_each_are_said_to_be_so(tmp_path):
    assert said(tmp_path, (f'["{labels[0]}"]' for labels in SETS))[1:] == ["column 'genre': each list holds one label"]


def test_a_hint_names_only_a_sign_that_stands_in_cells(tmp_path):
    cells = [f"[{{'id': {len(labels)}, 'name': '{labels[0]}'}}]" for labels in SETS]
    assert not [note for note in said(tmp_path, cells, Requested(multilabel=("genre",))) if "'/'" in note]


def said(tmp_path, cells, requested=None):
    return [
        note for note in found(write_text(tmp_path / "d.csv", table(cells)), requested).notes if "'genre': " in note
    ]


def test_what_separates_labels_is_said_with_the_way_out(tmp_path):
    assert said(tmp_path, map("/".join, SETS))[1] == (
        "column 'genre': '/' separates labels; if it belongs to them, say --label-separator none"
    )


def test_sets_of_one_label_each_are_said_to_be_so(tmp_path):
    cells = [labels[0] for labels in SETS]
    assert said(tmp_path, cells, Requested(multilabel=("genre",)))[1] == (
        "column 'genre': each cell holds one label; if something separates several, name it with --label-separator"
    )


def test_blanks_cut_only_where_the_user_says_so(tmp_path):
    cells = [" ".join(label.replace(" ", "_") for label in labels) for labels in SETS]
    assert said(tmp_path, cells)[1] == (
        "column 'genre': each cell is one label; if a blank separates several, say --multilabel genre "
        "--label-separator blank"
    )
    (target,) = spec(tmp_path, table(cells), Requested(label_separator=" ")).targets
    assert (target.kind, target.delimiter) == ("multilabel", " ")


def test_nothing_is_cut_where_the_user_says_so(tmp_path):
    text = table(map("|".join, SETS))
    assert spec(tmp_path, text, Requested(label_separator="")).targets[0].kind == "label"
    (target,) = spec(tmp_path, text, Requested(label_separator="", multilabel=("genre",))).targets
    assert (target.form, target.delimiter) == ("list", None)


def test_a_separator_without_a_use_is_an_error(tmp_path):
    message = refused(ConfigError, tmp_path, table(map("/".join, SETS)), Requested(label_separator="+"))
    assert message == (
        "'+' is named as what separates labels, but no target has cells that it could cut\n"
        "  Name the column of sets with --multilabel COL, or leave --label-separator out."
    )


ODD = {
    "[{'id': 1, 'name': 'a'}]": "expected labels, got an object: [{'id': 1, 'name': 'a'}]",
    "[a, {b}]": "this is no list that can be read: [a, {b}]",
    "['a' 'b' ... 'c']": "NumPy left labels out where '...' stands: ['a' 'b' ... 'c']",
    "{}": "this is no list that can be read: {}",
}


@pytest.mark.parametrize("cell", ODD)
def test_a_set_that_cannot_be_read_is_refused_with_its_place(tmp_path, cell):
    file = write_text(tmp_path / "d.csv", table([*map("|".join, SETS[:-1]), cell]))
    with pytest.raises(LabelError) as caught:
        store_of(file, found(file, Requested(multilabel=("genre",))).spec)
    assert str(caught.value).startswith(f"{file}:16: column 'genre': {ODD[cell]}\n")
    assert 'In a table a list is written as in JSON: ["one label", "another"].' in str(caught.value)


def test_a_list_where_one_label_belongs_is_refused_with_its_place(tmp_path):
    file = write_text(tmp_path / "d.csv", table([*(labels[0] for labels in SETS[:-1]), "['Comedy', 'Crime']"]))
    with pytest.raises(LabelError, match=r"d.csv:16: column 'genre': expected one label, got a list of 2 labels: \["):
        store_of(file, found(file).spec)


WRITTEN = st.lists(st.text("ab|;,/[]{} '\"\\", min_size=1, max_size=5), max_size=3, unique=True)


@given(labels=WRITTEN, sign=st.sampled_from(["|", ";", ",", "/", " "]))
def test_a_set_that_is_written_reads_back_the_same(labels, sign):
    spec = TargetSpec("topics", "multilabel", ("topics",), "delimited", delimiter=sign)
    cell = cell_text(labels, sign)
    assert raw_labels(Record(Place("d.csv", 1), {"topics": cell}), spec, 1) == labels
