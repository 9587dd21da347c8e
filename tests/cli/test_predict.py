"""`seqwise predict` as a shell sees it: files and streams of every form, flags, and what stands on which stream."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from small_runs import joint_rows, write_rows


def conll(rows, *columns):
    return "".join("\n".join(map("\t".join, zip(*(r[c] for c in columns), strict=True))) + "\n\n" for r in rows)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Runs on the same rows in several forms, by name."""
    from seqwise.config import override, parse_config
    from seqwise.runs.run_folder import RunFolder
    from seqwise.training.run import train
    from seqwise.training.training_plan import plan_run
    from small_runs import TINY

    folder = tmp_path_factory.mktemp("forms")
    rows = joint_rows(40)
    table = [f"{row['text']},{row['intent']}\n" for row in rows]
    files = {
        "table": ("d.csv", "text,intent\n" + "".join(table), {}),
        "bare": ("b.csv", "".join(table), {"header": False, "columns": ["text", "intent"], "label": ["intent"]}),
        "wide": ("w.csv", "text,intent\n" + "".join(table), {"encoding": "utf-16"}),
        "tokens": ("t.conll", conll(rows, "tokens", "slots"), {"columns": ["token", "slot"]}),
    }
    made = {}
    for name, (file, content, data) in files.items():
        (folder / file).write_text(content, encoding=data.get("encoding", "utf-8"))
        plain = {"data": {"train": [str(folder / file)], **data}}
        plain["input"] = {} if name == "tokens" else {"text": "text"}
        config = parse_config(override(plain, [*TINY, "train.max_epochs=1"]))
        made[name] = train(plan_run(config), RunFolder(folder / name)).folder.path
    return made


def test_a_file_of_tokens_alone_is_predicted(seqwise, tmp_path, runs):
    (tmp_path / "new.conll").write_text("play\njazz\n\nrain\n\n")
    result = seqwise("predict", runs["tokens"], "new.conll")
    assert (result.status, result.err) == (0, "")
    cells = [line.split("\t") for line in result.out.splitlines() if line]
    assert [word for word, _ in cells] == ["play", "jazz", "rain"]
    assert {tag for _, tag in cells} <= {"O", "B-x"}


def test_a_table_of_inputs_alone_is_predicted(seqwise, tmp_path, runs):
    (tmp_path / "new.csv").write_text("play some jazz\nwill it rain\n")
    lines = seqwise("predict", runs["bare"], "new.csv").out.splitlines()
    assert [line.partition(",")[0] for line in lines] == ["play some jazz", "will it rain"]
    assert all(line.partition(",")[2] in ("Play", "Weather", "Book") for line in lines)


def test_lines_of_text_are_predicted_by_a_model_of_a_table(seqwise, tmp_path, runs):
    (tmp_path / "new.txt").write_text("play some jazz\nwill it rain\n")
    assert len(seqwise("predict", runs["table"], "new.txt", "--no-header").out.splitlines()) == 2


def test_a_column_without_a_name_is_named_by_a_flag(seqwise, tmp_path, runs):
    (tmp_path / "new.csv").write_text("7,play some jazz\n")
    refused = seqwise("predict", runs["table"], "new.csv", "--no-header")
    assert (refused.status, refused.err) == (
        2,
        "seqwise: new.csv: there is no column 'text'\n"
        "  The columns are 'column1', 'column2'. Name them with --columns.\n",
    )
    assert seqwise("predict", runs["table"], "new.csv", "--no-header", "--columns", "id,text").out.startswith("7,play ")


def test_what_was_written_without_a_header_is_judged(seqwise, tmp_path, runs):
    (tmp_path / "new.csv").write_text("play some jazz\nwill it rain\n")
    assert seqwise("predict", runs["bare"], "new.csv", "--output", "out.csv").status == 0
    assert json.loads(seqwise("evaluate", runs["bare"], "out.csv", "--json").out)["accuracy"]["value"] == 1.0


@pytest.mark.parametrize(
    ("name", "flags"),
    [("o.csv", ()), ("o.tsv", ()), ("o.jsonl.gz", ()), ("o.conll", ("--columns", "tokens,slots"))],
    ids=lambda value: str(value),
)
def test_what_was_written_in_another_format_is_judged_and_trained_on(seqwise, tmp_path, joint_run, tiny, name, flags):
    write_rows(tmp_path / "in.jsonl", joint_rows(20, seed=3), ("tokens", "number"))
    assert seqwise("predict", joint_run[0], "in.jsonl", "--output", name).status == 0
    judged = json.loads(seqwise("evaluate", joint_run[0], name, "--json", *flags).out)
    assert {figure["accuracy"]["value"] for figure in judged.values()} == {1.0}
    result = seqwise("train", name, "--tokens", "tokens", "--tags", "slots", *flags, *tiny, "--dry-run")
    assert (result.status, "one label per step" in result.err) == (0, True), result.err


