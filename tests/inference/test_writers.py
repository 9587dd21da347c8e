"""Predictions as files: what is written has the form of what was read, and can be read again."""

from __future__ import annotations

import io
import json
import math
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from seqwise.data.cells import raw_labels, sequence_reader
from seqwise.data.readers import ReadOptions, open_files
from seqwise.data.spec import DataSpec, InputSpec, TargetSpec
from seqwise.errors import ConfigError, DataError
from seqwise.evaluation.decoding import decisions
from seqwise.inference.added import Wanted
from seqwise.inference.prediction import Prediction
from seqwise.inference.writers import layout_for, written_as
from seqwise.models.decisions import Answer
from seqwise.targets import Target

TEXT, TOKENS = InputSpec("words", "text"), InputSpec("tokens", "tokens")
MOOD = (TargetSpec("mood", "label", ("mood",), "cell"), Target("mood", "label", (("bad", "good"),), ("mood",)))
TAGS = (
    TargetSpec("tags", "tags", ("tags",), "steps", per_step=True),
    Target("tags", "tags", (("N", "V"),), ("tags",), per_step=True),
)
VOTES = (
    TargetSpec("vote", "outputs", ("vote_a", "vote_b"), "columns"),
    Target("vote", "outputs", ((-1, 1), (-1, 1)), ("vote_a", "vote_b"), ("vote_a", "vote_b")),
)


def topics(form, delimiter=None):
    spec = TargetSpec("topics", "multilabel", ("topics",), form, delimiter)
    return spec, Target("topics", "multilabel", (("art", "sport"),), ("topics",))


def renamed(pair, name):
    spec, target = pair
    return (
        TargetSpec(name, spec.kind, (name,), spec.form, spec.delimiter, spec.per_step),
        Target(name, target.kind, target.classes, (name,), target.outputs, target.per_step),
    )


def shape_of(target, steps):
    inner = (target.class_count,) if target.kind != "outputs" else (len(target.outputs), target.class_count)
    return (steps, *inner) if target.per_step else inner


ALL = Wanted(proba="auto")


@pytest.fixture
def write(tmp_path, monkeypatch):
    """A function that writes a file into a fresh current folder and returns its name."""
    monkeypatch.chdir(tmp_path)

    def into_folder(name, content):
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return name

    return into_folder


@pytest.fixture
def written(write):
    """A function that writes predictions for a file: always the last class, and all labels of a set."""

    def text(name, content, given, *pairs, trained=None, logit=1.0, reading=None, steps=None, wanted=None, **how):
        spec = DataSpec(given, tuple(spec for spec, _ in pairs))
        targets = tuple(target for _, target in pairs)
        model = SimpleNamespace(spec=spec, targets=targets, options=trained or ReadOptions(format="jsonl"))
        source = open_files([write(name, content)], reading or ReadOptions())
        predictions = []
        for record in source:
            size = steps or (len(record.values[given.column]) if given.kind in ("tokens", "series") else 1)
            logits = {target.name: np.zeros(shape_of(target, size), np.float32) for target in targets}
            for target in targets:
                logits[target.name][... if target.kind == "multilabel" else (..., -1)] = logit
            answers = {t.name: Answer(logits[t.name], decisions(t, logits[t.name])) for t in targets}
            predictions.append(Prediction(record, size, answers, targets))
        writer = written_as(layout_for(model, source, wanted or Wanted(), **how))
        return "".join(writer(predictions[start : start + 2]) for start in range(0, len(predictions), 2))

    return text


def refusal(kind, function, *arguments, **options):
    with pytest.raises(kind) as caught:
        function(*arguments, **options)
    return str(caught.value)


def test_columns_of_a_table_stay_where_they_were(written):
    found = written("a.csv", 'mood,text,note\nbad,"a, b",x\n,c,\n,d,\n', TEXT, MOOD)
    assert found == 'mood,text,note,mood_predicted\nbad,"a, b",x,good\n,c,,good\n,d,,good\n'


def test_columns_that_a_table_lacks_stand_behind(written):
    assert written("a.csv", "text,note\na,x\n", TEXT, MOOD, VOTES) == "text,note,mood,vote_a,vote_b\na,x,good,1,1\n"


def test_probabilities_of_a_table_have_a_column_per_label(written):
    header, row = written("a.csv", "text,note\na,x\n", TEXT, MOOD, VOTES, wanted=ALL).splitlines()
    assert header.split(",")[5:] == [
        *("mood_probability_bad", "mood_probability_good"),
        *("vote_a_probability_-1", "vote_a_probability_1", "vote_b_probability_-1", "vote_b_probability_1"),
    ]
    assert row.split(",")[5:7] == ["0.268941", "0.731059"]


