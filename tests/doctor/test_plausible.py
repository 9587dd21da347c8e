"""Laws about bounds, order, independent answers, places of arguments and paths, on losses made for them."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F  # noqa: N812

from seqwise.doctor import doctor
from seqwise.errors import UsageError

LOWEST = "the loss has a lowest value"
ORDER = "a right prediction costs less than a wrong one"
PLACES = "predictions and labels stand in their places"


def law(report, name):
    return next(one for one in report.findings if one.law == name)


def test_a_score_that_grows_without_end_has_no_lowest_value():
    def margins(scores, labels):
        onehot = F.one_hot(labels, scores.shape[-1]).bool()
        return (scores.masked_fill(onehot, -1e9).amax(-1) - scores[onehot].view(labels.shape)).mean()

    report = doctor(margins)
    assert "no-lowest-value" in report.bugs
    numbers = list(law(report, LOWEST).example["numbers"].values())
    assert numbers[0] < numbers[1] - 1


def test_a_softmax_of_answers_that_can_all_be_yes():
    def multilabel_bce(logits, targets):
        return F.binary_cross_entropy(F.softmax(logits, -1), targets)

    assert doctor(multilabel_bce).bugs == ["softmax-of-answers"]


@pytest.mark.parametrize("scale", [0.1, 1.0, 30.0])
def test_a_log_likelihood_and_any_scale_keep_the_order(scale):
    def likelihood(logits, labels):
        return -scale * F.cross_entropy(logits.flatten(0, -2), labels.flatten())

    assert law(doctor(likelihood), ORDER).holds


def test_an_error_rate_in_probabilities_is_no_exchange_of_arguments():
    def expected_errors(probs, labels):
        return (1 - probs.gather(-1, labels.unsqueeze(-1))).sum()

    assert "swapped-arguments" not in doctor(expected_errors).bugs


def test_a_mean_absolute_error_is_no_exchange_of_arguments():
    def absolute(probs, targets):
        return F.l1_loss(probs, targets, reduction="sum")

    assert "swapped-arguments" not in doctor(absolute).bugs


@pytest.mark.parametrize("kept", [True, False])
def test_a_weight_that_is_cut_from_the_graph_is_a_note_and_a_normaliser_is_a_bug(kept):
    def loss(logits, labels):
        total = torch.logsumexp(logits, -1)
        costs = (total if kept else total.detach()) - logits.gather(-1, labels.unsqueeze(-1)).squeeze(-1)
        return (costs * costs.detach().tanh()).mean()

    report = doctor(loss)
    assert report.bugs == ([] if kept else ["gradient-not-slope"])
    assert any(note.startswith("its gradient is not its slope") for note in report.notes) is kept


def test_probabilities_beside_a_loss_are_no_gradient():
    import numpy as np

    def loss(logits, labels):
        exps = np.exp(logits - logits.max(-1, keepdims=True))
        probs = exps / exps.sum(-1, keepdims=True)
        return -np.log(np.take_along_axis(probs, labels[..., None], -1)).mean(), probs

    report = doctor(loss)
    assert "gradient-not-slope" not in report.bugs
    assert ("the loss has a gradient, and it is the slope of the loss", NO_GRADIENT) in report.untested


NO_GRADIENT = "a NumPy loss that returns no gradient has none to be wrong"


def test_a_hinge_that_is_flat_somewhere_has_a_gradient():
    def hinge(scores, labels):
        return F.multi_margin_loss(scores.flatten(0, -2), labels.flatten())

    assert doctor(hinge).holds


@pytest.mark.parametrize(
    "names", ["classes", "size", "cls", "ncls", "n_class", "num_labels", "vocab_size", "tagset_size"]
)
def test_the_number_of_classes_is_known_by_many_names(names):
    source = f"""
import torch
class Smoothing(torch.nn.Module):
    def __init__(self, {names}, smoothing=0.1):
        super().__init__()
        self.count, self.smoothing = {names}, smoothing
    def forward(self, pred, target):
        shares = torch.full((len(target), self.count), self.smoothing / (self.count - 1))
        shares.scatter_(1, target.unsqueeze(1), 1 - self.smoothing)
        return -(shares * pred.log_softmax(-1)).sum(-1).mean()
