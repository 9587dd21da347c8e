"""What is predicted on comes out as it went in, row for row, with the predictions' columns behind: in every format."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seqwise.data.readers import ReadOptions, open_files
from seqwise.data.spec import DataSpec, InputSpec, TargetSpec
from seqwise.errors import DataError
from seqwise.evaluation.decoding import decisions
from seqwise.inference.added import Wanted
from seqwise.inference.loaded_model import Model
from seqwise.inference.prediction import Prediction
from seqwise.inference.writers import layout_for, written_as
from seqwise.models.decisions import Answer
from seqwise.targets import Target

MOOD = Target("intent", "label", (("no", "yes"),), ("intent",))
SPEC = DataSpec(InputSpec("words", "text"), (TargetSpec("intent", "label", ("intent",), "cell"),))
FILES = SimpleNamespace(data=SimpleNamespace(train=("d.csv",), dev=(), test=()))


@pytest.fixture(scope="module")
def model():
    """A model without a network: what it reads and writes is real."""
    read = ReadOptions(format="csv", header=True)
    return Model(Path(), FILES, SPEC, read, (MOOD,), None, None, {}, None)


def predicted(source):
    """Yes for every text with something in it."""
    for record in source:
        logits = np.array([0.0, 1.0], np.float32)
        answer = {"intent": Answer(logits, decisions(MOOD, logits))}
        yield Prediction(record, 1, answer if (record.values["text"] or "").strip() else {}, (MOOD,))


SIGNS = "aé東 \"',;|\t\n\r_#-0\0\u2028\u200b\x85\x1c\x0b\ufeff\u202eא"
CELLS = st.text(SIGNS, max_size=6) | st.sampled_from(
    ["play jazz", "I lost my card, what now?", "", "null", "1.50", "[1]", "\r\n", "\r", "__label__x a", "# a = b", '"']
)
NAMES = (
    st.text("ab \"'#é;,\u2028\x85\x1c\0\u202eא", min_size=1, max_size=4)
    .map(str.strip)
    .filter(lambda name: name not in ("", "a0") and not name.startswith('"'))
)


@st.composite
def tables(draw):
    names = draw(st.lists(NAMES, max_size=3, unique=True))
    gold = draw(st.booleans())
    names = draw(st.permutations([*names, "text", *(["intent"] if gold else [])]))
    rows = draw(st.lists(st.lists(CELLS, min_size=len(names), max_size=len(names)), min_size=2, max_size=5))
    return names, rows


def in_format(form, names, rows, delimiter):
    """A table in a format, and the options to read it."""
    if form == "jsonl":
        text = "".join(json.dumps(dict(zip(names, row, strict=True))) + "\n" for row in rows)
        return text.encode(), {}
    if form == "parquet":
        file = io.BytesIO()
        pq.write_table(pa.table({name: [row[i] for row in rows] for i, name in enumerate(names)}), file)
        return file.getvalue(), {}
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows([names, *rows])
    return text.getvalue().encode(), {"delimiter": delimiter, "quote": True, "header": True}


def read(path, options):
    return [record.values for record in open_files([path], options)]


def written_or_told(layout, source):
    """The text, or the refusal."""
    try:
        return written_as(layout)(list(predicted(source))), None
    except DataError as error:
        return None, str(error)


def is_lost_without_quotes(cell):
    return cell.startswith("\ufeff") or any(sign in cell for sign in ",;|\t\n\r")


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    table=tables(),
    form=st.sampled_from(["csv", "tsv", "jsonl", "parquet"]),
    written=st.sampled_from([None, "csv", "tsv", "jsonl"]),
    delimiter=st.sampled_from([",", ";", "|", "\t"]),
    wanted=st.sampled_from([Wanted(), Wanted(confidence=True, top=2, proba="wide"), Wanted(into="guess")]),
)
def test_rows_come_out_as_they_went_in(model, tmp_path_factory, table, form, written, delimiter, wanted):
    names, rows = table
    folder = tmp_path_factory.mktemp("table")
    content, options = in_format(form, names, rows, delimiter)
    (folder / f"in.{form}").write_bytes(content)
    source = model.read_files([folder / f"in.{form}"], **options)
    layout = layout_for(model, source, wanted, output=written and f"out.{written}")
    form = layout.options.format
    text, refusal = written_or_told(layout, source)
    if refusal is not None:  # a table without quotes holds no delimiter and no line break
        assert (form, layout.options.quote or False) == ("tsv", False), refusal
        assert refusal.startswith(f"{source.files[0]}:")
        assert any(map(is_lost_without_quotes, (*names, *(cell for row in rows for cell in row))))
        return
    (folder / f"out.{form}").write_text(text, encoding="utf-8", newline="")
    found = read(folder / f"out.{form}", layout.options)
    kept = [{name: row[name] or None for name in names} for row in found]
    assert kept == [{name: cell or None for name, cell in zip(names, row, strict=True)} for row in rows]
    added = set(found[0]) - set(names)
    own = "guess" if wanted.into else "intent_predicted" if "intent" in names else "intent"
    assert own in added
    texts = [row[names.index("text")] for row in rows]
    assert [row[own] for row in found] == ["yes" if text.strip() else None for text in texts]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize("wrong", ["short", "long"])
def test_a_row_of_another_width_is_never_read(model, tmp_path, delimiter, header, wrong):
    rows = [["n", "text"], ["1", "play jazz"], ["2", "will it rain"], ["3", "book a table"]]
    rows[2] = rows[2][:1] if wrong == "short" else [*rows[2], "x"]
    lines = [delimiter.join(row) for row in rows[0 if header else 1 :]]
    (tmp_path / "in.csv").write_text("\n".join(lines) + "\n")
    named = {} if header else {"columns": ("n", "text")}
    with pytest.raises(DataError, match=rf"in\.csv:{3 if header else 2}: expected 2 fields as the (header|first row)"):
        list(model.read_files([tmp_path / "in.csv"], delimiter=delimiter, header=header, **named))
