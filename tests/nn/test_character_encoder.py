"""The character encoder: its fast path is its definition, and a word's vector is that of the word alone."""

from __future__ import annotations

import jaxtyping
import pytest
import torch

from seqwise.errors import ConfigError
from seqwise.nn import CharacterEncoder, WordEmbedding, WordForm
from seqwise.nn.inputs import character_embedding as characters


def new_encoder(widths=(3,)):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return CharacterEncoder(20, 5, 40, widths=widths)


def new_words(count=30, length=9):
    """Words of 0 to `length` characters, some of them twice."""
    generator = torch.Generator().manual_seed(1)
    ids = torch.randint(1, 20, (count, length), generator=generator)
    lengths = torch.randint(0, length + 1, (count, 1), generator=generator)
    ids = torch.where(torch.arange(length) < lengths, ids, 0)
    ids[0], ids[1] = 0, ids[2]
    return ids


def value_and_gradients(encoder, vectors):
    weights = torch.randn(vectors.shape, generator=torch.Generator().manual_seed(2), dtype=vectors.dtype)
    return [vectors, *torch.autograd.grad((vectors * weights).sum(), list(encoder.parameters()))]


@pytest.mark.parametrize("widths", [(3,), (1, 3, 5)])
def test_vector_is_the_maximum_of_a_convolution_over_the_word_alone(widths):
    encoder, words = new_encoder(widths), new_words()
    for vector, row in zip(encoder(words), words, strict=True):
        word = row[row > 0]
        if not len(word):
            assert vector.abs().sum() == 0
            continue
        letters = encoder.characters.weight[word].T[None]
        features = torch.cat([convolution(letters)[0] for convolution in encoder.windows])
        torch.testing.assert_close(vector, features.amax(dim=1))


@pytest.mark.parametrize("widths", [(3,), (1, 3, 5)])
def test_the_plain_path_gives_the_same_vectors_and_gradients(widths, monkeypatch):
    encoder, words = new_encoder(widths), new_words()
    fast = value_and_gradients(encoder, encoder(words))
    monkeypatch.setattr(characters, "fits", lambda _: False)
    plain = value_and_gradients(encoder, encoder(words))
    for one, other in zip(fast, plain, strict=True):
        torch.testing.assert_close(one, other)


def test_more_padding_behind_the_characters_changes_nothing():
    encoder, words = new_encoder((3, 5)), new_words()
    wider = torch.nn.functional.pad(words, (0, 4))
    torch.testing.assert_close(encoder(wider), encoder(words), rtol=0, atol=0)
    torch.testing.assert_close(encoder._plain(wider), encoder._plain(words))


def test_a_word_has_the_same_vector_in_any_batch():
    encoder, words = new_encoder(), new_words()
    alone = torch.cat([encoder(row[None]) for row in words])
    torch.testing.assert_close(encoder(words), alone)


def test_features_are_divided_among_widths():
    encoder = CharacterEncoder(20, 5, 8, widths=(1, 3, 5))
    assert [window.out_channels for window in encoder.windows] == [3, 3, 2]
    assert encoder(torch.ones(2, 3, dtype=torch.long)).shape == (2, 8)


@pytest.mark.parametrize("widths", [(), (2,), (3, 0), (1,) * 9])
def test_windows_without_a_middle_are_an_error(widths):
    with pytest.raises(ConfigError, match=r"widths are .*, expected one odd number or more, at most size = 8"):
        CharacterEncoder(20, 5, 8, widths=widths)


def test_a_character_out_of_range_is_an_error():
    with pytest.raises(IndexError):
        new_encoder()(torch.tensor([[20]]))


def test_no_words_have_no_vectors():
    assert new_encoder()(torch.zeros(0, 4, dtype=torch.long)).shape == (0, 40)


def test_what_its_characters_say_is_added_to_a_words_vector():
    form = WordForm(affixes=2, affix_count=9, characters=4, character_count=20)
    layer = WordEmbedding(10, 3, form)
    generator = torch.Generator().manual_seed(0)
    ids = torch.cat([torch.randint(1, 9, (2, 5, 3), generator=generator), new_words(10, 4).reshape(2, 5, 4)], dim=2)
    vectors = layer(ids, lengths=torch.tensor([5, 3]))
    without = WordEmbedding(10, 3, WordForm(affixes=2, affix_count=9))
    without.load_state_dict({name: value for name, value in layer.state_dict().items() if "word" in name})
    own = without(ids[..., :3], lengths=torch.tensor([5, 3]))
    torch.testing.assert_close(vectors[0], own[0] + layer.from_characters(layer.characters(ids[0, :, 3:])))
    assert vectors[1, 3:].abs().sum() == 0


def test_what_stands_in_padding_changes_nothing():
    layer = WordEmbedding(10, 3, WordForm(characters=4, character_count=20))
    ids = torch.cat([torch.ones(2, 5, 1, dtype=torch.long), new_words(10, 4).reshape(2, 5, 4)], dim=2)
    lengths = torch.tensor([3, 5])
    spoiled = ids.clone()
    spoiled[0, 3:] = -(10**9)
    torch.testing.assert_close(layer(spoiled, lengths=lengths), layer(ids, lengths=lengths), rtol=0, atol=0)


def test_no_value_is_read_from_ids_elsewhere_than_on_the_cpu():
    layer = WordEmbedding(10, 3, WordForm(characters=4, character_count=20)).to("meta")
    assert layer(torch.ones(2, 5, 5, dtype=torch.long, device="meta")).shape == (2, 5, 3)


def test_an_exported_layer_agrees_at_another_batch_size_and_time():
    layer = WordEmbedding(10, 3, WordForm(affixes=2, affix_count=9, characters=4, character_count=20)).eval()
    batch, time = torch.export.Dim("batch", min=2, max=64), torch.export.Dim("time", min=2, max=64)
    jaxtyping.config.update("jaxtyping_disable", True)
    try:
        program = torch.export.export(
            layer,
            (torch.ones(3, 4, 7, dtype=torch.long),),
            {"lengths": torch.tensor([4, 2, 1])},
            dynamic_shapes={"ids": {0: batch, 1: time}, "lengths": {0: batch}},
            strict=False,
        )
    finally:
        jaxtyping.config.update("jaxtyping_disable", False)
    own = torch.randint(1, 9, (5, 6, 3), generator=torch.Generator().manual_seed(0))
    ids, lengths = torch.cat([own, new_words(30, 4).reshape(5, 6, 4)], dim=2), torch.tensor([6, 0, 3, 4, 1])
    torch.testing.assert_close(program.module()(ids, lengths=lengths), layer(ids, lengths=lengths))
