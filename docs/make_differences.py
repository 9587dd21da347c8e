"""Writes docs/differences.md: the same calls in several frameworks, each answer from a run of this script.

    python docs/make_differences.py

A row is one question that has one right answer. Keras is asked under each of its backends, in a process of its own,
since a process has one backend for good.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

_PAGE = Path(__file__).with_name("differences.md")

FRAMEWORKS = {
    "seqwise": "seqwise",
    "torch": "torch",
    "optax": "optax",
    "keras-tensorflow": "Keras on TensorFlow",
    "keras-jax": "Keras on JAX",
    "keras-torch": "Keras on PyTorch",
}

LOGITS = np.array([[2.0, 0.0, -1.0], [0.5, 1.0, 0.0], [0.0, 0.0, 3.0]], dtype="float32")
LABELS = np.array([0, 2, 2])
ONE_HOT = np.eye(3, dtype="float32")[LABELS]
WEIGHTS = np.array([1.0, 2.0, 6.0], dtype="float32")
STEPS = np.stack([LOGITS, LOGITS])  # (2, 3, 3): two sequences, three steps, three classes
STEP_LABELS = np.stack([LABELS, LABELS])
VALID = np.array([[True, True, True], [True, False, False]])
VOTES = np.random.default_rng(0).integers(-1, 2, (8, 47))
SCORES = np.random.default_rng(1).normal(size=(8, 47)).astype("float32")

WIDE = np.zeros((1, 400), dtype="float32")
WIDE[0, 301] = 9


class Row:
    """One question: what is asked, what the answer should be, and how each framework is asked."""

    def __init__(self, title: str, question: str, why: str) -> None:
        self.title, self.question, self.why = title, question, why
        self.answers: dict[str, Callable[[], Any]] = {}

    def answer(self, name: str) -> str:
        """What one framework says, in a few characters."""
        ask = self.answers.get(name)
        if ask is None:
            return "-"
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return shown(ask())
        except Exception as error:  # whatever a framework raises is its answer
            return f"{type(error).__name__}"


def shown(value: Any) -> str:
    """A number or short list with four decimals; text stays as it is."""
    if isinstance(value, str):
        return value
    if hasattr(value, "detach"):
        value = value.detach().double()
    array = np.asarray(value, dtype=float)
    if array.ndim:
        return "[" + ", ".join(shown(number) for number in array.ravel()) + "]"
    number = float(array)
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "inf" if number > 0 else "-inf"
    return f"{number:.4f}".removesuffix("0000").rstrip(".") if number == round(number) else f"{number:.4f}"


ROWS = [
    Row(
        "Class weights, labels as indices",
        "`class_weight=(1, 2, 6)`, mean",
        "The weighted sum divided by the weights of the labels.",
    ),
    Row(
        "Class weights, the same labels one-hot",
        "as above, labels one-hot",
        "One-hot is another spelling of the same labels: the same number as above.",
    ),
    Row(
        "Everything ignored",
        "three labels, all of them ignored",
        "Nothing counts, so nothing is lost: 0. A NaN ends a training.",
    ),
    Row(
        "A label of -1",
        "labels (0, -1, 2), nothing said about -1",
        "No class has this index: an error, in every framework and on every device that can be asked.",
    ),
    Row(
        "47 labels of -1, 0, 1 as floats, 47 numbers",
        "logits (8, 47), labels (8, 47) floats",
        "The labels are no shares of 47 classes: an error. What is computed instead may be negative, and means nothing.",
    ),
    Row(
        "Labels as 32-bit integers",
        "the first call without weights, labels int32",
        "An integer is an integer.",
    ),
    Row(
        "Smoothing 0.1, labels as indices",
        "`label_smoothing=0.1`",
        "e / C on each class, whatever the spelling of the labels.",
    ),
    Row(
        "Smoothing 0.1, labels one-hot",
        "`label_smoothing=0.1`, labels one-hot",
        "The same number as above.",
    ),
    Row(
        "Padding in the mean",
        "two sequences of 3 and 1 valid steps, padded to 3, a 0/1 mask given the framework's way",
        "The mean over the 4 steps that count. Keras's way is `sample_weight`, which divides by all 6; the mask that its Embedding layer attaches divides by 4.",
    ),
    Row(
        "NaN in the padding: the loss",
        "as above, logits of the padding NaN",
        "Padding may hold anything.",
    ),
    Row(
        "NaN in the padding: the gradient there",
        "the largest gradient in the padding",
        "Exactly 0.",
    ),
    Row(
        "A class ruled out by -inf, one-hot label elsewhere",
        "logits (-inf, 1, 2), one-hot label of class 1",
        "log(1 + e) = 1.3133: the impossible class adds nothing.",
    ),
    Row(
        "70,000 positions in half precision",
        "logits 0 of two classes, float16, mean",
        "log 2 = 0.6931.",
    ),
    Row(
        "Label 301 of 400 classes, bfloat16",
        "logits 0, but 9 for class 301, in bfloat16",
        "log(e^9 + 399) - 9 = 0.0481. Labels are no numbers to be rounded: as bfloat16, 301 is 300 or 302.",
    ),
    Row(
        "As many steps as classes, classes last",
        "logits (1, 3, 3), labels (1, 3), no word about axes",
        "Classes are last; another reading is another number, without an error.",
    ),
    Row(
        "Options left at their defaults, logits given",
        "logits as a linear layer gives them",
        "Losses of logits by default, or an error; not a number for something else.",
    ),
]


def add(title: str, name: str, ask: Callable[[], Any]) -> None:
    """How one framework is asked one question."""
    next(row for row in ROWS if row.title == title).answers[name] = ask


def poisoned() -> np.ndarray:
    """The steps with NaN in the padding."""
    return np.where(VALID[..., None], STEPS, np.nan).astype("float32")


def largest(gradient: np.ndarray) -> float:
    """The largest gradient of the padding; NaN when there is one."""
    return float(np.abs(np.asarray(gradient)[~VALID]).max())


def ask_torch(name: str, loss: Callable[..., Any], weight: str, padded: Callable[[Any], Any]) -> None:
    """A cross-entropy of torch tensors: seqwise's or torch's own, which differ in the name of the class weights."""
    from torch import float16, long, tensor, zeros

    logits, labels, one_hot = tensor(LOGITS), tensor(LABELS), tensor(ONE_HOT)
    weights = {weight: tensor(WEIGHTS)}

    def gradient() -> Any:
        steps = tensor(poisoned(), requires_grad=True)
        padded(steps).backward()
        return steps.grad

    add("Class weights, labels as indices", name, lambda: loss(logits, labels, **weights))
    add("Class weights, the same labels one-hot", name, lambda: loss(logits, one_hot, **weights))
    add("Everything ignored", name, lambda: loss(logits, tensor([-100] * 3), ignore_index=-100))
    add("A label of -1", name, lambda: loss(logits, tensor([0, -1, 2])))
    add("47 labels of -1, 0, 1 as floats, 47 numbers", name, lambda: loss(tensor(SCORES), tensor(VOTES).float()))
    add("Labels as 32-bit integers", name, lambda: loss(logits, labels.int()))
    add("Smoothing 0.1, labels as indices", name, lambda: loss(logits, labels, label_smoothing=0.1))
    add("Smoothing 0.1, labels one-hot", name, lambda: loss(logits, one_hot, label_smoothing=0.1))
    add("Padding in the mean", name, lambda: padded(tensor(STEPS)))
    add("NaN in the padding: the loss", name, lambda: padded(tensor(poisoned())))
    add("NaN in the padding: the gradient there", name, lambda: largest(gradient()))
    add(
        "A class ruled out by -inf, one-hot label elsewhere",
        name,
        lambda: loss(tensor([[-math.inf, 1.0, 2.0]]), tensor([[0.0, 1.0, 0.0]])),
    )
    add(
        "70,000 positions in half precision",
        name,
        lambda: loss(zeros(70_000, 2, dtype=float16), zeros(70_000, dtype=long)),
    )
    add("Label 301 of 400 classes, bfloat16", name, lambda: loss(tensor(WIDE).bfloat16(), tensor([301])))
    add("As many steps as classes, classes last", name, lambda: loss(tensor(STEPS[:1]), tensor(STEP_LABELS[:1])))
    add("Options left at their defaults, logits given", name, lambda: loss(logits, labels))


def ask_ours_and_torch() -> None:
    """seqwise.losses.torch, whose numbers the tests compare with its other frameworks, and torch's own."""
    from torch import tensor
    from torch.nn import functional

    from seqwise.losses.torch import cross_entropy

    ignored = tensor(np.where(VALID, STEP_LABELS, -100))
    ask_torch(
        "seqwise",
        cross_entropy,
        "class_weight",
        lambda steps: cross_entropy(steps, tensor(STEP_LABELS), mask=tensor(VALID)),
    )
    ask_torch(
        "torch",
        functional.cross_entropy,
        "weight",
        lambda steps: functional.cross_entropy(steps.movedim(-1, 1), ignored),
    )


