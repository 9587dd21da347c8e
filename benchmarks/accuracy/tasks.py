"""What is trained from a data file and a few flags alone, what is asked of it, and what others have published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.runs import Goal

__all__ = ["TASKS", "Task"]


@dataclass(frozen=True)
class Task:
    """A training that must work from the data file and these flags alone.

    Attributes:
        name: how it is called in results.
        data: the data set, as `benchmarks.prepare` calls it.
        flags: what the command line says of columns.
        goals: the figures on the test file; the first decides where efforts and peers are compared.
        title: what a table calls it.
        published: what others report on these data without pretraining, and where.
    """

    name: str
    data: str
    flags: tuple[str, ...]
    goals: tuple[Goal, ...]
    title: str = ""
    published: str = ""

    def command(self, seqwise: Sequence[str], data: Path, run: Path, seed: int, more: Sequence[str] = ()) -> list[str]:
        """The command line of one run.

        Args:
            seqwise: how the program is called.
            data: the folder of all prepared data sets.
            run: the run folder to be made.
            seed: of this run.
            more: further flags.

        Raises:
            FileNotFoundError: the data set was not prepared.
        """
        files = self.files(data)
        parts = [word for part in ("dev", "test") if part in files for word in (f"--{part}", str(files[part]))]
        words = [*seqwise, "train", str(files["train"]), *parts, *self.flags, *more]
        return [*words, "--seed", str(seed), "--run", str(run)]

    def files(self, data: Path) -> dict[str, Path]:
        """The prepared files by part.

        Raises:
            FileNotFoundError: there is no train or no test.
        """
        found = {part: next(iter(sorted((data / self.data).glob(f"{part}.*"))), None) for part in _PARTS}
        if found["train"] is None or found["test"] is None:
            raise FileNotFoundError(f"{data / self.data} holds no train.* and test.*: run benchmarks.prepare first")
        return {part: path for part, path in found.items() if path is not None}


_CRF = ("crf", "python-crfsuite")
_PARTS = ("train", "dev", "test")
_SLOTS = "0.888 slot-gated (2018), 0.937 SlotRefine, 0.942 Stack-Propagation"
_INTENT = "0.970 slot-gated (2018), 0.974 SlotRefine, 0.980 Stack-Propagation"
_VOTES = "47 logistic regressions on TF-IDF: 0.828, 0.548, 0.102 (README of the data)"


def _series(name: str, least: float, title: str, published: str = "") -> Task:
    return Task(name, name, (), (Goal("accuracy", least),), title, published)


TASKS = (
    Task(
        "snips-intent",
        "snips",
        ("--tokens", "tokens", "--label", "intent"),
        (Goal("accuracy", 0.980),),
        "SNIPS, intent",
        _INTENT,
    ),
    Task(
        "snips-slots",
        "snips",
        ("--tokens", "tokens", "--tags", "slots"),
        (Goal("span_f1", 0.940),),
        "SNIPS, slots",
        _SLOTS,
    ),
    Task(
        "snips-joint",
        "snips",
        ("--tokens", "tokens", "--label", "intent", "--tags", "slots"),
        (Goal("span_f1", 0.935, target="slots"), Goal("accuracy", 0.978, target="intent")),
        "SNIPS, both in one model",
        f"slots {_SLOTS}; intent {_INTENT}",
    ),
    Task(
        "ewt-upos",
        "ud-en-ewt",
        ("--tags", "upos"),
        (Goal("accuracy", 0.952),),
        "UD English EWT, UPOS",
        "0.944 UDPipe 1.2 (UD 2.5), 0.946 bilstm-aux (UD 1.3)",
    ),
    Task(
        "ewt-joint",
        "ud-en-ewt",
        ("--tags", "upos", "--tags", "feats", "--set", "data.unseen_labels=add"),
        (Goal("accuracy", 0.950, target="upos"), Goal("accuracy", 0.945, target="feats")),
        "UD English EWT, UPOS and FEATS in one model",
    ),
    Task("vi-vtb-upos", "ud-vi-vtb", ("--tags", "upos"), (Goal("accuracy", above=_CRF),), "UD Vietnamese VTB, UPOS"),
    Task("ug-udt-upos", "ud-ug-udt", ("--tags", "upos"), (Goal("accuracy", above=_CRF),), "UD Uyghur UDT, UPOS"),
    Task("wnut17", "wnut17", (), (Goal("span_f1", above=_CRF, margin=0.05),), "WNUT 17, entities"),
    Task("uner-sv", "uner-sv-talbanken", (), (Goal("span_f1", above=_CRF),), "UNER Swedish Talbanken, entities"),
    Task("bc5cdr", "bc5cdr", (), (Goal("span_f1", above=_CRF),), "BC5CDR, entities"),
    Task(
        "banking77",
        "banking77",
        ("--text", "text", "--label", "category"),
        (Goal("accuracy", 0.90, above=("tfidf",)),),
        "Banking77, 77 classes",
    ),
    Task(
        "mr",
        "mr-sentence-polarity",
        ("--text", "text", "--label", "label"),
        (Goal("accuracy", 0.775),),
        "MR sentence polarity",
        "0.761 CNN-rand (ten-fold)",
    ),
    Task(
        "un-votes",
        "un-votes-47a",
        ("--text", "text", "--outputs", "vote_*"),
        (Goal("accuracy", 0.840), Goal("macro_f1", 0.57), Goal("exact_match", 0.12)),
        "UN votes, 47 outputs with gaps",
        _VOTES,
    ),
    Task(
        "mams-acsa",
        "mams-acsa",
        ("--text", "text", "--outputs", "aspect_*"),
        (Goal("present_f1", above=("tfidf",)), Goal("present_accuracy", above=("tfidf",))),
        "MAMS, 8 aspects",
    ),
    Task(
        "tox21",
        "tox21",
        ("--text", "smiles", "--outputs", "?R-*"),
        (Goal("roc_auc", 0.75),),
        "Tox21, 12 assays with gaps",
        "about 0.80 for recurrent networks on SMILES, on other splits",
    ),
    Task(
        "goemotions",
        "goemotions",
        ("--text", "text", "--multilabel", "emotions"),
        (Goal("micro_f1", 0.54), Goal("macro_f1", 0.42)),
        "GoEmotions, 28 labels",
        "macro F1 0.41 BiLSTM (0.46 BERT, which is pretrained)",
    ),
    Task(
        "names-18",
        "names-18-languages",
        ("--text", "name", "--label", "language"),
        (Goal("accuracy", 0.83),),
        "Names, 18 languages",
    ),
    Task(
        "splice",
        "splice",
        ("--text", "bases", "--label", "junction"),
        (Goal("accuracy", 0.95),),
        "Splice junctions, DNA",
    ),
    Task(
        "protein-ss",
        "protein-ss",
        ("--tokens", "residues", "--tags", "structure"),
        (Goal("accuracy", 0.66),),
        "Protein secondary structure, per residue",
        "0.60 to 0.65 without profiles (README of the data)",
    ),
    Task(
        "japanese-vowels",
        "ts-japanese-vowels",
        (),
        (Goal("accuracy", 0.990),),
        "JapaneseVowels",
        "0.976 Encoder, 0.992 ResNet, 0.993 FCN",
    ),
    _series("ts-basic-motions", 1.00, "BasicMotions", "1.00 ROCKET, InceptionTime, ResNet"),
    _series("ts-gunpoint", 0.97, "GunPoint", "0.993 MiniRocket, 1.00 InceptionTime"),
    _series("ts-italy-power", 0.95, "ItalyPowerDemand", "0.963 MiniRocket, 0.966 InceptionTime"),
    _series("ts-arrowhead", 0.80, "ArrowHead"),
    _series("ts-plaid", 0.80, "PLAID, unequal length"),
    Task(
        "occupancy",
        "occupancy",
        ("--series-id", "day", "--time", "date", "--tags", "Occupancy"),
        (Goal("accuracy"), Goal("macro_f1")),
        "Occupancy of a room, per minute",
    ),
)
