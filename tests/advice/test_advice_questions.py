"""The questions that people ask, and every wrong shape they come with: the exact advice for each."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from seqwise.advice import advise

SCALE = (-1, 0, 1)
RNG = np.random.default_rng(0)
VOTES = RNG.integers(-1, 2, size=(8, 47))


def changes(advice):
    return [(change.wrong, change.do) for change in advice.changes]


def flags(advice):
    return [other.flag for other in advice.alternatives]


# Q1. Which loss for multi-class classification with a recurrent network?


def test_q1_one_label_per_sequence():
    advice = advise(logits=(16, 3), labels=(16,), lengths=(16,))
    assert advice.problem == "label"
    assert advice.title == "one label out of 3 classes per sequence"
    assert advice.call == "cross_entropy(logits, labels)"
    assert advice.head == "Linear(hidden, 3) -> (16, 3)"
    assert advice.pooling == "last"
    assert advice.mapping is None
    assert changes(advice) == []
    assert "never padding: states[:, -1] is padding in a padded batch." in advice.why[0]
    assert advice.why[1].startswith("The lengths go to the encoder and to the pooling, not to the loss")


def test_q1_one_label_per_step():
    advice = advise(logits=(16, 20, 5), labels=(16, 20))
    assert advice.problem == "tags"
    assert advice.call == "cross_entropy(logits, labels)"
    assert advice.head == "Linear(hidden, 5) -> (16, 20, 5)"
    assert advice.pooling is None
    assert {name: (a.kind, a.shape, a.axes) for name, a in advice.shapes.items()} == {
        "logits": ("float", (16, 20, 5), ("batch", "time", "classes")),
        "labels": ("int", (16, 20), ("batch", "time")),
    }
    assert advice.why[1] == "Where sequences are padded add lengths= int (16,)."
    assert flags(advice) == ["--problem outputs", "--loss crf_nll"]


def test_q1_one_label_per_step_of_a_padded_batch():
    advice = advise(logits=(16, 20, 5), labels=(16, 20), lengths=(16,))
    assert advice.call == "cross_entropy(logits, labels, lengths=lengths)"
    assert "padding enters neither the sum nor the divisor" in advice.why[0]
    assert "reduction='sequence_mean' gives short and long sequences the same weight." in advice.why[0]


def test_q1_padding_marked_by_a_label():
    for mark in (-100, -1):
        advice = advise(logits=(16, 20, 5), labels=(16, 20), values=(mark, 0, 1, 2, 3, 4))
        assert advice.problem == "tags"
        assert advice.call == f"cross_entropy(logits, labels, ignore_index={mark})"
    assert changes(advice) == [
        ("label -1 is not one of the 5 classes", "it marks labels that do not count: pass ignore_index=-1")
    ]


# Q2. How is cross-entropy computed for sequential data?


def test_q2_probabilities_with_one_hot_labels():
    advice = advise(probabilities=(3, 4), labels=(3, 4), label_kind="float")
    assert advice.problem == "label"
    assert advice.call == "cross_entropy(probabilities, labels, from_logits=False)"
    assert advice.shapes["labels"].axes == ("batch", "classes")
    assert "One-hot labels and class indices give the same number here" in advice.why[1]
    assert "0 for the right class costs 87.34 nats, by definition" in advice.why[2]


def test_q2_a_batch_of_probabilities_with_one_hot_labels():
    advice = advise(probabilities=(2, 3, 4), labels=(2, 3, 4), label_kind="float")
    assert advice.title == "one label out of 4 classes per step"
    assert advice.call == "cross_entropy(probabilities, labels, from_logits=False)"


def test_q2_class_indices_need_no_one_hot_array():
    advice = advise(probabilities=(2, 3, 4), labels=(2, 3))
    assert advice.call == "cross_entropy(probabilities, labels, from_logits=False)"
    assert (advice.shapes["labels"].kind, advice.shapes["labels"].shape) == ("int", (2, 3))


def test_q2_one_hot_integers():
    labels = np.eye(4, dtype=int)[RNG.integers(4, size=9)]
    advice = advise(logits=np.zeros((9, 4)), labels=labels)
    assert advice.problem == "label"
    assert changes(advice) == [
        ("one-hot labels are int", "cast them to float; or pass class indices, labels.argmax(-1)")
    ]


def test_q2_softmax_before_the_loss_is_noticed():
    advice = advise(logits=RNG.dirichlet(np.ones(3), 4), labels=np.array([0, 1, 2, 1]))
    assert changes(advice) == [
        (
            "logits lie from 0 to 1 and sum to 1: they look like probabilities",
            "leave the softmax out, the loss applies it; or pass from_logits=False if you only have probabilities",
        )
    ]


# Q3. My recurrent layer's output does not match the number of labels. What goes between?


@pytest.mark.parametrize("pooling", ["last", "mean", "max", "attention"])
def test_q3_a_pooling_and_a_linear_layer(pooling):
    advice = advise(hidden=(32, 20, 128), labels=(32,), values="0..4", pooling=pooling)
    assert advice.head == "Linear(128, 5) -> (32, 5)"
    assert advice.pooling == pooling
    assert f"{pooling.title()}Pooling(128)" in advice.code["torch"]


def test_q3_several_yes_or_no_labels():
    advice = advise(hidden=(32, 20, 128), labels=(32, 5), values=(0, 1))
    assert advice.problem == "multilabel"
    assert advice.call == "binary_cross_entropy(logits, labels)"
    assert advice.head == "Linear(128, 5) -> (32, 5)"
    assert flags(advice) == ["--problem outputs"]


def test_q3_both_directions():
    advice = advise(hidden=(32, 20, 256), labels=(32,), values="0..4", bidirectional=True)
    assert advice.head == "Linear(256, 5) -> (32, 5)"
    assert "LastPooling(256, bidirectional=True)" in advice.code["torch"]


def test_q3_states_of_steps_in_place_of_logits():
    advice = advise(logits=(32, 20, 128), labels=(32,), values="0..4")
    assert changes(advice) == [
        (
            "logits (32, 20, 128): 128 numbers per step, but the labels are per sequence",
            "pool the states over the steps that count, then apply the head: Linear(128, 5) -> (32, 5)",
        )
    ]
    assert advice.shapes["states"].shape == (32, 20, 128)


def test_q3_states_of_sequences_in_place_of_logits():
    advice = advise(logits=(32, 128), labels=(32,), values="0..4")
    assert changes(advice) == [
        (
            "logits (32, 128): 128 numbers per label, but there are 5 classes",
            "if these are states, a head goes between: Linear(128, 5) -> (32, 5); if they are logits, change the size "
            "of their head",
        )
    ]
    assert advice.pooling is None


def test_q3_states_in_place_of_the_logits_of_many_outputs():
    advice = advise(logits=(32, 128), labels=(32, 5), values=SCALE)
    assert changes(advice) == [
        (
            "logits (32, 128): 128 numbers, but 5 outputs of 3 classes need 15",
            "if these are states, a head goes between: Linear(128, 5 * 3) -> reshape (32, 5, 3); if they are logits, "
            "change the size of their head",
        )
    ]


def test_q3_the_final_states_of_torch():
    advice = advise(hidden=(2, 32, 128), labels=(32,), values="0..4")
    assert changes(advice) == [
        (
            "hidden (2, 32, 128): the batch is on axis 1, as in torch's final states (layers x directions, batch, "
            "features)",
            "with two directions concatenate hidden[-2] and hidden[-1]: hidden[-1] alone is the backward direction; in "
            "a padded batch pool the states of all steps instead, or pack the sequences",
        )
    ]
    assert advice.head == "Linear(256, 5) -> (32, 5)"


def test_q3_states_with_time_first():
    advice = advise(hidden=(20, 32, 128), labels=(32,), values="0..4")
    assert changes(advice) == [
        (
            "hidden (20, 32, 128): the batch is on axis 1, time is first",
            "swap them, hidden.swapaxes(0, 1), or build the layer with batch_first=True",
        )
    ]


def test_q3_one_vector_for_labels_of_every_step():
    advice = advise(hidden=(16, 128), labels=(16, 20), values="0..4", problem="tags")
    assert changes(advice) == [
        (
            "hidden (16, 128): one vector per sequence cannot label its steps",
            "keep every state (the first output of torch's layers, return_sequences=True in Keras)",
        )
    ]


# Q4. 47 labels per example, each -1, 0 or 1. Which loss, which shapes?

ONE_NUMBER = (
    "logits (8, 47): one number per label cannot select one of 3 classes",
    "change the head: Linear(hidden, 47 * 3) -> reshape (8, 47, 3)",
)
FLOAT = (
    "labels are float",
    "cast them to integers: torch silently takes float labels in the shape of the logits as probabilities",
)
Q4 = {
    "right as it is": ({"logits": (8, 47, 3), "labels": (8, 47)}, []),
    "one number per label": ({"logits": (8, 47), "labels": (8, 47)}, [ONE_NUMBER]),
    "float labels": ({"logits": (8, 47, 3), "labels": (8, 47), "label_kind": "float"}, [FLOAT]),
    "what the asker had": ({"logits": (8, 47), "labels": (8, 47), "label_kind": "float"}, [ONE_NUMBER, FLOAT]),
    "a stray axis in both": (
        {"logits": (1, 8, 47), "labels": (1, 8, 47)},
        [
            (
                "logits (1, 8, 47), labels (1, 8, 47): axis 0 has size 1 in both",
                "take logits[0] and labels[0]: axis 0 is then the batch",
            ),
            ONE_NUMBER,
        ],
    ),
    "a stray axis in the logits": (
        {"logits": (1, 8, 47, 3), "labels": (8, 47)},
        [("logits (1, 8, 47, 3): axis 0 has size 1 and is not the batch", "take logits[0]")],
    ),
    "a stray axis in the labels": (
        {"logits": (8, 47, 3), "labels": (1, 8, 47)},
        [("labels (1, 8, 47): axis 0 has size 1 and is not the batch", "take labels[0]")],
    ),
    "torch's own layout": (
        {"logits": (8, 3, 47), "labels": (8, 47)},
        [
            (
                "logits (8, 3, 47): the classes are on axis 1, torch's own layout",
                "pass class_axis=1; or keep the classes last, as the code below does, and transpose nothing",
            )
        ],
    ),
    "a flat head": (
        {"logits": (8, 141), "labels": (8, 47)},
        [("logits (8, 141): 47 x 3 numbers in one axis", "split it: logits.reshape(8, 47, 3)")],
    ),
}


@pytest.mark.parametrize("name", Q4)
def test_q4_47_labels_of_three_values(name):
    given, wanted = Q4[name]
    advice = advise(**given, values=SCALE)
    assert changes(advice) == wanted
    assert advice.problem == "outputs"
    assert advice.title == "47 labels out of 3 classes each, per sequence"
    assert advice.call == "cross_entropy(logits, labels, label_values=(-1, 0, 1))"
    assert advice.head == "Linear(hidden, 47 * 3) -> reshape (8, 47, 3)"
    assert advice.shapes["logits"].axes == ("batch", "outputs", "classes")
    assert advice.shapes["labels"].kind == "int"
    assert advice.mapping.values == SCALE
    assert advice.mapping.by == "label_values"
    assert {"--problem tags", "--missing=-1", "--loss ordinal_loss"} <= set(flags(advice))


@pytest.mark.parametrize("name", Q4)
def test_q4_is_answered_from_the_arrays_alone(name):
    given, wanted = Q4[name]
    labels = VOTES.astype(float if "label_kind" in given else int).reshape(given["labels"])
    advice = advise(logits=torch.zeros(given["logits"]), labels=labels)
    assert changes(advice) == wanted
    assert advice.call == "cross_entropy(logits, labels, label_values=(-1, 0, 1))"


def test_q4_gaps_by_a_mask():
    advice = advise(logits=(8, 47, 3), labels=(8, 47), values=SCALE, mask=(8, 47))
    assert advice.call == "cross_entropy(logits, labels, mask=mask, label_values=(-1, 0, 1))"
    assert advice.shapes["mask"].shape == (8, 47)


def test_q4_gaps_by_nan():
    labels = VOTES.astype(float)
    labels[0, 5] = np.nan
    advice = advise(logits=np.zeros((8, 47, 3)), labels=labels)
    assert changes(advice) == [
        (
            "labels are NaN where they are missing",
            "pass mask=~isnan(labels), then replace NaN by any label and cast to integers",
        )
    ]
    assert advice.call == "cross_entropy(logits, labels, mask=mask, label_values=(-1, 0, 1))"


def test_q4_gaps_by_a_value():
    advice = advise(logits=(8, 47, 3), labels=(8, 47), values=(-1, 0, 1, 9), missing=9)
    assert advice.call == "cross_entropy(logits, labels, ignore_index=9, label_values=(-1, 0, 1))"


def test_q4_where_gaps_go_is_said_when_there_are_none():
    advice = advise(logits=(8, 47, 3), labels=(8, 47), values=SCALE)
    assert "Where labels are missing add mask= bool (8, 47), True = present." in advice.why


def test_q4_minus_1_can_be_the_mark_of_a_gap():
    advice = advise(logits=(8, 47, 2), labels=(8, 47), values=SCALE, problem="outputs")
    assert advice.call == "cross_entropy(logits, labels, ignore_index=-1)"
    assert advise(labels=(8, 47), values=SCALE, missing=-1, problem="outputs").call == advice.call


# Shapes that people mix up in all of them.


def test_as_many_steps_as_classes_the_classes_are_last_unless_said_otherwise():
    advice = advise(logits=(8, 5, 5), labels=(8, 5))
    assert changes(advice) == []
    (other,) = [other for other in advice.alternatives if "axis" in other.flag]
    assert (other.what, other.flag) == ("the classes on axis 1", "--class-axis 1")
    said = advise(logits=(8, 5, 5), labels=(8, 5), class_axis=1)
    assert [change.do[:17] for change in said.changes] == ["pass class_axis=1"]
    assert "--class-axis=-1" in flags(said)


MIXED_UP = {
    "labels with a last axis of 1": (
        {"logits": (16, 3), "labels": (16, 1)},
        [("labels (16, 1): the last axis has size 1", "take labels[..., 0]")],
    ),
    "logits with a last axis of 1": (
        {"logits": (16, 1), "labels": (16,), "values": (0, 1)},
        [("logits (16, 1): the last axis has size 1", "take logits[..., 0]")],
    ),
    "flat labels": (
        {"logits": (16, 20, 5), "labels": (320,)},
        [
            (
                "labels (320,): batch and time are flattened into one axis",
                "keep them apart, labels.reshape(16, 20): lengths and masks need them",
            )
        ],
    ),
    "flat logits": (
        {"logits": (320, 5), "labels": (16, 20)},
        [
            (
                "logits (320, 5): batch and the axes after it are flattened into one",
                "keep them apart, logits.reshape(16, 20, 5): lengths and masks need them",
            )
        ],
    ),
    "time first": (
        {"logits": (20, 16, 5), "labels": (16, 20)},
        [
            (
                "logits (20, 16, 5): the batch is on axis 1, time is first",
                "swap them, logits.swapaxes(0, 1), or build the layer with batch_first=True",
            )
        ],
    ),
    "labels with time first": (
        {"logits": (16, 20, 5), "labels": (20, 16), "lengths": (16,)},
        [("labels (20, 16): axis 1 is the batch, like axis 0 of the logits", "take labels.T")],
    ),
    "a step more than labels": (
        {"logits": (8, 20, 5), "labels": (8, 19)},
        [
            (
                "logits (8, 20, 5): 20 steps, but the labels have 19",
                "leave out the steps that have no label, such as start and end tokens, in both",
            )
        ],
    ),
    "one row per sequence for labels of steps": (
        {"logits": (16, 5), "labels": (16, 20), "values": "0..4"},
        [
            (
                "logits (16, 5): one row of numbers per sequence, but there is a label for every step",
                "keep the states of every step (the first output of torch's layers, return_sequences=True in Keras), "
                "then apply the head: Linear(hidden, 5) -> (16, 20, 5)",
            )
        ],
    ),
    "a head of too few classes": (
        {"logits": (16, 2), "labels": (16,), "values": "0..4"},
        [("logits (16, 2): 2 classes, but the labels have 5", "change the head: Linear(hidden, 5) -> (16, 5)")],
    ),
    "one number for three classes": (
        {"logits": (8,), "labels": (8,), "values": SCALE},
        [
            (
                "logits (8,): one number per label cannot select one of 3 classes",
                "change the head: Linear(hidden, 3) -> (8, 3)",
            )
        ],
    ),
    "a float mask": (
        {"logits": (2, 3, 5), "labels": (2, 3), "mask": np.ones((2, 3))},
        [("the mask is float", "compare first, as in mask == 1: True = counts")],
    ),
    "a mask with classes": (
        {"logits": (16, 20, 5), "labels": (16, 20), "mask": (16, 20, 5)},
        [("mask (16, 20, 5): it has a class axis", "one value for each label: take mask[..., 0]")],
    ),
    "a mask without a batch": (
        {"logits": (16, 20, 5), "labels": (16, 20), "mask": (20,)},
        [("mask (20,): it has no batch axis", "reshape it to (1, 20): its axes are matched from the batch on")],
    ),
    "a mask with a stray axis": (
        {"logits": (16, 20, 5), "labels": (16, 20), "mask": (1, 16, 20)},
        [("mask (1, 16, 20): axis 0 has size 1 and is not the batch", "take mask[0]")],
    ),
    "lengths with a last axis of 1": (
        {"logits": (16, 20, 5), "labels": (16, 20), "lengths": (16, 1)},
        [("lengths (16, 1): the last axis has size 1", "take lengths[:, 0]")],
    ),
    "float lengths": (
        {"logits": (2, 20, 5), "labels": (2, 20), "lengths": [3.0, 4.0]},
        [("lengths are float", "cast them to integers")],
    ),
    "integer logits": (
        {"logits": np.zeros((4, 3), int), "labels": (4,)},
        [("logits are int", "cast them to a floating-point type")],
    ),
    "flat labels of states": (
        {"hidden": (16, 20, 128), "labels": (320,), "values": "0..4"},
        [
            (
                "labels (320,): batch and time are flattened into one axis",
                "keep them apart, labels.reshape(16, 20): lengths and masks need them",
            )
        ],
    ),
    "text of which nothing is known": (
        {"logits": (16, 3), "labels": (16,), "label_kind": "text"},
        [("labels are text", "map each to a class index; the code shows how once --values names them")],
    ),
    "NaN among named values": (
        {"logits": (2, 2), "labels": [0.0, np.nan], "values": (0, 1)},
        [
            (
                "labels are NaN where they are missing",
                "pass mask=~isnan(labels), then replace NaN by any label and cast to integers",
            )
        ],
    ),
    "bool labels": (
        {"logits": (2, 2), "labels": [True, False]},
        [("labels are bool", "cast them to integers")],
    ),
}


@pytest.mark.parametrize("name", MIXED_UP)
def test_what_is_mixed_up_is_named_and_mended(name):
    given, wanted = MIXED_UP[name]
    assert changes(advise(**given)) == wanted


# Several answers: what decides, and the flag that says so.


def test_flags_of_0_and_1_can_be_several_things():
    advice = advise(logits=(8, 28), labels=(8, 28), values=(0, 1))
    assert advice.problem == "multilabel"
    assert [(other.what, other.when, other.flag) for other in advice.alternatives] == [
        (
            "one yes or no per step",
            "axis 1 is the steps, and one number per step should decide",
            "--problem yes-no-per-step",
        ),
        ("one label out of 28 classes per sequence", "each row of the labels holds a single 1", "--problem label"),
        (
            "28 labels out of 2 classes each, per sequence",
            "axis 1 of the labels is several questions about one sequence",
            "--problem outputs",
        ),
    ]


@pytest.mark.parametrize("problem", ["multilabel", "yes-no-per-step", "label", "outputs"])
def test_the_flag_decides(problem):
    advice = advise(logits=(8, 28), labels=(8, 28), values=(0, 1), problem=problem)
    assert advice.problem == problem
    assert not [flag for flag in flags(advice) if "problem" in flag]


def test_an_array_of_flags_in_which_no_row_is_one_hot_is_not_one_hot():
    labels = np.array([[1, 1, 0], [0, 0, 0], [0, 1, 1]])
    assert "--problem label" not in flags(advise(logits=np.zeros((3, 3)), labels=labels))


def test_without_values_only_shapes_decide_and_that_is_said():
    advice = advise(logits=(8, 47), labels=(8, 47))
    assert "The values of the labels decide what they are; name them: --values=0,1 or --values=-1,0,1." in advice.why
    assert "one number per label cannot select one of several classes" in str(
        advise(logits=(8, 47), labels=(8, 47), problem="outputs")
    )
    assert advice.alternatives[-1].what == "regression"
    assert advice.alternatives[-1].flag == ""


def test_a_number_of_classes_that_nothing_says_is_an_example():
    advice = advise(labels=(8, 47))
    assert advice.title == "one label out of several classes per step"
    assert "The number of classes is unknown; 3 are shown. Name them: --values=0,1,2." in advice.why


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"lengths": (8,)}, "tags"),
        ({"lengths": np.full(8, 60)}, "outputs"),  # longer than axis 1
        ({"hidden": (8, 47, 16)}, "tags"),
        ({"hidden": (8, 30, 16)}, "outputs"),
        ({"hidden": (8, 16)}, "outputs"),
        ({"values": SCALE}, "outputs"),
        ({"mask": np.arange(8 * 47).reshape(8, 47) % 3 > 0}, "outputs"),  # holes
        ({"mask": np.arange(47) < np.arange(1, 9)[:, None]}, "tags"),  # padding
        ({}, "tags"),
    ],
)
def test_what_speaks_for_steps_and_what_for_outputs(given, problem):
    assert advise(logits=(8, 47, 3), labels=(8, 47), **given).problem == problem


def test_a_frequent_class_is_noticed():
    labels = np.zeros((10, 20), int)
    labels[0, :5] = 1
    assert "--loss focal_loss" in flags(advise(logits=np.zeros((10, 20, 2)), labels=labels))
    labels[:5] = 1
    assert "--loss focal_loss" not in flags(advise(logits=np.zeros((10, 20, 2)), labels=labels))


def test_soft_labels_are_one_hot_labels_with_shares():
    advice = advise(logits=np.zeros((5, 4)), labels=RNG.dirichlet(np.ones(4), 5))
    assert (advice.problem, advice.call) == ("label", "cross_entropy(logits, labels)")
    assert advice.shapes["labels"].shape == (5, 4)


def test_shares_that_do_not_sum_to_1_are_yes_or_no_labels():
    advice = advise(logits=np.zeros((5, 4)), labels=RNG.random((5, 4)))
    assert advice.call == "binary_cross_entropy(logits, labels)"


# Values of labels.


@pytest.mark.parametrize(
    ("values", "call", "mapping"),
    [
        ("0..2", "cross_entropy(logits, labels)", None),
        ((1, 2, 3), "cross_entropy(logits, labels, label_values=(1, 2, 3))", "label_values"),
        ((2, 1, 0), "cross_entropy(logits, labels, label_values=(2, 1, 0))", "label_values"),
        ((1.0, 2.0, 4.0), "cross_entropy(logits, labels, label_values=(1, 2, 4))", "label_values"),
        ("no,maybe,yes", "cross_entropy(logits, labels)", "class_of"),
    ],
)
def test_values_are_mapped_where_they_are_no_class_indices(values, call, mapping):
    advice = advise(logits=(8, 3), labels=(8,), values=values)
    assert advice.call == call
    assert (advice.mapping and advice.mapping.by) == mapping


def test_class_indices_of_which_some_were_not_seen():
    advice = advise(logits=np.zeros((4, 7)), labels=np.array([0, 3, 3, 1]))
    assert (advice.title, advice.mapping) == ("one label out of 7 classes per sequence", None)
    assert advise(labels=np.array([0, 3, 3, 1])).title == "one label out of 4 classes per sequence"


def test_text_labels_of_an_array():
    advice = advise(logits=np.zeros((3, 2)), labels=np.array(["b", "a", "b"]))
    assert advice.mapping.values == ("a", "b")


def test_labels_that_a_mask_hides_say_nothing():
    labels, mask = np.array([[0, 1], [2, 77]]), np.array([[True, True], [True, False]])
    assert advise(labels=labels, mask=mask).title == "one label out of 3 classes per step"


@pytest.mark.parametrize(
    ("logits", "labels", "changed"),
    [
        ((8, 47), (8, 1, 47), ["take labels[:, 0]", "change the head: Linear(hidden, 47 * 3) -> reshape (8, 47, 3)"]),
        ((8, 1, 47), (8, 47), ["take logits[:, 0]", "change the head: Linear(hidden, 47 * 3) -> reshape (8, 47, 3)"]),
        ((8, 47, 1, 3), (8, 47), ["take logits[:, :, 0]"]),
        ((8, 47, 3), (8, 1, 47), ["take labels[:, 0]"]),
    ],
)
def test_q4_an_axis_of_size_1_anywhere(logits, labels, changed):
    advice = advise(logits=logits, labels=labels, values=(-1, 0, 1))
    assert advice.title == "47 labels out of 3 classes each, per sequence"
    assert [do for _, do in changes(advice)] == changed
    assert advice.shapes["logits"].shape == (8, 47, 3)


def test_q4_an_axis_of_size_1_in_both():
    advice = advise(logits=(8, 1, 47), labels=(8, 1, 47), values=(-1, 0, 1))
    assert [do for _, do in changes(advice)] == [
        "take labels[:, 0]",
        "take logits[:, 0]",
        "change the head: Linear(hidden, 47 * 3) -> reshape (8, 47, 3)",
    ]


def test_q1_logits_of_the_last_step_with_its_axis_kept():
    advice = advise(logits=(16, 1, 3), labels=(16,))
    assert advice.problem == "label"
    assert changes(advice) == [("logits (16, 1, 3): axis 1 has size 1", "take logits[:, 0]")]


def test_q2_beside_a_softmax_labels_of_its_shape_are_one_hot():
    advice = advise(probabilities=(3, 4), labels=(3, 4))
    assert advice.problem == "label"
    assert advice.call == "cross_entropy(probabilities, labels, from_logits=False)"
    assert "--problem multilabel" in flags(advice)
