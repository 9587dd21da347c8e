"""What cannot be advised on is said: what arrived, what was expected, what to do."""

from __future__ import annotations

import numpy as np
import pytest

from seqwise.advice import advise
from seqwise.advice.given_arrays import read_arrays
from seqwise.errors import ConfigError, DataError, ShapeError, ValuesError

PROBLEMS = (
    "'label', 'tags', 'outputs', 'outputs-per-step', 'multilabel', 'multilabel-per-step', 'yes-no', 'yes-no-per-step'"
)
NOTHING_FITS = (
    "  expected: the batch first everywhere; labels (batch,), (batch, time), (batch, outputs) or (batch, time, "
    "outputs), and logits with one more axis, the classes\n"
    "  hint: labels, logits, hidden states, mask and lengths must agree on the batch and on the steps"
)
CASES = {
    "no labels": (
        {"logits": (8, 3)},
        ConfigError,
        "advise: there are no labels\n"
        "  expected: the shape of the labels, and of logits or hidden states if you have them\n"
        "  hint: for example --logits 8x47 --labels 8x47 --values=-1,0,1, or a file: seqwise advise data.csv",
    ),
    "no shape": (
        {"labels": "8by47"},
        ConfigError,
        "advise: labels '8by47' is neither a shape nor a file\n"
        "  expected: sizes such as 8x47, or a file such as labels.npy",
    ),
    "an empty axis": (
        {"labels": (8, 0)},
        ConfigError,
        "advise: labels (8, 0): an axis has size 0\n  expected: a size of 1 or more for each axis, such as 8x47",
    ),
    "one number": (
        {"labels": np.array(3)},
        ConfigError,
        "advise: labels is a single number\n  expected: a size of 1 or more for each axis, such as 8x47",
    ),
    "ragged lists": (
        {"labels": [[1, 2], [1]]},
        ConfigError,
        "advise: labels is a list whose rows differ in length\n"
        "  expected: an array, padded where sequences are shorter, and lengths",
    ),
    "complex numbers": (
        {"labels": np.zeros(3, complex)},
        ConfigError,
        "advise: labels holds complex128\n  expected: 'int', 'float', 'bool', 'text'",
    ),
    "logits twice": (
        {"labels": (8,), "logits": (8, 3), "probabilities": (8, 3)},
        ConfigError,
        "advise: logits and probabilities were both given\n  expected: the one that the loss receives",
    ),
    "an unknown kind of label": (
        {"labels": (8,), "label_kind": "double"},
        ConfigError,
        "advise: there is no label kind 'double'\n  expected: one of 'int', 'float', 'bool', 'text'",
    ),
    "another kind than the array's": (
        {"labels": [1, 2], "label_kind": "float"},
        ConfigError,
        "advise: the labels are int, not float\n  hint: leave the label kind out",
    ),
    "an unknown problem": (
        {"labels": (8,), "problem": "tag"},
        ConfigError,
        f"advise: there is no problem 'tag'\n  expected: one of {PROBLEMS}. Did you mean 'tags'?",
    ),
    "an unknown loss": (
        {"labels": (8,), "loss": "focal"},
        ConfigError,
        "advise: there is no loss 'focal'\n  expected: one of 'cross_entropy', 'binary_cross_entropy', 'ordinal_loss', "
        "'focal_loss', 'crf_nll'. Did you mean 'focal_loss'?",
    ),
    "an unknown pooling": (
        {"labels": (8,), "pooling": "lsat"},
        ConfigError,
        "advise: there is no pooling 'lsat'\n"
        "  expected: one of 'last', 'mean', 'max', 'attention'. Did you mean 'last'?",
    ),
    "an unknown framework": (
        {"labels": (8,), "framework": "tensorflow"},
        ConfigError,
        "advise: there is no framework 'tensorflow'\n  expected: one of 'torch', 'keras', 'jax', 'numpy'.",
    ),
    "a value twice": (
        {"labels": (8,), "values": "0,1,1"},
        ConfigError,
        "advise: values 0,1,1 name one of them twice\n  expected: each value of the labels once",
    ),
    "one value": (
        {"labels": (8,), "values": [1]},
        ConfigError,
        "advise: values 1 name 1 of them\n  expected: each value of the labels once",
    ),
    "no range": (
        {"labels": (8,), "values": "a..c"},
        ConfigError,
        "advise: values 'a..c' are not a range\n  expected: for example 0..4, or -1,0,1",
    ),
    "a value between classes": (
        {"labels": (8,), "values": "0.5,1"},
        ConfigError,
        "advise: 0.5 is not a class\n"
        "  expected: values such as -1,0,1 or no,yes\n"
        "  hint: continuous values are regression: use a squared error, for example",
    ),
    "a value that was not named": (
        {"labels": [0, 1, 7], "values": (0, 1)},
        ValuesError,
        "advise: labels contain 7, which is not one of the values 0,1\n"
        "  labels  int  (3,)\n"
        "  expected: all label values, or missing= for the value of labels that do not count",
    ),
    "amounts": (
        {"labels": [2.5, 1.0], "logits": (2,)},
        ValuesError,
        "advise: labels are continuous values, such as 2.5\n"
        "  logits  float  (2,)\n"
        "  labels  float  (2,)\n"
        "  expected: classes: integers or text, or soft labels from 0 to 1\n"
        "  hint: continuous values are regression: a head with one number per label, and a squared error such as "
        "torch.nn.functional.mse_loss; or bin the values into classes first",
    ),
    "an axis that is not there": (
        {"labels": (8,), "logits": (8, 3), "class_axis": 2},
        ConfigError,
        "advise: class_axis=2 does not exist in logits with 2 axes\n"
        "  logits  float  (8, 3)\n"
        "  labels  int    (8,)\n"
        "  expected: an axis of the logits, counted from 0",
    ),
    "another batch": (
        {"labels": (9,), "logits": (8, 3)},
        ShapeError,
        f"advise: these shapes fit no problem: labels are of 9 sequences, logits of 8\n  logits  float  (8, 3)\n"
        f"  labels  int    (9,)\n{NOTHING_FITS}",
    ),
    "steps that differ": (
        {"labels": (8, 19, 2), "logits": (8, 30, 2, 5)},
        ShapeError,
        "advise: these shapes fit no problem\n  logits  float  (8, 30, 2, 5)\n"
        f"  labels  int    (8, 19, 2)\n{NOTHING_FITS}",
    ),
    "a mask of another shape": (
        {"labels": (8,), "logits": (8, 3), "mask": (5, 5)},
        ShapeError,
        "advise: these shapes fit no problem: labels are of 8 sequences, mask of 5\n  logits  float  (8, 3)\n"
        "  labels  int    (8,)\n"
        f"  mask    bool   (5, 5)\n{NOTHING_FITS}",
    ),
    "lengths of another batch": (
        {"labels": (8, 20), "lengths": (9,)},
        ShapeError,
        f"advise: these shapes fit no problem: labels are of 8 sequences, lengths of 9\n"
        f"  labels   int  (8, 20)\n  lengths  int  (9,)\n{NOTHING_FITS}",
    ),
    "states of another batch": (
        {"labels": (8,), "hidden": (9, 20, 4)},
        ShapeError,
        f"advise: these shapes fit no problem: labels are of 8 sequences, hidden of 9\n"
        f"  hidden  float  (9, 20, 4)\n  labels  int    (8,)\n{NOTHING_FITS}",
    ),
    "not the problem that was named": (
        {"labels": (8,), "logits": (8, 3), "problem": "outputs"},
        ShapeError,
        "advise: these shapes and values are not 'outputs'\n"
        "  logits  float  (8, 3)\n"
        "  labels  int    (8,)\n"
        "  expected: labels (batch, outputs), logits (batch, outputs, classes)\n"
        "  hint: leave --problem out to see the problems that fit",
    ),
    "a loss for other labels": (
        {"labels": (8,), "logits": (8, 3), "loss": "crf_nll"},
        ConfigError,
        "advise: crf_nll does not fit these labels\n"
        "  logits  float  (8, 3)\n"
        "  labels  int    (8,)\n"
        "  expected: a problem among 'tags', or another loss",
    ),
    "a loss for another problem": (
        {"labels": (8, 5), "logits": (8, 5, 3), "problem": "outputs", "loss": "crf_nll"},
        ConfigError,
        "advise: crf_nll does not fit 'outputs'\n"
        "  logits  float  (8, 5, 3)\n"
        "  labels  int    (8, 5)\n"
        "  expected: a problem among 'tags', or another loss",
    ),
    "a CRF over probabilities": (
        {"labels": (8, 5), "probabilities": (8, 5, 3), "loss": "crf_nll"},
        ConfigError,
        "advise: crf_nll takes tags as class indices, and emissions that are not probabilities\n"
        "  probabilities  float  (8, 5, 3)\n"
        "  labels         int    (8, 5)\n"
        "  expected: labels int (8, 5), logits (8, 5, 3)",
    ),
    "half a feature for each direction": (
        {"labels": (8,), "hidden": (8, 20, 7), "bidirectional": True},
        ShapeError,
        "advise: states of 7 features cannot be two concatenated directions\n"
        "  hidden  float  (8, 20, 7)\n"
        "  labels  int    (8,)\n"
        "  expected: an even number of features, or one direction",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_cannot_be_advised_on_is_said(name):
    given, kind, message = CASES[name]
    with pytest.raises(kind) as caught:
        advise(**given)
    assert str(caught.value) == message


def test_a_file_without_known_names(tmp_path):
    file = tmp_path / "arrays.npz"
    np.savez(file, label=np.zeros(3), extra=np.zeros(2))
    with pytest.raises(DataError) as caught:
        read_arrays(str(file))
    assert str(caught.value) == (
        f"{file}: no array in it has a known name; it contains 'label', 'extra'\n"
        "  Did you mean 'labels'? The names are 'logits', 'probabilities', 'hidden', 'labels', 'mask', 'lengths'; a "
        "flag also names an array: --labels FILE.npy."
    )


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(DataError, match=r"labels.npy: no such file$"):
        advise(labels=str(tmp_path / "labels.npy"))


def test_a_file_that_holds_no_arrays(tmp_path):
    file = tmp_path / "labels.npy"
    file.write_text("8x47")
    with pytest.raises(DataError) as caught:
        advise(labels=str(file))
    assert str(caught.value).startswith(f"{file}: cannot read arrays from it: ")
    assert str(caught.value).endswith(
        "\n  Write arrays with numpy.save or numpy.savez; lists of Python objects are not supported."
    )