def test_utf_8_is_read_where_the_training_files_are_utf_16(seqwise, tmp_path, runs):
    (tmp_path / "new.csv").write_text("text\ncafé jazz\n", encoding="utf-8")
    result = seqwise("predict", runs["wide"], "new.csv")
    assert (result.status, result.out.splitlines()[1].partition(",")[0]) == (0, "café jazz")
    assert result.err == "new.csv: read as utf-8, though the training files are utf-16\n"


def test_a_wrong_encoding_is_one_message(seqwise, tmp_path, runs):
    (tmp_path / "new.csv").write_text("text\nplay jazz\n")
    result = seqwise("predict", runs["wide"], "new.csv", "--encoding", "utf-16")
    assert (result.status, result.out) == (2, "")
    assert result.err == (
        "seqwise: new.csv: the text does not begin with a byte-order mark, as utf-16 does\n"
        "  Say how the file is written, for instance --encoding utf-8.\n"
    )


def test_json_lines_on_standard_input_are_recognised(seqwise, runs):
    result = seqwise("predict", runs["table"], "-", stdin=b'{"text": "play some jazz", "n": 1}\n')
    assert (result.status, json.loads(result.out)["n"]) == (0, 1)
    assert result.err == "standard input: the first line cannot be csv: read as jsonl\n"


def test_quiet_says_nothing_but_errors(seqwise, runs):
    content = b'{"text": "play some jazz"}\n'
    assert seqwise("predict", runs["table"], "-", "--quiet", stdin=content).err == ""
    assert seqwise("predict", runs["table"], "-", "--quiet", stdin=b'{"txt": ""}\n').err == (
        "seqwise: standard input: there is no column 'text'\n  Did you mean 'txt'? The columns are 'txt'.\n"
    )


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_read_through(seqwise, tmp_path, runs):
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=lambda: (tmp_path / "pipe").write_text("text\nplay some jazz\n"))
    writer.start()
    try:
        result = seqwise("predict", runs["table"], "pipe")
    finally:
        writer.join(timeout=10)
    assert (result.status, result.out.splitlines()[1].partition(",")[0]) == (0, "play some jazz")


@pytest.mark.parametrize("output", ["in.csv/out.csv", "nowhere/out.csv"])
def test_where_nothing_can_be_written_is_said(seqwise, tmp_path, runs, output):
    (tmp_path / "in.csv").write_text("text\nplay some jazz\n")
    result = seqwise("predict", runs["table"], "in.csv", "--output", output)
    reason = "Not a directory" if output.startswith("in") else "No such file or directory"
    assert (result.status, result.err) == (2, f"seqwise: cannot save {output}: {reason}.\n")


def test_a_dash_as_output_is_standard_output(seqwise, tmp_path, runs):
    (tmp_path / "in.csv").write_text("text\nplay some jazz\n")
    printed = seqwise("predict", runs["table"], "in.csv").out
    assert seqwise("predict", runs["table"], "in.csv", "--output", "-").out == printed != ""


def test_standard_output_is_utf_8_whatever_the_terminal_is(seqwise, tmp_path, runs, monkeypatch):
    (tmp_path / "in.csv").write_text("text\ncafé 東京\n", encoding="utf-8")
    raw = io.BytesIO()
    terminal = io.TextIOWrapper(raw, encoding="ascii")
    monkeypatch.setattr(sys, "stdout", terminal)
    assert seqwise("predict", runs["table"], "in.csv").status == 0
    terminal.flush()
    assert raw.getvalue().decode().splitlines()[1].startswith("café 東京,")


def test_a_name_that_is_no_text_can_be_told(seqwise, tmp_path, runs, monkeypatch):
    raw = io.BytesIO()
    terminal = io.TextIOWrapper(raw, encoding="utf-8", errors="strict")
    monkeypatch.setattr(sys, "stderr", terminal)
    assert seqwise("predict", runs["table"], "caf\udce9.csv").status == 2
    terminal.flush()
    assert raw.getvalue().decode() == "seqwise: caf\\xe9.csv: no such file\n"


def test_probabilities_do_not_replace_a_column(seqwise, tmp_path, runs):
    (tmp_path / "in.csv").write_text("text,intent_probability_Play\nplay some jazz,0.3\n")
    result = seqwise("predict", runs["table"], "in.csv", "--proba", "--output", "out.csv")
    assert (result.status, result.err) == (
        2,
        "seqwise: in.csv:2: column 'intent_probability_Play': --proba would write a column of this name\n"
        "  Rename the column, or leave --proba out.\n",
    )
    assert not list(tmp_path.glob("out*"))


MAIN = "from seqwise.cli import main; main()"
COMMANDS = ["predict RUN in.csv", "predict RUN in.csv --output /dev/full", "predict RUN in.csv --output none/x.csv"]
REFUSALS = [
    "seqwise: cannot write: No space left on device\n",
    "seqwise: cannot save /dev/full: No space left on device.\n",
    "seqwise: cannot save none/x.csv: No such file or directory.\n",
]


