from __future__ import annotations

from pathlib import Path

import pytest
import typer

from command_line import Result, run
from seqwise.cli.app import app

PAIRS = "premise\thypothesis\tlabel\n" + "".join(
    f"dog {number} runs\t{text}\t{label}\n"
    for number in range(12)
    for text, label in (("it is out", 1), ("it is in", 0))
)


@pytest.fixture
def seqwise(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)

    def call(*words: str) -> Result:
        return run(monkeypatch, capsys, *words)

    return call


def _single_flags() -> list[tuple[str, str]]:
    group = typer.main.get_command(app)
    return [
        (name, parameter.opts[0])
        for name, command in group.commands.items()
        for parameter in command.params
        if parameter.param_type_name == "option" and not parameter.multiple and parameter.name != "help"
    ]


@pytest.mark.parametrize(("command", "flag"), _single_flags())
def test_no_flag_with_one_value_drops_the_first_of_two(seqwise, command, flag):
    group = typer.main.get_command(app)
    option = next(each for each in group.commands[command].params if flag in each.opts)
    words = [flag] if option.is_flag else [flag, "1"]
    result = seqwise(command, *words, *words)
    assert result.status == 2
    assert f"{flag}" in result.err
    assert "is given twice on the command line, but takes only one value: give it once" in result.err


def test_a_key_that_is_set_twice_to_different_values_is_refused(seqwise):
    Path("a.tsv").write_text(PAIRS)
    words = ["train", "a.tsv", "--dry-run", "--set", "train.seed=1", "--set"]
    assert seqwise(*words, "train.seed=2").err.endswith("--set gives train.seed two values, 1 and 2; give it once\n")
    assert seqwise(*words, "train.seed=1").status == 0


def test_two_texts_are_joined_in_training_prediction_and_evaluation(seqwise):
    Path("a.tsv").write_text(PAIRS)
    texts = ["--text", "premise", "--text", "hypothesis"]
    assert (
        seqwise(
            "train", "a.tsv", *texts, "--run", "r", "--encoder", "bag", "--ensemble", "1", "--max-epochs", "4"
        ).status
        == 0
    )
    Path("b.tsv").write_text("hypothesis\tpremise\nit is in\tdog 3 runs\nit is out\tdog 3 runs\n")
    assert seqwise("predict", "r", "b.tsv").out.splitlines() == [
        "hypothesis\tpremise\tlabel",
        "it is in\tdog 3 runs\t0",
        "it is out\tdog 3 runs\t1",
    ]
    assert "100%" in seqwise("evaluate", "r", "a.tsv").out
    Path("c.tsv").write_text("hypothesis\nit is in\n")
    assert "there is no column 'premise', which --text names" in seqwise("predict", "r", "c.tsv").err
