from __future__ import annotations

import re

import pytest
from data_cases import FLAGS, TEXTS, csv_of, found, notes, refused, spec, write_jsonl, write_text

from seqwise.data.detect import Requested, is_label_column
from seqwise.data.profile import profile_columns
from seqwise.data.readers import ReadOptions
from seqwise.data.records import Place, Record
from seqwise.errors import ColumnError, ConfigError, DataError

EITHER = (
    "  A column is either the input or part of one target. Leave it out of one of them; a pattern can be a list of "
    "columns: a,b,c."
)


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


SIDES = {
    "an annotator": ["1 Anna B-PER - eva", "2 went O - -", "", "1 Oslo B-LOC - eva", "2 . O - -"],
    "nothing but a mark": ["1 Anna B-PER _ _", "2 went O _ _", "", "1 Oslo B-LOC _ _", "2 . O _ _"],
    "lemmas": ["1 Anna B-PER anna x", "2 went O go y", "", "1 Oslo B-LOC oslo x", "2 . O . z"],
}


@pytest.mark.parametrize("lines", SIDES.values(), ids=SIDES)
def test_the_column_of_spans_is_the_target_whatever_stands_behind_it(tmp_path, lines):
    assert found(write_text(tmp_path / "d.iob2", "\n".join(lines) + "\n")).spec.targets[0].columns == ("column3",)


@pytest.mark.parametrize("sign", ["|||", "|", "/", "\u3000"])
def test_one_column_of_tokens_with_a_sign_in_each_is_a_delimiter_to_name(tmp_path, sign):
    path = write_text(tmp_path / "d.conll", f"Anna{sign}B\nwent{sign}O\n\nOslo{sign}B\n")
    with pytest.raises(DataError, match=re.escape(f"say --delimiter '{sign}'")):
        found(path)


def test_what_was_found_is_said(tmp_path):
    notes = found(write_text(tmp_path / "d.csv", csv_of(["text", *TEXTS], ["label", *"ababab"]))).notes
    assert notes[0] == "input: column 'text', running text, split into words, lower-cased"
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
    assert refused(ConfigError, tmp_path, text, Requested(label=("label", "label"))) == (
        "the column 'label' is asked for twice: as a target (--label label) and as a target (--label label)\n" + EITHER
    )


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


# Columns with two jobs.

TWO_JOBS = [
    (Requested(text="text", label=("text",)), "'text'", "the input (--text text)", "--label text"),
    (Requested(tokens="text", tags=("text",)), "'text'", "the input (--tokens text)", "--tags text"),
    (Requested(label=("vote_a",), outputs=("vote_*",)), "'vote_a'", "a target (--label vote_a)", "--outputs vote_*"),
    (
        Requested(outputs=("vote_*", "vote_a,vote_b")),
        "'vote_a'",
        "a target (--outputs vote_*)",
        "--outputs vote_a,vote_b",
    ),
    (
        Requested(multilabel=("vote_a",), tags=("vote_a",)),
        "'vote_a'",
        "a target (--tags vote_a)",
        "--multilabel vote_a",
    ),
]
VOTES = csv_of(["text", *TEXTS], ["vote", *"010101"], ["vote_a", *"010101"], ["vote_b", *"001101"])


@pytest.mark.parametrize(("requested", "column", "first", "second"), TWO_JOBS)
def test_a_column_with_two_jobs_is_an_error(tmp_path, requested, column, first, second):
    assert refused(ConfigError, tmp_path, VOTES, requested) == (
        f"the column {column} is asked for twice: as {first} and as a target ({second})\n{EITHER}"
    )


def test_the_tokens_of_a_format_are_no_target(tmp_path):
    text = "EU B-ORG\nrejects O\n\nPeter B-PER\n\n"
    assert refused(ConfigError, tmp_path, text, Requested(tags=("column1",)), "data.conll") == (
        "the column 'column1' is asked for twice: as the input of this format and as a target (--tags column1)\n"
        + EITHER
    )


def test_a_series_is_no_target(tmp_path):
    text = "id,t,x,label\na,1,0.5,u\na,2,0.25,u\nb,1,1.5,v\n"
    options = {"series_id": "id", "time": "t", "channels": ("x",)}
    assert refused(ConfigError, tmp_path, text, Requested(label=("series",)), **options) == (
        "the column 'series' is asked for twice: as the input of this format and as a target (--label series)\n"
        + EITHER
    )


