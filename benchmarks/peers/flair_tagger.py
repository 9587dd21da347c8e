"""Flair: its own tagger and classifier, one BiLSTM over trainable word vectors, batches of 32; nothing is downloaded.

    python -m benchmarks.peers.flair_tagger DATA/snips slots --rows 2000

Needs flair and torch.
"""

from __future__ import annotations

import logging
import tempfile
import time
from collections.abc import Sequence
from typing import Any

import flair
import torch
from flair.data import Corpus, Sentence
from flair.datasets import FlairDatapointDataset
from flair.embeddings import DocumentRNNEmbeddings, OneHotEmbeddings
from flair.models import SequenceTagger, TextClassifier
from flair.trainers import ModelTrainer
from flair.trainers.plugins import TrainerPlugin

from benchmarks.peers.command import Peer, Trained, main, median_speed
from benchmarks.peers.rows import Row, spans, tokens_of

__all__ = ["PEER"]

_BATCH, _EMBEDDING, _HIDDEN = 32, 100, 128
_FOUND = "found"


class _Clock(TrainerPlugin):
    """The seconds of each epoch's training steps."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    @TrainerPlugin.hook
    def before_training_epoch(self, **_: Any) -> None:
        self._started = time.perf_counter()

    @TrainerPlugin.hook
    def after_training_epoch(self, **_: Any) -> None:
        self.seconds.append(time.perf_counter() - self._started)


def _labelled(row: Row, task: str) -> Sentence:
    words, label = row
    sentence = Sentence(words)
    if task == "intent":
        sentence.add_label(task, label)
    elif task == "slots":
        for kind, start, stop in spans(label):
            sentence[start:stop].add_label(task, kind)
    else:
        for token, tag in zip(sentence, label, strict=True):
            token.add_label(task, tag)
    return sentence


def _predicted(sentence: Sentence, task: str) -> Any:
    """The label of the sentence, or those of its words."""
    if task == "intent":
        return sentence.get_label(_FOUND).value
    if task == "upos":
        return [token.get_label(_FOUND).value for token in sentence]
    tags = ["O"] * len(sentence)
    for span in sentence.get_spans(_FOUND):
        for token in span:
            first = token is span[0]
            tags[token.idx - 1] = f"{'B' if first else 'I'}-{span.get_label(_FOUND).value}"
    return tags


def _train(rows: Sequence[Row], task: str, *, epochs: int, seed: int) -> Trained:
    logging.getLogger("flair").setLevel(logging.ERROR)
    flair.set_seed(seed)
    train = FlairDatapointDataset([_labelled(row, task) for row in rows])
    few = FlairDatapointDataset([_labelled(row, task) for row in rows[:_BATCH]])
    corpus = Corpus(train=train, dev=few, test=few)
    labels = corpus.make_label_dictionary(label_type=task, add_unk=False)
    vectors = OneHotEmbeddings.from_corpus(corpus, embedding_length=_EMBEDDING, min_freq=1)
    if task == "intent":
        encoder = DocumentRNNEmbeddings(
            [vectors], hidden_size=_HIDDEN, bidirectional=True, reproject_words=False, rnn_type="LSTM"
        )
        model: Any = TextClassifier(encoder, label_type=task, label_dictionary=labels)
    else:
        model = SequenceTagger(
            embeddings=vectors,
            tag_dictionary=labels,
            tag_type=task,
            tag_format="BIO",
            hidden_size=_HIDDEN,
            use_crf=False,
            reproject_embeddings=False,
        )
    clock = _Clock()
    with tempfile.TemporaryDirectory() as folder:
        ModelTrainer(model, corpus).train(
            folder,
            learning_rate=1e-3,
            optimizer=torch.optim.Adam,
            mini_batch_size=_BATCH,
            max_epochs=epochs,
            save_final_model=False,
            train_with_dev=False,
            plugins=[clock],
        )

    def predict(sentences: list[list[str]]) -> list[Any]:
        made = [Sentence(words) for words in sentences]
        model.predict(made, mini_batch_size=_BATCH, label_name=_FOUND)
        return [_predicted(sentence, task) for sentence in made]

    speed = median_speed(tokens_of(rows), clock.seconds)
    parameters = sum(parameter.numel() for parameter in model.parameters())
    return Trained(speed, predict, {"parameters": parameters, "torch": torch.__version__})


PEER = Peer("Flair", "flair", ("intent", "slots", "upos"), _train, epochs=2)

if __name__ == "__main__":
    main(PEER)
