"""Turns files of any known form into a stream of records, one per sequence.

| format    | endings                              | a record is                                        |
|-----------|--------------------------------------|----------------------------------------------------|
| `csv`     | .csv                                 | a row                                              |
| `tsv`     | .tsv .tab                            | a row; quotation marks are data                        |
| `jsonl`   | .jsonl .ndjson .json                 | a line with one JSON object, a row of a document   |
| `parquet` | .parquet .pq                         | a row                                              |
| `conll`   | .conll .conll2003 .iob .iob2 .bio    | lines up to a blank line: a list per column        |
| `conllu`  | .conllu                              | a sentence: a list per column                      |
| `ts`      | .ts                                  | a series and its label                             |
| `ucr`     | .ucr, .tsv .csv .txt by content      | a label and the values of a series                 |
| `lines`   | by `--format lines` only             | a line, which is one text                          |
| `fasttext`| .ft .fasttext                        | a line: its labels and its text                    |
| `folder`  | a folder                             | a file: its text, and its folder as the label      |
| `parallel`| a folder, or NAME=FILE,NAME=FILE     | line n of every file                               |

Any of them may be gzipped, which the content says, not the name. Other endings (.txt) are told by content. A table is
read in long form, one row per step and one record per series, where `series_id`, `time` or `channels` is given. A file
that is one JSON document is read as a whole, all others in constant memory. Every error names file, line, field and
value.
"""

from __future__ import annotations

from seqwise.data.readers._conll import misread_tokens
from seqwise.data.readers._formats import format_named
from seqwise.data.readers._given import files_named, paths_named
from seqwise.data.readers._misc import with_misc
from seqwise.data.readers._open import format_of, open_files, open_like, read_stream
from seqwise.data.readers._options import FORMATS, ReadOptions
from seqwise.data.readers._plain_lines import PlainText
from seqwise.data.readers._source import Source
from seqwise.data.readers._spans import look_like_spans

__all__ = [
    "FORMATS",
    "PlainText",
    "ReadOptions",
    "Source",
    "files_named",
    "format_named",
    "format_of",
    "look_like_spans",
    "misread_tokens",
    "open_files",
    "open_like",
    "paths_named",
    "read_stream",
    "with_misc",
]
