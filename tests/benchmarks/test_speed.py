"""The speed benchmarks: goals and their outcomes, environments, trainings in turns, the page."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from benchmarks.speed import __main__ as command
from benchmarks.speed import start, trainings
from benchmarks.speed.cases import CASES
from benchmarks.speed.environments import ENVIRONMENTS, CannotInstallError, pinned, python_of
from benchmarks.speed.goals import GOALS, Goal, Outcome, outcomes
from benchmarks.speed.page import PARTS, page_text, write_page
from benchmarks.speed.records import latest, record, write
from benchmarks.speed.trainings import TRAININGS, Ended, measure_speed, measure_whole

from seqwise.bench import Case, Measured, loss_case

ROOT = Path(__file__).parents[2]
TORCH = ("torch, flat", "torch, transposed", "torch, selected")
KINDS = {"seqwise": "ours", "bytes alone": "limit", **dict.fromkeys(TORCH, "peer")}


def loss_of(classes, **times):
    times = {"seqwise": 1.0, "torch, flat": 4.0, "torch, transposed": 3.0, "torch, selected": 8.0} | times
    rounds = {way: [seconds, seconds] for way, seconds in times.items()}
    return Measured("cross_entropy", f"(32, 100, {classes}), 35% padding", rounds, KINDS)


def whole_of(ours, theirs, scores):
    figures = dict(zip(("seqwise", "plain recipe"), scores, strict=True))
    times = {"seqwise": ours, "plain recipe": theirs}
    kinds = {"seqwise": "ours", "plain recipe": "other"}
    return Measured("whole training", "snips-intent, CPU seconds", times, kinds, figures=figures)


def test_every_goal_is_about_a_case_and_ways_that_it_has():
    sizes = {case.title: case for cases in CASES.values() for case in cases}
    for goal in GOALS:
        about = [title for title in sizes if list(outcomes_of(goal, title))]
        made_elsewhere = goal.titles[0].startswith(("training", "whole training", "start"))
        assert bool(about) is not made_elsewhere, goal


def outcomes_of(goal, title):
    name, _, shape = title.partition(", ")
    ways = goal.beside or ("torch",)
    times = {"seqwise": [1.0], **{way: [1.0] for way in ways}}
    return [one for one in outcomes(Measured(name, shape, times, {})) if one.goal is goal]


def test_a_goal_beside_several_ways_is_beside_the_fastest():
    (outcome,) = outcomes(loss_of(1000))
    assert (outcome.goal.at_most, outcome.value) == (0.5, pytest.approx(1 / 3))
    assert str(outcome) == "reached"


def test_a_goal_that_is_not_reached_says_by_how_much():
    (outcome,) = outcomes(loss_of(1000, **{"torch, flat": 1.6}))
    assert str(outcome) == "falls short by 25%"


def test_a_goal_whose_peer_was_not_measured_says_so():
    measured = Measured("crf_nll", "(64, 50, 17)", {"seqwise": [1.0]}, {"seqwise": "ours"})
    assert [str(outcome) for outcome in outcomes(measured)] == ["not measured"]


def test_a_time_and_an_amount_of_memory_have_goals_of_their_own():
    (shown,) = outcomes(Measured("start", "seqwise --help", {"seqwise": [0.2, 0.4, 0.45]}, {}))
    assert (shown.value, str(shown)) == (0.4, "falls short by 33%")
    times = {"seqwise": [1.0]}
    held = Measured("head + loss", "4096 x 512 x 32,000, float32", times, {}, memory={"seqwise": 50_000_000})
    assert [(one.value, one.reached) for one in outcomes(held) if one.goal.figure == "memory"] == [(50e6, True)]


def test_a_quick_training_that_learned_less_does_not_count():
    (outcome,) = outcomes(whole_of([1.0, 1.0], [10.0, 10.0], ([0.90, 0.96], [0.95, 0.95])))
    assert str(outcome) == "does not count: its score is lower by 0.020"
    (outcome,) = outcomes(whole_of([1.0, 1.0], [10.0, 10.0], ([0.94, 0.96], [0.95, 0.94])))
    assert str(outcome) == "reached"


class Pip:
    """Stands for a shell: remembers commands, fails when told."""

    def __init__(self, fails=False):
        self.commands, self.fails = [], fails

    def __call__(self, command):
        self.commands.append(command)
        if self.fails:
            raise CannotInstallError("ERROR: no matching distribution")
        return ""


def test_an_environment_is_made_once_with_what_is_pinned(tmp_path):
    pip = Pip()
    first, second = (python_of("keras", tmp_path, run=pip) for _ in range(2))
    assert first == second == tmp_path / "keras" / "bin" / "python"
    made, installed = pip.commands
    assert made[1:] == ["-m", "venv", str(tmp_path / "keras")]
    assert installed[-2:] == list(ENVIRONMENTS["keras"].requirements)


def test_an_environment_of_other_versions_is_made_anew(tmp_path):
    pip = Pip()
    python_of("keras", tmp_path, run=pip)
    (tmp_path / "keras" / "installed.txt").write_text("keras==1.0")
    python_of("keras", tmp_path, run=pip)
    assert len(pip.commands) == 4


def test_a_peer_that_cannot_be_installed_is_not_tried_again(tmp_path):
    pip = Pip(fails=True)
    for _ in range(2):
        with pytest.raises(CannotInstallError, match=r"^ERROR: no matching distribution$"):
            python_of("flair", tmp_path, run=pip)
    assert len(pip.commands) == 1


def test_a_shared_environment_is_added_to_this_process(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    pip = Pip()
    assert python_of("pytorch-crf", tmp_path, run=pip) == Path(sys.executable)
    assert sys.path[-1] == str(tmp_path / "pytorch-crf")
    assert "--no-deps" in pip.commands[0]


def test_a_command_that_fails_tells_its_last_words(tmp_path):
    from benchmarks.speed.environments import _said

    assert _said([sys.executable, "-c", "print('done')"]) == "done\n"
    with pytest.raises(CannotInstallError, match="^no luck$"):
        _said([sys.executable, "-c", "import sys; print('first'); sys.exit('no luck')"])


def test_every_requirement_is_pinned():
    assert pinned()["pytorch-crf"] == "0.7.2"


@pytest.fixture
def programs(monkeypatch):
    """Stands for the programs: what they were started with, and what comes of them."""
    started = []

    def ended(name, seed, prediction):
        started.append((name, seed))
        return Ended(score=0.9, training=seed * 1e-5, prediction=prediction, cpu=10.0 * seed)

    def ours(training, work, seed, *, settings):
        return ended("seqwise", seed, 1e-6)

    def theirs(training, work, seed, *, command, flags):
        name = command[-1].rpartition(".")[2]
        if name == "fasttext_classifier":
            raise RuntimeError("no luck")
        return ended(name, seed, None if name == "recipe" else 2e-6)

    def python(name, folder):
        if name == "flair":
            raise CannotInstallError("no network")
        return Path(sys.executable)

    monkeypatch.setattr(trainings, "_ours", ours)
    monkeypatch.setattr(trainings, "_theirs", theirs)
    monkeypatch.setattr(trainings, "python_of", python)
    return started


def test_trainings_take_turns_with_a_seed_a_round(programs, tmp_path):
    steps, predicted = measure_speed(TRAININGS[0], tmp_path, seeds=(1, 2))
    first = [("recipe", 1), ("keras_recipe", 1), ("seqwise", 1)]
    assert programs == [*first, ("keras_recipe", 2), ("seqwise", 2), ("recipe", 2)]
    assert steps.times == {way: [1e-5, 2e-5] for way in ("seqwise", "plain recipe", "Keras")}
    assert steps.missing == {"Flair": "no network", "fastText": "no luck"}
    assert predicted.times == {"seqwise": [1e-6, 1e-6], "Keras": [2e-6, 2e-6]}


def test_a_whole_training_is_told_with_its_scores(programs, tmp_path):
    measured = measure_whole(TRAININGS[1], tmp_path, seeds=(1, 2))
    assert measured.times == {way: [10.0, 20.0] for way in ("seqwise", "plain recipe", "python-crfsuite")}
    assert measured.figures["seqwise"] == [0.9, 0.9]


def test_a_program_is_run_with_its_cpu_seconds_counted():
    said, cpu = trainings._run([sys.executable, "-c", "print(sum(range(3_000_000)))"])
    assert said == "4499998500000\n"
    assert cpu > 0
    with pytest.raises(RuntimeError, match="^no luck$"):
        trainings._run([sys.executable, "-c", "import sys; sys.exit('no luck')"])


def test_a_peer_tells_its_speed_in_its_last_line(tmp_path):
    line = json.dumps({"test": 0.5, "tokens_per_second": 4.0, "test_tokens_per_second": 8.0})
    program = [sys.executable, "-c", f"print('said before'); print({line!r})"]
    ended = trainings._theirs(TRAININGS[0], tmp_path, 1, command=program, flags=[])
    assert (ended.score, ended.training, ended.prediction) == (0.5, 0.25, 0.125)


def test_a_trained_model_tells_how_fast_it_predicts(tmp_path):
    from benchmarks.speed.prediction import words_per_second

    from seqwise.config import override, parse_config
    from seqwise.runs.run_folder import RunFolder
    from seqwise.training.run import train
    from seqwise.training.training_plan import plan_run
    from small_runs import TINY, joint_rows, write_rows

    file = write_rows(tmp_path / "train.jsonl", joint_rows(40), ("tokens", "intent"))
    plain = {"data": {"train": [file], "label": ["intent"]}, "input": {"tokens": "tokens"}}
    train(plan_run(parse_config(override(plain, [*TINY, "train.max_epochs=1"]))), RunFolder(tmp_path / "run"))
    assert words_per_second(tmp_path / "run", Path(file)) > 0


def test_the_start_is_beside_python_alone(monkeypatch, tmp_path):
    def nothing(name, folder):
        raise CannotInstallError("no network")

    monkeypatch.setattr(start, "python_of", nothing)
    shown, imported = start.measure_start(tmp_path, rounds=1)
    assert (shown.shape, list(shown.times)) == ("seqwise --help", ["seqwise", "Python alone"])
    assert imported.missing == {"Keras": "no network", "Flair": "no network"}
    assert imported.kinds["torch"] == "other"


def test_the_last_record_of_a_case_counts(tmp_path):
    results = tmp_path / "results" / "speed.jsonl"
    for seconds in (1.0, 2.0):
        write(results, record("losses", loss_of(3, seqwise=seconds)))
    (line,) = latest(results)
    assert line["ways"]["seqwise"]["p50"] == 2.0
    assert line["versions"]["pytorch-crf"] == "0.7.2"
    assert {"commit", "started", "machine", "part", "rounds"} <= line.keys()
    assert latest(tmp_path / "nothing.jsonl") == []


def test_rounds_of_trainings_of_one_commit_are_put_together(tmp_path):
    results = tmp_path / "speed.jsonl"
    lines = [
        {**record("whole", whole_of([seconds], [10.0], ([seconds], [0.5]))), "commit": commit}
        for seconds, commit in ((9.0, "old"), (1.0, "new"), (2.0, "new"))
    ]
    for line in [*lines, record("losses", loss_of(3)), record("losses", loss_of(3))]:
        write(results, line)
    whole, loss = latest(results)
    assert (whole["ways"]["seqwise"]["seconds"], whole["ways"]["seqwise"]["figures"]) == ([1.0, 2.0], [1.0, 2.0])
    assert (whole["rounds"], loss["rounds"]) == (2, 2)


def told(measured, part="losses"):
    return page_text([json.loads(json.dumps(record(part, measured)))])


def test_the_page_has_a_row_per_way_with_goal_and_outcome():
    text = told(loss_of(1000))
    assert (
        "| cross_entropy (32, 100, 1000), 35% padding | 1.00 s | torch, flat | 4.00 s | 0.25 (0.25 to 0.25) |" in text
    )
    assert "|  |  | the fastest of torch's ways |  | 0.33 (0.33 to 0.33) | ≤ 0.5 | **reached** |" in text
    assert "falls short by 33% |" in told(loss_of(1000, **{"torch, flat": 1.5}))


def test_the_page_says_which_figures_are_uncertain():
    quiet = loss_of(1000)
    assert "uncertain" not in told(replace(quiet, disturbance=0.05))
    assert "35% padding (uncertain: other programs used 50% of the machine) |" in told(replace(quiet, disturbance=0.5))


def test_the_page_tells_scores_and_memory_and_what_is_missing():
    text = told(whole_of([1.0], [10.0], ([0.9], [0.95])), "whole")
    assert "1.00 s, 0.900 | plain recipe | 10.0 s, 0.950 | 0.10 (0.10 to 0.10) | ≤ 0.25 | does not count:" in text
    times, kinds = {"seqwise": [1.0]}, {"seqwise": "ours"}
    held = Measured("head + loss", "4096 x 512 x 32,000, float32", times, kinds, memory={"seqwise": 50_000_000})
    assert "| memory beyond inputs and gradients |  | 50 MB | ≤ 100 MB | **reached** |" in told(held, "heads")
    chain = Measured("crf_nll", "(64, 50, 17)", times, kinds, missing={"pytorch-crf": "no network"})
    assert "| pytorch-crf |  | no network | ≤ 0.12 | not measured |" in told(chain, "crf")


def test_the_page_and_a_plot_per_part_are_written_the_same_again(tmp_path):
    results, page = tmp_path / "speed.jsonl", tmp_path / "docs" / "speed.md"
    page.parent.mkdir()
    write(results, record("losses", loss_of(1000)))
    texts = []
    for _ in range(2):
        write_page(results, page)
        texts.append((page.read_text(), (tmp_path / "docs" / "speed" / "losses.svg").read_text()))
    assert texts[0] == texts[1]
    assert "<svg" in texts[0][1]


def test_the_page_in_the_documentation_is_that_of_the_results():
    page = page_text(latest(ROOT / "benchmarks" / "results" / "speed.jsonl"))
    assert (ROOT / "docs" / "speed.md").read_text() == page, "run: python -m benchmarks.speed --page"


def test_the_command_measures_and_writes(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(command, "CASES", {"losses": (loss_case(2, 5, 3), loss_case(2, 5, 7))})
    results = tmp_path / "speed.jsonl"
    command.main(["losses", "--only", "5, 7", "--seconds", "0", "--rounds", "1", "--results", str(results)])
    assert [line["shape"] for line in latest(results)] == ["(2, 5, 7), 35% padding"]
    assert "cross_entropy  (2, 5, 7)" in capsys.readouterr().out


def test_a_part_that_is_not_there_is_a_mistake(capsys):
    with pytest.raises(SystemExit):
        command.main(["loses"])
    assert (
        "there is no part loses; there are losses, heads, crf, layers, start, training, whole"
        in capsys.readouterr().err
    )


def test_trainings_without_data_are_left_out_aloud(tmp_path, capsys):
    command.main(["training", "--work", str(tmp_path), "--results", str(tmp_path / "speed.jsonl")])
    assert "snips-intent: no data; run benchmarks.prepare first" in capsys.readouterr().err


@pytest.mark.parametrize(("shares", "kept"), [([0.5, 0.3, 0.4], 0.3), ([0.05], 0.05), ([None], None)])
def test_what_was_disturbed_is_measured_again_and_the_quietest_counts(shares, kept):
    left = iter(shares)
    measured = command._least_disturbed(lambda: Measured("m", "s", {"seqwise": [1.0]}, {}, next(left)))
    assert measured.disturbance == kept
    assert list(left) == []


def test_a_peer_that_cannot_be_had_is_told_with_the_case(tmp_path, monkeypatch):
    def nothing(name, folder):
        raise CannotInstallError("no network")

    monkeypatch.setattr(command, "python_of", nothing)
    monkeypatch.setattr(command, "CASES", {"crf": (Case("crf_nll", "tiny", loss_case(2, 5, 3).ways),)})
    (measured,) = command._measured("crf", [], tmp_path, 0, 1)
    assert measured.missing == {"pytorch-crf": "no network"}


def test_every_part_has_a_place_on_the_page():
    assert set(PARTS) == set(command.PARTS)


def test_an_outcome_without_a_value_is_not_reached():
    assert not Outcome(Goal(("*",), 1.0, ("torch",)), None).reached


def test_the_command_writes_the_page(monkeypatch):
    written = []
    monkeypatch.setattr(command, "write_page", written.append)
    command.main(["--page"])
    assert written == [Path("benchmarks/results/speed.jsonl")]
