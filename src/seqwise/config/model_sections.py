"""The model section of a config: that of the encoder which it names, of a model folder, or of an encoder left open."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import isclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Union, get_args, get_origin

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, create_model
from pydantic_core import PydanticCustomError

from seqwise.config import encoder_sections
from seqwise.config.model_section import ModelConfig, NetworkConfig, PooledConfig, require_known
from seqwise.config.section import MODEL, Flag, Search
from seqwise.config.setting_text import setting_text
from seqwise.errors import listed

__all__ = ["ENCODER_SECTIONS", "FolderConfig", "OpenConfig", "SelectedModel", "encoders_with", "section_of"]

ENCODER_SECTIONS: Mapping[str, type[ModelConfig]] = MappingProxyType(
    {
        get_args(section.model_fields["encoder"].annotation)[0]: section
        for section in vars(encoder_sections).values()
        if isclass(section)
        and issubclass(section, ModelConfig)
        and get_origin(section.model_fields["encoder"].annotation) is Literal
    }
)
"""The sections of `encoder_sections` by the name of their encoder."""

_FOLDER = "a model folder"


def _is_path(encoder: str) -> bool:
    return encoder in (".", "..") or any(sign in encoder for sign in "/\\")


def _folder(encoder: str) -> str:
    if _is_path(encoder):
        return encoder
    if Path(encoder).is_dir():
        return f"./{encoder}"  # read again elsewhere, it is still a folder
    require_known("encoder", encoder, tuple(ENCODER_SECTIONS))
    return encoder


class FolderConfig(PooledConfig):
    """A pretrained model in a folder of the transformers package."""

    is_folder: ClassVar[bool] = True
    encoder: Annotated[str, AfterValidator(_folder)]

    @property
    def idle(self) -> Mapping[str, str]:
        """What a model folder decides itself."""
        rounded = super().idle["train.precision"]
        return {"train.precision": rounded, **dict.fromkeys(_OF_FOLDERS, f"the model in {self.encoder} has its own")}


_OF_FOLDERS = (
    *("input.min_count", "input.affixes", "input.vectors", "input.symbol_dropout"),
    *("input.ngrams", "input.character_ngrams", "input.ngram_limit"),
)

_ALL: tuple[type[ModelConfig], ...] = (*ENCODER_SECTIONS.values(), FolderConfig)


def _networks() -> str:
    *names, last = (name for name, section in ENCODER_SECTIONS.items() if issubclass(section, NetworkConfig))
    return f"{', '.join(names)} or {last}"


def _searched() -> tuple[str, ...]:
    return tuple(name for name, section in ENCODER_SECTIONS.items() if section.searched)


class _Open(ModelConfig):
    """The network."""

    encoder: Annotated[
        None,
        Search(_searched, rank=1),
        Flag("--encoder", "{encoders}, or a model folder.", 29, MODEL),
    ] = Field(  # type: ignore[assignment]
        None,
        description=f"{_networks()}; bag: n-grams alone, in seconds; "
        "tfidf: TF-IDF of n-grams and logistic regression; rocket: for series; "
        "or a model folder; by default from the data",
    )

    @property
    def idle(self) -> Mapping[str, str]:
        """What no encoder heeds that is chosen by itself."""
        return {key: reason for key, reason in super().idle.items() if key != "train.precision"}


def _fields() -> dict[str, Any]:
    """The settings of all encoders, the commonest first; what two have stands as the first declares it."""
    found: dict[str, Any] = {}
    for section in _ALL:
        for name, field in section.model_fields.items():
            if name != "encoder":
                found.setdefault(name, (field.annotation, field))
    return found


OpenConfig: type[ModelConfig] = create_model(
    "OpenConfig", __base__=_Open, __module__=__name__, __doc__="The network.", **_fields()
)
"""What is said of a model whose encoder the data decide: the settings of every encoder."""


def encoders_with(name: str) -> tuple[str, ...]:
    """The encoders that have a setting of the model; what a model folder has comes last."""
    named: list[tuple[str, type[ModelConfig]]] = [*ENCODER_SECTIONS.items(), (_FOLDER, FolderConfig)]
    return tuple(encoder for encoder, section in named if name in section.model_fields)


def section_of(encoder: Any) -> type[ModelConfig]:
    """The section of the encoder of this name, or in this folder; None for one that is left open."""
    if encoder is None:
        return OpenConfig
    return ENCODER_SECTIONS.get(encoder, FolderConfig) if isinstance(encoder, str) else FolderConfig


def _tag(given: Any) -> str:
    """Which of the sections is meant: by its own encoder, or by that of plain values."""
    section = type(given) if isinstance(given, ModelConfig) else section_of(_encoder_of(given))
    return section.__name__


def _encoder_of(given: Any) -> Any:
    return given.get("encoder") if isinstance(given, Mapping) else None


def _is_known(encoder: Any) -> bool:
    """Whether it is an encoder's name or a folder; of another one that is said first."""
    return isinstance(encoder, str) and (encoder in ENCODER_SECTIONS or _is_path(encoder) or Path(encoder).is_dir())


def _own_settings(given: Any) -> Any:
    """Leaves out what another encoder has where that changes nothing, as in configs of earlier versions."""
    if not isinstance(given, Mapping):
        return given
    section, kept = section_of(_encoder_of(given)), dict(given)
    for name in given:
        if name in section.model_fields or name not in OpenConfig.model_fields:
            continue
        value, default = kept.pop(name), OpenConfig.model_fields[name].default
        is_off = value is None or value == default or (default is None and not value)
        if not is_off and _is_known(_encoder_of(given)):
            raise PydanticCustomError("of_another_encoder", "{problem}", {"problem": _of_another(name, value, given)})
    return kept


def _of_another(name: str, value: Any, given: Mapping[str, Any]) -> str:
    encoders = encoders_with(name)
    return (
        f"model.{name} is {setting_text(value)}, but model.encoder is {given['encoder']}, which has no such setting; "
        f"{listed(encoders)} {'has' if len(encoders) == 1 else 'have'} it\n  Leave it out; it would change nothing."
    )


if TYPE_CHECKING:
    SelectedModel = ModelConfig
else:
    SelectedModel = Annotated[
        Union[tuple(Annotated[section, Tag(section.__name__)] for section in (*_ALL, OpenConfig))],  # noqa: UP007 - of a tuple
        Discriminator(_tag),
        BeforeValidator(_own_settings),
    ]
"""The type of `model` in a config: the section of the encoder that it names."""