@pytest.mark.parametrize(
    ("form", "delimiter", "cell"), [("list", None, '"[""art"", ""sport""]"'), ("delimited", "|", "art|sport")]
)
def test_sets_of_labels_stand_in_tables_as_the_training_files_have_them(written, form, delimiter, cell):
    found = written("a.csv", "text\na\n", TEXT, topics(form, delimiter))
    assert found == f"text,topics\na,{cell}\n"


@pytest.mark.parametrize(("form", "delimiter", "cell"), [("list", None, "[]"), ("delimited", "|", "|")])
def test_an_empty_set_of_labels_is_no_empty_cell(written, form, delimiter, cell):
    pair = topics(form, delimiter)
    found = written("a.csv", "text\na\n", TEXT, pair, logit=-1.0)
    assert found == f"text,topics\na,{cell}\n"


@pytest.mark.parametrize("name", ["b.csv", "b.tsv", "b.jsonl", "b.csv.gz"])
@pytest.mark.parametrize(("form", "delimiter"), [("list", None), ("delimited", "|"), ("delimited", ",")])
@pytest.mark.parametrize("logit", [-1.0, 1.0])
def test_sets_of_labels_are_read_back(written, write, name, form, delimiter, logit):
    pair = topics(form, delimiter)
    text = written("a.jsonl", '{"text": "a, b"}\n', TEXT, pair, output=name, logit=logit)
    (record,) = open_files([write(name, text)], ReadOptions())
    assert record.values["text"] == "a, b"
    assert raw_labels(record, pair[0], 2) == (["art", "sport"] if logit > 0 else [])


@pytest.mark.parametrize("name", ["b.csv", "b.tsv", "b.jsonl"])
def test_tokens_and_tags_are_read_back(written, write, name):
    text = written("a.jsonl", '{"tokens": ["a\\tb", "c,", "\\"d"]}\n', TOKENS, TAGS, output=name)
    (record,) = open_files([write(name, text)], ReadOptions())
    assert raw_labels(record, TAGS[0], 3) == ["V", "V", "V"]
    assert sequence_reader(TOKENS)(record) == ["a\tb", "c,", '"d']


def test_a_table_has_the_delimiter_by_which_it_was_read(written):
    reading = ReadOptions(delimiter=";")
    assert written("a.csv", 'text;x\n"a; b";y\n', TEXT, MOOD, reading=reading) == 'text;x;mood\n"a; b";y;good\n'


def test_a_table_has_the_quotes_by_which_it_was_read(written):
    reading = ReadOptions(quote=True)
    found = written("a.tsv", 'text\tx\n"a\tb"\ty\n', TEXT, MOOD, reading=reading)
    assert found == 'text\tx\tmood\n"a\tb"\ty\tgood\n'


def test_a_table_made_of_another_format_has_the_form_of_the_training_files(written):
    trained = ReadOptions(format="csv", delimiter="|")
    assert written("a.jsonl", '{"text": "a"}\n', TEXT, MOOD, trained=trained, output="b.csv") == "text|mood\na|good\n"


def test_a_table_without_quotes_refuses_a_cell_with_the_delimiter(written):
    reading = ReadOptions(quote=False)
    message = refusal(
        DataError,
        written,
        "a.csv",
        "text\na b\n",
        TEXT,
        topics("delimited", ","),
        reading=reading,
        logit=-1.0,
    )
    assert message == (
        "a.csv:2: column 'topics': the cell holds ',', which separates cells here\n"
        "  Write JSON lines: --output NAME.jsonl."
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a\\tb", "the cell holds a tab, which separates cells here"),
        ("a\\nb", "the cell holds a line break, which ends a row here"),
        ("a\\rb", "the cell holds a line break (CR), which ends a row here"),
        ("\\ufeffa", "the cell begins with a byte-order mark"),
    ],
)
def test_a_table_without_quotes_refuses_what_it_would_lose(written, text, told):
    message = refusal(DataError, written, "a.jsonl", f'{{"text": "{text}"}}\n', TEXT, MOOD, output="b.tsv")
    assert message == f"a.jsonl:1: column 'text': {told}\n  Write JSON lines: --output NAME.jsonl."


