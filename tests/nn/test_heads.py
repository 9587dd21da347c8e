from __future__ import annotations

import pytest
import torch

from seqwise.nn import LabelHead, MultiLabelHead, MultiOutputHead, TagsHead

VECTORS = {
    "sequence": torch.randn(2, 4, generator=torch.Generator().manual_seed(0)),
    "step": torch.randn(2, 3, 4, generator=torch.Generator().manual_seed(1)),
}
levels = pytest.mark.parametrize("level", VECTORS)


def products(head, vectors):
    """W x + b, row by row."""
    rows = [
        [sum(w * x for w, x in zip(row, vector, strict=True)) + b for row, b in zip(*weights(head), strict=True)]
        for vector in vectors.reshape(-1, 4).tolist()
    ]
    return torch.tensor(rows).reshape(*vectors.shape[:-1], -1)


def weights(head):
    return head.linear.weight.tolist(), head.linear.bias.tolist()


@pytest.mark.parametrize(
    ("head", "level"),
    [
        (LabelHead(4, 5), "sequence"),
        (TagsHead(4, 5), "step"),
        (MultiLabelHead(4, 5), "sequence"),
        (MultiLabelHead(4, 5), "step"),
    ],
)
def test_logits_are_a_linear_map_of_the_vectors(head, level):
    torch.testing.assert_close(head(VECTORS[level]), products(head, VECTORS[level]))


@levels
def test_outputs_with_the_same_number_of_classes_stand_one_after_the_other(level):
    head = MultiOutputHead(4, [3, 3])
    flat = products(head, VECTORS[level])
    expected = torch.stack([flat[..., 0:3], flat[..., 3:6]], dim=-2)
    torch.testing.assert_close(head(VECTORS[level]), expected)


@levels
def test_surplus_slots_of_smaller_outputs_are_minus_infinity(level):
    head = MultiOutputHead(4, [2, 3, 1])
    flat = products(head, VECTORS[level])
    surplus = torch.full((*flat.shape[:-1], 1), -torch.inf)
    expected = torch.stack(
        [
            torch.cat([flat[..., 0:2], surplus], dim=-1),
            flat[..., 2:5],
            torch.cat([flat[..., 5:6], surplus, surplus], dim=-1),
        ],
        dim=-2,
    )
    torch.testing.assert_close(head(VECTORS[level]), expected)


def test_surplus_slots_have_no_weights():
    assert MultiOutputHead(4, [2, 3, 1]).linear.out_features == 6


def test_softmax_and_argmax_ignore_surplus_slots():
    head = MultiOutputHead(4, [2, 3])
    with torch.no_grad():
        head.linear.bias.fill_(-1e4)  # worse than nothing would be
    logits = head(VECTORS["sequence"])
    assert not logits.softmax(dim=-1)[:, 0, 2].any()
    assert (logits.argmax(dim=-1)[:, 0] < 2).all()


def test_gradients_of_cross_entropy_over_surplus_slots_equal_those_of_each_output_for_itself():
    head = MultiOutputHead(4, [2, 3])
    logits = head(VECTORS["sequence"])
    labels = torch.tensor([[1, 2], [0, 1]])
    torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="sum").backward()
    flat = torch.nn.functional.linear(
        VECTORS["sequence"],
        weight := head.linear.weight.detach().clone().requires_grad_(),
        head.linear.bias.detach(),
    )
    losses = [
        torch.nn.functional.cross_entropy(part, labels[:, k], reduction="sum")
        for k, part in enumerate(flat.split([2, 3], dim=1))
    ]
    sum(losses).backward()
    torch.testing.assert_close(head.linear.weight.grad, weight.grad)


def test_a_nan_gradient_at_a_surplus_slot_does_not_reach_the_weights():
    head = MultiOutputHead(4, [2, 3])
    head(VECTORS["sequence"]).backward(torch.tensor([[[1.0, 1.0, torch.nan], [1.0, 1.0, 1.0]]] * 2))
    torch.testing.assert_close(head.linear.bias.grad, torch.full((5,), 2.0), rtol=0, atol=0)


def test_forty_seven_outputs_of_three_classes_give_logits_with_classes_last():
    head = MultiOutputHead(4, [3] * 47)
    vectors = torch.randn(8, 4, generator=torch.Generator().manual_seed(2))
    logits = head(vectors)
    assert logits.shape == (8, 47, 3)
    torch.testing.assert_close(logits[:, 46], products(head, vectors)[:, 138:141])


@pytest.mark.parametrize("head", [LabelHead(4, 5, dropout=0.5), MultiLabelHead(4, 5, dropout=0.5)])
def test_dropout_acts_in_training_alone(head):
    vectors = VECTORS["sequence"].repeat(20, 1)
    torch.testing.assert_close(head.eval()(vectors), products(head, vectors))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        assert not torch.allclose(head.train()(vectors), products(head, vectors))


@pytest.mark.parametrize("head", [TagsHead(4, 5, dropout=0.5), MultiOutputHead(4, [2, 3], dropout=0.5)])
def test_dropout_is_the_same_at_every_step_of_a_sequence(head):
    vectors = torch.ones(3, 6, 4)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        logits = head.train()(vectors)
    torch.testing.assert_close(logits, logits[:, :1].expand_as(logits))
