"""Flags about labels, as a shell sees them: words for missing ones, separators, labels that training never saw."""

from __future__ import annotations

import json

import pytest

TEXTS = [f"some words of text {number}" for number in range(40)]


def table(labels, texts=TEXTS):
    return "text,label\n" + "".join(f"{text},{label}\n" for text, label in zip(texts, labels, strict=False))


@pytest.fixture
def said(seqwise, tmp_path):
    """What a dry run says of a table with these labels."""

    def dry_run(labels, *words, texts=TEXTS):
        (tmp_path / "d.csv").write_text(table(labels, texts))
        result = seqwise("train", "d.csv", "--dry-run", *words)
        assert result.status == 0
        return result.err.splitlines()

    return dry_run


def test_words_of_programs_are_missing_and_said(said):
    lines = said([*["pos", "neg"] * 18, "NaN", "NaN", "NULL", "pos"])
    assert [line for line in lines if line.startswith("warning: ")] == [
        f"warning: target 'label': {count} '{word}' counted as missing, first at d.csv:{line}; --missing '' keeps such "
        "words as classes (data.missing)"
        for count, word, line in (("1 label", "NULL", 40), ("2 labels", "NaN", 38))
    ]
    assert "target 'label': 2 classes, 'neg', 'pos'" in lines
    assert "left out: 3 sequences without any label, d.csv:38, d.csv:39, d.csv:40" in lines


def test_words_in_doubt_are_said_until_the_user_decides(said):
    labels = [*["pos", "neg"] * 18, "N/A", "N/A", "NaN", "pos"]
    assert (
        "warning: target 'label': 'N/A' counts as a class, with 2 labels; --missing NaN --missing N/A reads it as "
        "missing, and --missing '' says that it is a class (data.missing)"
    ) in said(labels)
    named = said(labels, "--missing", "NaN", "--missing", "N/A")
    assert "target 'label': 2 classes, 'neg', 'pos'" in named
    kept = said(labels, "--missing", "")
    assert "target 'label': 4 classes, 'N/A', 'NaN', 'neg', 'pos'" in kept
    assert not [line for line in kept if line.startswith("warning: ")]


def test_codes_in_doubt_are_said_in_one_sentence_that_reads_them_all(said):
    labels = [*["0", "1", "2"] * 12, "-1", "-1", "-100", "-100"]
    assert (
        "warning: target 'label': '-1' (2) and '-100' (2) count as classes; --missing -1 --missing -100 reads them as "
        "missing, and --missing '' says that they are classes (data.missing)"
    ) in said(labels)
    assert "target 'label': 3 classes, '0', '1', '2'" in said(labels, "--missing", "-1", "--missing", "-100")


def test_a_word_of_a_language_is_a_short_note(said):
    labels = [*["pos", "neg"] * 18, "none", "none", "pos", "neg"]
    lines = said(labels)
    assert "target 'label': 'none' is a class, with 2 labels; if it marks missing ones, say --missing none" in lines
    assert not [line for line in lines if line.startswith("warning: ")]


def test_an_odd_tag_has_one_warning_that_names_both_ways_out(seqwise, tmp_path):
    rows = [f"Anna{n % 7} B-PER\nruns{n % 5} {'-' if n == 20 else 'O'}\n\n" for n in range(40)]
    (tmp_path / "d.conll").write_text("".join(rows))
    result = seqwise("train", "d.conll", "--dry-run")
    (warning,) = [line for line in result.err.splitlines() if line.startswith("warning: ")]
    assert "'-' (1, first: d.conll:62)" in warning
    assert warning.endswith("if it is a slip, correct the file; if it marks a missing tag, say --missing -")
    assert "--missing - " not in seqwise("train", "d.conll", "--dry-run", "--missing", "-").err


def test_a_number_can_be_named_as_the_word(said):
    labels = [*["1", "2"] * 18, "-1", "-1", "-1", "1"]
    assert "target 'label': 2 classes, '1', '2'" in said(labels, "--missing", "-1")
    assert "target 'label': 3 classes, '-1', '1', '2'" in said(labels)


def test_a_class_with_a_weight_is_no_word_for_nothing(said):
    labels = [*["pos", "neg"] * 18, "NA", "NA", "NaN", "pos"]
    lines = said(labels, "--class-weight", "{NA: 2, NaN: 1}")
    assert "target 'label': 4 classes, 'NA', 'NaN', 'neg', 'pos'" in lines
    assert not [line for line in lines if line.startswith("warning: ")]


