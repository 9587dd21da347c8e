from __future__ import annotations

import pytest

from reading import places, refusal, values
from seqwise.data.readers import ReadOptions, open_files

NEWS = """-DOCSTART- -X- -X- O

EU NNP B-NP B-ORG
rejects VBZ B-VP O

-DOCSTART- -X- -X- O

Peter NNP B-NP B-PER
Blackburn NNP I-NP I-PER
"""


def test_a_sequence_is_a_list_per_column(write):
    assert values(write("a.conll", NEWS)) == [
        {
            "column1": ["EU", "rejects"],
            "column2": ["NNP", "VBZ"],
            "column3": ["B-NP", "B-VP"],
            "column4": ["B-ORG", "O"],
        },
        {
            "column1": ["Peter", "Blackburn"],
            "column2": ["NNP", "NNP"],
            "column3": ["B-NP", "I-NP"],
            "column4": ["B-PER", "I-PER"],
        },
    ]


def test_the_line_of_a_sequence_is_that_of_its_first_token(write):
    assert places(write("a.conll", NEWS)) == ["a.conll:3", "a.conll:8"]
    assert places(write("b.conll", "# id = 7\nIt O\n")) == ["b.conll:2"]


def test_document_lines_are_left_out_and_said(write):
    source = open_files([write("a.conll", NEWS)], ReadOptions())
    assert (source.format, source.kind, source.tokens) == ("conll", "tokens", "column1")
    assert source.notes == ("a.conll: lines -DOCSTART- are left out",)


def test_columns_can_be_named(write):
    name = write("a.iob2", "It O\nworks O\n")
    assert values(name, columns=("token", "tag")) == [{"token": ["It", "works"], "tag": ["O", "O"]}]


def test_comments_with_a_value_become_columns(write):
    name = write("a.conll", "# intent = PlayMusic\n# checked\nplay O\njazz B-genre\n\nstop O\n")
    source = open_files([name], ReadOptions())
    assert source.columns == ("column1", "column2", "intent")
    assert [record.values for record in source] == [
        {"column1": ["play", "jazz"], "column2": ["O", "B-genre"], "intent": "PlayMusic"},
        {"column1": ["stop"], "column2": ["O"]},
    ]


def test_the_value_of_a_comment_may_be_empty_and_hold_equal_signs(write):
    record = values(write("a.conll", "# a =\n# long key = x = y\nIt O\n"))[0]
    assert (record["a"], record["long key"]) == ("", "x = y")


def test_comments_above_a_blank_line_belong_to_the_next_sequence(write):
    assert values(write("a.conll", "# a = 1\n\nIt O\n\nIs O\n"))[0]["a"] == "1"


HASHES = {
    "alone, after a tab": "#\tO\nIt\tO\n",
    "alone, after a blank": "# O\nIt O\n",
    "of a word": "#tag O\nIt O\n",
    "in the middle": "It O\n# O\n\n",
    "in a later sequence": "It O\n\n# O\n",
    "in every line": "#tag O\n# O\n",
    "alone in every sequence": "# O\n\n# O\n",
}


@pytest.mark.parametrize("content", HASHES.values(), ids=HASHES)
def test_a_hash_can_begin_a_token(write, content):
    tokens = [token for row in values(write("a.conll", content)) for token in row["column1"]]
    assert sorted(tokens) == sorted(line.split()[0] for line in content.split("\n") if line)


def test_a_line_with_all_columns_is_a_token_whatever_it_begins_with(write):
    for token in ("#a=b", "# a = b", "#", "-DOCSTART-", "-DOCSTART-x"):
        for tag in ("B-x", "a = b"):
            content = f"# intent = y\n{token}\t{tag}\nIt\tO\n\n{token}\t{tag}\n"
            first, second = values(write("a.conll", content))
            assert (first["column1"], first["intent"], second["column1"]) == ([token, "It"], "y", [token])


@pytest.mark.parametrize("token", ["#a=b", "#tag"])
def test_a_hash_without_a_blank_begins_a_token_where_blanks_separate(write, token):
    assert values(write("a.conll", f"# a = b\n{token} O\nIt O\n"))[0]["column1"] == [token, "It"]


DOCUMENTS = {
    "alone": ("-DOCSTART- -X- O O\n\nIt PRP O O\n", 1),
    "alone, of two columns": ("-DOCSTART- O\n\nIt O\n", 1),
    "above a token": ("-DOCSTART- -X- O O\nIt PRP O O\n", 1),
    "with other columns": ("-DOCSTART- (1 EU)\n\nIt O\n", 1),
    "a token among others": ("-DOCSTART- O\nIt O\n", 2),
    "a token with a label": ("-DOCSTART- B-x\n\nIt O\n", 1),
}