def test_a_channel_asked_for_as_a_target_is_explained(tmp_path):
    text = "id,t,x,label\na,1,0.5,u\na,2,0.25,u\nb,1,1.5,v\n"
    options = {"series_id": "id", "time": "t", "channels": ("x",)}
    assert refused(ColumnError, tmp_path, text, Requested(tags=("x",)), **options) == (
        "data.csv: there is no column 'x'\n  The columns are 'series', 'id', 't', 'label'. Channels stand in 'series', "
        "which is the input; a channel is no target."
    )


def test_a_target_may_be_called_as_the_columns_of_another_begin(tmp_path):
    targets = spec(tmp_path, VOTES, Requested(label=("vote",), outputs=("vote_*",))).targets
    assert [(t.name, t.columns) for t in targets] == [("vote", ("vote",)), ("vote_*", ("vote_a", "vote_b"))]


def test_two_groups_of_columns_without_a_shared_name_have_two_names(tmp_path):
    text = csv_of(["text", *TEXTS], *[[name, *"010101"] for name in ("fr", "us", "cn", "de")])
    targets = spec(tmp_path, text, Requested(outputs=("fr,us", "cn,de"))).targets
    assert [t.name for t in targets] == ["outputs", "cn,de"]


# Flags, scales, measurements.

FLAG_CELLS = [
    ["is_a", "1.0", "0.0", "", "1.0", "", "0.0"],
    ["is_b", *"010110"],
    ["is_c", "True", "False", "True", "", "False", "True"],
]


def test_flags_as_pandas_writes_them_are_one_multilabel_target(tmp_path):
    (target,) = spec(tmp_path, csv_of(["text", *TEXTS], *FLAG_CELLS)).targets
    assert (target.kind, target.columns) == ("multilabel", ("is_a", "is_b", "is_c"))


def test_whole_numbers_beside_gaps_are_on_the_scale_of_those_without(tmp_path):
    votes = [["vote_a", "-1.0", "", "1.0", "0.0", "1.0", "-1.0"], ["vote_b", 1, -1, 1, 0, 0, 1], ["vote_c", *"010101"]]
    (target,) = spec(tmp_path, csv_of(["text", *TEXTS], *votes)).targets
    assert (target.kind, target.name) == ("outputs", "vote")


@pytest.mark.parametrize("odd", ["--1", "---1.0", "9" * 5000, "-\u0661", "1.0.0"])
def test_what_is_nearly_a_whole_number_is_a_label_as_it_stands(tmp_path, odd):
    votes = [[f"vote_{name}", odd, 1, 1, 0, 0, odd] for name in "abc"]
    (target,) = spec(tmp_path, csv_of(["text", *TEXTS], *votes)).targets
    assert (target.kind, target.columns) == ("outputs", ("vote_a", "vote_b", "vote_c"))


def test_parts_between_bars_may_hold_blanks(tmp_path):
    cells = ["genres", *("sci fi|drama", "drama", "sci fi", "crime", "crime|drama", "sci fi|crime")]
    (target,) = spec(tmp_path, csv_of(["title", *TEXTS], cells)).targets
    assert (target.kind, target.delimiter) == ("multilabel", "|")


def test_no_target_says_why_the_columns_are_none(tmp_path):
    text = csv_of(
        ["text", *TEXTS],
        ["score", *(i + 0.5 for i in range(6))],
        ["name", *"abcdef"],
        ["nr", *range(6)],
        ["source", *"xyxyxy"],
    )
    assert refused(DataError, tmp_path, text) == (
        "data.csv: no column looks like a target\n  The input is 'text'. 'score' holds fractions such as 0.5. 'name' "
        "has 6 different values in 6 rows. 'nr' seems to name rows. 'source' is hardly a label by its name. "
        f"{FLAGS} The columns are 'text', 'score', 'name', 'nr', 'source'."
    )


def test_rows_of_single_numbers_are_no_sequences(tmp_path):
    text = csv_of(*[[name, *(i + 0.5 for i in range(6))] for name in "fgh"], ["label", *"ababab"])
    assert refused(DataError, tmp_path, text) == (
        "data.csv: no column looks like a sequence\n  Name the column of text with --text or of token lists with "
        "--tokens. A series with a row per step needs --series-id or --time; a row of single numbers is no sequence. "
        "The columns are 'f', 'g', 'h', 'label'."
    )


