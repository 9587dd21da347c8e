from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqwise.data.tokens import (
    TOKENIZERS,
    tokenize_bytes,
    tokenize_characters,
    tokenize_whitespace,
    tokenize_words,
)

FAMILY = "👨\u200d👩\u200d👧"

# The expected tokens stand between bars.
WORDS = {
    "nothing": ("", ""),
    "blanks": (" \t\n\u3000", ""),
    "punctuation": ("Well, (really)?!", "Well|,|(|really|)|?|!"),
    "apostrophes": ("don't rock’n’roll 'tis dogs'", "don't|rock’n’roll|'|tis|dogs|'"),
    "hyphens": ("well-known e‑mail a--b -x-", "well-known|e‑mail|a|-|-|b|-|x|-"),
    "numbers": ("3.14 1,000 1,000.50 -2 5. v1.2 3,x", "3.14|1,000|1,000.50|-|2|5|.|v1.2|3|,|x"),
    "dates and times": ("2015-02-04 12:30", "2015-02-04|12|:|30"),
    "names of code": ("snake_case C3PO", "snake_case|C3PO"),
    "links": (
        "See https://a.org/x?y=1,2#z, (www.b.com/c).",
        "See|https://a.org/x?y=1,2#z|,|(|www.b.com/c|)|.",
    ),
    "mail": ("write to jo.doe+x@mail.example.co.uk.", "write|to|jo.doe+x@mail.example.co.uk|."),
    "links and mail beside Han": (
        "看https://a.org/x，写信到a.b@c.org。",
        "看|https://a.org/x|，|写|信|到|a.b@c.org|。",
    ),
    "a link with letters of its language": (
        "https://de.wikipedia.org/wiki/Köln!",
        "https://de.wikipedia.org/wiki/Köln|!",
    ),
    "no mail": ("a@b @you", "a|@|b|@|you"),
    "tags": ("#fun <b>", "#|fun|<|b|>"),
    "emoji": ("ok👍🏽👍 ❤️!", "ok|👍🏽|👍|❤️|!"),
    "joined emoji": (f"{FAMILY}{FAMILY}", f"{FAMILY}|{FAMILY}"),
    "flags": ("🇩🇪🇫🇷🇫", "🇩🇪|🇫🇷|🇫"),
    "keycaps": ("1️⃣2️⃣ #️⃣", "1️⃣2️⃣|#️⃣"),
    "Uyghur": ("بۇ كىتاب، ئۇنىڭ؟", "بۇ|كىتاب|،|ئۇنىڭ|؟"),
    "Arabic with vowel marks and numbers": ("كِتَابٌ ٣٫١٤ ١٬٠٠٠", "كِتَابٌ|٣٫١٤|١٬٠٠٠"),
    "Persian with a joiner": ("می\u200cخواهم\u200c.", "می\u200cخواهم|."),
    "Hindi": ("हिन्दी में।", "हिन्दी|में|।"),
    "Hebrew": ("צה״ל ד'", "צה״ל|ד|'"),
    "Vietnamese": ("Nguyễn Văn ở Hà Nội.", "Nguyễn|Văn|ở|Hà|Nội|."),
    "Korean": ("한국어 문장.", "한국어|문장|."),
    "Han": ("東京2020年，好𠀀", "東|京|2020|年|，|好|𠀀"),
    "kana": ("すごいタワー ﾊﾟ", "す|ご|い|タ|ワ|ー|ﾊ|ﾟ"),
    "Thai": ("ภาษาที่", "ภ|า|ษ|า|ที่"),
    "Khmer": ("ខ្ញុំ", "ខ្|ញុំ"),
    "marks without a letter": ("\u0301 a", "\u0301|a"),
    "signs without form": ("\u200f\ufeffa\u200bb\u2060\x00", "a|b"),
    "other planes": ("𝒳𝒴 🂡", "𝒳𝒴|🂡"),
}


@pytest.mark.parametrize(("text", "tokens"), WORDS.values(), ids=WORDS)
def test_text_is_cut_into_words(text, tokens):
    assert tokenize_words(text) == (
        [unicodedata.normalize("NFC", token) for token in tokens.split("|")] if tokens else []
    )