@pytest.mark.parametrize(("content", "size"), DOCUMENTS.values(), ids=DOCUMENTS)
def test_a_document_line_is_told_from_a_token(write, content, size):
    source = open_files([write("a.conll", content)], ReadOptions())
    rows = [record.values["column1"] for record in source]
    assert len(rows[0]) == size
    assert bool(source.notes) == (rows[0] == ["It"])


def test_a_comment_named_as_a_column_keeps_its_hash(write):
    record = values(write("a.conll", "# tag = x\nIs O\n"), columns=("token", "tag"))[0]
    assert record == {"token": ["Is"], "tag": ["O"], "# tag": "x"}


def test_several_characters_can_separate(write):
    assert values(write("a.conll", "New York|||B\n"), delimiter="|||")[0] == {"column1": ["New York"], "column2": ["B"]}


@pytest.mark.parametrize(("token", "count"), [("w", 500), (".", 3)])
def test_a_file_without_blank_lines_is_said_to_be_one_sequence(write, token, count):
    source = open_files([write("a.conll", f"{token} O\n" * count)], ReadOptions())
    told = f"a.conll: one sequence of {count} tokens: no blank line separates it into sequences"
    assert source.notes == (told,)
    assert not open_files([write("b.conll", f"{token} O\n\n" * count)], ReadOptions()).notes


def test_tabs_keep_blanks_inside_tokens(write):
    assert values(write("a.conll", "Hà Nội\tB-LOC\n5 000\tO\n"))[0]["column1"] == ["Hà Nội", "5 000"]


def test_blanks_of_any_number_separate(write):
    assert values(write("a.conll", "It   O\nis \t O\n"))[0] == {
        "column1": ["It", "is"],
        "column2": ["O", "O"],
    }


def test_other_spaces_of_unicode_are_data(write):
    assert values(write("a.conll", "5\u00a0000 O\n\u3000 O\n"))[0]["column1"] == ["5\u00a0000", "\u3000"]


def test_a_delimiter_can_be_given(write):
    assert values(write("a.conll", "New York|B\n"), delimiter="|")[0] == {
        "column1": ["New York"],
        "column2": ["B"],
    }
    assert values(write("b.conll", "New York\n"), delimiter="blank")[0] == {
        "column1": ["New"],
        "column2": ["York"],
    }


def test_lines_of_blanks_are_blank(write):
    assert len(values(write("a.conll", "\nIt\tO \n\t\nIs\tO\r\n \r\n\r\nSo\tO"))) == 3


def test_one_column_is_enough(write):
    assert values(write("a.conll", "It\nis\n\nSo\n")) == [{"column1": ["It", "is"]}, {"column1": ["So"]}]


def test_a_column_that_counts_is_not_the_column_of_tokens(write):
    name = write("a.iob2", "# text = Det går\n1\tDet\tO\n2\tgår\tO\n\n1\tNej\tO\n")
    source = open_files([name], ReadOptions())
    assert source.tokens == "column2"
    assert source.notes == ("a.iob2: the first column counts 1, 2, 3: the tokens are taken from 'column2'",)


@pytest.mark.parametrize("content", ["1 O\n\n1 O\n", "1 O\n2 O\n\n2 O\n", "1\n2\n"])
def test_numbers_can_be_tokens(write, content):
    assert open_files([write("a.conll", content)], ReadOptions()).tokens == "column1"


WRONG = {
    "nothing": ("\n \n", {}, "a.conll: the file has no tokens"),
    "comments only": ("# a = b\n", {}, "a.conll: the file has no tokens"),
    "a missing column": (
        "# a\n\nEU NNP O\nsaid O\n",
        {},
        "a.conll:4: expected 3 columns as on line 3, got 2: 'said O'\n"
        "  Is a token missing, or is it a blank or a tab? A token of blanks cannot stand in CoNLL columns. "
        "Separate the columns by tabs where cells hold blanks.",
    ),
    "a missing column in the second file": (
        "EU\tNNP\tO\n\nsaid\tO\n",
        {},
        "a.conll:3: expected 3 columns as on line 1, got 2: 'said\\tO'",
    ),
    "an empty cell": ("It\tPRON\tO\nis\t\tO\n", {}, "a.conll:2: column 'column2': the cell is empty"),
    "another number of names": (
        "It O\n",
        {"columns": ("a", "b", "c")},
        "a.conll:1: 3 columns are named, but the line has 2",
    ),
    "a first cell of a tab": (
        "\t O\nIt O\n",
        {},
        "a.conll:1: its first cell is missing: the line begins with a blank, and line 2 has 2 columns\n"
        "  A token of blanks cannot stand in CoNLL columns.",
    ),
    "a delimiter that stands thrice": (
        "It|||O\n",
        {"delimiter": "|"},
        "a.conll:1: column 'column2': the cell is empty\n  If '|||' separates the columns, say --delimiter '|||'.",
    ),
}


@pytest.mark.parametrize(("content", "options", "message"), WRONG.values(), ids=WRONG)
def test_columns_that_are_wrong_are_refused(write, content, options, message):
    assert refusal(write("a.conll", content), **options) == message