def ask_optax() -> None:
    """Softmax losses of optax losses, averaged with jax.numpy as its documentation does."""
    import jax
    import jax.numpy as jnp
    from optax.losses import smooth_labels, softmax_cross_entropy, softmax_cross_entropy_with_integer_labels

    index, shares = softmax_cross_entropy_with_integer_labels, softmax_cross_entropy

    def padded(logits: Any) -> Any:
        return jnp.mean(index(logits, jnp.array(STEP_LABELS)), where=jnp.array(VALID))

    name = "optax"
    add("A label of -1", name, lambda: index(jnp.array(LOGITS), jnp.array([0, -1, 2])).mean())
    add(
        "Everything ignored",
        name,
        lambda: jnp.mean(index(jnp.array(LOGITS), jnp.array(LABELS)), where=jnp.zeros(3, bool)),
    )
    add(
        "47 labels of -1, 0, 1 as floats, 47 numbers",
        name,
        lambda: shares(jnp.array(SCORES), jnp.array(VOTES, dtype=float)).mean(),
    )
    add("Labels as 32-bit integers", name, lambda: index(jnp.array(LOGITS), jnp.array(LABELS, dtype="int32")).mean())
    add(
        "Smoothing 0.1, labels one-hot",
        name,
        lambda: shares(jnp.array(LOGITS), smooth_labels(jnp.array(ONE_HOT), 0.1)).mean(),
    )
    add("Padding in the mean", name, lambda: padded(jnp.array(STEPS)))
    add("NaN in the padding: the loss", name, lambda: padded(jnp.array(poisoned())))
    add("NaN in the padding: the gradient there", name, lambda: largest(jax.grad(padded)(jnp.array(poisoned()))))
    add(
        "A class ruled out by -inf, one-hot label elsewhere",
        name,
        lambda: shares(jnp.array([[-jnp.inf, 1.0, 2.0]]), jnp.array([[0.0, 1.0, 0.0]])).mean(),
    )
    add(
        "70,000 positions in half precision",
        name,
        lambda: index(jnp.zeros((70_000, 2), "float16"), jnp.zeros(70_000, int)).mean(),
    )
    add(
        "Label 301 of 400 classes, bfloat16",
        name,
        lambda: index(jnp.array(WIDE, "bfloat16"), jnp.array([301])).mean(),
    )
    add(
        "As many steps as classes, classes last",
        name,
        lambda: index(jnp.array(STEPS[:1]), jnp.array(STEP_LABELS[:1])).mean(),
    )
    add(
        "Options left at their defaults, logits given",
        name,
        lambda: index(jnp.array(LOGITS), jnp.array(LABELS)).mean(),
    )


