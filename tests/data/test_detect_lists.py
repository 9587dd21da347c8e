"""Detected lists, sets and labels per step in cells that are lists, and in strings."""

from __future__ import annotations

import json

import pytest
from data_cases import FLAGS, TEXTS, csv_of, found, notes, refused, spec, store_of, write_jsonl, write_text

from seqwise.data.detect import Requested
from seqwise.errors import ConfigError, DataError

TAGGED = [
    {"tokens": ["play", "jazz"], "tags": ["O", "G"], "a": "x", "b": "u"},
    {"tokens": ["rain"], "tags": ["O"], "a": "y", "b": "v"},
    {"tokens": ["play", "some", "rock"], "tags": ["O", "O", "G"], "a": "x", "b": "v"},
    {"tokens": ["snow", "today"], "tags": None, "a": "y", "b": "u"},
]


def test_a_missing_list_does_not_make_tags_a_set_of_labels(tmp_path):
    (target,) = found(write_jsonl(tmp_path / "d.jsonl", TAGGED)).spec.targets
    assert (target.name, target.kind) == ("tags", "tags")


def test_label_columns_beside_tags_are_left_alone_aloud(tmp_path):
    said = found(write_jsonl(tmp_path / "d.jsonl", TAGGED)).notes
    assert said[2:] == ["ignored: columns 'a', 'b'; to take 'a' too: --tags tags --label a"]


def test_label_columns_beside_one_called_label_are_left_alone_aloud(tmp_path):
    text = csv_of(["text", *TEXTS], ["label", *"ababab"], ["the lang", *"xyxyxy"])
    assert notes(tmp_path, text)[2:] == [
        "ignored: column 'the lang'; to take 'the lang' too: --label label --label 'the lang'"
    ]


def test_a_string_of_span_tags_beside_as_many_tokens_is_no_label_of_the_sequence(tmp_path):
    strings = ["B-PER O B-LOC O", "O O B-LOC I-LOC"] * 8
    rows = [{"tokens": ["Anna", "in", "Rome", f"n{i}"], "ner_tags": tags} for i, tags in enumerate(strings)]
    with pytest.raises(DataError, match="--tags ner_tags"):
        found(write_jsonl(tmp_path / "d.jsonl", rows))
    (target,) = found(write_jsonl(tmp_path / "d.jsonl", rows), Requested(tags=("ner_tags",))).spec.targets
    assert (target.kind, target.form) == ("tags", "steps")


def test_columns_of_tags_beside_the_last_are_left_alone_aloud(tmp_path):
    text = "1 EU NNP B-ORG\n2 rejects VBZ O\n\n1 Peter NNP B-PER\n\n"
    assert notes(tmp_path, text, name="d.conll")[2:] == [
        "ignored: column 'column3'; to take 'column3' too: --tags column4 --tags column3"
    ]


def test_lists_of_objects_are_left_alone_aloud(tmp_path):
    rows = [{"phrase": text, "mood": "ab"[i % 2], "entities": [{"start": 0}]} for i, text in enumerate(TEXTS)]
    finding = found(write_jsonl(tmp_path / "d.jsonl", rows))
    assert [t.name for t in finding.spec.targets] == ["mood"]
    assert finding.notes[2:] == ["ignored: column 'entities' holds objects"]


def test_a_column_called_label_that_measures_is_left_alone_aloud(tmp_path):
    text = csv_of(["text", *TEXTS], ["label", 0.5, 0.25, 1, 0.5, 0.5, 1], ["lang", *"xyxyxy"])
    assert notes(tmp_path, text)[2:] == ["ignored: column 'label' holds fractions such as 0.5"]


def written(rows, write):
    """The rows as a table whose lists are written out."""
    lines = [",".join(rows[0])]
    for row in rows:
        cells = ["" if value is None else write(value) if isinstance(value, list) else value for value in row.values()]
        lines.append(",".join('"' + cell.replace('"', '""') + '"' for cell in cells))
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("write", [json.dumps, repr])
def test_lists_written_out_in_a_table_are_found_as_lists(tmp_path, write):
    finding = found(write_text(tmp_path / "d.csv", written(TAGGED, write)))
    assert (finding.spec.input.column, finding.spec.input.kind) == ("tokens", "tokens")
    assert [(t.name, t.kind, t.form) for t in finding.spec.targets] == [("tags", "tags", "steps")]
    assert "lists written out in strings: 'tokens', 'tags'" in finding.notes


