from __future__ import annotations

import pytest

from reading import places, refusal, values
from seqwise.data.readers import ReadOptions, open_files


def test_a_byte_order_mark_is_no_part_of_the_first_name(write):
    assert values(write("a.csv", b'\xef\xbb\xbf"text",label\nx,1\n')) == [{"text": "x", "label": "1"}]


def test_utf_8_sig_is_utf_8(write):
    name = write("a.csv", b"\xef\xbb\xbftext\nx\xff\n")
    assert "a.csv:3: byte 2 of the line (ff) is not utf-8" in refusal(
        write("a.csv", b"\xef\xbb\xbftext\ny\nx\xff\n"), encoding="utf-8-sig"
    )
    assert name == "a.csv"


def test_crlf_ends_lines_as_lf_does(write):
    name = write("a.csv", b"text,label\r\nx,1\r\ny,2\r\n")
    assert values(name) == [{"text": "x", "label": "1"}, {"text": "y", "label": "2"}]
    assert places(name) == ["a.csv:2", "a.csv:3"]


def test_what_unicode_calls_a_line_break_is_data(write):
    text = "a\u2028b\x0bc\x85d"
    assert values(write("a.tsv", f"text\tlabel\n{text}\t1\n")) == [{"text": text, "label": "1"}]


def test_bytes_that_are_not_utf_8_are_shown_with_line_and_byte(write):
    name = write("a.csv", "text,label\nfine,1\ncafé,2\n".encode("latin-1"))
    assert refusal(name) == (
        "a.csv:3: byte 4 of the line (e9) is not utf-8\n"
        "  Say how the file is written, for instance --encoding latin-1. With it line 3 reads 'café,2'."
    )


def test_quotation_marks_of_windows_are_told_from_latin_1(write):
    assert refusal(write("a.csv", "text,label\n\u201cx\u201d,1\n".encode("cp1252"))) == (
        "a.csv:2: byte 1 of the line (93) is not utf-8\n"
        "  Say how the file is written: --encoding cp1252 if it comes from Windows. With it line 2 reads "
        "'\u201cx\u201d,1'."
    )


def test_latin_1_is_read_when_named(write):
    assert values(write("a.csv", "text\ncafé\n".encode("latin-1")), encoding="latin-1") == [{"text": "café"}]


def test_utf_16_is_read_when_named(write):
    data = "text,label\r\n東京,1\r\nĊ,2\r\n".encode("utf-16")
    expected = [{"text": "東京", "label": "1"}, {"text": "Ċ", "label": "2"}]
    assert values(write("a.csv", data), encoding="utf-16") == expected


def test_an_odd_byte_in_utf_16_is_an_error_of_the_file(write):
    data = "text\nx\n".encode("utf-16") + b"\x00"
    assert refusal(write("a.csv", data), encoding="utf-16") == (
        "a.csv: the bytes 00 are not utf-16\n  Say how the file is written, for instance --encoding utf-8."
    )


TABLE = "text,label\nx y,1\nz,2\n"
ROWS = [{"text": "x y", "label": "1"}, {"text": "z", "label": "2"}]
CONLLU = "1\tGo\tgo\tVERB\t_\t_\t0\troot\t_\t_\n\n1\tStay\tstay\tVERB\t_\t_\t0\troot\t_\t_\n\n"

LINES_OF_ALL_FORMATS = {
    "csv": TABLE,
    "tsv": TABLE.replace(",", "\t"),
    "jsonl": '{"text": "x y", "label": "1"}\n{"text": "z", "label": "2"}\n',
    "conll": "It O\nrains O\n\nOslo B-LOC\nsleeps O\n",
    "conllu": CONLLU,
    "ft": "__label__a x y\n__label__b z\n",
    "ts": "@univariate true\n@classLabel true a b\n@data\n1,2.5:a\n3,4:b\n",
    "ucr": "1,0.5,2\n2,0.25,1\n",
}


def plain(rows):
    return [{name: getattr(cell, "tolist", lambda cell=cell: cell)() for name, cell in row.items()} for row in rows]


@pytest.mark.parametrize("form", LINES_OF_ALL_FORMATS)
def test_every_format_is_read_with_cr_line_ends(write, form):
    text = LINES_OF_ALL_FORMATS[form]
    expected = plain(values(write(f"lf.{form}", text)))
    assert len(expected) == 2
    assert plain(values(write(f"cr.{form}", text.replace("\n", "\r")))) == expected
    assert places(f"cr.{form}")[1].split(":")[1] == places(f"lf.{form}")[1].split(":")[1]


