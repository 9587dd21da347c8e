"""The documentation tells the truth: its code runs, its commands parse, its tables are those of the code."""

from __future__ import annotations

import json
import random
import re
import runpy
import shutil
import subprocess
import sys

import pytest

from command_line import run
from pages import DOCS, ROOT, TUTORIALS, blocks, commands, execute, first_cells, indented

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]
WITH_PYTHON = [
    page for page in PAGES if page not in TUTORIALS and any(block.language == "python" for block in blocks(page))
]
COMMANDS = [
    (page.name, *words)
    for page in PAGES
    for text in (indented(page.read_text(encoding="utf-8")), *(block.text for block in blocks(page)))
    for words in commands(text)
]
PRAISE = ("warm", "fine", "funny", "moving")
BLAME = ("flat", "tired", "loud", "long")


def page_name(page):
    return page.relative_to(ROOT).as_posix() if hasattr(page, "relative_to") else None


@pytest.fixture(scope="session")
def reviews(tmp_path_factory):
    """A folder with `reviews.csv` and a run that was trained on it."""
    from seqwise.config import parse_config
    from seqwise.runs.run_folder import RunFolder
    from seqwise.training.run import train
    from seqwise.training.training_plan import plan_run

    folder = tmp_path_factory.mktemp("reviews")
    rng = random.Random(0)
    rows = [(" ".join(rng.sample((PRAISE, BLAME)[i % 2], 3)), ("good", "bad")[i % 2]) for i in range(10)]
    file = folder / "reviews.csv"
    file.write_text("text,label\n" + "".join(f"{text} {i},{label}\n" for i, (text, label) in enumerate(rows)))
    config = {
        "data": {"train": [str(file)]},
        "model": {"embedding": 4, "hidden": 4},
        "train": {"max_epochs": 2, "device": "cpu", "ensemble": 1},
    }
    train(plan_run(parse_config(config)), RunFolder(folder / "run"))
    return folder