"""
    space: dict[str, type] = {}
    exec(source, space)
    report = doctor(space["Smoothing"])
    assert report.holds
    assert report.subject.startswith("Smoothing, a loss in torch")


def test_a_class_of_losses_that_cannot_be_built_is_said_with_what_to_write():
    class Odd(torch.nn.Module):
        def __init__(self, tokenizer):
            super().__init__()

        def forward(self, logits, labels):
            return F.cross_entropy(logits, labels)

    with pytest.raises(UsageError) as raised:
        doctor(Odd)
    assert str(raised.value) == (
        "doctor: Odd is a class, and the doctor does not know what to give it for 'tokenizer'\n"
        "  Name an object of it instead: loss = Odd(...) in the file, then FILE.py:loss."
    )


def causal_lm_loss(logits, labels, ignore_index=-100):
    flat = logits[:, :-1].reshape(-1, logits.size(-1))
    return F.cross_entropy(flat, labels[:, 1:].reshape(-1), ignore_index=ignore_index)


def causal_lm_loss_over_padding(logits, labels, ignore_index=-100):
    costs = F.cross_entropy(logits[:, :-1].transpose(1, 2), labels[:, 1:], ignore_index=ignore_index, reduction="none")
    return costs.mean()


def tagging_loss(logits, labels):
    return causal_lm_loss(logits, labels)


def test_the_shift_of_a_language_model_is_read_as_one():
    report = doctor(causal_lm_loss)
    assert report.holds, str(report)
    assert "labels = class indices (batch, time), each that of the step before" in report.subject
    assert any("give labels that are not shifted already" in note for note in report.notes)


def test_a_language_model_is_examined_for_the_rest():
    assert doctor(causal_lm_loss_over_padding).bugs == ["mask-as-weight"]


def test_the_same_shift_of_tags_is_a_bug():
    assert doctor(tagging_loss).bugs == ["shifted-labels"]


def by_item(logits, labels):
    return torch.tensor(F.cross_entropy(logits, labels).item(), requires_grad=True)


def by_data(logits, labels):
    return F.cross_entropy(logits.data, labels)


def by_round_trip(logits, labels):
    return F.cross_entropy(torch.tensor(logits.detach().numpy()), labels)


def by_argmax(logits, labels):
    return (logits.argmax(-1) - labels).abs().float().mean()


@pytest.mark.parametrize("loss", [by_item, by_data, by_round_trip, by_argmax])
def test_a_loss_that_is_cut_from_the_graph_has_no_gradient(loss):
    assert "no-gradient" in doctor(loss).bugs


def answers_with_nan(logits, targets):
    known = ~targets.isnan()
    costs = F.binary_cross_entropy_with_logits(logits, targets.nan_to_num(), reduction="none")
    return torch.where(known, costs, 0.0).sum() / known.sum().clamp(min=1)


def answers_with_nan_counted(logits, targets):
    known = ~targets.isnan()
    return torch.where(
        known, F.binary_cross_entropy_with_logits(logits, targets.nan_to_num(), reduction="none"), 0
    ).mean()


def test_nan_as_a_missing_answer_is_tried():
    assert "labels of nan" in doctor(answers_with_nan).subject
    assert doctor(answers_with_nan).holds
    assert doctor(answers_with_nan_counted).bugs == ["mask-as-weight"]


def test_no_label_that_counts_is_a_note_where_torch_divides_and_a_bug_where_the_loss_does():
    def of_torch(logits, targets):
        return F.cross_entropy(logits.flatten(0, -2), targets.flatten(), ignore_index=-1)

    def of_its_own(logits, targets):
        kept = targets != -1
        costs = F.cross_entropy(logits.flatten(0, -2), targets.flatten(), ignore_index=-1, reduction="none")
        return costs.sum() / kept.sum()

    report = doctor(of_torch)
    assert report.holds, str(report)
    assert any("known of torch" in note and "(empty-mask)" in note for note in report.notes)
    assert doctor(of_its_own).bugs == ["empty-mask"]