@pytest.mark.parametrize("form", ["conll", "conllu", "ts", "ucr"])
def test_cr_among_other_line_ends_is_refused(write, form):
    text = LINES_OF_ALL_FORMATS[form].rstrip("\n")
    whole, last = text.rsplit("\n", 1)
    name = write(f"a.{form}", f"{whole}\n{last}\r{last}\n")
    line = whole.count("\n") + 2
    assert refusal(name) == (
        f"a.{form}:{line}: a CR alone stands in the line\n  Save the file with LF or CR LF line ends."
    )


def test_a_cr_in_a_quoted_cell_is_data(write):
    assert values(write("a.csv", 'text,label\n"x\ry",1\n')) == [{"text": "x\ry", "label": "1"}]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("form", LINES_OF_ALL_FORMATS)
def test_zero_bytes_show_an_encoding_without_a_mark(write, form, encoding):
    text = LINES_OF_ALL_FORMATS[form].replace("x y", "\u6771\u4eac \u6c34")
    expected = plain(values(write(f"plain.{form}", text)))
    assert plain(values(write(f"wide.{form}", text.encode(encoding)))) == expected


@pytest.mark.parametrize("ending", ["csv", "txt"])
def test_a_text_of_few_ascii_characters_shows_its_encoding_too(write, ending):
    text = "\u6587,\u985e\n" + "\u4eca\u5929\u5929\u6c23\u5f88\u597d\u6211\u5011\u53bb\u516c\u5712,\u597d\n" * 9
    assert values(write(f"a.{ending}", text.encode("utf-16-le")))[0]["\u985e"] == "\u597d"


def test_a_stray_zero_byte_is_data(write):
    assert values(write("a.csv", "text,label\nx\0y,1\nz,2\n"))[0] == {"text": "x\0y", "label": "1"}


LONG = "text\n" + "x" * 100_000 + "\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-32", "cp037"])
def test_lines_of_every_encoding_are_bounded(write, monkeypatch, encoding):
    monkeypatch.setattr("seqwise.data.readers._limits.LONGEST_LINE", 50_000)
    name = write("a.csv", LONG.encode(encoding))
    given = {} if encoding == "utf-8" else {"encoding": encoding}
    assert "a.csv:2: the line is longer than" in refusal(name, **given)


MIXED = b"text,label\n\xc5\x81\xc3\xb3d\xc5\xba,1\ncaf\xe9,2\n\xc3\xbcber,1\nx,2\n"


def test_a_line_of_another_encoding_is_named_and_the_others_counted(write):
    assert refusal(write("a.csv", MIXED)) == (
        "a.csv:3: byte 4 of the line (e9) is not utf-8\n"
        "  4 of 5 lines are valid UTF-8, 2 of them with characters beyond ASCII, so the file is UTF-8 but for line 3. "
        "Write that line in UTF-8; another --encoding would garble the others. In latin-1 line 3 reads 'caf\u00e9,2'."
    )


def test_several_lines_of_another_encoding_are_named(write):
    data = MIXED + b"\xc3\xa9\n" * 9 + b"\x93a\x94,1\n" * 7
    told = refusal(write("a.csv", data))
    assert "so the file is UTF-8 but for lines 3, 15, 16, 17, 18 and 3 more. Write those lines in UTF-8;" in told
    assert "In cp1252 line 3 reads" in told


@pytest.mark.parametrize("encoding", ["cp1251", "shift_jis", "gbk"])
def test_bytes_that_are_no_latin_letters_get_no_latin_encoding(write, encoding):
    sign = {"cp1251": "\u043f\u0440\u0438\u0432\u0435\u0442"}.get(encoding, "\u65e5\u672c\u8a9e")
    told = refusal(write("a.csv", f"text,label\n{sign},1\n".encode(encoding)))
    assert "latin-1" not in told
    assert "cp1252" not in told
    assert f"{encoding}" in told


def test_another_encoding_asked_for_beside_valid_utf_8_is_no_advice(write):
    told = refusal(write("a.csv", "text,label\ncaf\u00e9,1\n"), encoding="ascii")
    assert told.endswith("Every line is valid UTF-8: say --encoding utf-8.")


def test_latin_1_that_is_cp1252_is_a_warning(write):
    name = write("a.csv", "text,label\n\u201cx\u201d,1\n".encode("cp1252"))
    source = open_files([name], ReadOptions(encoding="latin-1"))
    assert source.notes == (
        "a.csv: warning: line 2 has the byte 93, which is a control character in latin-1 and '\u201c' in cp1252: say "
        "--encoding cp1252 if the file comes from Windows",
    )
    plain_name = write("b.csv", "text,label\ncaf\u00e9,1\n".encode("latin-1"))
    assert open_files([plain_name], ReadOptions(encoding="latin-1")).notes == ()