def test_other_line_breaks_of_unicode_are_data(written):
    found = written("a.jsonl", '{"text": "a\\u2028b\\u0085c"}\n', TEXT, MOOD, output="b.tsv")
    assert found == "text\tmood\na\u2028b\u0085c\tgood\n"


BARE = ReadOptions(format="csv", header=False, columns=("mood", "note", "text"))


def test_a_table_without_a_header_is_written_in_the_order_of_training(written):
    content = '{"text": "a", "other": 1, "note": "x"}\n'
    assert written("a.jsonl", content, TEXT, MOOD, trained=BARE, output="b.csv") == "good,x,a,1\n"


def test_the_names_by_which_a_table_was_read_count_more_than_those_of_training(written):
    reading = ReadOptions(header=False, columns=("text", "note"), format="csv")
    assert written("a.csv", "a b,x\n", TEXT, MOOD, reading=reading, trained=BARE) == "a b,x,good\n"


def test_columns_lacking_in_a_table_without_a_header_are_left_empty(written):
    reading = ReadOptions(header=False, format="csv", columns=("mood", "note", "text"), unlabelled_columns=(("text",),))
    assert written("a.csv", "a b\n", TEXT, MOOD, reading=reading) == "good,,a b\n"


def test_numbered_columns_stand_by_their_number(written):
    given, mood = InputSpec("words", "column3"), renamed(MOOD, "column1")
    reading = ReadOptions(header=False, format="csv", unlabelled_columns=(("column3",),))
    assert written("a.csv", "a b\n", given, mood, reading=reading) == "good,,a b\n"


def test_a_key_that_comes_late_is_not_left_out_of_a_table(written):
    rows = '{"text": "a"}\n' * 1001 + '{"text": "b", "note": 1, "more": 2}\n'
    message = refusal(DataError, written, "a.jsonl", rows, TEXT, MOOD, output="b.csv")
    assert message == (
        "a.jsonl:1002: column 'more': the first rows have no such key, and they determine the columns of the table\n"
        "  Write JSON lines: --output NAME.jsonl."
    )


CLASHES = {
    "a table": ("a.csv", "text,mood_probability_good\na,1\n", TEXT, MOOD, "mood_probability_good", 2),
    "JSON lines": (
        "a.jsonl",
        '{"text": "a"}\n{"text": "b", "mood_probability": 1}\n',
        TEXT,
        MOOD,
        "mood_probability",
        2,
    ),
    "a comment": (
        "a.conll",
        "# tags_probability = 1\na\tb\n",
        InputSpec("tokens", "column1"),
        TAGS,
        "tags_probability",
        2,
    ),
}


@pytest.mark.parametrize(("name", "content", "given", "pair", "field", "line"), CLASHES.values(), ids=CLASHES)
def test_probabilities_never_overwrite_what_was_read(written, name, content, given, pair, field, line):
    assert refusal(DataError, written, name, content, given, pair, wanted=ALL) == (
        f"{name}:{line}: column '{field}': --proba would write a column of this name\n"
        "  Rename the column, or leave --proba out."
    )


def test_numbers_that_json_lacks_are_null(written):
    given = {"text": ["a"], "x": [math.nan], "y": [[1.5, math.inf]], "z": [{"k": math.nan}]}
    file = io.BytesIO()
    pq.write_table(pa.table(given), file)
    assert written("a.parquet", file.getvalue(), TEXT, MOOD) == (
        '{"text": "a", "x": null, "y": [1.5, null], "z": {"k": null}, "mood": "good"}\n'
    )
    assert written("a.parquet", file.getvalue(), TEXT, MOOD, output="b.csv") == (
        'text,x,y,z,mood\na,,"[1.5, null]","{""k"": null}",good\n'
    )


def test_columns_of_conll_stay_where_they_were(written):
    content = "# id = 7\n1\tIt\tPRON\tx\n2\tis\tAUX\ty\n\n1\tSo\tADV\tz\n\n"
    found = written("a.conll", content, InputSpec("tokens", "column2"), renamed(TAGS, "column3"))
    assert found == "# id = 7\n1\tIt\tPRON\tx\tV\n2\tis\tAUX\ty\tV\n\n1\tSo\tADV\tz\tV\n\n"


def test_columns_that_conll_lacks_stand_in_the_order_of_training(written):
    reading = ReadOptions(format="conll", columns=("pos", "tags", "tokens"), unlabelled_columns=(("tokens",),))
    assert written("a.conll", "It\nis\n\n", TOKENS, TAGS, reading=reading) == "_\tV\tIt\n_\tV\tis\n\n"