def test_one_string_that_is_no_list_does_not_hide_the_others(tmp_path):
    lines = "".join(f'"[""a"", ""b{i}""]","[""X"", ""Y""]"\n' for i in range(10))
    file = write_text(tmp_path / "d.csv", f'tokens,tags\n{lines}"[""a"", ","[""X""]"\n')
    assert [t.kind for t in found(file).spec.targets] == ["tags"]
    with pytest.raises(DataError) as caught:
        store_of(file)
    assert str(caught.value) == (
        f"{file}:12: column 'tokens': expected a list of tokens, got text\n  Running text is read with --text instead "
        'of --tokens. In a table a list is written as in JSON: ["two", "tokens"].'
    )


KINDS_REFUSED = [
    (Requested(tokens="tokens", kind="words"), "'tokens' are lists"),
    (Requested(text="signal", kind="words"), "'signal' are lists"),
    (Requested(text="mood", kind="tokens"), "'mood' are no lists"),
    (Requested(text="mood", kind="series"), "'mood' are no lists"),
    (Requested(tokens="mood", kind="words"), "'mood' are asked for as lists, --tokens"),
]


@pytest.mark.parametrize(("requested", "said"), KINDS_REFUSED)
def test_a_kind_that_the_cells_do_not_have_is_an_error(tmp_path, requested, said):
    rows = [{"tokens": ["a", "b"], "signal": [0.5, 1.0], "mood": mood, "label": mood} for mood in "abab"]
    file = write_jsonl(tmp_path / "d.jsonl", rows)
    with pytest.raises(ConfigError) as caught:
        found(file, requested)
    assert str(caught.value) == f"input.kind is '{requested.kind}', but the cells of column {said}"


def test_sets_of_labels_written_out_in_a_table_are_sets(tmp_path):
    rows = [{"text": text, "topics": [["a"], [], ["a", "b"]][i % 3]} for i, text in enumerate(TEXTS)]
    (target,) = spec(tmp_path, written(rows, json.dumps), Requested(multilabel=("topics",))).targets
    assert (target.form, target.per_step) == ("list", False)


def test_sets_of_labels_per_step_written_out_in_a_table_are_per_step(tmp_path):
    rows = [{"tokens": ["a", "b"], "senses": [["x"], []]}, {"tokens": ["c"], "senses": [["x", "y"]]}]
    (target,) = spec(tmp_path, written(rows, json.dumps), Requested(multilabel=("senses",))).targets
    assert (target.form, target.per_step) == ("list", True)


def test_sets_of_labels_per_token_of_conll_are_per_step(tmp_path):
    text = 'a\t["x"]\nb\t[]\n\nc\t["x", "y"]\n\n'
    (target,) = spec(tmp_path, text, Requested(multilabel=("column2",)), "d.conll").targets
    assert (target.form, target.per_step) == ("list", True)


def test_a_written_list_in_some_cells_does_not_make_commas_a_delimiter(tmp_path):
    cells = ["topics", '"[""a"", ""b""]"', "a|b", "[]", "b", "a", "b"]
    (target,) = spec(tmp_path, csv_of(["text", *TEXTS], cells), Requested(multilabel=("topics",))).targets
    assert (target.form, target.delimiter) == ("delimited", "|")


def test_a_series_written_out_in_a_table_is_a_series(tmp_path):
    rows = [{"signal": [0.5, 1.0 * i], "label": "ab"[i % 2]} for i in range(6)]
    assert spec(tmp_path, written(rows, json.dumps)).input.kind == "series"


def test_text_that_looks_like_lists_can_be_read_as_text(tmp_path):
    text = written([{"text": [1, i], "label": "ab"[i % 2]} for i in range(6)], json.dumps)
    assert spec(tmp_path, text).input.kind == "tokens"
    assert spec(tmp_path, text, Requested(kind="characters")).input.kind == "characters"


