from __future__ import annotations

import pytest
from data_cases import found, write_jsonl, write_text

from seqwise.data.detect import Requested
from seqwise.data.readers import ReadOptions
from seqwise.errors import ColumnError, ConfigError, DataError

TEXTS = ["the cat sat", "a dog ran off", "birds fly high", "fish swim far", "cows eat grass", "one more line"]


def csv_of(*columns: list[object]) -> str:
    return "".join(",".join(map(str, row)) + "\n" for row in zip(*columns, strict=True))


def spec(tmp_path, text, requested=None, name="data.csv"):
    return found(write_text(tmp_path / name, text), requested).spec


def test_text_and_label_columns_are_found_by_name(tmp_path):
    found_spec = spec(tmp_path, csv_of(["text", *TEXTS], ["label", *"ababab"]))
    assert (found_spec.input.column, found_spec.input.kind) == ("text", "words")
    assert [(t.name, t.kind) for t in found_spec.targets] == [("label", "label")]


def test_columns_of_other_names_are_found_by_their_cells(tmp_path):
    found_spec = spec(tmp_path, csv_of(["phrase", *TEXTS], ["mood", *"ababab"]))
    assert found_spec.input.column == "phrase"
    assert [t.name for t in found_spec.targets] == ["mood"]


def test_single_words_are_read_character_by_character(tmp_path):
    names = ["name", "Anna", "Berta", "Carl", "Dora", "Emil", "Fritz"]
    assert spec(tmp_path, csv_of(names, ["label", *"ababab"])).input.kind == "characters"


def test_words_of_a_whole_sequence_target_are_lower_cased(tmp_path):
    assert spec(tmp_path, csv_of(["text", *TEXTS], ["label", *"ababab"])).input.lower


def test_the_user_decides_about_lower_case(tmp_path):
    text = csv_of(["text", *TEXTS], ["label", *"ababab"])
    assert not spec(tmp_path, text, Requested(lower=False)).input.lower


def test_a_column_of_distinct_numbers_is_no_label(tmp_path):
    text = csv_of(["text", *TEXTS], ["number", *range(6)], ["mood", *"ababab"])
    assert [t.name for t in spec(tmp_path, text).targets] == ["mood"]


def test_a_column_called_id_names_rows(tmp_path):
    text = csv_of(["id", *range(6)], ["text", *TEXTS], ["label", *"ababab"])
    assert spec(tmp_path, text).id_column == "id"


def test_the_id_column_can_be_switched_off(tmp_path):
    text = csv_of(["id", *range(6)], ["text", *TEXTS], ["label", *"ababab"])
    assert spec(tmp_path, text, Requested(id="none")).id_column is None


def test_columns_of_one_scale_become_one_target_with_several_outputs(tmp_path):
    votes = [["vote_a", -1, 0, 1, 1, 0, -1], ["vote_b", 1, "", 1, 0, 0, 1], ["vote_c", -1, -1, 0, 1, 1, ""]]
    (target,) = spec(tmp_path, csv_of(["text", *TEXTS], *votes)).targets
    assert (target.kind, target.name, target.columns) == ("outputs", "vote", ("vote_a", "vote_b", "vote_c"))


def test_zero_one_columns_become_a_multilabel_target(tmp_path):
    flags = [["is_a", 0, 0, 1, 1, 0, 1], ["is_b", 1, 0, 1, 0, 0, 1], ["is_c", 0, 1, 0, 1, 1, 0]]
    (target,) = spec(tmp_path, csv_of(["text", *TEXTS], *flags)).targets
    assert (target.kind, target.columns) == ("multilabel", ("is_a", "is_b", "is_c"))


def test_a_pattern_names_the_columns_of_outputs(tmp_path):
    votes = [["vote_a", -1, 0, 1, 1, 0, -1], ["vote_b", 1, 0, 1, 0, 0, 1]]
    (target,) = spec(tmp_path, csv_of(["text", *TEXTS], *votes), Requested(outputs=("vote_*",))).targets
    assert (target.kind, target.name) == ("outputs", "vote")


def test_delimited_cells_become_a_multilabel_target(tmp_path):
    cells = ["emotions", *("joy|love", "joy", "anger", "love", "joy|anger", "love"), *("joy", "love|joy")]
    texts = ["text", *TEXTS, "and yet another", "the last of all"]
    (target,) = spec(tmp_path, csv_of(texts, cells)).targets
    assert (target.kind, target.form, target.delimiter) == ("multilabel", "delimited", "|")


def test_token_lists_tags_and_label_are_found_together(tmp_path):
    rows = [
        {"tokens": ["play", "jazz"], "slots": ["O", "B-genre"], "intent": "PlayMusic"},
        {"tokens": ["rain"], "slots": ["O"], "intent": "GetWeather"},
        {"tokens": ["play", "some", "rock"], "slots": ["O", "O", "B-genre"], "intent": "PlayMusic"},
        {"tokens": ["snow", "today"], "slots": ["O", "B-day"], "intent": "GetWeather"},
    ]
    found_spec = found(write_jsonl(tmp_path / "d.jsonl", rows)).spec
    assert (found_spec.input.column, found_spec.input.kind) == ("tokens", "tokens")
    assert {(t.name, t.kind) for t in found_spec.targets} == {("slots", "tags"), ("intent", "label")}