def ask_keras(backend: str) -> None:
    """keras.losses under one backend."""
    from keras import losses, ops

    name = f"keras-{backend}"
    sparse, dense = losses.SparseCategoricalCrossentropy, losses.CategoricalCrossentropy

    def padded(logits: Any) -> Any:
        return sparse(from_logits=True)(STEP_LABELS, logits, sample_weight=VALID.astype("float32"))

    def ask(title: str, function: Callable[[], Any]) -> None:
        add(title, name, lambda: ops.convert_to_numpy(ops.cast(function(), "float32")))

    ask("A label of -1", lambda: sparse(from_logits=True)(np.array([0, -1, 2]), LOGITS))
    ask("Everything ignored", lambda: sparse(from_logits=True, ignore_class=-100)(np.full(3, -100), LOGITS))
    ask(
        "47 labels of -1, 0, 1 as floats, 47 numbers",
        lambda: dense(from_logits=True)(VOTES.astype("float32"), SCORES),
    )
    ask("Labels as 32-bit integers", lambda: sparse(from_logits=True)(LABELS.astype("int32"), LOGITS))
    ask("Smoothing 0.1, labels one-hot", lambda: dense(from_logits=True, label_smoothing=0.1)(ONE_HOT, LOGITS))
    ask("Padding in the mean", lambda: padded(STEPS))
    ask("NaN in the padding: the loss", lambda: padded(poisoned()))
    add("NaN in the padding: the gradient there", name, lambda: largest(keras_gradient(backend, padded, poisoned())))
    ask(
        "A class ruled out by -inf, one-hot label elsewhere",
        lambda: dense(from_logits=True)(np.array([[0.0, 1.0, 0.0]]), np.array([[-math.inf, 1.0, 2.0]], "float32")),
    )
    ask(
        "70,000 positions in half precision",
        lambda: sparse(from_logits=True, dtype="float16")(np.zeros(70_000, int), np.zeros((70_000, 2), "float16")),
    )
    ask(
        "Label 301 of 400 classes, bfloat16",
        lambda: sparse(from_logits=True, dtype="bfloat16")(np.array([301]), ops.cast(WIDE, "bfloat16")),
    )
    ask("As many steps as classes, classes last", lambda: sparse(from_logits=True)(STEP_LABELS[:1], STEPS[:1]))
    ask("Options left at their defaults, logits given", lambda: sparse()(LABELS, LOGITS))


