from __future__ import annotations

from reading import places, refusal, values


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
        "a.csv:3: byte 4 of the line (e9) is not utf-8\n  Say how the file is written, for instance --encoding latin-1."
    )


def test_quotation_marks_of_windows_are_told_from_latin_1(write):
    assert refusal(write("a.csv", "text,label\n\u201cx\u201d,1\n".encode("cp1252"))) == (
        "a.csv:2: byte 1 of the line (93) is not utf-8\n"
        "  Say how the file is written: --encoding cp1252 if it comes from Windows."
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
