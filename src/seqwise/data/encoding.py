"""What a model knows of the symbols or numbers it is given, in the form that run folders keep."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from seqwise.data.subwords import Subwords
from seqwise.data.vocabulary import ChannelScaling, Vocabulary

__all__ = ["Encoding", "encoding_to_json"]

Encoding = Vocabulary | ChannelScaling | Subwords


def encoding_to_json(encoding: Encoding) -> dict[str, Any]:
    """The content of vocab.json."""
    if isinstance(encoding, Vocabulary):
        return {"kind": "symbols", **asdict(encoding)}
    return {"kind": "pieces" if isinstance(encoding, Subwords) else "channels", **encoding.to_json()}
