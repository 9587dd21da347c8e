"""Reads a model folder of the transformers package: its tokenizer, its settings, its weights; never over a network."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from torch import nn

from seqwise.data.subwords import Subwords
from seqwise.errors import ConfigError, MissingExtraError, counted, listed

__all__ = ["empty_network", "positions_of", "read_weights", "subwords_of"]

_LONGEST = 512
_UNLIMITED = 10**6
_DOWNLOAD = (
    "Nothing is ever downloaded: name a local folder with config.json, the tokenizer and model.safetensors, as "
    "`hf download NAME --local-dir FOLDER` or save_pretrained make it."
)


def subwords_of(folder: str) -> Subwords:
    """How the model of a folder reads words.

    Raises:
        MissingExtraError: the transformers package is not installed.
        ConfigError: no such folder, or one that cannot be used.
    """
    path = Path(folder).expanduser()
    if not path.is_dir():
        raise ConfigError(f"model.encoder is '{folder}', and there is no such folder\n  {_DOWNLOAD}")
    if not (path / "config.json").exists():
        raise ConfigError(f"the folder {folder} holds no model: it has no config.json\n  {_DOWNLOAD}")
    transformers = _transformers()
    with _readable(folder, "config.json"):
        config = transformers.AutoConfig.from_pretrained(path, local_files_only=True, trust_remote_code=False)
    with _readable(folder, "the tokenizer"):
        tokenizer = transformers.AutoTokenizer.from_pretrained(path, local_files_only=True, trust_remote_code=False)
    if not getattr(tokenizer, "is_fast", False):
        raise ConfigError(
            f"the tokenizer in {folder} has no tokenizer.json, which says of each subword token where it stands"
        )
    prefix, suffix = _special_tokens(tokenizer)
    window = min(_LONGEST, tokenizer.model_max_length, positions_of(empty_network(config.to_dict())))
    unknown, padding = tokenizer.unk_token_id, tokenizer.pad_token_id
    return Subwords(
        tokenizer.backend_tokenizer.to_str(),
        _plain(config),
        prefix,
        suffix,
        window - len(prefix) - len(suffix),
        None if unknown is None else unknown + 1,
        1 if padding is None else padding + 1,
        _is_spaced(tokenizer),
    )


def empty_network(architecture: dict[str, Any]) -> nn.Module:
    """The model with these settings and fresh weights: its encoder alone, without what it was trained to predict.

    Raises:
        MissingExtraError: the transformers package is not installed.
        ConfigError: settings of a model that this version of the package does not know.
    """
    transformers = _transformers()
    settings = {key: value for key, value in architecture.items() if key not in ("auto_map", "dtype", "torch_dtype")}
    try:
        config = transformers.AutoConfig.for_model(**settings)
        return _encoder(transformers.AutoModel.from_config(config, trust_remote_code=False))
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"the transformers package cannot make the encoder: {_first_line(error)}") from None


def read_weights(folder: str, network: nn.Module) -> None:
    """Fills a network with the weights of a folder.

    Raises:
        ConfigError: no weights in safetensors form, or not all.
    """
    transformers = _transformers()
    with _readable(folder, "model.safetensors"):
        model, found = transformers.AutoModel.from_pretrained(
            Path(folder).expanduser(),
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            output_loading_info=True,
        )
    encoder = _encoder(model)
    wanted = set(encoder.state_dict())
    if missing := sorted(name for name in found["missing_keys"] if name in wanted):
        weights = counted(len(missing), "weight")
        raise ConfigError(f"model.safetensors in {folder} lacks {weights} of the encoder: {listed(missing, 3)}")
    network.load_state_dict(encoder.state_dict())


def _transformers() -> Any:
    try:
        import transformers
    except ImportError:
        raise MissingExtraError("transformers", "hf") from None
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    return transformers


def _encoder(model: Any) -> nn.Module:
    """The part of a model that makes states of a text, in float32."""
    if model.config.is_encoder_decoder:
        model = model.get_encoder()
    if getattr(model, "pooler", None) is not None:
        model.pooler = None
    network: nn.Module = model.float()
    return network


def _plain(config: Any) -> dict[str, Any]:
    """The settings as JSON has them."""
    plain: dict[str, Any] = json.loads(config.to_json_string(use_diff=False))
    return plain


def _special_tokens(tokenizer: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The ids of the tokens before and behind a text."""
    split = tokenizer("a", return_special_tokens_mask=True)
    ids, special = split["input_ids"], split["special_tokens_mask"]
    first = special.index(0) if 0 in special else len(ids)
    last = len(ids) - special[::-1].index(0) if 0 in special else len(ids)
    return tuple(i + 1 for i in ids[:first]), tuple(i + 1 for i in ids[last:])


def _is_spaced(tokenizer: Any) -> bool:
    """Whether a word in the middle of a text is split as one with a blank before it, and not like one that is alone."""
    alone, spaced, twice = (tokenizer(t, add_special_tokens=False)["input_ids"] for t in ("the", " the", "the the"))
    return bool(twice[len(alone) :] == spaced and alone != spaced)


def positions_of(network: nn.Module) -> int:
    """The longest text, in subword tokens, that a model has positions for."""
    config: Any = network.config
    most = getattr(config, "max_position_embeddings", None) or _UNLIMITED
    for module in network.modules():
        if isinstance(module, nn.Embedding) and module.num_embeddings == most and module.padding_idx is not None:
            most -= module.padding_idx + 1  # RoBERTa and its kin count positions from there
    return int(most)


@contextmanager
def _readable(folder: str, part: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise ConfigError(f"{part} in {folder} cannot be read: {_first_line(error)}\n  {_DOWNLOAD}") from None


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