HEADERS = {
    "word tag\n": ("word", "tag"),
    "token label\n": ("token", "label"),
    "Token NER\n\n": ("Token", "NER"),
    "# token\tner_tag\n": ("token", "ner_tag"),
    "FORM\tUPOS\n": ("FORM", "UPOS"),
    "-DOCSTART- O\n\nWord Chunk-tag\n": ("Word", "Chunk-tag"),
    "# lang = en\nWord\tTag\n": ("Word", "Tag"),
}


@pytest.mark.parametrize(("header", "names"), HEADERS.items(), ids=HEADERS)
def test_a_line_that_names_the_columns_is_no_token_and_said(write, header, names):
    text = "Oslo B-LOC\nsleeps O\n\nAnna B-PER\n"
    text = text.replace(" ", "\t") if "\t" in header else text
    source = open_files([write("a.conll", header + text)], ReadOptions())
    assert [(record.values["column1"], record.values["column2"]) for record in source] == [
        (["Oslo", "sleeps"], ["B-LOC", "O"]),
        (["Anna"], ["B-PER"]),
    ]
    line = header.rstrip("\n").count("\n") + 1
    assert source.notes[-1] == (
        f"a.conll: line {line} names the columns and is left out: {names[0]} = column1, {names[1]} = column2 (else say "
        f"--no-header); to use its names: --columns {','.join(names)}"
    )


def test_names_given_for_the_columns_take_the_place_of_those_of_the_file(write):
    name = write("a.conll", "word tag\nOslo B-LOC\n")
    source = open_files([name], ReadOptions(columns=("word", "tag")))
    assert [record.values for record in source] == [{"word": ["Oslo"], "tag": ["B-LOC"]}]
    assert source.notes == ("a.conll: line 1 names the columns and is left out (else say --no-header)",)


def test_names_of_columns_are_tokens_where_it_is_said(write):
    name = write("a.conll", "word tag\nOslo B-LOC\n")
    assert values(name, header=False) == [{"column1": ["word", "Oslo"], "column2": ["tag", "B-LOC"]}]


TOKENS_LIKE_NAMES = {
    "tagged words": "word O\ntoken O\nform B-x\n",
    "a tag that occurs again": "token label\nOslo label\nsleeps O\n",
    "a single column": "word\ntoken\n",
    "a sentence of such words": "Word NN\nform NN\n\nlabel NN\n",
}


@pytest.mark.parametrize("text", TOKENS_LIKE_NAMES.values(), ids=TOKENS_LIKE_NAMES)
def test_tokens_that_are_called_like_columns_are_tokens(write, text):
    source = open_files([write("a.conll", text)], ReadOptions())
    assert sum(len(record.values["column1"]) for record in source) == len(text.split("\n")) - 1 - text.count("\n\n")
    assert source.notes == ()


def test_names_of_columns_that_stand_again_are_refused(write):
    name = write("a.conll", "word tag\nOslo B-LOC\n\nword tag\nAnna B-PER\n")
    assert refusal(name) == (
        "a.conll:4: the names of the columns stand here again\n  Remove this line: it would count as a token."
    )


def test_lines_above_every_sequence_are_comments_though_they_have_as_many_words_as_columns(write):
    name = write("a.conll", "# sentence\nOslo B-LOC\n\n# sentence\nAnna B-PER\n")
    assert [record["column1"] for record in values(name)] == [["Oslo"], ["Anna"]]
    assert open_files([name], ReadOptions()).options.comments is True


def test_a_comment_that_is_read_as_a_token_is_said(write):
    name = write("a.conll", "# comment\nOslo B-LOC\nsleeps O\n\nAnna B-PER\nsleeps O\n")
    source = open_files([name], ReadOptions())
    assert source.notes == (
        "a.conll: warning: line 1, '# comment', is read as a token with the tag 'comment', which no other token has; "
        "if it is a comment, write it as '# key = value'",
    )
    tagged = write("b.conll", "# O\nOslo B-LOC\nsleeps O\n\nAnna B-PER\n")
    assert open_files([tagged], ReadOptions()).notes == ()


def test_comments_of_the_training_files_are_comments_in_the_files_that_go_with_them(write):
    before = open_files([write("a.conll", "# id = 1\nOslo B-LOC\n")], ReadOptions()).options
    dev = write("dev.conll", "Anna B-PER\n\n# checked\nOslo B-LOC\n")
    assert [record.values["column1"] for record in open_files([dev], ReadOptions(), before=before)] == [
        ["Anna"],
        ["Oslo"],
    ]


def test_cells_with_a_blank_each_are_said(write):
    source = open_files([write("a.conll", "Oslo\t B-LOC\nsleeps\t O\n")], ReadOptions())
    assert source.notes == (
        "a.conll: warning: every cell of 'column2' begins or ends with a blank, which is a part of it: ' B-LOC'",
    )