def test_rows_of_whole_numbers_are_no_sequences(tmp_path):
    text = csv_of(["f", 3, 7, 3, 9, 4, 5], ["g", 8, 2, 6, 5, 5, 4], ["label", *"ababab"])
    assert refused(DataError, tmp_path, text).startswith("data.csv: no column looks like a sequence\n")


def test_dates_are_no_text(tmp_path):
    dates = ["date", *(f"2015-02-0{day} 17:51:00" for day in range(1, 7))]
    whole = csv_of(dates, ["phrase", *TEXTS], ["mood", *"ababab"])
    assert notes(tmp_path, whole)[1:] == [
        "target 'mood': column 'mood', one label per sequence: cross-entropy over its classes"
    ]
    text = csv_of(dates, ["light", *(i + 0.5 for i in range(6))], ["label", *"ababab"])
    assert refused(DataError, tmp_path, text).startswith("data.csv: no column looks like a sequence\n")


def test_a_single_column_of_whole_numbers_is_read_digit_by_digit(tmp_path):
    finding = spec(tmp_path, csv_of(["number", 10, 25, 31, 48, 52, 69], ["parity", *"010100"]))
    assert (finding.input.column, finding.input.kind) == ("number", "characters")


def test_a_row_per_token_is_pointed_out(tmp_path):
    text = csv_of(["word", "Anna", "runs", "it", "rains", "Ben", "runs"], ["pos", *"NVPVNV"], ["tag", *"BOOOBO"])
    assert refused(DataError, tmp_path, text) == (
        "data.csv: which column is the target? It could be 'pos', 'tag'\n"
        "  Say so with --label COL, --tags COL, --outputs 'PATTERN' or --multilabel COL. The columns are 'word', "
        "'pos', 'tag'. Or if each row of column 'word' is one token of a sequence, name the column that tells "
        "sequences apart with --sequence-id, or write a CoNLL file: a token and its labels per line, a blank line "
        "after each sequence."
    )


def test_numbers_between_blanks_are_read_as_words_aloud(tmp_path):
    text = csv_of(["values", *(f"0.{i} 1.25" for i in range(1, 7))], ["label", *"ababab"])
    assert notes(tmp_path, text)[2:] == [
        "column 'values': numbers between blanks are read as words; for a numeric series write lists: [0.5, 1.25]"
    ]


NUMBERS = [[f"s{step}", *(f"{row}.{step}" for row in range(6))] for step in range(1, 7)]


def test_a_column_that_names_rows_is_no_text_beside_many_numbers(tmp_path):
    text = csv_of(["customer", *(f"Con_{row}" for row in range(6))], *NUMBERS, ["status", *"ababab"])
    assert refused(DataError, tmp_path, text) == (
        "data.csv: which is the sequence? 6 columns hold numbers, 's1' to 's6', and 'customer' seems to name rows\n"
        "  If they are the steps of a series, say --steps s1,s2,s3,s4,s5,s6; a row of features is no sequence. To read "
        "'customer' as text, say --text customer."
    )
    assert spec(tmp_path, text, Requested(text="customer")).input.column == "customer"


def test_a_table_of_numbers_hints_at_the_flag_that_reads_its_rows(tmp_path):
    text = csv_of(*NUMBERS, ["class", *"ababab"])
    assert "one with a row per series needs --steps" in refused(DataError, tmp_path, text)


def test_tokens_without_sequences_are_refused_and_may_be_classified_alone(tmp_path):
    text = csv_of(
        ["token", "Anna", "Berg", "left", "Oslo", "it", "rains"], ["tag", "B-PER", "I-PER", *"OO", "B-X", "O"]
    )
    assert refused(DataError, tmp_path, text).startswith(
        "data.csv: each row seems to be one token of a sequence: column 'tag' has tags of spans such as 'B-PER'\n"
        "  Say --sequence-id COL if a column names the sequences; else write a CoNLL file, with a blank line after "
        "each sequence. To classify the rows one by one: --text token --label tag."
    )
    assert spec(tmp_path, text, Requested(text="token", label=("tag",))).input.column == "token"


def test_of_two_texts_the_other_is_named(tmp_path):
    text = csv_of(["premise", *TEXTS], ["hypothesis", *(f"{text} again" for text in TEXTS)], ["label", *"ababab"])
    assert notes(tmp_path, text)[2:] == [
        "ignored: column 'premise'; to read 'premise' instead: --text premise; "
        "to read both, joined: --text premise --text hypothesis"
    ]


