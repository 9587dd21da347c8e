"""The code that an advice prints runs, in every form it can take, and gives the loss of the reference."""

from __future__ import annotations

import re
from functools import cache

import pytest
from snippet_cases import CASES
from snippet_runs import run_here, run_in_keras

import seqwise.losses.numpy
from seqwise.advice import advise

CLOSE = {"torch": 1e-5, "jax": 1e-5, "numpy": 1e-12, "keras": 1e-5}
ON_TENSORFLOW = [
    "label, last, mask",
    "label, mean, lengths",
    "label, max, lengths",
    "label, attention, mask",
    "label, both directions",
    "label, probabilities",
    "label, rare classes",
    "label, text",
    "tags, one-hot",
    "tags, torch's mark for padding",
    "chain, own numbers",
    "outputs, ordered",
    "outputs of a step",
    "multilabel, gaps",
    "multilabel, probabilities",
    "yes or no of a step",
]
"""Cases that together have every line of code for Keras."""
ON_JAX = ["label, last, mask", "label, mean, lengths", "outputs, ordered", "multilabel, gaps"]
KERAS = [
    (backend, name)
    for backend, names in {"torch": CASES, "tensorflow": ON_TENSORFLOW, "jax": ON_JAX}.items()
    for name in names
]
"""Under the quickest backend all cases run."""


@pytest.fixture(scope="module")
def advices():
    return {name: advise(**asked) for name, asked in CASES.items()}


@pytest.fixture(scope="module")
def keras_results(advices):
    """What the code for Keras leaves, by backend and case: one process for each backend."""

    @cache
    def of_backend(backend):
        names = [name for known, name in KERAS if known == backend]
        return run_in_keras({name: advices[name].code["keras"] for name in names}, backend)

    return of_backend


def check(advice, found, framework):
    """The loss is that of the call in NumPy, on the same numbers; shapes and predictions are as announced."""
    arrays = {name: value for name, value in found.items() if name not in ("loss", "predicted")}
    wanted = eval(advice.call, vars(seqwise.losses.numpy) | arrays)
    assert float(found["loss"]) == pytest.approx(float(wanted), rel=CLOSE[framework])
    for name, array in advice.shapes.items():
        if name in found:
            assert found[name].shape == array.shape, name
            assert {"f": "float", "i": "int", "b": "bool"}[found[name].dtype.kind] == array.kind or name == "labels"
    labels = advice.shapes["tags" if advice.loss == "crf_nll" else "labels"]
    axes = len(labels.axes) - (labels.axes[-1] == "classes")
    assert found["predicted"].shape == labels.shape[:axes]
    if "values" in found:
        assert set(found["predicted"].reshape(-1).tolist()) <= set(found["values"])


@pytest.mark.parametrize("framework", ["torch", "jax", "numpy"])
@pytest.mark.parametrize("name", CASES)
def test_the_code_gives_the_loss_of_the_reference(name, framework, advices):
    check(advices[name], run_here(advices[name].code[framework]), framework)


@pytest.mark.parametrize(("backend", "name"), KERAS)
def test_the_code_for_keras_gives_the_loss_of_the_reference(backend, name, keras_results, advices):
    found = keras_results(backend)[name]
    assert isinstance(found, dict), found
    check(advices[name], found, "keras")


def test_the_cases_for_tensorflow_have_every_line_of_the_code_for_keras(advices):
    def lines(names):
        code = "\n".join(advices[name].code["keras"] for name in names)
        return {re.sub(r"\W?\d+", "", line.split("  #")[0]) for line in code.split("\n") if "keras" in line}

    assert lines(CASES) - lines(ON_TENSORFLOW) == set()