@pytest.mark.parametrize(("command", "refusal"), list(zip(COMMANDS, REFUSALS, strict=True)), ids=COMMANDS)
def test_where_nothing_can_be_written_one_message_says_so(tmp_path, runs, command, refusal):
    (tmp_path / "in.csv").write_text("text,n\nplay some jazz,\n")
    words = command.replace("RUN", str(runs["table"])).split()
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [sys.executable, "-c", MAIN, *words],
            stdout=full,
            stderr=-1,
            text=True,
            check=False,
            cwd=tmp_path,
        )
    assert (ended.returncode, ended.stderr) == (2, refusal)


def test_a_device_or_pipe_as_output_gets_what_standard_output_would(tmp_path, runs):
    (tmp_path / "in.csv").write_text("text,n\nplay some jazz,\n")
    words = [sys.executable, "-c", MAIN, "predict", runs["table"], "in.csv"]
    plain, named = (
        subprocess.run([*words, *more], capture_output=True, check=True, cwd=tmp_path).stdout
        for more in ([], ["--output", "/dev/stdout"])
    )
    assert plain == named != b""


def test_a_run_that_was_moved_predicts_the_same_and_a_reader_that_has_enough_ends_it_quietly(tmp_path, runs):
    shutil.copytree(runs["table"], tmp_path / "elsewhere" / "moved")
    (tmp_path / "probe.csv").write_text("text\nplay some jazz\nwill it rain\n")
    words = [sys.executable, "-c", MAIN, "predict"]
    before, after = (
        subprocess.run([*words, run, probe], capture_output=True, check=True, cwd=tmp_path / place).stdout
        for run, probe, place in ((runs["table"], "probe.csv", "."), ("moved", "../probe.csv", "elsewhere"))
    )
    assert before == after
    with subprocess.Popen([*words, runs["table"], "probe.csv", "--proba"], stdout=-1, stderr=-1, cwd=tmp_path) as ended:
        ended.stdout.close()
        assert b"Traceback" not in ended.stderr.read()


def test_a_comment_on_standard_input_is_no_token(seqwise, runs):
    result = seqwise("predict", runs["tokens"], "-", stdin=b"# comment\nplay O\njazz O\n\n# other\nit O\n")
    assert (result.status, [line.split("\t")[0] for line in result.out.splitlines() if line]) == (
        0,
        ["play", "jazz", "it"],
    )


TEXTS_LIKE_OTHER_FORMS = {
    '["red"]': '"[""red""]"',
    "{red} card": "{red} card",
    "[note] I lost it": "[note] I lost it",
    "@anna I lost it": "@anna I lost it",
    "a\0b": "a\0b",
}


@pytest.mark.parametrize(("text", "cell"), TEXTS_LIKE_OTHER_FORMS.items(), ids=range(len(TEXTS_LIKE_OTHER_FORMS)))
def test_a_line_that_is_of_no_other_form_is_a_text(seqwise, runs, text, cell):
    result = seqwise("predict", runs["table"], "-", stdin=f"{text}\n".encode())
    assert (result.status, result.out.splitlines()[0]) == (0, "text,intent")
    assert result.out.splitlines()[1].rpartition(",")[0] == cell


def test_lines_of_fasttext_are_read_as_such_by_a_model_of_tables(seqwise, runs):
    result = seqwise("predict", runs["table"], "-", stdin=b"__label__Play play some jazz\n")
    assert result.status == 0
    assert json.loads(result.out)["text"] == "play some jazz"
    assert result.err.startswith("standard input: the first line cannot be csv: read as fasttext\n")


def test_a_header_alone_on_standard_input_names_the_ways_out(seqwise, runs):
    result = seqwise("predict", runs["table"], "-", stdin=b'"lost"\n')
    assert (result.status, result.err) == (
        2,
        "seqwise: standard input: the file has a header and no rows\n"
        "  Its only line is taken for the header; if it is a row, say --no-header. For a text per line say --format "
        "lines.\n",
    )


def test_predictions_in_misc_of_conllu_are_read_again(seqwise, tmp_path, runs):
    """A model of CoNLL columns has none of the names of CoNLL-U."""
    (tmp_path / "gold.conll").write_text("play O\njazz B-x\n\n")
    assert seqwise("predict", runs["tokens"], "gold.conll", "--output", "p.conllu").status == 0
    assert "slot=O|slot_predicted=" in Path("p.conllu").read_text()
    plain, again = (seqwise("evaluate", runs["tokens"], name, "--json") for name in ("gold.conll", "p.conllu"))
    assert (plain.status, again.status) == (0, 0)
    assert again.out == plain.out
    assert '"slot"' in plain.out
    assert "p.conllu: column 'slot' is read from misc, where it stands as slot=\n" in again.err
