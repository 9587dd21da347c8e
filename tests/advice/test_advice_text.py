"""An advice as text and as JSON."""

from __future__ import annotations

import json

import pytest
from snippet_cases import CASES

from pages import DOCS, first_cells
from seqwise.advice import advise
from seqwise.advice.advice_text import WIDTH, sections
from seqwise.advice.problems import LOSSES, PROBLEMS

Q4 = """\
47 labels out of 3 classes each, per sequence

Change
  logits (8, 47): one number per label cannot select one of 3 classes
    -> change the head: Linear(hidden, 47 * 3) -> reshape (8, 47, 3)

Answer
  loss     cross_entropy(logits, labels, label_values=(-1, 0, 1))
  head     Linear(hidden, 47 * 3) -> reshape (8, 47, 3)
  pooling  last: the state at the last step that counts; of a backward direction, at the first
           (--pooling mean, max, attention)
  shapes   logits  float  (8, 47, 3)  batch, outputs, classes
           labels  int    (8, 47)     batch, outputs
  mapping  labels -1, 0, 1 are classes 0, 1, 2: label_values there, values[...] back

Why
  The outputs share one input, but each has its own softmax: the head returns outputs x classes
  numbers. A missing label is left out of the sum and of the divisor. Labels need not be one-hot.
  Where labels are missing add mask= bool (8, 47), True = present.

If it is something else
  --problem tags       one label out of 3 classes per step, if axis 1 of the labels is the steps of
                       a sequence
  --missing=-1         2 classes, and -1 marks a missing label, if -1 is not a real label
  --loss ordinal_loss  ordered classes, if predicting a close class is better than a distant one
                       regression, if labels are continuous values; use a squared error, which is
                       not part of seqwise

Code for torch

import torch
from seqwise.losses.torch import cross_entropy
from seqwise.nn import LastPooling

# random numbers instead of your data
states = torch.randn(8, 20, 128)  # from the encoder: batch, time, features
lengths = 1 + torch.randint(20, (8,))  # the number of steps that count
values = (-1, 0, 1)  # the label of each class
labels = torch.tensor(values)[torch.randint(3, (8, 47))]

# from states to logits
pooling = LastPooling(128)
pooled = pooling(states, lengths=lengths)  # (8, 128)
head = torch.nn.Linear(128, 47 * 3)
logits = head(pooled).reshape(-1, 47, 3)  # (8, 47, 3): the classes are last

loss = cross_entropy(logits, labels, label_values=values)
loss.backward()
best = logits.argmax(-1)  # class indices
predicted = torch.tensor(values)[best]  # your own label values
"""


def test_the_text_of_an_advice():
    assert str(advise(logits=(8, 47), labels=(8, 47), values=(-1, 0, 1), framework="torch")) == Q4


@pytest.mark.parametrize("name", CASES)
def test_no_line_is_too_long(name):
    for heading, lines in sections(advise(**CASES[name])):
        for line in lines:
            assert len(line) <= (WIDTH if "Code" not in heading else 110), line


def test_the_text_is_as_narrow_as_asked():
    for heading, lines in sections(advise(logits=(8, 47), labels=(8, 47), values=(-1, 0, 1)), 60):
        assert "Code" in heading or all(len(line) <= 60 for line in lines)


def test_json_has_everything():
    advice = advise(logits=(8, 47), labels=(8, 47), values=(-1, 0, 1))
    plain = json.loads(json.dumps(advice.to_json()))
    assert list(plain) == [
        "problem",
        "title",
        "loss",
        "call",
        "pooling",
        "head",
        "shapes",
        "mapping",
        "changes",
        "why",
        "alternatives",
        "code",
    ]
    assert plain["shapes"]["logits"] == {
        "kind": "float",
        "shape": [8, 47, 3],
        "axes": ["batch", "outputs", "classes"],
    }
    assert plain["mapping"] == {"values": [-1, 0, 1], "by": "label_values"}
    assert plain["alternatives"][1] == {
        "what": "2 classes, and -1 marks a missing label",
        "when": "-1 is not a real label",
        "flag": "--missing=-1",
    }
    assert list(plain["code"]) == ["torch", "keras", "jax", "numpy"]


def test_code_for_one_framework_only():
    assert list(advise(labels=(8,), framework="jax").code) == ["jax"]


def test_every_problem_and_every_loss_is_among_the_cases():
    advices = [advise(**asked, framework="numpy") for asked in CASES.values()]
    assert {advice.problem for advice in advices} == set(PROBLEMS)
    assert {advice.loss for advice in advices} == set(LOSSES)


def test_many_values_are_not_all_listed():
    advice = advise(logits=(8, 30), labels=(8,), values=[f"name {number}" for number in range(30)])
    assert "labels name 0, name 1, name 2, name 3, name 4, name 5, name 6, name 7 and 22 more are classes 0 to 29" in (
        " ".join(str(advice).split())
    )


def test_the_page_has_every_problem_and_every_key():
    assert first_cells(DOCS / "advise.md", "What it is, when it can be several things")[1:] == list(PROBLEMS)
    keys = list(advise(labels=(8,), framework="numpy").to_json())
    assert first_cells(DOCS / "advise.md", "From Python") == keys