def keras_gradient(backend: str, loss: Callable[[Any], Any], logits: np.ndarray) -> np.ndarray:
    """The gradient of a Keras loss by its logits, the backend's own way."""
    if backend == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            variable = tf.Variable(logits)
            value = loss(variable)
        return np.asarray(tape.gradient(value, variable))
    if backend == "jax":
        import jax

        return np.asarray(jax.grad(loss)(jax.numpy.array(logits)))
    import torch

    tensor = torch.tensor(logits, requires_grad=True)
    loss(tensor).backward()
    assert tensor.grad is not None
    return tensor.grad.numpy()


def keras_answers(backend: str) -> dict[str, str]:
    """The column of Keras under one backend, from a process of its own."""
    command = [sys.executable, __file__, backend]
    environment = os.environ | {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    answers: dict[str, str] = json.loads(run.stdout.splitlines()[-1])
    return answers


def differences_page() -> str:
    """The page: what is compared, one table, and the reasons."""
    ask_ours_and_torch()
    ask_optax()
    columns = {name: {row.title: row.answer(name) for row in ROWS} for name in ("seqwise", "torch", "optax")}
    columns |= {f"keras-{backend}": keras_answers(backend) for backend in ("tensorflow", "jax", "torch")}
    lines = [PREFACE, "| question | " + " | ".join(FRAMEWORKS.values()) + " |", "|---" * (len(FRAMEWORKS) + 1) + "|"]
    for number, row in enumerate(ROWS, 1):
        answers = [columns[name][row.title] for name in FRAMEWORKS]
        cells = [f"**{answers[0]}**", *(f"{answer}" for answer in answers[1:])]
        lines.append(f"| {number}. {row.title} | " + " | ".join(cells) + " |")
    lines += ["", "## The questions", "", "| | asked | what is right, and why |", "|---|---|---|"]
    lines += [f"| {number} | {row.question} | {row.why} |" for number, row in enumerate(ROWS, 1)]
    return "\n".join([*lines, "", SAMPLES])


PREFACE = """# Differences

The same calls in several frameworks, each answer from one run of `docs/make_differences.py`, which prints this page. The
first column is seqwise: `seqwise.losses.torch` was asked, and NumPy, JAX and Keras give the same, which the tests
compare. A name such as ValuesError is an exception. A dash: the framework has no such option. Losses of Keras are its
classes with `from_logits=True`, except in the last row.
"""

SAMPLES = """## The samples that torch publishes

torch's testing tools come with sample calls of its losses. `tests/losses/test_against_torch.py` runs all of them for
`cross_entropy`, `nll_loss`, `binary_cross_entropy_with_logits` and `linear_cross_entropy` through ours and compares
values and gradients. Every call with class indices agrees to 1e-12. The others:

| torch's call | here |
|---|---|
| soft labels that are any numbers, also negative ones or with a sum other than 1 | refused; the same labels made shares of 1 agree |
| soft labels with class weights, mean: divided by the number of rows | divided by the weights of the labels, as torch does for class indices; `denominator=` the number of rows agrees |
| yes-or-no labels with `weight`, mean: divided by the number of labels | divided by the weights; `denominator=` the number of labels agrees |
| one yes-or-no logit without any axis | refused: reshape it to (1,) |
| `weight` of yes-or-no labels, axes matched from the right | `sample_weight`, axes matched from the batch on: (5,) becomes (1, 5) |
| `linear_cross_entropy` of K outputs, weight (C, K, D) | weight (K, C, D), classes before features, as in a linear layer for each output; several axes of outputs are flattened into one |
"""

if __name__ == "__main__":
    if len(sys.argv) > 1:
        ask_keras(sys.argv[1])
        print(json.dumps({row.title: row.answer(f"keras-{sys.argv[1]}") for row in ROWS}))
    else:
        _PAGE.write_text(differences_page(), encoding="utf-8")
