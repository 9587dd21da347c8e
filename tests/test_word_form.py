"""The names of a word's ids, and that the vocabulary, the batches and the model agree on them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from seqwise.data.affixes import AFFIX_FEATURES, AffixFeatures
from seqwise.data.vocabulary import Vocabulary
from seqwise.data.word_characters import character_numbers
from seqwise.nn import WordEmbedding
from seqwise.word_form import WordForm, WordIds

FORMS = {
    "word": (WordForm(), (0, 0, 0)),
    "affixes": (WordForm(affixes=3, affix_count=9), (3, 0, 0)),
    "vector": (WordForm(vector_count=4, vector_size=2), (0, 1, 0)),
    "characters": (WordForm(characters=5, character_count=9), (0, 0, 5)),
    "all": (WordForm(affixes=2, affix_count=9, vector_count=4, vector_size=2, characters=3), (2, 1, 3)),
}


@pytest.mark.parametrize("array", [np.arange, torch.arange], ids=["numpy", "torch"])
@pytest.mark.parametrize(("form", "sizes"), FORMS.values(), ids=FORMS)
def test_the_parts_of_a_row_are_all_of_it_and_have_the_sizes_of_the_form(form, sizes, array):
    rows = array(2 * 3 * form.ids).reshape(2, 3, form.ids)
    ids = form.named(rows)
    assert ids.word.shape == (2, 3)
    assert tuple(part.shape[-1] for part in ids[1:]) == sizes
    assert [*ids.word[0, :1].tolist(), *(i for part in ids[1:] for i in part[0, 0].tolist())] == rows[0, 0].tolist()


def test_what_is_written_to_a_part_stands_in_the_row():
    form = FORMS["all"][0]
    rows = np.zeros((2, form.ids), dtype=np.int64)
    for number, part in enumerate(form.named(rows), start=1):
        part[...] = number
    assert rows.tolist() == [[1, 2, 2, 3, 4, 4, 4]] * 2


WORDS = ("abc", "abd")
VOCABULARY = Vocabulary(
    WORDS,
    (2, 1),
    AffixFeatures.of(WORDS, 100),
    characters=("a", "b"),
    characters_per_word=5,
    vector_words=("abd", "xyz"),
    vector_size=2,
)


def test_a_vocabulary_fills_each_part_by_name():
    ids = VOCABULARY.form.named(VOCABULARY.numbers(["abd", "new"]))
    assert ids.word.tolist() == [3, 1]
    assert ids.affixes.tolist() == VOCABULARY.affixes.numbers(["abd", "new"]).tolist()
    assert ids.affixes.shape == (2, len(AFFIX_FEATURES))
    assert ids.vector.tolist() == [[1], [0]]
    assert ids.characters.tolist() == character_numbers(["abd", "new"], ("a", "b"), 5).tolist()


@pytest.mark.parametrize("name", WordIds._fields)
def test_a_model_reads_each_part_of_a_vocabularys_rows(name):
    torch.manual_seed(0)
    layer = WordEmbedding(VOCABULARY.id_count, 4, VOCABULARY.form).eval()
    rows = torch.from_numpy(VOCABULARY.numbers(["abd", "abc"])[None])
    changed = rows.clone()
    getattr(VOCABULARY.form.named(changed), name)[0, 0] = 0
    sources = {
        "word": layer.words,
        "affixes": layer.word_parts,
        "vector": layer.vectors,
        "characters": layer.characters,
    }
    read = []
    sources[name].register_forward_pre_hook(lambda _, given: read.append(given[0]))
    if name == "vector":
        layer.vectors.given.weight.data[1:] = 1.0  # they are zero until they are filled
    before, after = layer(rows), layer(changed)
    assert not torch.equal(before[0, 0], after[0, 0])
    assert torch.equal(before[0, 1], after[0, 1])
    assert not torch.equal(*read)