def test_of_two_lists_the_one_with_more_symbols_is_the_input(tmp_path):
    rows = [{"structure": ["h", "h", "e"][: i % 3 + 1], "residues": ["A", "C", "D"][: i % 3 + 1]} for i in range(9)]
    rows.append({"structure": ["h", "e", "_"], "residues": ["F", "G", "H"]})
    found_spec = found(write_jsonl(tmp_path / "d.jsonl", rows)).spec
    assert (found_spec.input.column, [t.name for t in found_spec.targets]) == ("residues", ["structure"])


def test_lists_of_other_lengths_are_sets_of_labels(tmp_path):
    rows = [{"text": text, "topics": ["x"] * (i % 3 + 1)} for i, text in enumerate(TEXTS)]
    (target,) = found(write_jsonl(tmp_path / "d.jsonl", rows)).spec.targets
    assert (target.name, target.kind, target.form) == ("topics", "multilabel", "list")


def test_lists_of_fractions_are_a_series(tmp_path):
    rows = [{"signal": [[0.5, 1.0], [0.25, 2.0]], "label": "ab"[i % 2]} for i in range(6)]
    assert found(write_jsonl(tmp_path / "d.jsonl", rows)).spec.input.kind == "series"


def test_conllu_predicts_upos_from_forms(tmp_path):
    word = "1\tIt\tit\tPRON\tPRP\t_\t0\troot\t_\t_\n"
    found_spec = found(write_text(tmp_path / "d.conllu", word + "\n" + word + "\n")).spec
    assert (found_spec.input.column, found_spec.targets[0].name) == ("form", "upos")


def test_conll_predicts_its_last_column(tmp_path):
    found_spec = found(write_text(tmp_path / "d.conll", "EU NNP B-ORG\nrejects VBZ O\n\nPeter NNP B-PER\n\n")).spec
    assert [t.columns for t in found_spec.targets] == [("column3",)]


def test_what_was_found_is_said(tmp_path):
    notes = found(write_text(tmp_path / "d.csv", csv_of(["text", *TEXTS], ["label", *"ababab"]))).notes
    assert notes[0] == "input: column 'text', running text, cut into words, lower-cased"
    assert notes[1] == "target 'label': column 'label', one label per sequence: cross-entropy over its classes"


def test_a_misspelt_column_is_an_error_with_a_suggestion(tmp_path):
    text = csv_of(["text", *TEXTS], ["label", *"ababab"])
    with pytest.raises(ColumnError, match=r"there is no column 'lable'\n  Did you mean 'label'\? The columns are"):
        spec(tmp_path, text, Requested(label=("lable",)))


def test_a_pattern_without_a_match_is_an_error(tmp_path):
    text = csv_of(["text", *TEXTS], ["vote_a", *"ababab"])
    with pytest.raises(ColumnError, match=r"no column matches 'votes_\*'\n  Did you mean 'vote_a'\?"):
        spec(tmp_path, text, Requested(outputs=("votes_*",)))


def test_two_possible_targets_are_never_guessed(tmp_path):
    text = csv_of(["text", *TEXTS], ["mood", *"ababab"], ["colour", *"xyzxyz"])
    with pytest.raises(DataError, match=r"which column is the target\? It could be 'mood', 'colour'\n  Say so with"):
        spec(tmp_path, text)


def test_text_and_tokens_together_are_an_error(tmp_path):
    text = csv_of(["text", *TEXTS], ["label", *"ababab"])
    with pytest.raises(ConfigError, match="--text and --tokens name the input in two ways"):
        spec(tmp_path, text, Requested(text="text", tokens="label"))


def test_a_target_asked_for_twice_is_an_error(tmp_path):
    text = csv_of(["text", *TEXTS], ["label", *"ababab"])
    with pytest.raises(ConfigError, match="the column 'label' is asked for twice"):
        spec(tmp_path, text, Requested(label=("label", "label")))


def test_a_file_of_numbers_only_is_an_error(tmp_path):
    rows = [{"a": i, "b": i * 2} for i in range(6)]
    with pytest.raises(DataError, match="no column looks like a sequence"):
        found(write_jsonl(tmp_path / "d.jsonl", rows))


def test_text_with_tags_is_cut_at_blanks(tmp_path):
    rows = [{"text": "a b c", "tags": ["X", "Y", "X"]}, {"text": "d e", "tags": ["X", "Y"]}]
    found_spec = found(write_jsonl(tmp_path / "d.jsonl", rows), Requested(text="text", tags=("tags",))).spec
    assert found_spec.input.kind == "whitespace"


def test_long_form_series_are_a_series(tmp_path):
    file = write_text(tmp_path / "d.csv", "id,t,x,label\na,1,0.5,u\na,2,0.25,u\nb,1,1.5,v\n")
    options = ReadOptions(series_id="id", time="t", channels=("x",))
    found_spec = found(file, Requested(label=("label",)), options).spec
    assert (found_spec.input.kind, found_spec.input.column) == ("series", "series")
