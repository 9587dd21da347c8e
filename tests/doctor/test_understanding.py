"""How parameters, layouts and objects are understood, and what is said when they are not."""

from __future__ import annotations

import numpy as np
import pytest

import seqwise
from seqwise.doctor import doctor
from seqwise.doctor.frameworks import frameworks_of, library_of
from seqwise.doctor.signature import role_of, signature_of
from seqwise.errors import UsageError

FAR = (
    "\n  A loss takes logits (B, T, C), (B, C, T) or (N, C) and labels of the same positions, "
    "as class indices or one-hot."
)


def mean(logits, labels):
    shifted = logits - logits.max(-1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    return -np.take_along_axis(logs, labels[..., None], -1).mean()


@pytest.mark.parametrize(
    ("role", "names"),
    [
        ("logits", "logits input inputs y_pred pred emissions scores output yhat student_logits yPred x"),
        ("labels", "labels label target targets y_true tags gold y t"),
        ("probabilities", "probs probabilities y_prob"),
        ("log_probabilities", "log_probs lprobs"),
        ("mask", "mask attention_mask target_mask loss_mask valid where"),
        ("padding_mask", "key_padding_mask padding_mask pad_mask"),
        ("lengths", "lengths seq_lens target_lengths x_len"),
        ("sample_weight", "sample_weight sample_weights weights"),
        ("class_weight", "weight class_weight class_weights"),
        ("ignore_index", "ignore_index pad_id padding_idx ignore_class"),
        ("label_smoothing", "label_smoothing smoothing smooth_eps"),
        ("class_count", "num_classes n_tags vocab_size num_labels"),
        ("denominator", "num_items_in_batch denominator"),
        ("other", "from_logits max_len label_values"),
        ("unknown", "foo"),
    ],
)
def test_parameters_are_known_by_name(role, names):
    assert {name: role_of(name) for name in names.split()} == dict.fromkeys(names.split(), role)


@pytest.mark.parametrize(
    ("call", "labels_first", "roles"),
    [
        (lambda a, b: 0, False, ["logits", "labels"]),
        (lambda a, b: 0, True, ["labels", "logits"]),
        (lambda a, b, c: 0, False, ["logits", "labels", "mask"]),
        (lambda labels, a: 0, False, ["labels", "logits"]),
        (lambda y, t: 0, False, ["logits", "labels"]),
        (lambda inputs, output: 0, False, ["logits", "labels"]),
        (lambda hidden, weight, labels: 0, False, ["logits", "head", "labels"]),
        (lambda *both: 0, False, ["logits", "labels"]),
        (lambda z, y, t=2.0, m=0.5: 0, False, ["logits", "labels", "other", "other"]),
        (lambda z, y, weight, class_weight: 0, False, ["logits", "labels", "sample_weight", "class_weight"]),
    ],
)
def test_parameters_without_a_name_are_known_by_their_order(call, labels_first, roles):
    assert [one.role for one in signature_of(call, labels_first).parameters] == roles


def test_the_framework_is_that_of_the_code_not_of_the_file():
    assert frameworks_of(mean)[0] == "numpy"
    assert library_of(mean) is None
    assert library_of(np.add) == "numpy"


def test_a_function_without_parameters_is_called_for_what_it_makes():
    def make():
        return mean

    assert doctor(make).subject.startswith("mean, a loss in numpy")


def test_the_package_and_the_function_are_one():
    import seqwise.doctor as package

    assert package is seqwise.doctor
    assert seqwise.doctor(mean).holds
    assert package(mean) == doctor(mean)


@pytest.mark.parametrize(
    ("thing", "text"),
    [
        ({"a": 1}, "doctor: dict is a dict, neither a loss nor a model\n"),
        (lambda a: a, "doctor: <lambda> could not be called as a loss: it has no parameters for logits and labels\n"),
        (
            lambda logits, labels, mask, foo: 0,
            "doctor: <lambda> could not be called as a loss: nothing is known of its parameter 'foo', "
            "which has no default\n",
        ),
        (
            lambda logits, labels: 1.0,
            "doctor: <lambda> could not be called as a loss: it gives no finite number, "
            "or the same one whatever the logits",
        ),
    ],
)
def test_what_is_not_understood_is_said(thing, text):
    with pytest.raises(UsageError) as raised:
        doctor(thing)
    assert str(raised.value).startswith(text)


def test_what_the_code_raises_is_said():
    def loss(logits, labels):
        raise KeyError("no such option")

    with pytest.raises(UsageError) as raised:
        doctor(loss)
    assert str(raised.value).startswith(
        "doctor: loss could not be called as a loss: it raises KeyError: 'no such option'" + FAR
    )


def test_a_model_that_cannot_be_built_is_said_with_what_to_write():
    from torch import nn

    class Odd(nn.Module):
        def __init__(self, tokenizer):
            super().__init__()

        def forward(self, tokens):
            return tokens

    with pytest.raises(UsageError) as raised:
        doctor(Odd)
    assert str(raised.value) == (
        "doctor: Odd is a class whose parameters have no default: tokenizer\n"
        "  Name an object of it instead: model = Odd(...) in the file, then FILE.py:model."
    )


def test_a_model_that_cannot_be_called_is_said():
    import torch
    from torch import nn

    class Odd(nn.Module):
        def forward(self, x):
            raise RuntimeError("too small")

    with pytest.raises(UsageError) as raised:
        doctor(Odd())
    assert str(raised.value) == (
        "doctor: Odd could not be called as a model: it raises RuntimeError: too small\n"
        "  A model takes token ids (batch, time) or numbers (batch, time, features), and lengths (batch,) or "
        "mask (batch, time) by these names."
    )
    assert torch.is_grad_enabled()


def test_a_model_is_left_as_it_was():
    import torch
    from torch import nn

    class Tagger(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = nn.LSTM(3, 4, bidirectional=True, batch_first=True)

        def forward(self, x):
            return self.lstm(x)[0]

    model = Tagger()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    report = doctor(model)
    assert model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert ("a sequence gets the same output alone and in a padded batch", NO_LENGTHS) in report.untested


NO_LENGTHS = "it takes no lengths and no mask, so it cannot be told what is padding"


def test_a_padding_mask_that_is_meant_the_other_way_round_is_noted():
    def loss(logits, labels, key_padding_mask):
        shifted = logits - logits.max(-1, keepdims=True)
        logs = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
        costs = -np.take_along_axis(logs, labels[..., None], -1)[..., 0]
        if not key_padding_mask.any():
            raise ValueError("nothing counts")
        return np.where(key_padding_mask, costs, 0.0).sum() / key_padding_mask.sum()

    assert doctor(loss).notes[0] == (
        "only steps at which key_padding_mask is True count, although by its name True is padding; given as it is "
        "called, the loss is that of the padding"
    )


def test_labels_from_minus_one_are_understood_and_said():
    from torch.nn import functional

    def loss(logits, labels):
        return functional.cross_entropy(logits.flatten(0, 1), (labels + 1).flatten())

    report = doctor(loss)
    assert report.holds
    assert "labels = class indices (batch, time) counted from -1" in report.subject


def test_what_is_told_comes_from_the_framework_of_the_code():
    from torch.nn import functional

    def loss(outputs, batch):
        return functional.cross_entropy(outputs["logits"], batch)

    with pytest.raises(UsageError, match="it raises IndexError: too many indices for tensor of dimension 3"):
        doctor(loss)


def test_a_model_that_must_have_labels_is_told_to_do_without():
    from torch import nn

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(10, 4)

        def forward(self, input_ids, labels):
            return self.embedding(input_ids).mean() * labels

    with pytest.raises(UsageError) as raised:
        doctor(Model())
    assert str(raised.value) == (
        "doctor: Model is a model that must be given labels\n"
        "  Let labels have the default None, and return what is predicted where it is None: its outputs are examined, "
        "not its loss."
    )


def test_a_class_is_called_in_the_order_of_its_parameters():
    class Loss:
        def __call__(self, a, b):
            return mean(a, b)

    report = doctor(Loss)
    assert report.subject.startswith(
        "Loss, a loss in numpy: takes a = logits (batch, time, classes), b = class indices"
    )


def test_what_a_loss_has_from_the_function_around_it_says_how_many_classes_there_are():
    def shared(shares):
        def loss(logits, labels):
            return mean(logits + np.log(shares), labels)

        return loss

    report = doctor(shared(np.ones(13)))
    assert report.holds
    assert report.subject.startswith("loss, a loss in numpy: takes logits")
