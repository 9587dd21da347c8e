"""Every number and claim of a run's page, worked out again in plain Python from predictions.jsonl and the data."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from statistics import fmean, median

import pytest

from report_page import Page
from seqwise.cli.watch import show_metrics
from seqwise.config import override, parse_config
from seqwise.runs.run_folder import RunFolder
from seqwise.training.baselines import FAMILIES
from seqwise.training.run import train
from seqwise.training.training_plan import plan_run
from small_runs import REQUESTS, TINY, rows_file

SMALL = ["train.max_epochs=2", "train.batch_tokens=300", "train.learning_rate=0.03"]


@pytest.fixture(scope="module", params=REQUESTS)
def run(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    given = json.loads(json.dumps(REQUESTS[request.param]))
    given["data"]["train"] = [rows_file(folder, request.param, 500)]
    plan = plan_run(parse_config(override(given, [*TINY, *SMALL])))
    trained = train(plan, RunFolder(folder / "run"), command="test")
    lines = (folder / "run" / "predictions.jsonl").read_text().splitlines()
    page = Page((folder / "run" / "report.html").read_text())
    return plan.task, trained, page, [json.loads(line) for line in lines]


def share(value):
    if value is None:
        return "–"
    if value in (0, 1):
        return f"{100 * value:.0f}%"
    return ">99.9%" if value > 0.9995 else "<0.1%" if value < 0.0005 else f"{100 * value:.1f}%"


def answers(target, line):
    """Per sequence, a list of (output, gold, predicted) of what is known."""
    said = line["targets"][target.name]
    pairs = (
        list(zip(said["label"], said["predicted"], strict=True))
        if target.per_step
        else [(said["label"], said["predicted"])]
    )
    found = []
    for gold, guess in pairs:
        if gold is None:
            continue
        if target.kind == "outputs":
            found += [(name, gold[name], guess[name]) for name in target.outputs if gold[name] is not None]
        elif target.kind == "multilabel":
            found += [(label, label in gold, label in guess) for label in target.labels]
        else:
            found.append(("", gold, guess))
    return found


def f1(hits, gold, guessed):
    return 2 * hits / (gold + guessed) if gold + guessed else None


def class_f1(cells):
    gold, guessed = Counter(g for _, g, _ in cells), Counter(p for _, _, p in cells)
    hits = Counter(g for _, g, p in cells if g == p)
    return {label: f1(hits[label], gold[label], guessed[label]) for label in gold | guessed}


def figures(target, sequences):
    """The figures of the page, from (output, gold, predicted) per sequence."""
    cells = [cell for sequence in sequences for cell in sequence]
    found = {"Accuracy": fmean(g == p for _, g, p in cells)}
    names = list(dict.fromkeys(name for name, _, _ in cells))
    if target.kind == "multilabel":
        yes = [(name, g, p) for name, g, p in cells if g or p]
        found["Micro F1"] = f1(sum(g and p for _, g, p in yes), sum(g for _, g, _ in yes), sum(p for _, _, p in yes))
        each = [class_f1([cell for cell in cells if cell[0] == name]).get(True) for name in names]
        found["Macro F1"] = fmean(value for value in each if value is not None)
    else:
        each = [class_f1([cell for cell in cells if cell[0] == name]) for name in names]
        found["Macro F1"] = fmean(fmean(scores.values()) for scores in each)
    if target.marks_spans:  # all spans of these tags are one step long
        spans = [(g, p) for _, g, p in cells if g != "O" or p != "O"]
        counts = [sum(keep) for keep in zip(*[(g == p, g != "O", p != "O") for g, p in spans], strict=True)]
        found["Span F1"] = f1(*counts)
    return found


def lines_of(lines, part):
    return [line for line in lines if line["split"] == part]


def tables_of(page, heading):
    return [table for table in page.tables if table[0] and table[0][0] == heading]


def test_the_table_of_figures_is_that_of_the_predictions(run):
    task, _, page, lines = run
    for target, table in zip(task.targets, tables_of(page, "figure"), strict=True):
        head, *rows = table
        assert head[1:3] == ["dev", "test"]
        shown = {row[0]: row for row in rows}
        for place, part in ((1, "dev"), (2, "test")):
            for title, value in figures(target, [answers(target, line) for line in lines_of(lines, part)]).items():
                (row,) = [row for name, row in shown.items() if re.match(rf"{title}[a-zF]", name)]
                assert re.match(r"[<>]?[\d.]+%", row[place]).group() == share(value), (title, part)
        count = sum(len(answers(target, line)) for line in lines_of(lines, "test"))
        assert next(row for name, row in shown.items() if name.startswith("Accuracy"))[-1] == f"{count:,} labels"


def test_labels_pairs_and_confusions_are_those_of_the_predictions(run):
    task, _, page, lines = run
    targets = [target for target in task.targets if target.kind in ("label", "tags")]
    for target, table, matrix in zip(targets, tables_of(page, "label"), tables_of(page, ""), strict=False):
        cells = [cell for line in lines_of(lines, "test") for cell in answers(target, line)]
        met = Counter((g, p) for _, g, p in cells)
        head, *rows = matrix
        for name, *counts in rows:
            assert counts == [str(met[name, other]) for other in head[1:]]
        assert sum(int(count) for row in rows for count in row[1:]) == len(cells)
        pairs = (
            next(t for t in page.tables if t[0] == ["label", "predicted", "times"] and t is not table)
            if (any(g != p for g, p in met))
            else [[]]
        )
        wrong = sorted((count for (g, p), count in met.items() if g != p), reverse=True)
        if target is targets[0] and wrong:
            assert [int(row[2]) for row in pairs[1:]] == wrong[:12]


def test_outputs_are_those_of_the_predictions(run):
    task, _, page, lines = run
    for target in task.targets:
        if target.kind != "outputs":
            continue
        (table,) = tables_of(page, "output")
        cells = [cell for line in lines_of(lines, "test") for cell in answers(target, line)]
        learned = dict(zip(target.outputs, task.counts[target.name], strict=True))
        beaten = 0
        for name, macro, accuracy, majority, *_, count in table[1:]:
            own = [cell for cell in cells if cell[0] == name]
            usual = target.classes[target.outputs.index(name)][int(learned[name].argmax())]
            mine, theirs = fmean(g == p for _, g, p in own), fmean(g == usual for _, g, _ in own)
            beaten += mine <= theirs
            assert (macro, accuracy, count) == (share(fmean(class_f1(own).values())), share(mine), str(len(own)))
            assert majority == share(theirs) + (" ▲" if mine <= theirs else "")
        text = " ".join(page.texts)
        assert f"{beaten} of {len(table) - 1} outputs is not above that of always answering" in text


def test_the_data_are_those_of_the_split(run):
    task, _, page, _ = run
    (table,) = tables_of(page, "split")
    for part, sequences, steps, middle, longest in table[1:]:
        lengths = [len(task.store.sequence(row)) for row in task.split.rows(part).tolist()]
        found = [len(lengths), sum(lengths), median(lengths), max(lengths)]
        assert [float(text.replace(",", "")) for text in (sequences, steps, middle, longest)] == found


def test_the_most_confident_mistakes_are_mistakes(run):
    task, _, page, lines = run
    for target in task.targets:
        if target.kind != "label":
            continue
        wrong = [
            line
            for line in lines_of(lines, "test")
            if (said := line["targets"][target.name])["label"] != said["predicted"]
        ]
        wrong = sorted((line["targets"][target.name]["probability"] for line in wrong), reverse=True)[:20]
        tables = tables_of(page, "text")
        assert [row[3] for table in tables for row in table[1:]] == [share(value) for value in wrong]


def baseline_answers(task, target, name, lines):
    """What a baseline says of the test sequences, fitted anew, as `answers` gives it for the model."""
    codec = next(codec for codec in task.codecs if codec.target is target)
    fitted = FAMILIES[name].fit(task, codec, FAMILIES[name].usable(task, codec, task.split.train))
    found = []
    for row in task.split.test.tolist():
        answer, line = fitted(task.split.test[task.split.test == row]), lines[row]
        chosen = answer.predictions if answer.predictions is not None else answer.logits.argmax(-1)
        labels = chosen[0] if target.per_step else chosen
        cells = answers(target, line)
        if target.kind == "outputs":
            by_output = [
                {name: classes[int(k)] for name, classes, k in zip(target.outputs, target.classes, step, strict=True)}
                for step in labels
            ]
            golds = line["targets"][target.name]["label"]
            golds = golds if target.per_step else [golds]
            guesses = [
                by[name]
                for by, gold in zip(by_output, golds, strict=False)
                for name in target.outputs
                if gold[name] is not None
            ]
        else:
            golds = line["targets"][target.name]["label"]
            golds = golds if target.per_step else [golds]
            guesses = [target.labels[int(k)] for k, gold in zip(labels, golds, strict=False) if gold is not None]
        found.append([(name, gold, guess) for (name, gold, _), guess in zip(cells, guesses, strict=True)])
    return found


CLAIM = re.compile(
    r"(?P<title>[A-Z][\w ]+?) (?P<value>[\d.]+)% (?P<claim>beats|is below|is not clearly different from) "
    r"(?P<rival>.+?), (?P<other>[\d.]+)%(?:, by |: )(?P<points>-?[\d.]+) points "
    r"\(95% interval (?P<low>-?[\d.]+) to (?P<high>-?[\d.]+)\)"
)


def test_every_claim_is_that_of_a_paired_interval_over_sequences(run, capsys):
    task, trained, page, all_lines = run
    show_metrics(trained.metrics)
    printed = capsys.readouterr().out
    rows = sorted([*task.split.dev.tolist(), *task.split.test.tolist()])
    lines = dict(zip(rows, all_lines, strict=True))
    facts = trained.metrics["training"]["baselines"]["facts"]
    claims = [text for text in page.texts if CLAIM.match(text) or "cannot tell which is better" in text]
    assert len(claims) == len(task.targets)
    for target, text in zip(task.targets, claims, strict=True):
        assert f"{target.name} on test: {text}" in " ".join(printed.split())
        said = CLAIM.match(text)
        groups = task.store.groups[task.split.test]
        if said is None:
            assert len(set(groups.tolist())) < 30
            continue
        mine = [answers(target, lines[row]) for row in task.split.test.tolist()]
        names = {fact["title"]: name for name, fact in facts.items()} | {"the majority baseline": "majority"}
        name = names[said["rival"]]
        assert facts[name]["learned_from"][target.name] == [len(task.split.train)] * 2
        if target.kind == "multilabel":  # whose thresholds are chosen; test_paired recomputes its intervals
            theirs = None
            value = figures(target, mine)[said["title"]]
            other = trained.metrics["baselines"][name]["test"][target.name]["micro_f1"]["value"]
        else:
            theirs = baseline_answers(task, target, name, lines)
            value, other = (figures(target, each)[said["title"]] for each in (mine, theirs))
        assert (said["value"] + "%", said["other"] + "%") == (share(value).rstrip(), share(other))
        gap = value - other if said["claim"].endswith("different from") else abs(value - other)
        assert float(said["points"]) == pytest.approx(100 * gap, abs=0.06)
        low, high = float(said["low"]), float(said["high"])
        claim = "beats" if low > 0 else "is below" if high < 0 else "is not clearly different from"
        assert said["claim"] == claim
        if theirs is not None:
            again = resampled(target, mine, theirs, groups.tolist(), said["title"])
            made_up = 600 / len(set(groups.tolist()))  # two sequences more, see seqwise.evaluation.paired
            assert (low, high) == pytest.approx(again, abs=made_up + 0.3 * (again[1] - again[0]))


def resampled(target, mine, theirs, groups, title):
    """The middle 95% of differences, in points, when groups of sequences are drawn again."""
    by_group = {}
    for group, first, second in zip(groups, mine, theirs, strict=True):
        by_group.setdefault(group, []).append((first, second))
    rng, keys, found = random.Random(0), list(by_group), []
    for _ in range(100):
        drawn = [pair for key in rng.choices(keys, k=len(keys)) for pair in by_group[key]]
        both = [figures(target, [pair[i] for pair in drawn]).get(title) for i in (0, 1)]
        found.append(100 * (both[0] - both[1]) if None not in both else 0.0)
    found.sort()
    return found[2], found[-3]
