"""Tells by their first bytes files of forms that are not read, whatever their names say."""

from __future__ import annotations

import re

from seqwise.errors import DataError

__all__ = ["refuse_foreign"]

_LOOK_BYTES = 512
_FORMS = (
    (rb"PK\x03\x04", "a zip archive (or a spreadsheet)", "Unpack or convert it first."),
    (rb"BZh[1-9]", "compressed with bzip2", "Unpack or convert it first."),
    (rb"\xfd7zXZ", "compressed with xz", "Unpack or convert it first."),
    (rb"\x28\xb5\x2f\xfd", "compressed with zstandard", "Unpack or convert it first."),
    (rb"\x89HDF", "an HDF5 file", "Unpack or convert it first."),
    (rb"\x93NUMPY", "a NumPy array", "Unpack or convert it first."),
    (rb"ARROW1", "an Arrow (Feather) file", "Unpack or convert it first."),
    (rb"SQLite format", "an SQLite database", "Unpack or convert it first."),
    (rb"\xd0\xcf\x11\xe0", "an old Excel or Word file", "Save it as CSV (UTF-8)."),
    (rb"%PDF-", "a PDF document", "Convert it to a table or lines of text first."),
    (rb"\{\\rtf", "a document in RTF", "Save it as plain text."),
    (rb"\x80[\x02-\x05]", "a Python pickle", "Write the data as JSON lines or CSV: pickles are never read."),
    (rb".{257}ustar", "a tar archive", "Unpack it first."),
    (rb"version https://git-lfs\.github\.com/", "a pointer of Git LFS, and not the data", "Fetch them: git lfs pull."),
    (rb"\s*<(!doctype html|html)\b", "an HTML page", "Was an error page saved in place of the data?"),
    (rb"\s*<\?xml\b", "an XML document", "Write its sequences and labels as JSON lines or CSV."),
    (rb"(\s*%[^\n]*\n)*\s*@relation\b", "in ARFF, the format of Weka", "Write it as CSV, or series as .ts."),
)
_FOREIGN = tuple((re.compile(form, re.IGNORECASE | re.DOTALL), told, hint) for form, told, hint in _FORMS)


def refuse_foreign(head: bytes, name: str) -> None:
    """Refuses a file of a form that is not read.

    Args:
        head: its first bytes.
        name: what messages call it.

    Raises:
        DataError: it is one; the message says what it is and what to do.
    """
    for form, told, hint in _FOREIGN:
        if form.match(head[:_LOOK_BYTES].removeprefix(b"\xef\xbb\xbf")):
            raise DataError(f"the file is {told}", file=name, hint=hint)
