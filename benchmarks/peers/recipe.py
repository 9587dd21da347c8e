"""The plain recipe, as tutorials write it: embedding, BiLSTM, linear layer; random batches of 32, padded; Adam 1e-3.

    python -m benchmarks.peers.recipe DATA/snips intent --epochs 10

Needs torch and nothing of seqwise, so that it can be timed in an environment of its own. What is usual is kept, what
is wrong with it too: the states of a sequence are those of its padded length, and every figure that is computed in
batches depends on what a sequence is batched with.

Prints one line of JSON: test figure, valid tokens per second of the training steps (median over epochs), CPU seconds
of the whole process, share of padding, parameters.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.peers.rows import TASKS, Row, figure, read, tokens_of

__all__ = ["train"]

_PAD, _UNKNOWN = 0, 1
_NO_TAG = -100


class Model(nn.Module):
    """Embedding, one BiLSTM, one linear layer: over its last states, or over the states of every step."""

    def __init__(self, words: int, classes: int, embedding: int, hidden: int, per_step: bool) -> None:
        super().__init__()
        self.per_step = per_step
        self.embedding = nn.Embedding(words, embedding, padding_idx=_PAD)
        self.lstm = nn.LSTM(embedding, hidden, batch_first=True, bidirectional=True)
        self.linear = nn.Linear(2 * hidden, classes)

    def forward(self, words: Tensor) -> Tensor:
        """The logits (batch, classes) or (batch, time, classes)."""
        output, (last, _) = self.lstm(self.embedding(words))
        logits: Tensor = self.linear(output if self.per_step else torch.cat([last[0], last[1]], dim=1))
        return logits


@dataclass(frozen=True)
class Numbered:
    """Examples as numbers: `words[i]` a tensor, `labels[i]` a tensor of tags or a number."""

    words: list[Tensor]
    labels: list[Tensor]

    def batches(self, size: int, shuffled: bool) -> Iterator[tuple[Tensor, Tensor, int]]:
        """Padded words and labels, and how many of the words are no padding."""
        order = list(range(len(self.words)))
        if shuffled:
            random.shuffle(order)
        for start in range(0, len(order), size):
            rows = order[start : start + size]
            words = nn.utils.rnn.pad_sequence([self.words[i] for i in rows], batch_first=True, padding_value=_PAD)
            labels = [self.labels[i] for i in rows]
            per_step = labels[0].ndim > 0
            padded = nn.utils.rnn.pad_sequence(labels, batch_first=True, padding_value=_NO_TAG) if per_step else None
            yield words, torch.stack(labels) if padded is None else padded, sum(len(self.words[i]) for i in rows)


def numbered(examples: Sequence[Row], words: dict[str, int], classes: dict[str, int]) -> Numbered:
    """The examples as numbers; a word that is not known is the unknown word, a label that is not known never right."""
    return Numbered(
        [torch.tensor([words.get(word, _UNKNOWN) for word in sentence]) for sentence, _ in examples],
        [
            torch.tensor(
                classes.get(label, len(classes))
                if isinstance(label, str)
                else [classes.get(tag, len(classes)) for tag in label]
            )
            for _, label in examples
        ],
    )


def predicted(model: Model, data: Numbered, names: Sequence[str], batch_size: int) -> list[Any]:
    """The label of each sequence, or those of its words."""
    found: list[Any] = []
    model.eval()
    with torch.no_grad():
        for words, labels, _ in data.batches(batch_size, shuffled=False):
            best = model(words).argmax(-1)
            if model.per_step:
                steps = (labels != _NO_TAG).sum(1).tolist()
                found += [[names[tag] for tag in row[:n]] for row, n in zip(best.tolist(), steps, strict=True)]
            else:
                found += [names[label] for label in best.tolist()]
    return found


def train(
    folder: Path, task: str, *, epochs: int, seed: int, embedding: int, hidden: int, batch: int
) -> dict[str, Any]:
    """Trains the recipe and returns what the module's docstring says."""
    torch.manual_seed(seed)
    random.seed(seed)
    parts = {part: read(folder, part, task) for part in ("train", "dev", "test")}
    words = {"<pad>": _PAD, "<unk>": _UNKNOWN}
    classes: dict[str, int] = {}
    for sentence, label in parts["train"]:
        for word in sentence:
            words.setdefault(word, len(words))
        for name in [label] if isinstance(label, str) else label:
            classes.setdefault(name, len(classes))
    data = {part: numbered(examples, words, classes) for part, examples in parts.items()}
    model = Model(len(words), len(classes), embedding, hidden, per_step=task != "intent")
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    criterion = nn.CrossEntropyLoss(ignore_index=_NO_TAG)
    speeds, computed, valid, dev, trained = [], 0, 0, [], 0.0
    names = list(classes)
    gold = {part: [label for _, label in examples] for part, examples in parts.items()}
    for _ in range(epochs):
        model.train()
        tokens, started = 0, time.perf_counter()
        for inputs, labels, counted in data["train"].batches(batch, shuffled=True):
            optimizer.zero_grad()
            logits = model(inputs)
            loss = criterion(logits.view(-1, len(classes)), labels.view(-1))
            loss.backward()
            optimizer.step()
            tokens += counted
            computed += inputs.numel()
        trained += time.perf_counter() - started
        speeds.append(tokens / (time.perf_counter() - started))
        valid += tokens
        dev.append(figure(task, gold["dev"], predicted(model, data["dev"], names, batch)))
    started = time.perf_counter()
    test = predicted(model, data["test"], names, batch)
    seconds = time.perf_counter() - started
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "peer": "recipe",
        "data": folder.name,
        "task": task,
        "seed": seed,
        "epochs": epochs,
        "test": figure(task, gold["test"], test),
        "dev": dev,
        "seconds": trained,
        "tokens_per_second": statistics.median(speeds),
        "test_tokens_per_second": tokens_of(parts["test"]) / seconds,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "padding_share": 1 - valid / max(computed, 1),
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Train the plain recipe; print one line of JSON.")
    parser.add_argument("data", type=Path, help="a folder that benchmarks.prepare wrote: snips or ud-en-ewt")
    parser.add_argument("task", choices=TASKS[:3])
    parser.add_argument("--epochs", type=int, default=10, help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=1, help="default: %(default)s")
    parser.add_argument("--embedding", type=int, default=100, help="default: %(default)s")
    parser.add_argument("--hidden", type=int, default=128, help="default: %(default)s")
    parser.add_argument("--batch", type=int, default=32, help="default: %(default)s")
    parsed = vars(parser.parse_args(arguments))
    print(json.dumps(train(parsed.pop("data"), parsed.pop("task"), **parsed)))


if __name__ == "__main__":
    main()