def test_conll_has_the_delimiter_by_which_it_was_read(written):
    reading = ReadOptions(format="conll", columns=("tokens", "tags"), delimiter=",")
    assert written("a.conll", "It,N\n\n", TOKENS, TAGS, reading=reading) == "It,N,V\n\n"


JOINT = '{"topics": ["x", "y"], "tokens": ["two words", "b", "_"], "pos": ["D", "N", "V"], "note": "a", "n": null}\n'


def test_conll_made_of_another_format_has_tokens_and_tags(written):
    assert written("a.jsonl", JOINT, TOKENS, TAGS, MOOD, topics("list"), output="b.conll") == (
        '# topics = ["x", "y"]\n# pos = ["D", "N", "V"]\n# note = a\n# mood = good\n'
        '# topics_predicted = ["art", "sport"]\n'
        "two words\tV\nb\tV\n_\tV\n\n"
    )


LOST = {
    "a tab": ({"tokens": ["a\tb"]}, "column 'tokens': the cell holds a tab, which separates cells here"),
    "a line break": ({"tokens": ["a\nb"]}, "column 'tokens': the cell holds a line break, which ends a row here"),
    "nothing": ({"tokens": ["a", ""]}, "column 'tokens': the cell is empty"),
    "outer blanks": ({"tokens": [" a"]}, "column 'tokens': leading and trailing spaces of a cell are lost here"),
    "a mark": (
        {"tokens": ["-DOCSTART-"]},
        "column 'tokens': a line -DOCSTART- alone would be read as the beginning of a document",
    ),
    "a comment of lines": (
        {"tokens": ["a"], "note": "x\ny"},
        "column 'note': the cell holds a line break, which a comment cannot",
    ),
    "a comment's name": ({"tokens": ["a"], "a=b": 1}, "column 'a=b': its name holds =, which ends a name here"),
    "a comment with blanks": (
        {"tokens": ["a"], "note": "x "},
        "column 'note': leading and trailing spaces of a cell are lost here",
    ),
}


@pytest.mark.parametrize(("row", "told"), LOST.values(), ids=LOST)
def test_conll_refuses_what_it_would_lose(written, row, told):
    tags = TAGS[0], Target("tags", "tags", (("N", "O"),), ("tags",), per_step=True)
    message = refusal(DataError, written, "a.jsonl", json.dumps(row) + "\n", TOKENS, tags, output="b.conll")
    assert message == f"a.jsonl:1: {told}\n  Write JSON lines: --output NAME.jsonl."


def test_one_column_of_conll_refuses_tokens_that_would_be_others(written):
    for token, told in (("# a", "begins with # would be read as a comment"), ("New York", "there is but one")):
        rows = json.dumps({"tokens": [token, "x"]}) + "\n"
        assert told in refusal(DataError, written, "a.jsonl", rows, TOKENS, MOOD, output="b.conll")


@pytest.mark.parametrize("name", ["b.conll", "b.conllu"])
def test_tokens_that_a_table_writes_out_are_tokens(written, name):
    found = written("a.csv", 'tokens,tags\n"[""It"", ""is""]",\n', TOKENS, renamed(TAGS, "upos"), output=name, steps=2)
    cells = [line.split("\t") for line in found.splitlines() if line and not line.startswith("#")]
    assert [(row[0], row[1]) if name == "b.conll" else (row[1], row[3]) for row in cells] == [("It", "V"), ("is", "V")]


def test_probabilities_in_conll_are_comments_and_columns(written):
    found = written(
        "a.jsonl", '{"tokens": ["a", "b"]}\n', TOKENS, TAGS, MOOD, output="b.conll", wanted=Wanted(proba="auto")
    )
    assert found == (
        '# mood = good\n# mood_probability = {"bad": 0.268941, "good": 0.731059}\n'
        'a\tV\t{"N": 0.268941, "V": 0.731059}\nb\tV\t{"N": 0.268941, "V": 0.731059}\n\n'
    )


def conllu(*words, misc="_"):
    return "".join(f"{i}\t{word}\t_\t_\t_\t_\t_\t_\t_\t{misc}\n" for i, word in enumerate(words, 1)) + "\n"


def test_tags_of_a_column_of_conllu_stand_in_it(written):
    found = written("a.jsonl", '{"tokens": ["a", "b"]}\n', TOKENS, renamed(TAGS, "upos"), output="b.conllu")
    assert found == "1\ta\t_\tV\t_\t_\t_\t_\t_\t_\n2\tb\t_\tV\t_\t_\t_\t_\t_\t_\n\n"


