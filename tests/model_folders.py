"""Tiny model folders of the transformers package with random weights, and with tokenizers of the common kinds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

WORDS = [
    "play",
    "some",
    "jazz",
    "now",
    "will",
    "it",
    "rain",
    "today",
    "book",
    "a",
    "table",
    "the",
    "un",
    "##s",
    "##able",
]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
POSITIONS = 16


def word_pieces() -> Any:
    """A tokenizer as BERT has it: [CLS] and [SEP] around, the unknown for what it cannot cut."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    vocabulary = {piece: number for number, piece in enumerate([*SPECIAL, *WORDS])}
    cutter = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    cutter.normalizer = normalizers.BertNormalizer(lowercase=True)
    cutter.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    cutter.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    named = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), SPECIAL, strict=True))
    return PreTrainedTokenizerFast(tokenizer_object=cutter, model_max_length=512, **named)


def byte_pieces() -> Any:
    """A tokenizer as GPT-2 has it: pieces of bytes, in which the blank before a word counts; nothing around."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    cutter = Tokenizer(models.BPE())
    cutter.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=300, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    cutter.train_from_iterator(["play some jazz now play some jazz now"] * 5, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=cutter)


def bert_folder(path: Path, *, positions: int = POSITIONS, dropout: float = 0.0) -> Path:
    """A BERT with two layers of 8 features, which reads at most so many pieces at once."""
    import torch
    from transformers import BertConfig, BertModel

    config = BertConfig(
        vocab_size=len(SPECIAL) + len(WORDS),
        hidden_size=8,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=positions,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
        initializer_range=0.5,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        BertModel(config).save_pretrained(path)
    word_pieces().save_pretrained(path)
    return path


def roberta_folder(path: Path) -> Path:
    """A RoBERTa, whose positions begin at 2, with the tokenizer of GPT-2."""
    import torch
    from transformers import RobertaConfig, RobertaModel

    config = RobertaConfig(
        vocab_size=300,
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=POSITIONS,
        pad_token_id=1,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        RobertaModel(config).save_pretrained(path)
    byte_pieces().save_pretrained(path)
    return path
