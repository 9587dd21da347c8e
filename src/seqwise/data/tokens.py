"""Splits text into tokens: words, characters, bytes, or at whitespace.

| name         | tokens                                                    | text brought to NFC |
|--------------|-----------------------------------------------------------|---------------------|
| `words`      | words, numbers, links, and each other character by itself      | yes                 |
| `characters` | what a reader takes for one character, blanks included    | yes                 |
| `bytes`      | the bytes of UTF-8, two hexadecimal digits each           | no                  |
| `whitespace` | whitespace-separated words, unchanged                     | no                  |

NFC is the composed form of Unicode (UAX #15): `é` is the same token whether it was typed as one character or as
`e` and an accent. Nothing is lower-cased and nothing depends on the language.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import cache

__all__ = [
    "TOKENIZERS",
    "composed_length",
    "tokenize_bytes",
    "tokenize_characters",
    "tokenize_whitespace",
    "tokenize_words",
    "unspaced_fraction",
    "word_places",
]

_UNSPACED = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x2E80, 0x2FDF),  # Han radicals
    (0x3005, 0x3007),  # Han iteration mark, closing mark and zero
    (0x3021, 0x3029),  # Hangzhou numerals
    (0x3031, 0x3035),  # kana repeat marks
    (0x3041, 0x312F),  # Hiragana, Katakana, Bopomofo
    (0x31A0, 0x31BF),  # Bopomofo extended
    (0x31F0, 0x31FF),  # Katakana extended
    (0x3400, 0x4DBF),  # Han extension A
    (0x4E00, 0x9FFF),  # Han
    (0xA9E0, 0xA9FF),  # Myanmar extended B
    (0xAA60, 0xAA7F),  # Myanmar extended A
    (0xF900, 0xFAFF),  # Han compatibility
    (0xFF66, 0xFF9F),  # halfwidth Katakana
    (0x1AFF0, 0x1B16F),  # kana supplements
    (0x20000, 0x3FFFF),  # Han on the supplementary planes
)
"""Scripts that write words without blanks between them."""

_SCANNED = 0x20000
"""Signs below this are sorted by their category; above it stand Han, tags and variation selectors only."""

_INNER = "'’\\-‐‑·״\u00ad\u200c\u200d"
"""Apostrophes, hyphens, and signs without width that hold two parts of one word together."""

_JOINED = "\u0e33\u0eb3\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f\U000e0100-\U000e01ef\u200c\u200d"
"""Code points joined to the character before them, besides marks: vowels of Thai and Lao, skin tones, tags, joiners."""

_FLAG = "[\U0001f1e6-\U0001f1ff]{2}"
_LINK = r"(?:https?://|www\.)[\w!#$%&'()*+,\-./:;=?@\[\]~]*[\w#$%&*+\-/=@~]"
# RFC 5321 allows 64 signs before the @; without a bound, text such as "a.a.a.a" would take quadratic time.
_MAIL = r"(?a:\w[\w.+\-]{0,63}+@\w[\w\-]*(?:\.\w[\w\-]*)+)"


def tokenize_words(text: str) -> list[str]:
    """Words, numbers and links; every other character that can be seen is a token by itself.

    * A word is letters, digits, marks and `_` in one run, with single apostrophes and hyphens inside it.
    * A number keeps the points and commas between its digits: `3.14`, `1,000`.
    * An address of the web or of mail is one token, without the punctuation that follows it.
    * In scripts without blanks (Han, kana, Thai, Lao, Khmer, Myanmar) every character with its marks is a token:
      where a word ends there takes a dictionary to say.
    * An emoji is one token with its skin tone, its joined parts or as a flag.
    * Blanks and signs without any form of their own are left out.

    The text is brought to NFC first. An empty or blank text has no tokens.

    Examples:
        >>> tokenize_words("Don't pay $1,000.50 - see www.example.org/faq!")
        ["Don't", 'pay', '$', '1,000.50', '-', 'see', 'www.example.org/faq', '!']
        >>> tokenize_words("東京 2020")
        ['東', '京', '2020']
    """
    return _word_pattern().findall(_composed(text))


def word_places(text: str) -> list[tuple[int, int]]:
    """Where the words of `tokenize_words` begin and end in the text as NFC has it; see `composed_length`.

    Examples:
        >>> word_places("No, I see.")
        [(0, 2), (2, 3), (4, 5), (6, 9), (9, 10)]
    """
    return [found.span() for found in _word_pattern().finditer(_composed(text))]


def composed_length(text: str) -> int:
    """How many characters a text has in NFC.

    Examples:
        >>> composed_length("cafe\u0301")
        4
    """
    return len(_composed(text))


def tokenize_characters(text: str) -> list[str]:
    """One character as readers see it: a letter with its marks, a flag, a joined emoji, CR LF.

    These are the grapheme clusters of UAX #29, but for the consonants of Indic scripts that a virama joins,
    which stay apart, and a few rare prefixes. Blanks are characters. The text is brought to NFC first.

    Examples:
        >>> tokenize_characters("cafe\u0301 👍🏽")
        ['c', 'a', 'f', 'é', ' ', '👍🏽']
    """
    if text.isascii() and "\r" not in text:
        return list(text)
    return _character_pattern().findall(_composed(text))


def tokenize_bytes(text: str) -> list[str]:
    """The bytes of the text in UTF-8, each as two hexadecimal digits: 256 tokens write every text.

    Half a surrogate pair, which is no text, becomes the three bytes that it would have.

    Examples:
        >>> tokenize_bytes("né")
        ['6e', 'c3', 'a9']
    """
    return text.encode("utf-8", "surrogatepass").hex(" ").split()


def tokenize_whitespace(text: str) -> list[str]:
    """Splits at whitespace and changes nothing: for text that is already tokenised.

    Examples:
        >>> tokenize_whitespace("It 's  done .")
        ['It', "'s", 'done', '.']
    """
    return text.split()


def unspaced_fraction(texts: Iterable[str]) -> float:
    """The share of characters of scripts that write words without blanks between them; 0 of nothing.

    Examples:
        >>> unspaced_fraction(["東京 2020"]), unspaced_fraction([])
        (0.2857142857142857, 0.0)
    """
    signs = total = 0
    for text in texts:
        total += len(text)
        if not text.isascii():
            signs += sum(any(first <= ord(sign) <= last for first, last in _UNSPACED) for sign in text)
    return signs / total if total else 0.0


TOKENIZERS: dict[str, Callable[[str], list[str]]] = {
    "words": tokenize_words,
    "characters": tokenize_characters,
    "bytes": tokenize_bytes,
    "whitespace": tokenize_whitespace,
}
"""The tokenizers by the names that configurations use."""


def _composed(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFC", text)


@cache
def _word_pattern() -> re.Pattern[str]:
    """One alternative per kind of token, the most particular first."""
    word = f"[{_classes('LMN', spaced=True)}_]"
    unspaced = "".join(f"{chr(first)}-{chr(last)}" for first, last in _UNSPACED)
    clinging = f"[{_classes('M')}{_JOINED}]*"
    unseen = _classes("ZC")
    return re.compile(
        f"{_LINK}"
        f"|{_MAIL}"
        rf"|{word}++(?:(?:[{_INNER}]|(?<=\d)[.,٫٬](?=\d)){word}++)*"
        f"|[{unspaced}]{clinging}"
        f"|{_FLAG}"
        f"|{_emoji()}"
        rf"|[^\s{unseen}]{clinging}"
    )


@cache
def _character_pattern() -> re.Pattern[str]:
    """CR LF, a flag, a syllable of old Hangul, or any sign with what clings to it."""
    clinging = f"[{_classes('M')}{_JOINED}]*"
    hangul = "[\u1100-\u115f\ua960-\ua97c]+[\u1160-\u11a7\ud7b0-\ud7c6]*[\u11a8-\u11ff\ud7cb-\ud7fb]*"
    return re.compile(
        rf"\r\n|[\r\n]|{_FLAG}{clinging}|{hangul}{clinging}|{_emoji()}|.{clinging}",
        re.DOTALL,
    )


def _emoji() -> str:
    """Any symbol with what clings to it, and further symbols after joiners."""
    symbol = f"[{_classes('S')}][{_classes('M')}{_JOINED}]*"
    return rf"{symbol}(?:(?<=\u200d){symbol})*"


@cache
def _classes(majors: str, *, spaced: bool = False) -> str:
    r"""The inside of a character class: all signs whose Unicode category begins with one of the letters.

    Python's own `re` has no such classes, and its `\w` leaves out the marks that write the vowels of many
    scripts.

    Args:
        majors: first letters of categories, such as L for letters and M for marks.
        spaced: leaves out the scripts that write no blanks.
    """
    signs = _major_categories()
    if spaced:
        for first, last in _UNSPACED:
            signs = signs[:first] + "-" * len(signs[first : last + 1]) + signs[last + 1 :]
    runs = (run.span() for run in re.finditer(f"[{majors}]+", signs))
    return "".join(f"{re.escape(chr(first))}-{re.escape(chr(end - 1))}" for first, end in runs)


@cache
def _major_categories() -> str:
    """One letter per sign, in order of code points."""
    return "".join(unicodedata.category(chr(code))[0] for code in range(_SCANNED))