def test_minus_one_among_flags_is_refused_with_the_flag_that_reads_it(seqwise, tmp_path):
    rows = "".join(f"{text},{number % 2},1,0\n" for number, text in enumerate(TEXTS))
    (tmp_path / "d.csv").write_text("text,is_a,is_b,is_c\n" + rows)
    (tmp_path / "t.csv").write_text("text,is_a,is_b,is_c\none more,-1,-1,-1\nanother one,1,0,0\n")
    words = ("train", "d.csv", "--multilabel", "is_*", "--test", "t.csv", "--dry-run")
    result = seqwise(*words)
    assert result.status == 2
    assert result.err.endswith(
        "seqwise: t.csv:2: column 'is_a': expected 0, 1 or an empty cell, got '-1'\n  Columns with other labels are "
        "read with --outputs instead of --multilabel. If -1 marks a missing label, say --missing -1.\n"
    )
    assert "3 labels '-1' counted as missing, first at t.csv:2" in seqwise(*words, "--missing", "-1").err


def test_a_separator_can_be_named_and_switched_off(said):
    labels = ["a_1 b", "b", "a_1", "c b"] * 10
    assert "target 'label': 3 labels, 'a_1', 'b', 'c'" in said(
        labels, "--multilabel", "label", "--label-separator", "blank"
    )
    bars = [label.replace(" ", "|") for label in labels]
    assert "target 'label': 3 labels, 'a_1', 'b', 'c'" in said(bars)
    assert "target 'label': 4 classes, 'a_1', 'a_1|b', 'b', 'c|b'" in said(bars, "--label-separator", "none")


def test_a_separator_that_is_part_of_words_is_an_error(seqwise, tmp_path):
    (tmp_path / "d.csv").write_text(table(["a", "b"] * 20))
    result = seqwise("train", "d.csv", "--label-separator", "and", "--dry-run")
    assert (result.status, result.err) == (
        2,
        "seqwise: data.label_separator: 'and' is part of words; a word between labels has its blanks, ' and '; else "
        "give signs such as '::', or blank, tab, newline or none\n",
    )


@pytest.mark.parametrize(("sign", "flag"), [("\n", "newline"), ("\n", "\\n"), ("::", "::"), (" and ", " and ")])
def test_a_separator_of_several_signs_or_a_line_break_can_be_named(said, sign, flag):
    labels = ['"' + label.replace(" ", sign) + '"' for label in ["a_1 b", "c b", "b a_1", "c a_1"] * 10]
    lines = said(labels, "--multilabel", "label", "--label-separator", flag)
    assert "target 'label': 3 labels, 'a_1', 'b', 'c'" in lines


def test_numbers_are_one_class_in_either_spelling(seqwise, tmp_path):
    (tmp_path / "d.csv").write_text(table(["0", "1"] * 20))
    (tmp_path / "t.csv").write_text(table(["0.0", "1.0"], ["one more", "another"]))
    for train, test, classes in (("d.csv", "t.csv", "'0', '1'"), ("t.csv", "d.csv", "'0.0', '1.0'")):
        result = seqwise("train", train, "--test", test, "--dry-run", "--encoder", "bag", "--dev", test)
        assert result.status == 0
        assert f"target 'label': 2 classes, {classes}" in result.err
        assert "never saw" not in result.err


def test_a_budget_without_a_unit_is_an_error(seqwise, tmp_path):
    (tmp_path / "d.csv").write_text(table(["a", "b"] * 20))
    said = "seqwise: train.budget is 5, without a unit\n  Write 5s, 5m or 5h: seconds, minutes or hours.\n"
    for words in (("train", "--budget", "5"), ("train", "--set", "train.budget=5"), ("tune", "--budget", "5")):
        result = seqwise(words[0], "d.csv", *words[1:])
        assert (result.status, result.err) == (2, said)


def test_sequences_inside_objects_are_pointed_out(seqwise, tmp_path):
    rows = "".join(f'{{"doc": {{"text": "words {n}", "lang": "en"}}, "label": "{"ab"[n % 2]}"}}\n' for n in range(20))
    (tmp_path / "d.jsonl").write_text(rows)
    result = seqwise("train", "d.jsonl", "--dry-run")
    assert result.status == 2
    assert "the cells of column 'doc' are objects with the keys 'text', 'lang'\n  A cell holds a text" in result.err


