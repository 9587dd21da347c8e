from __future__ import annotations

import conllu
import pytest

from reading import places, refusal, values
from seqwise.data.readers import ReadOptions, open_files

COLUMNS = ("form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")

# A multiword token, an empty node, a token with a blank inside, comments with and without a value.
TREES = """# newdoc id = d1
# sent_id = s1
# checked
1-2\tdel\t_\t_\t_\t_\t_\t_\t_\t_
1\tde\tde\tADP\tIN\t_\t3\tcase\t_\t_
2\tel\tel\tDET\tDT\tDefinite=Def|Gender=Masc\t3\tdet\t_\t_
2.1\tya\tya\tADV\t_\t_\t_\t_\t3:advmod\t_
3\tHà Nội\tHà Nội\tPROPN\tNNP\t_\t0\troot\t_\tSpaceAfter=No

# sent_id = s2
# text =Sí
1\tSí\tsí\tINTJ\tUH\t_\t0\troot\t_\t_

"""


def word(number: str, form: str = "x", *rest: str) -> str:
    return "\t".join([number, form, *(rest or ["_"] * 8)]) + "\n"


def test_the_words_are_those_that_the_conllu_package_finds(write):
    expected = []
    for tree in conllu.parse(TREES):
        words = tree.filter(id=lambda number: isinstance(number, int))
        expected.append([(token["form"], token["lemma"], token["upos"], str(token["head"])) for token in words])
    found = [
        list(zip(row["form"], row["lemma"], row["upos"], row["head"], strict=True))
        for row in values(write("a.conllu", TREES))
    ]
    assert found == expected


def test_every_column_is_kept_as_it_is_written(write):
    first = values(write("a.conllu", TREES))[0]
    assert first["xpos"] == ["IN", "DT", "NNP"]
    assert first["feats"] == ["_", "Definite=Def|Gender=Masc", "_"]
    assert first["deprel"] == ["case", "det", "root"]
    assert first["deps"] == ["_", "_", "_"]
    assert first["misc"] == ["_", "_", "SpaceAfter=No"]


def test_comments_with_a_value_are_columns(write):
    source = open_files([write("a.conllu", TREES)], ReadOptions())
    assert (source.format, source.kind, source.tokens) == ("conllu", "tokens", "form")
    assert source.columns == (*COLUMNS, "newdoc id", "sent_id", "text")
    first, second = source
    assert (first.values["newdoc id"], first.values["sent_id"]) == ("d1", "s1")
    assert (second.values["sent_id"], second.values["text"]) == ("s2", "Sí")


def test_the_line_of_a_sentence_is_its_first_below_the_comments(write):
    assert places(write("a.conllu", TREES)) == ["a.conllu:4", "a.conllu:12"]


def test_a_sentence_of_nothing_but_empty_nodes_is_no_record(write):
    assert places(write("a.conllu", f"{word('0.1')}\n{word('1')}")) == ["a.conllu:3"]


WRONG = {
    "comments only": ("# sent_id = 1\n\n", "a.conllu: the file has no sentences"),
    "nine columns": (word("1") + "2\tx" + "\t_" * 7, "a.conllu:2: expected 10 columns, got 9"),
    "blanks": (
        "1 It it PRON PRP _ 0 root _ _\n",
        "a.conllu:1: expected 10 columns, got 1\n  Columns are separated by one tab; blanks do not separate.",
    ),
    "an empty cell": (
        word("1", "x", "x", "", *["_"] * 6),
        "a.conllu:1: column 'upos': the cell is empty\n  CoNLL-U writes _ for nothing.",
    ),
    "a sentence that runs into the next": (
        word("1") + word("2") + word("1"),
        "a.conllu:3: column 'id': expected word 3, got '1'\n  Is the blank line between two sentences missing?",
    ),
    "a word left out": (word("1") + word("3"), "a.conllu:2: column 'id': expected word 2, got '3'"),
    "an id that is none": (word("one"), "a.conllu:1: column 'id': expected word 1, got 'one'"),
    "a comment inside": (
        word("1") + "# text = x\n",
        "a.conllu:2: expected 10 columns, got 1\n  Columns are separated by one tab; blanks do not separate.",
    ),
}


@pytest.mark.parametrize(("content", "message"), WRONG.values(), ids=WRONG)
def test_what_is_not_conllu_is_refused(write, content, message):
    assert refusal(write("a.conllu", content)) == message


def test_a_comment_named_as_a_column_keeps_its_hash(write):
    (record,) = open_files([write("a.conllu", f"# form = x\n{word('1')}")], ReadOptions())
    assert record.values["# form"] == "x"
    assert record.values["form"] != "x"
