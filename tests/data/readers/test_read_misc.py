"""Columns that stand in MISC of CoNLL-U files."""

from __future__ import annotations

from seqwise.data.readers import ReadOptions, open_files, read_stream, with_misc


def conllu(*cells):
    rows = [f"{number}\tw{number}\t_\tX\t_\t_\t0\t_\t_\t{cell}\n" for number, cell in enumerate(cells, 1)]
    return "".join(rows) + "\n"


def test_values_of_misc_are_a_column_where_they_are_asked_for(write):
    name = write("a.conllu", conllu("ner=B-x", "SpaceAfter=No|ner=I-x", "_", r"ner=a\pb\\c") + conllu("nerd=x"))
    source = with_misc(open_files([name], ReadOptions()), tags=("ner", "upos", "none"))
    assert [record.values["ner"] for record in source] == [["B-x", "I-x", None, r"a|b\c"], [None]]
    assert (source.columns[-1], source.notes) == (
        "ner",
        ("a.conllu: column 'ner' is read from misc, where it stands as ner=",),
    )


def test_a_column_that_misc_has_not_is_not_there(write):
    source = open_files([write("a.conllu", conllu("SpaceAfter=No"))], ReadOptions())
    assert with_misc(source, tags=("ner",)) is source


def test_words_are_called_as_they_are_asked_for(write):
    source = with_misc(open_files([write("a.conllu", conllu("_", "_"))], ReadOptions()), tokens="tokens")
    assert (source.tokens, source.columns[0]) == ("tokens", "tokens")
    (record,) = source
    assert (record.values["tokens"], "form" in record.values) == (["w1", "w2"], False)


def test_files_of_other_formats_stay_as_they_are(write):
    source = open_files([write("a.conll", "a x\n")], ReadOptions())
    assert with_misc(source, tags=("ner",), tokens="tokens") is source


def test_a_stream_is_not_looked_at_twice(tmp_path):
    path = tmp_path / "a.conllu"
    path.write_text(conllu("ner=B-x"))
    with path.open("rb") as stream:
        source = with_misc(read_stream(stream, "stream", ReadOptions(format="conllu")), tags=("ner",))
        assert [record.values["ner"] for record in source] == [["B-x"]]
