"""A new encoder is one module of `nn/encoders` and one section of the config: nothing else has to know of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import seqwise
from small_runs import rows_file

PACKAGE = Path(seqwise.__file__).parent
DOCS = PACKAGE.parents[1] / "docs"

LAYER = '''
"""The mean of each step and the ones before it, within some width."""

from typing import ClassVar

from torch import nn

from seqwise.nn._masking import counted_positions, selected
from seqwise.nn.encoders.encoder import Encoder


class TinyEncoder(Encoder):
    name: ClassVar[str] = "tiny"

    def __init__(self, input_size, hidden, *, layers=1, width=2, dropout=0.0):
        super().__init__()
        self.input_size, self.output_size, self.width = input_size, hidden, width
        self.projection = nn.Linear(input_size, hidden)

    def forward(self, inputs, *, lengths=None, mask=None):
        counted = counted_positions("TinyEncoder", inputs, lengths=lengths, mask=mask)
        return selected(self.projection(selected(inputs, counted)), counted)
'''

SECTION = '''

class TinyConfig(NetworkConfig):
    """Means."""

    encoder: Literal["tiny"] = "tiny"
    width: int = Field(2, ge=1, description="time steps of a mean")
'''

SEEN = """
import runpy, sys
from seqwise.config import OpenConfig
from seqwise.tuning.space import ENCODER, WORDS
assert "tiny" in WORDS[ENCODER]
page = runpy.run_path(sys.argv[1] + "/make_settings.py")["settings_page"]()
assert "| `model.width` |  | `2` | integer ≥ 1 | tiny | time steps of a mean |" in page
assert "conv, tiny, a model folder | last, first, mean, max or attention" in page
flags = runpy.run_path(sys.argv[1] + "/make_flags.py")["flags_module"]()
assert "conv, bag, tfidf, rocket, tiny, or a model folder." in flags
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """The folder of a copy of the package that has one encoder more."""
    copy = tmp_path_factory.mktemp("src") / "seqwise"
    for folder in (Path(), Path("config"), Path("nn"), Path("nn/encoders")):
        (copy / folder).mkdir()
        for path in (PACKAGE / folder).iterdir():
            if (
                folder / path.name not in (Path("config"), Path("nn"), Path("nn/encoders"))
                and path.name != "__pycache__"
            ):
                (copy / folder / path.name).symlink_to(path)
    (copy / "nn/encoders/tiny.py").write_text(LAYER, encoding="utf-8")
    sections = copy / "config/encoder_sections.py"
    text = sections.read_text(encoding="utf-8")
    sections.unlink()
    sections.write_text(text + SECTION, encoding="utf-8")
    return copy.parent


def python(package, *words):
    """What a process says that imports that copy."""
    environment = {**os.environ, "PYTHONPATH": str(package), "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, *words], env=environment, capture_output=True, text=True, timeout=120, encoding="utf-8"
    )


def test_a_new_encoder_is_trained_like_any_other(package, tmp_path):
    flags = ["--encoder", "tiny", "--hidden", "6", "--max-epochs", "1", "--ensemble", "1", "--set", "model.width=3"]
    command = ["-m", "seqwise", "train", rows_file(tmp_path, "label"), "--text", "text", "--label", "intent", *flags]
    done = python(package, *command, "--set", "model.regression=false", "--run", str(tmp_path / "run"), "--json")
    assert done.returncode == 0, done.stderr
    assert "model: tiny of 6, pooling max" in done.stderr
    model = yaml.safe_load((tmp_path / "run" / "config.yaml").read_text())["model"]
    assert (model["encoder"], model["width"], model["hidden"]) == ("tiny", 3, 6)
    assert "bidirectional" not in model


def test_settings_of_a_new_encoder_are_checked(package, tmp_path):
    command = ["-m", "seqwise", "train", rows_file(tmp_path, "label"), "--dry-run"]
    for setting, message in (
        ("model.width=0", "model.width is 0: input should be greater than or equal to 1"),
        ("model.bidirectional=false", "model.encoder is tiny, which has no such setting; 'lstm', 'gru', 'rnn' have it"),
    ):
        done = python(package, *command, "--encoder", "tiny", "--set", setting)
        assert (done.returncode, message in done.stderr) == (2, True), done.stderr
    other = python(package, *command, "--encoder", "conv", "--set", "model.width=3")
    assert "model.encoder is conv, which has no such setting; 'tiny' has it" in other.stderr


def test_the_pages_and_the_search_see_a_new_encoder(package):
    done = python(package, "-c", SEEN, str(DOCS))
    assert done.returncode == 0, done.stderr