SPACED = {
    "no header": "".join(f"{text} , {'ab'[n % 2]}\n" for n, text in enumerate(TEXTS)),
    "header": "text , label\n" + "".join(f"{text} , {'ab'[n % 2]}\n" for n, text in enumerate(TEXTS)),
    "behind": "text, label\n" + "".join(f"{text}, {'ab'[n % 2]}\n" for n, text in enumerate(TEXTS)),
    "quotes": "text, label\n" + "".join(f'"{text}, or so", "{"ab"[n % 2]}"\n' for n, text in enumerate(TEXTS)),
}


@pytest.mark.parametrize("name", SPACED)
def test_blanks_beside_every_comma_belong_to_it_and_are_said(seqwise, tmp_path, name):
    (tmp_path / "d.csv").write_text(SPACED[name])
    result = seqwise("train", "d.csv", "--dry-run")
    assert result.status == 0, result.err
    where = "around" if " , " in SPACED[name] else "behind"
    assert f"blanks {where} ',' are no part of the cells" in result.err
    assert ": 2 classes, 'a', 'b'" in result.err


def test_a_blank_before_some_cells_is_kept(said):
    lines = said([" a", "b"] * 20)
    assert "target 'label': 2 classes, ' a', 'b'" in lines


def test_a_line_of_totals_is_named(said):
    texts = [*TEXTS[:38], "Total"]
    assert "totals" not in "".join(said(["0", "1"] * 19 + ["0"], texts=texts))
    lines = said(["0", "1"] * 19 + ["38"], texts=texts)
    assert (
        "warning: d.csv:40: the last row reads 'total', and its label '38' occurs nowhere else; if it is a line of "
        "totals, remove it"
    ) in lines


def test_a_slip_in_capitals_is_named_with_its_place(said):
    lines = said([*["pos", "neg"] * 19, "Neg", "pos"])
    assert [line for line in lines if "'Neg' (" in line and "first at d.csv:40" in line and "write them alike" in line]


def test_lists_of_zeros_and_ones_are_refused(seqwise, tmp_path):
    (tmp_path / "d.csv").write_text(table(f'"[{n % 2}, {n // 2 % 2}, 0]"' for n in range(40)))
    result = seqwise("train", "d.csv", "--dry-run")
    assert result.status == 2
    assert "column 'label': lists of 3 zeros and ones do not say which labels they stand for" in result.err


def test_evaluate_reads_sets_with_another_separator(seqwise, tmp_path, tiny):
    labels = ["a|b", "a", "b", "c|b"] * 10
    (tmp_path / "d.csv").write_text(table(labels))
    (tmp_path / "t.csv").write_text(table(label.replace("|", "::") for label in labels))
    assert seqwise("train", "d.csv", "--run", "r", *tiny, "--quiet").status == 0
    own = json.loads(seqwise("evaluate", "r", "d.csv", "--json").out)
    other = seqwise("evaluate", "r", "t.csv", "--json", "--label-separator", "::")
    assert (json.loads(other.out), "never saw" in other.err) == (own, False)
    assert "'a::b' (10, first at t.csv:2" in seqwise("evaluate", "r", "t.csv").err
    wrong = seqwise("evaluate", "r", "t.csv", "--label-separator", "and")
    assert (wrong.status, "'and' is part of words" in wrong.err) == (2, True)


def test_evaluate_uses_the_words_of_the_run_and_refuses_a_separator_without_a_use(seqwise, tmp_path, tiny):
    (tmp_path / "d.csv").write_text(table([*["a", "b"] * 18, "NA", "NA", "a", "b"]))
    assert seqwise("train", "d.csv", "--missing", "NA", "--run", "r", *tiny, "--quiet").status == 0
    assert "2 labels 'NA' counted as missing, first at d.csv:38" in seqwise("evaluate", "r", "d.csv").err
    wrong = seqwise("evaluate", "r", "d.csv", "--label-separator", "|")
    assert wrong.status == 2
    assert "no target of this model is a column of sets" in wrong.err


def test_a_word_for_nothing_that_only_the_test_file_has_is_named_with_its_flag(seqwise, tmp_path, tiny):
    (tmp_path / "d.csv").write_text(table(["a", "b"] * 20))
    (tmp_path / "t.csv").write_text(table([*["a", "b"] * 19, "none", "a"]))
    assert seqwise("train", "d.csv", "--run", "r", *tiny, "--quiet").status == 0
    assert "If it marks a missing label, say --missing none." in seqwise("evaluate", "r", "t.csv").err