def test_one_label_asked_of_written_lists_is_an_error(tmp_path):
    text = written([{"text": text, "topics": ["a"]} for text in TEXTS], json.dumps)
    assert refused(DataError, tmp_path, text, Requested(label=("topics",))) == (
        "data.csv: column 'topics': expected one label per cell, got lists such as ['a']\n"
        "  A list with one label per step is read with --tags, a list of any labels with --multilabel."
    )


def test_arrays_as_numpy_prints_them_are_lists(tmp_path):
    text = csv_of(["text", *(f"['a' '{i}']" for i in range(6))], ["tags", *(f"[{i} 1]" for i in range(6))])
    whole = spec(tmp_path, text)
    assert (whole.input.kind, [(each.name, each.kind) for each in whole.targets]) == ("tokens", [("tags", "tags")])


def test_text_in_brackets_is_text_and_said_to_be(tmp_path):
    text = csv_of(["text", *(f"[a {i}]" for i in range(6))], ["label", *"ababab"])
    assert "column 'text': what stands in brackets is no list in JSON and is read as text" in notes(tmp_path, text)


def test_a_text_beside_tags_in_lists_is_cut_as_they_are(tmp_path):
    rows = [{"text": text, "pos": ["X"] * len(text.split())} for text in TEXTS]
    finding = found(write_jsonl(tmp_path / "d.jsonl", rows))
    assert finding.spec.input.kind == "whitespace"
    assert [(t.name, t.kind) for t in finding.spec.targets] == [("pos", "tags")]


def test_running_text_comes_before_a_set_of_labels(tmp_path):
    rows = [{"title": text, "tags": ["x", "y", "z"][: i % 3]} for i, text in enumerate(TEXTS)]
    finding = found(write_jsonl(tmp_path / "d.jsonl", rows)).spec
    assert finding.input.column == "title"
    assert [(t.name, t.kind) for t in finding.targets] == [("tags", "multilabel")]


def test_tokens_and_tags_come_before_running_text(tmp_path):
    rows = [{"raw": text, "toks": text.split(), "pos": ["X"] * len(text.split())} for text in TEXTS]
    finding = found(write_jsonl(tmp_path / "d.jsonl", rows)).spec
    assert finding.input.column == "toks"
    assert [(t.name, t.kind) for t in finding.targets] == [("pos", "tags")]


# Labels per step in strings: one rule for the column.

STRINGS = [
    # residues and one character each, a blank among the characters; one row of one
    (["MKV", "A", "GAVLK"], ["HE ", "H", "  HHE"], "characters", "signs"),
    # tokens and tags between blanks; the row of one token with one tag is not cut into letters
    (["Anna", "Anna runs", "it rains now"], ["PER", "PER O", "O O O"], "whitespace", "steps"),
    (["Anna", "it", "Ben"], ["PER", "O", "PER"], "whitespace", "steps"),
    # letters with one label each, between blanks
    (["cat", "ox", "a"], ["C V C", "V C", "V"], "characters", "steps"),
    # the point is a token of its own
    (["It rains.", "Go.", "It rains now."], ["O O P", "O P", "O O O P"], "words", "steps"),
    # one character for each token
    (["It rains", "Go", "It rains now"], ["OX", "X", "OXO"], "whitespace", "signs"),
]


@pytest.mark.parametrize(("texts", "tags", "kind", "form"), STRINGS)
def test_text_and_strings_of_labels_are_cut_into_equally_many(tmp_path, texts, tags, kind, form):
    finding = spec(tmp_path, csv_of(["phrase", *texts], ["tags", *tags]), Requested(text="phrase", tags=("tags",)))
    assert (finding.input.kind, finding.targets[0].form) == (kind, form)


def test_the_rule_for_strings_of_labels_is_said(tmp_path):
    text = csv_of(
        ["residues", "MKV", "A", "GAVLK"], ["structure", "HE ", "H", "  HHE"], ["pos", "X Y Z", "X", "X Y X Y X"]
    )
    said = notes(tmp_path, text, Requested(text="residues", tags=("structure", "pos")))
    assert said[3:] == [
        "column 'structure': each character of a string is a label",
        "column 'pos': labels are separated by whitespace",
    ]


