"""What every kind of encoding gives, by one protocol."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import numpy as np
import pytest
from data_cases import store_of, write_jsonl

import seqwise
from seqwise.data.batching import Batcher
from seqwise.data.channel_scaling import ChannelScaling
from seqwise.data.encoding import Encoding, EncodingVisitor
from seqwise.data.ngrams import Ngrams
from seqwise.data.subwords import Subwords
from seqwise.data.vocabulary import Vocabulary
from seqwise.runs.contents import encoding_of

TOKENS = [{"tokens": ["good", "day"], "label": "x"}, {"tokens": ["day"], "label": "y"}]
SERIES = [{"signal": [[1.0, 2.0], [3.0, 4.0]], "label": "x"}, {"signal": [[5.0, 6.0]], "label": "y"}]
VISITS = ("of_symbols", "of_channels", "of_subwords")


def subwords() -> Subwords:
    pytest.importorskip("transformers", reason="transformers is not installed")
    from model_folders import word_pieces

    tokenizer = word_pieces().backend_tokenizer.to_str()
    return Subwords(tokenizer, {"model_type": "bert"}, (3,), (4,), 14, 2, 1, spaced=False)


KINDS = {
    "symbols": (lambda: Vocabulary.from_counts({"good": 1, "day": 2}), TOKENS, "of_symbols"),
    "all of symbols": (
        lambda: Vocabulary.from_counts({"good": 1, "day": 2}, affixes=50, characters=True),
        TOKENS,
        "of_symbols",
    ),
    "n-grams": (lambda: Vocabulary(("day",), (2,), ngrams=Ngrams(1, 0, (5, 9))), TOKENS, "of_symbols"),
    "channels": (lambda: ChannelScaling((1.0, 2.0), (2.0, 1.0)), SERIES, "of_channels"),
    "subwords": (subwords, TOKENS, "of_subwords"),
}


@pytest.fixture(params=KINDS.values(), ids=KINDS)
def kind(request, tmp_path):
    make, rows, visit = request.param
    return make(), store_of(write_jsonl(tmp_path / "d.jsonl", rows * 2)), visit


def test_an_encoding_comes_back_from_its_file_as_it_was(kind):
    encoding, _, _ = kind
    again = encoding_of(json.dumps(encoding.to_json()).encode())
    assert again.to_json() == encoding.to_json()
    assert type(again) is type(encoding)


def test_a_visitor_meets_the_method_of_the_kind(kind):
    encoding, _, visit = kind
    visitor = type("Visitor", (), {name: lambda _, own, name=name: (name, own) for name in VISITS})()
    assert encoding.accept(visitor) == (visit, encoding)


def test_a_row_is_the_same_in_every_batch_and_padding_is_zero(kind):
    encoding, store, _ = kind
    batcher = Batcher(store, encoding, (), 1e9)  # nothing is hidden without a generator
    both, short = batcher.batch(np.array([0, 1])).inputs, batcher.batch(np.array([1])).inputs
    width = short.shape[2:]
    assert both[1, :1][tuple(slice(size) for size in (1, *width))].tolist() == short[0].tolist()
    assert not both[1, 1:].any()


def test_ids_stay_below_their_number_and_a_series_has_none(kind):
    encoding, store, _ = kind
    inputs = Batcher(store, encoding).batch(np.arange(4)).inputs
    assert (encoding.id_count == 0) == (inputs.dtype == np.float32) == (encoding.channels > 0)
    if encoding.id_count:
        first = inputs if inputs.ndim == 2 else inputs[..., 0]
        assert first.max() < encoding.id_count


def test_sizes_are_the_steps_that_a_model_computes(kind):
    encoding, store, visit = kind
    batcher = Batcher(store, encoding)
    inputs = batcher.batch(np.arange(4)).inputs
    computed = (inputs > 0).sum(axis=(1, 2)) if visit == "of_subwords" else store.lengths
    assert batcher.sizes.tolist() == computed.tolist()


def test_every_kind_has_a_visit_and_no_module_tells_kinds_apart_by_their_class():
    assert {name for name in dir(EncodingVisitor) if name.startswith("of_")} == set(VISITS)
    kinds = {next(iter(getattr(EncodingVisitor, name).__annotations__.values())) for name in VISITS}
    assert kinds == {"Vocabulary", "ChannelScaling", "Subwords"}
    for path in Path(seqwise.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "isinstance":
                named = {name.id for name in ast.walk(node.args[1]) if isinstance(name, ast.Name)}
                assert not named & {*kinds, Encoding.__name__}, f"{path}:{node.lineno}"