def test_other_tags_stand_in_misc(written):
    found = written(
        "a.jsonl", '{"tokens": ["two words", "b", "_"], "pos": ["D", "N", "V"]}\n', TOKENS, TAGS, output="b.conllu"
    )
    assert found == '# pos = ["D", "N", "V"]\n' + conllu("two words", "b", "_", misc="tags=V")


def test_tags_in_misc_stand_beside_those_of_their_name(written):
    content = conllu("It", misc="tags=N|SpaceAfter=No")
    found = written("a.conllu", content, InputSpec("tokens", "form"), TAGS)
    assert found == conllu("It", misc="tags=N|SpaceAfter=No|tags_predicted=V")


def test_probabilities_in_conllu_are_comments(written):
    found = written(
        "a.conllu", conllu("a"), InputSpec("tokens", "form"), renamed(TAGS, "upos"), MOOD, wanted=Wanted(proba="auto")
    )
    assert found.splitlines()[:3] == [
        "# mood = good",
        '# upos_probability = [{"N": 0.268941, "V": 0.731059}]',
        '# mood_probability = {"bad": 0.268941, "good": 0.731059}',
    ]


PLACES = {
    "lemma": (
        '{"tokens": ["a", "b"], "lemma": "ab"}\n',
        "CoNLL-U has a column of this name, with a value for each token",
    ),
    "upos": (
        '{"tokens": ["a", "b"], "upos": ["N"]}\n',
        "CoNLL-U has a column of this name, with a value for each token",
    ),
    "form": ('{"tokens": ["a"], "form": ["b"]}\n', "CoNLL-U has the tokens in its column of this name"),
}


@pytest.mark.parametrize(("field", "case"), PLACES.items(), ids=PLACES)
def test_a_column_that_conllu_has_no_place_for_is_refused(written, field, case):
    content, problem = case
    assert refusal(DataError, written, "a.jsonl", content, TOKENS, TAGS, output="b.conllu") == (
        f"a.jsonl:1: column '{field}': {problem}\n  Write JSON lines: --output NAME.jsonl."
    )


FORMS = {
    "b.tab": "text\tmood\na\tgood\n",
    "b.JSON": '{"text": "a", "mood": "good"}\n',
    "b.ndjson.gz": '{"text": "a", "mood": "good"}\n',
}


@pytest.mark.parametrize(("name", "text"), FORMS.items(), ids=FORMS)
def test_the_ending_tells_the_format(written, name, text):
    assert written("a.csv", "text\na\n", TEXT, MOOD, output=name) == text


REFUSED = {
    "xlsx": "--output b.xlsx: predictions are written as 'jsonl', 'csv', 'tsv', 'conll', 'conllu'; name the file so",
    "parquet": (
        "--output b.parquet: predictions are written as 'jsonl', 'csv', 'tsv', 'conll', 'conllu'; name the file so"
    ),
    "conll": "--output b.conll: conll holds tokens, but this model reads words",
}


@pytest.mark.parametrize(("ending", "message"), REFUSED.items(), ids=REFUSED)
def test_what_cannot_be_written_is_refused(written, ending, message):
    assert refusal(ConfigError, written, "a.csv", "text\na\n", TEXT, MOOD, output=f"b.{ending}") == message


def test_json_and_another_ending_contradict_each_other(written):
    message = refusal(ConfigError, written, "a.csv", "text\na\n", TEXT, MOOD, output="b.csv", as_json=True)
    assert message == "--json writes JSON lines, but --output b.csv names csv: leave one of them out"


def test_json_goes_with_an_ending_of_json_lines(written):
    assert (
        written("a.csv", "text\na\n", TEXT, MOOD, output="b.jsonl", as_json=True) == '{"text": "a", "mood": "good"}\n'
    )


def test_series_are_left_out(written):
    content = "@univariate true\n@classLabel true a b\n@data\n1,2:a\n"
    given = InputSpec("series", "series")
    assert written("a.ts", content, given, renamed(MOOD, "label")) == '{"label": "a", "label_predicted": "good"}\n'
    found = written("a.ts", content, given, renamed(MOOD, "label"), output="b.csv")
    assert found == "label,label_predicted\na,good\n"


def test_series_of_json_lines_are_kept(written):
    content = '{"series": [0.5, 1.5]}\n'
    found = written("a.jsonl", content, InputSpec("series", "series"), MOOD, output="b.csv")
    assert found == 'series,mood\n"[0.5, 1.5]",good\n'