@pytest.mark.parametrize("second", ["hypothesis", "sentence_2", "remark"])
def test_the_second_text_of_a_pair_is_no_target_though_it_repeats(tmp_path, second):
    label = "gold" if second == "remark" else "verdict"
    text = csv_of(["sentence_1", *TEXTS], [second, *(["it is so here", "it is not so"] * 3)], [label, *"ababab"])
    finding = found(write_text(tmp_path / "data.csv", text))
    assert [target.columns for target in finding.spec.targets] == [(label,)]
    told = f"to read both, joined: --text sentence_1 --text {second}"
    assert [note for note in finding.notes if note.endswith(told)]


def test_a_label_of_several_words_is_a_target_where_no_shorter_one_is(tmp_path):
    text = csv_of(["phrase", *TEXTS], ["verdict", *(["not at all good", "quite good indeed"] * 3)])
    assert spec(tmp_path, text).targets[0].columns == ("verdict",)


@pytest.mark.parametrize(("name", "sign"), [("d.csv", "|"), ("d.tsv", ","), ("d.tsv", ";"), ("d.tsv", ":")])
def test_a_single_column_that_seems_to_be_several_hints_at_the_delimiter(tmp_path, name, sign):
    text = csv_of(["text", *TEXTS], ["label", *"ababab"]).replace(",", sign)
    assert refused(ColumnError, tmp_path, text, Requested(label=("label",)), name) == (
        f"{name}: there is no column 'label'\n  Did you mean 'text{sign}label'? The columns are 'text{sign}label'. If "
        f"'{sign}' separates its cells, say --delimiter '{sign}'."
    )


def test_measurements_called_y_in_long_form_are_no_tags(tmp_path):
    text = "id,t,x,y,state\n" + "".join(
        f"{s},{t},{t}.5,{t}.25,{'ab'[(s + (t > 1)) % 2]}\n" for s in range(4) for t in range(4)
    )
    options = ReadOptions(series_id="id", time="t", channels=("x",))
    finding = found(write_text(tmp_path / "d.csv", text), Requested(ignored=("id", "t")), options)
    assert [(t.name, t.kind) for t in finding.spec.targets] == [("state", "tags")]
    assert finding.notes[2:] == ["ignored: column 'y' holds fractions such as 0.25"]


LIKE_LABELS = [
    ("label", "1", True),
    ("y", "2", True),
    ("speaker", "1", False),
    ("class_id", "3", True),
    ("y", "0.5", False),
]


@pytest.mark.parametrize(("name", "cell", "expected"), LIKE_LABELS)
def test_columns_of_numbers_that_are_hardly_channels(name, cell, expected):
    profiles = profile_columns([name], [Record(Place("d.csv", 1), {name: cell})])
    assert is_label_column(profiles[name]) is expected


def wide(*columns, steps):
    """A table of columns and eight steps that a function of row and step gives."""
    names = [*(name for name, _ in columns), *(f"t{step}" for step in range(8))]
    rows = [[*(cell(row) for _, cell in columns), *(steps(row, step) for step in range(8))] for row in range(40)]
    return "\n".join(",".join(map(str, row)) for row in [names, *rows]) + "\n"


WHOLE = {
    "numbers": ([("id", lambda row: row + 1), ("label", lambda row: "ab"[row % 2])], Requested(label=("label",))),
    "labels": ([("id", lambda row: row + 1), ("label", lambda row: "ab"[row % 2])], Requested()),
    "as UCR has them": ([("c", lambda row: row % 2)], Requested()),
}


@pytest.mark.parametrize(("columns", "requested"), WHOLE.values(), ids=WHOLE)
def test_a_wide_table_of_whole_numbers_is_not_read_digit_by_digit(tmp_path, columns, requested):
    file = write_text(tmp_path / "d.csv", wide(*columns, steps=lambda row, step: (row * (step + 1)) % 11))
    with pytest.raises(DataError, match=r"(?s)which is the sequence\? .* columns hold numbers.*--steps.*--format ucr"):
        found(file, requested)


def test_columns_of_numbers_beside_a_text_of_several_words_are_not_left_out_in_silence(tmp_path):
    columns = [("name", lambda row: f"customer {row}"), ("label", lambda row: "ab"[row % 2])]
    file = write_text(tmp_path / "d.csv", wide(*columns, steps=lambda row, step: row + step / 2))
    assert any("8 columns of numbers, 't0' to 't7', are not read" in note for note in found(file).notes)
