"""Keras's other backends, each in a process of its own, and what is said when Keras or its backend is missing."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import keras
import pytest

HERE = Path(__file__).parent
OF_KERAS = {path.name for path in HERE.glob("test_keras_*.py")} - {Path(__file__).name}
OF_ALL = {"test_loss_checks.py", "test_loss_messages.py"}
FILES = {
    "tensorflow": OF_KERAS | OF_ALL,
    "jax": (OF_KERAS | OF_ALL) - {"test_keras_saving.py"},  # for which Keras would import TensorFlow
    "torch": OF_KERAS | OF_ALL,
}
QUIET = {
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "JAX_DISABLE_MOST_OPTIMIZATIONS": "1",  # they take longer than what they speed up here
}


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Python with these arguments, where the tests are."""
    variables = os.environ | QUIET | environment
    return subprocess.run(
        [sys.executable, *arguments], cwd=HERE, env=variables, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("backend", sorted(FILES.keys() - {keras.backend.backend()}))
def test_everything_holds_under_every_backend(backend: str) -> None:
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    options = ("-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-k", "keras")
    done = run("-m", "pytest", *options, *sorted(FILES[backend]), KERAS_BACKEND=backend)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]


def test_a_missing_keras_names_what_brings_it() -> None:
    done = run("-c", "import sys; sys.modules['keras'] = None; import seqwise.losses.keras")
    wanted = (
        "seqwise.errors.MissingExtraError: keras is not installed. Install it from the clone of seqwise with: "
        "pip install '.[keras]'"
    )
    assert done.stderr.splitlines()[-1] == wanted


def test_a_missing_backend_names_the_variable_that_chooses_another() -> None:
    program = "import sys; sys.modules['tensorflow'] = None; import seqwise.losses.keras"
    done = run("-c", program, KERAS_BACKEND="tensorflow")
    assert done.stderr.splitlines()[-1] == (
        "Keras computes with one of tensorflow, jax and torch: name an installed one in KERAS_BACKEND."
    )