def test_a_row_that_does_not_fit_leaves_the_rule_as_it_is(tmp_path):
    text = csv_of(["phrase", "a b", "c d e", "f g", "h"], ["tags", "X Y", "X Y X", "XY", "X"])
    assert spec(tmp_path, text, Requested(text="phrase", tags=("tags",))).targets[0].form == "steps"


def test_the_kind_that_the_user_names_stays(tmp_path):
    text = csv_of(["phrase", "It rains.", "Go."], ["tags", "O O", "O"])
    finding = spec(tmp_path, text, Requested(text="phrase", tags=("tags",), kind="words"))
    assert finding.input.kind == "words"


def test_strings_of_labels_that_repeat_are_no_labels_of_the_sequence(tmp_path):
    text = csv_of(
        ["text", *TEXTS], ["slots", *("O" + " O" * (len(text.split()) - 1) for text in TEXTS)], ["act", *"ababab"]
    )
    finding = found(write_text(tmp_path / "d.csv", text))
    assert [t.name for t in finding.spec.targets] == ["act"]
    assert finding.notes[2:] == ["ignored: column 'slots'; to take 'slots' too: --label act --tags slots"]


def test_strings_of_labels_that_nobody_asked_for_are_pointed_out(tmp_path):
    text = csv_of(["residues", "MKVC", "A", "GAVLK"], ["structure", "HEEE", "H", "EHHHE"], ["mood", *"aba"])
    assert notes(tmp_path, text)[2:] == [
        "ignored: column 'structure'; to take 'structure' too: --label mood --tags structure"
    ]
    assert refused(DataError, tmp_path, "".join(line.rpartition(",")[0] + "\n" for line in text.splitlines())) == (
        "data.csv: no column looks like a target\n  The input is 'residues'. 'structure' has one character or word per "
        f"step: --tags structure. {FLAGS} The columns are 'residues', 'structure'."
    )


SPANS = {
    "start, label, end": ("text", "Anna left Oslo", [[0, "PER", 4], [10, "LOC", 14]]),
    "numbers in quotes": ("text", "Anna left Oslo", [["0", "4", "PER"], ["10", "14", "LOC"]]),
    "of tokens": ("tokens", ["Anna", "left", "Oslo"], [[0, 1, "PER"], [2, 3, "LOC"]]),
}


@pytest.mark.parametrize("requested", [Requested(), Requested(tags=("spans",)), Requested(multilabel=("spans",))])
@pytest.mark.parametrize(("column", "cell", "spans"), SPANS.values(), ids=SPANS)
def test_spans_that_are_not_read_as_tags_are_no_labels(tmp_path, column, cell, spans, requested):
    rows = [{column: cell, "spans": spans}, {column: cell, "spans": spans[:1]}, {column: cell, "spans": []}]
    with pytest.raises(DataError) as caught:
        found(write_jsonl(tmp_path / "d.jsonl", rows), requested)
    shown = json.dumps(spans[0])
    assert f"column 'spans' holds spans such as {shown}, which are not read here\n" in str(caught.value)


def test_spans_in_cells_of_a_table_are_no_labels(tmp_path):
    text = csv_of(["text", "Anna left", "Tom left"], ["label", '"[[0, 4, ""PER""]]"', '"[[0, 3, ""PER""]]"'])
    told = refused(DataError, tmp_path, text)
    assert "column 'label' holds spans such as [0, 4, \"PER\"], which are not read here" in told


def test_numbers_with_a_decimal_comma_are_no_text(tmp_path):
    text = csv_of(["a;b;label", "0,5;1,25;x", "0,75;1,5;y", "0,25;2,5;x", "1,5;0,5;y"])
    told = refused(DataError, tmp_path, text)
    assert "' holds numbers with a decimal comma, such as " in told
    assert "Write numbers with a point: " in told
    assert notes(tmp_path, text, Requested(text="b"))[0].startswith("input: column 'b', text")
