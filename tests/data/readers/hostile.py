"""Files of every format, and what is done to them so that no reader expects it."""

from __future__ import annotations

import gzip
import io
import json
import random

import pyarrow as pa
import pyarrow.parquet as pq

_TEXTS = ("card lost now", "hello there", "bye bye", "my card is gone", "play a song", "stop it")
_LABELS = ("card", "greet", "greet", "card", "play", "play")
ROWS = [(f"{_TEXTS[i % 6]} {i}", _LABELS[i % 6]) for i in range(24)]


def _json_lines(*objects: dict[str, object]) -> bytes:
    return "".join(json.dumps(each) + "\n" for each in objects).encode()


def _parquet(**options: object) -> bytes:
    table = pa.table({"text": [t for t, _ in ROWS], "label": [x for _, x in ROWS], "v": [[1.0, 2.0]] * len(ROWS)})
    buffer = io.BytesIO()
    pq.write_table(table, buffer, **options)
    return buffer.getvalue()


def _blocks(line: str, above: str) -> bytes:
    """A sequence for each row: a line above, then `line` of the number, the word and a tag."""
    found = []
    for text, label in ROWS:
        found.append(above.format(text=text, label=label))
        found += [line.format(n=n, word=word, tag="XY"[n % 2]) for n, word in enumerate(text.split(), 1)]
        found.append("")
    return "\n".join(found).encode()


FILES = {
    "csv": ("text,label\n" + "".join(f'"{t}, well",{x}\n' for t, x in ROWS)).encode(),
    "sets.csv": ("text,labels\n" + "".join(f"{t},\"['{x}', 'x']\"\n" for t, x in ROWS)).encode(),
    "columns.csv": ("text,a,b\n" + "".join(f"{t},{i % 2},{i % 3 % 2}\n" for i, (t, _) in enumerate(ROWS))).encode(),
    "votes.csv": (
        "text,a,b,c\n" + "".join(f"{t},{i % 2}.0,{i % 3 - 1},-{i % 2}\n" for i, (t, _) in enumerate(ROWS))
    ).encode(),
    "series.csv": (
        "id,t,a,label\n" + "".join(f"{i // 3},{i % 3},{i / 2},{'xy'[i // 3 % 2]}\n" for i in range(36))
    ).encode(),
    "tokens.csv": (
        "sentence_id,words,labels\n" + "".join(f"{i // 3},w{i},{'BO'[i % 2]}\n" for i in range(36))
    ).encode(),
    "tsv": ("text\tlabel\n" + "".join(f"{t}\t{x}\n" for t, x in ROWS)).encode(),
    "jsonl": _json_lines(*({"text": t, "label": x, "n": [1, [2]]} for t, x in ROWS)),
    "tags.jsonl": _json_lines(*({"tokens": t.split(), "tags": ["BO"[len(w) % 2] for w in t.split()]} for t, _ in ROWS)),
    "spans.jsonl": _json_lines(*({"text": t, "label": [[0, 4, "X"]]} for t, _ in ROWS)),
    "series.jsonl": _json_lines(*({"series": [[i, 1.5], [2, i]], "label": "ab"[i % 2]} for i in range(24))),
    "json": json.dumps([{"text": t, "label": x} for t, x in ROWS], indent=1).encode(),
    "conll": _blocks("{word} B-{tag}", "# intent = {label}"),
    "conllu": _blocks("{n}\t{word}\t{word}\t{tag}\t_\tA=B\t0\troot\t_\t_", "# text = {text}"),
    "ts": b"@problemname x\n@timestamps false\n@univariate false\n@dimensions 2\n@classlabel true a b\n@data\n"
    + "".join(f"1,{i},3:4,5,6:{'ab'[i % 2]}\n" for i in range(24)).encode(),
    "stamped.ts": b"@timestamps true\n@univariate true\n@classlabel true a b\n@data\n"
    + "".join(f"(0,{i}),(1,2):{'ab'[i % 2]}\n" for i in range(24)).encode(),
    "txt": "".join(f"__label__{x} {t}\n" for t, x in ROWS).encode(),
    "parquet": _parquet(),
    "plain.parquet": _parquet(compression="none", use_dictionary=False),
}
SETTINGS: dict[str, dict[str, object]] = {
    "columns.csv": {"multilabel": ["a,b"]},
    "series.csv": {"series_id": "id", "time": "t", "channels": ["a"], "label": ["label"]},
}
"""What training has to be told of some of the files, so that it takes them as they are."""

FILES["csv.gz"] = gzip.compress(FILES["csv"], mtime=0)

_PIECES = (
    *(sign.encode() for sign in "\0\r\n\"',;\t:@#=()[]{}-"),
    *(b"\xff", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xe2\x80\xa8", b"\xc2\x85", b"\xd9\xa1", b"\x1f\x8b", b"\\ud800"),
    *(b"--1", b"1e999", b"NaN", b"null", b"true", b"{}", b"[]", b'""', b"-0", b"1_0", b"0x1F", b"9" * 5000),
    *(b"[" * 3000, b"{" * 3000, b"(" * 300, b" " * 50, b"-DOCSTART-", b"@data", b"# ", b"1.1", b"1-2"),
)


def mutated(content: bytes, rng: random.Random) -> bytes:
    """The content with one to six things done to it."""
    data = bytearray(content)
    for _ in range(rng.choice([1, 1, 1, 2, 3, 6])):
        at, size = rng.randrange(len(data) + 1), rng.randrange(1, 30)
        change = rng.randrange(7)
        if change == 0 and data:
            data[at % len(data)] ^= 1 << rng.randrange(8)
        elif change == 1:
            data = data[:at]
        elif change == 2:
            data[at:at] = rng.choice(_PIECES)
        elif change == 3:
            data[at : at + size] = rng.choice(_PIECES)
        elif change == 4:
            data[at:at] = data[at : at + size]
        elif change == 5:
            del data[at : at + size]
        else:
            lines = data.split(b"\n")
            rng.shuffle(lines)
            data = bytearray(b"\n".join(lines))
    return bytes(data)