@pytest.mark.parametrize("page", WITH_PYTHON, ids=page_name)
def test_python_on_the_page_runs(page, reviews, tmp_path, monkeypatch):
    """The blocks of a page are one program, run beside `reviews.csv` and whatever `runs/NAME` the page speaks of."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(reviews / "reviews.csv", tmp_path)
    for name in set(re.findall(r"\bruns/[\w-]+", page.read_text(encoding="utf-8"))):
        shutil.copytree(reviews / "run", tmp_path / name)
    names = {"__name__": "__main__"}
    for block in blocks(page):
        if block.language == "python":
            execute(block, page, names)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_commands_on_the_pages_parse(command):
    import typer.main

    from seqwise.cli.app import app
    from seqwise.config import override, parse_config

    _, _, name, *words = command
    context = typer.main.get_command(app).commands[name].make_context(name, words)
    parse_config(override({}, context.params.get("settings") or []))


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_settings_on_the_page_exist(page):
    import yaml

    from seqwise.config import parse_config

    for block in blocks(page):
        if block.language == "yaml":
            parse_config(yaml.safe_load(block.text))


def data_examples():
    """Each `seqwise train` of data.md: the files above it, the command, and what the page says it says."""
    files, examples, words = {}, [], []
    for block in blocks(DOCS / "data.md"):
        if block.title:
            files = files | {block.title: block.text}
        elif block.language == "sh":
            (words,) = commands(block.text)
        elif block.language == "text":
            examples.append((files, words, block.text.splitlines()))
    return examples


@pytest.mark.parametrize(("files", "words", "said"), data_examples(), ids=lambda value: str(value)[:60])
def test_data_are_read_as_the_page_says(files, words, said, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    result = run(monkeypatch, capsys, *words[1:], "--dry-run")
    assert result.status == 0, result.err
    assert [line for line in said if line not in result.err.splitlines()] == [], result.err


def test_help_of_every_format_flag_names_all_formats():
    """Lines of text have no labels, so that only commands over a trained model read them."""
    from typer.main import get_command

    from seqwise.cli.app import app
    from seqwise.data.readers import FORMATS

    helps = {
        name: option.help
        for name, command in get_command(app).commands.items()
        for option in command.params
        if "--format" in option.opts
    }
    assert {"train", "predict", "evaluate", "advise"} <= set(helps)
    for name, text in helps.items():
        named = set(re.findall(r"\w+", text.partition(";")[0]))
        assert named == set(FORMATS) - (set() if name in ("predict", "evaluate") else {"lines"}), name


def test_every_format_has_an_example_on_the_page():
    from seqwise.data.readers import FORMATS

    page = (DOCS / "data.md").read_text(encoding="utf-8")
    shown = {
        **{name: f"```{name} " for name in FORMATS},
        "tsv": "tabs where the header has those",
        "parquet": "A Parquet file has the same types of cell",
        "folder": "reviews/train/neg/1.txt",
        "parallel": "seqwise train tokens=train.in,slots=train.out",
        "lines": "--format lines` reads each line",
    }
    assert [name for name in FORMATS if shown[name] not in page] == []


def test_endings_on_the_page_tell_the_format(tmp_path):
    from seqwise.data.readers import FORMATS, format_of

    rows = re.findall(r"^\| `(\w+)` \| ((?:`\.\w+` ?)+)", (DOCS / "data.md").read_text(encoding="utf-8"), re.MULTILINE)
    told = {form: endings.replace("`", "").split() for form, endings in rows}
    assert set(told) == set(FORMATS) - {"lines", "folder", "parallel"}  # which no ending tells
    for form, endings in told.items():
        for ending in endings:
            (tmp_path / f"rows{ending}").write_text("a\tb\n")
            assert format_of(tmp_path / f"rows{ending}") == form


@pytest.mark.parametrize("page", ["data.md", "predict.md"])
def test_messages_on_the_page_are_those_of_the_code(page):
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))
    messages = first_cells(DOCS / page, "Messages")
    assert messages
    assert [piece for message in messages for piece in message.split("…") if piece.strip() not in code] == []


def test_settings_are_those_of_the_config():
    page = runpy.run_path(str(DOCS / "make_settings.py"))["settings_page"]()
    assert (DOCS / "settings.md").read_text(encoding="utf-8") == page, "run: python docs/make_settings.py"


def test_the_flags_of_settings_are_those_that_the_settings_declare():
    made = runpy.run_path(str(DOCS / "make_flags.py"))
    assert made["module_path"]().read_text(encoding="utf-8") == made["flags_module"](), "run: python docs/make_flags.py"


def test_commands_are_those_of_the_program():
    page = runpy.run_path(str(DOCS / "make_commands.py"))["commands_page"]()
    assert (DOCS / "commands.md").read_text(encoding="utf-8") == page, "run: python docs/make_commands.py"


def test_every_flag_stands_on_the_page_of_commands():
    import typer.main

    from seqwise.cli.app import app

    sections = re.split(r"^## ", (DOCS / "commands.md").read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    told = {section.partition("\n")[0]: set(re.findall(r"`(--[\w-]+)", section)) for section in sections}
    commands = typer.main.get_command(app).commands
    flags = {
        name: {flag for option in command.params for flag in (*option.opts, *option.secondary_opts) if flag[0] == "-"}
        for name, command in commands.items()
    }
    assert {name: flags[name] - told[name] for name in flags} == {name: set() for name in flags}


def test_differences_are_those_of_a_run():
    command = [
        sys.executable,
        "-c",
        "import runpy; print(runpy.run_path('docs/make_differences.py')['differences_page'](), end='')",
    ]
    page = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert (DOCS / "differences.md").read_text(encoding="utf-8") == page, "run: python docs/make_differences.py"


def test_files_of_the_run_folder_are_those_of_a_run(reviews):
    documented = first_cells(DOCS / "run-folder.md")
    assert sorted(documented) == sorted(path.name for path in (reviews / "run").iterdir())


@pytest.mark.parametrize(
    "name", ["metrics.json", "metrics.jsonl", "predictions.jsonl", "data.json", "labels.json", "vocab.json", "env.json"]
)
def test_keys_of_a_run_file_are_those_of_a_run(name, reviews):
    text = (reviews / "run" / name).read_text()
    content = json.loads(text.splitlines()[0] if name.endswith("l") else text)
    documented = first_cells(DOCS / "run-folder.md", f"`{name}`")
    assert {key.partition(".")[0] for key in documented} == content.keys()
    for key in documented:
        part = content
        for word in key.split("."):
            assert word in part, key
            part = part[word]


def test_every_figure_is_explained():
    from seqwise.evaluation import FIGURES

    assert sorted(first_cells(DOCS / "run-folder.md", "Figures")) == sorted(FIGURES)


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_what_a_page_points_to_is_there(page):
    text = page.read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]
    paths = re.findall(r"`((?:src|tests|docs|benchmarks|examples)/[^`\s]+)`", text)
    missing = [link for link in links if not is_there(page, *link.partition("#")[::2])]
    assert missing + [path for path in paths if "NAME" not in path and not (ROOT / path).exists()] == []


def is_there(page, path, anchor):
    target = page.parent / path if path else page
    if not target.exists() or not anchor:
        return target.exists()
    headings = re.findall(r"^#+ (.*)", target.read_text(encoding="utf-8"), re.MULTILINE)
    return anchor in [re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings]


@pytest.mark.parametrize(
    ("page", "faults"),
    [
        ('<pre><code><span class="gp">&gt;&gt;&gt; </span><span class="mi">1</span></code></pre><p>a > b</p>', []),
        (
            "<blockquote><blockquote>&gt;&gt;&gt; 1</blockquote></blockquote>",
            ["an example that did not become a block"],
        ),
        ("<p>```csv a.csv</p>", ["a fence that did not become a block"]),
        ("<p>::: seqwise.nn</p>", ["a directive that did not become documentation"]),
        ("<pre><code>&gt;&gt;&gt; 1</code></pre>", ["an example that is not highlighted"]),
        ("<p>Say <code>&gt;&gt;&gt;</code></p>", []),
    ],
)
def test_a_page_of_the_site_without_code_is_found(page, faults):
    found = runpy.run_path(str(DOCS / "check_site.py"))["faults_of"](page)
    assert [(fault, part) for fault, part in zip(found, faults, strict=True) if part not in fault] == []


def test_every_public_module_has_its_page():
    shown = {name for page in (DOCS / "api").glob("*.md") for name in re.findall(r"^::: (\S+)", page.read_text(), re.M)}
    losses = {f"seqwise.losses.{path.name}" for path in (ROOT / "src/seqwise/losses").iterdir() if path.name.isalpha()}
    assert losses == {f"seqwise.losses.{name}" for name in ("jax", "keras", "numpy", "torch")}
    rooms = "advice bench data doctor errors evaluation inference losses masks nn shapes testing tuning"
    assert ({f"seqwise.{room}" for room in rooms.split()} | losses) - shown == set()