CHARACTERS = {
    "nothing": ("", []),
    "blanks": ("a b\n", ["a", " ", "b", "\n"]),
    "CR LF": ("a\r\n\r\n\n", ["a", "\r\n", "\r\n", "\n"]),
    "CR LF beside other scripts": ("é\r\n", ["é", "\r\n"]),
    "a mark that composes": ("e\u0301", ["é"]),
    "a mark that does not compose": ("x\u0301\u0323y", ["x\u0323\u0301", "y"]),
    "marks without a letter": ("\u0301\u0302", ["\u0301\u0302"]),
    "skin tones": ("👍🏽👍", ["👍🏽", "👍"]),
    "a family": (f"{FAMILY}👧", [FAMILY, "👧"]),
    "a joiner after a letter": ("a\u200db", ["a\u200d", "b"]),
    "flags": ("🇩🇪🇫🇷🇫", ["🇩🇪", "🇫🇷", "🇫"]),
    "a flag of tags": ("🏴\U000e0067\U000e0062\U000e007f!", ["🏴\U000e0067\U000e0062\U000e007f", "!"]),
    "keycaps": ("1️⃣2", ["1️⃣", "2"]),
    "Hangul letters": ("\u1112\u1161\u11ab", ["한"]),
    "old Hangul": ("\u1112\u119e\u11ab\u1100", ["\u1112\u119e\u11ab", "\u1100"]),
    "Devanagari": ("हि", ["हि"]),
    "Tamil": ("தமிழ்", ["த", "மி", "ழ்"]),
    "Thai": ("กำที่", ["กำ", "ที่"]),
    "Arabic": ("كِت", ["كِ", "ت"]),
    "signs without form": ("a\u200b", ["a", "\u200b"]),
}


@pytest.mark.parametrize(("text", "tokens"), CHARACTERS.values(), ids=CHARACTERS)
def test_characters_are_grapheme_clusters(text, tokens):
    assert tokenize_characters(text) == tokens


@given(st.text())
def test_characters_together_are_the_composed_text(text):
    assert "".join(tokenize_characters(text)) == unicodedata.normalize("NFC", text)


@given(st.text())
def test_words_leave_out_nothing_that_can_be_seen(text):
    composed = unicodedata.normalize("NFC", text)
    unseen = {sign for sign in composed if sign.isspace() or unicodedata.category(sign)[0] in "CZ"}
    kept = {sign for sign in "".join(tokenize_words(text)) if sign not in unseen}
    assert kept == set(composed) - unseen


@given(st.text())
def test_no_word_holds_a_blank_or_is_empty(text):
    assert all(token and token.split() == [token] for token in tokenize_words(text))


@pytest.mark.parametrize("tokenize", [tokenize_words, tokenize_characters])
@given(text=st.text())
def test_composed_and_decomposed_text_have_the_same_tokens(tokenize, text):
    assert tokenize(unicodedata.normalize("NFD", text)) == tokenize(unicodedata.normalize("NFC", text))


@given(st.text(st.characters()))
def test_bytes_write_the_text_in_utf_8(text):
    assert bytes.fromhex("".join(tokenize_bytes(text))).decode("utf-8", "surrogatepass") == text


def test_half_a_surrogate_pair_has_bytes():
    assert tokenize_bytes("\ud83d") == ["ed", "a0", "bd"]


def test_whitespace_changes_nothing_between_blanks():
    assert tokenize_whitespace(" Don't  stop,\te\u0301\n") == ["Don't", "stop,", "e\u0301"]


def test_tokenizers_have_the_names_of_configurations():
    assert {
        "words": tokenize_words,
        "characters": tokenize_characters,
        "bytes": tokenize_bytes,
        "whitespace": tokenize_whitespace,
    } == TOKENIZERS


LONG = ["a.", "a-", "a@", "a@a.", "www.", "1,", "\u0301", "🙂\u200d", "http://.", "'"]


@pytest.mark.parametrize("piece", LONG)
def test_long_runs_lose_nothing(piece):
    text = piece * 20_000
    unseen = "\u200d"
    assert "".join(tokenize_words(text)).replace(unseen, "") == text.replace(unseen, "")
