"""Recognises the role of a callable's parameters by their names, else by the framework's usual order."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

__all__ = [
    "PREDICTIONS",
    "UNDERSTOOD",
    "Parameter",
    "Signature",
    "constructor_of",
    "plain_name",
    "role_of",
    "signature_of",
]

_EMPTY = inspect.Parameter.empty

_BY_WORD: tuple[tuple[str, str], ...] = (
    # The first line that fits decides: label_smoothing is no label, target_lengths is no target.
    ("other", r"(from|use|return|has|is)_(logits|mask|labels|probs)|max_len(gth)?|.*values"),
    ("label_smoothing", r"(.*_)?smooth(ing)?(_.*)?"),
    ("padding_mask", r"(.*_)?(pad|padding)_?masks?|is_pad(ding)?"),
    ("mask", r"(.*_)?masks?(_.*)?|m|where|valid|is_valid|keep|counts|known"),
    ("lengths", r"(.*_)?(lengths?|lens?|seqlens?)|num_steps|n_steps|n_valid|l"),
    ("ignore_index", r"(.*_)?ignore(d)?(_.*)?|(.*_)?(pad|padding)(_?(id|idx|index|value|token|token_id|label|tag))?"),
    ("class_weight", r"(class|cls|ce|label)_?weights?|weight"),
    ("sample_weight", r"(sample|example|token|step|loss|element)_?weights?|weights"),
    ("pos_weight", r"pos(itive)?_weights?"),
    ("denominator", r"num_items(_in_batch)?|denominator|normali[sz]er|num_tokens|avg_factor|divisor|total_count"),
    ("class_count", r"(num|n)_(classes|tags|labels|outputs|targets)|(class|label|tag)_count|vocab(ulary)?_size|depth"),
    ("transitions", r"(?!start|end)(.*_)?trans(itions?)?(_matrix)?"),
    ("log_probabilities", r"(.*_)?(log_?probs?|log_?probabilit(y|ies)|lprobs|log_?p)"),
    ("probabilities", r"(.*_)?(probs?|proba|probabilit(y|ies)|softmax_?outputs?)"),
    ("logits", r"(.*_)?(logits?|emissions?|scores?|pred|preds|predicted|predictions?|hat|outputs?|outs?|activations)"),
    ("labels", r"(.*_)?(labels?|targets?|true|tags?|gold|truth|real|gt|expected|actual|onehot)(_ids|_idx)?|y|t"),
    ("logits", r"inputs?|x|z|hypothesis|student|yhat|ypred"),
    ("hidden", r"hidden(_states?)?"),
    ("reduction", r"reduction|reduce"),
    ("gamma", r"gamma|focusing|focal_gamma"),
    ("alpha", r"alpha|temperature|tau|beta"),
    ("epsilon", r"eps|epsilon"),
)

_COUNTED = r"class(es)?|cls|labels?|tags?|tagset|outputs?|out|targets?|tgt|trg|categories|tokens?|words?"
_VOCABULARY = r"(n_?|(tgt|trg|target|output)_)?voc(ab)?(ulary)?"

_BY_WORD_IN_CONSTRUCTORS: tuple[tuple[str, str], ...] = (
    # What a word means only where a loss is made: `size` is the number of classes, `dim` the axis of the classes.
    (
        "class_count",
        rf"(num|n|nb|no)_?(of_)?({_COUNTED})(_?(num|count|size))?|({_COUNTED})_?(nums?|number|count|size|dim)",
    ),
    ("class_count", rf"{_VOCABULARY}(_?size)?|classes|size|cls|c|k|n|v|depth|dim_out|out_features"),
    ("axis", r"dim|axis|class_(dim|axis)"),
    ("device", r"device"),
    ("margin", r"margin|m"),
    ("scale", r"scale|s"),
)

UNDERSTOOD = (
    "logits (also input, y_pred, emissions, scores, probs), labels (also target, y_true, tags), mask, lengths, "
    "sample_weight, ignore_index, class_weight (also weight), label_smoothing"
)
"""The names that the messages tell about."""


@dataclass(frozen=True)
class Parameter:
    """A parameter of the user's callable.

    Attributes:
        name: as the user called it.
        role: what it is for; "unknown" when the name does not tell.
        required: whether it has no default.
        positional: whether it can only be passed by position.
        default: its default, or None.
    """

    name: str
    role: str
    required: bool = True
    positional: bool = False
    default: Any = None


@dataclass(frozen=True)
class Signature:
    """The parameters of a callable in their order."""

    parameters: tuple[Parameter, ...]

    def named(self, role: str) -> Parameter | None:
        """The first parameter of this role."""
        return next((one for one in self.parameters if one.role == role), None)

    def unknown(self) -> list[Parameter]:
        """Parameters that must be given and that no rule understands."""
        return [one for one in self.parameters if one.required and one.role in ("unknown", "other")]

    def arguments(self, values: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """Positional and keyword arguments that carry the values of these roles; the others keep their default."""
        positional: list[Any] = []
        keywords: dict[str, Any] = {}
        for parameter in self.parameters:
            if parameter.role not in values:
                continue
            if parameter.positional and len(positional) == self.parameters.index(parameter):
                positional.append(values[parameter.role])
            else:
                keywords[parameter.name] = values[parameter.role]
        return positional, keywords


def role_of(name: str) -> str:
    """The role of a parameter of this name.

    Examples:
        >>> role_of("y_pred"), role_of("target_lengths"), role_of("attention_mask"), role_of("foo")
        ('logits', 'lengths', 'mask', 'unknown')
    """
    plain = plain_name(name)
    return next((role for role, pattern in _BY_WORD if re.fullmatch(pattern, plain)), "unknown")


def plain_name(name: str) -> str:
    """A name in lower case, its words divided by _."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.strip("_")).lower()


def constructor_of(kind: type) -> Signature:
    """The parameters of a class of losses that the doctor may or must set; none of them is logits, labels or a mask."""
    roles = ("class_weight", "label_smoothing", "ignore_index", "class_count", "gamma", "alpha", "epsilon", "reduction")
    if "__init__" not in {name for one in kind.__mro__[:-1] for name in vars(one)}:
        return Signature(())
    found = []
    for one in inspect.signature(kind).parameters.values():
        if one.kind in (one.VAR_POSITIONAL, one.VAR_KEYWORD):
            continue
        parameter = _parameter(one)
        plain = plain_name(one.name)
        special = next((role for role, words in _BY_WORD_IN_CONSTRUCTORS if re.fullmatch(words, plain)), None)
        parameter = replace(parameter, role=special or parameter.role)
        if parameter.required or (parameter.role in roles and parameter.role != "reduction"):
            found.append(
                parameter if parameter.role in (*roles, *_SET_IN_CONSTRUCTORS) else replace(parameter, role="unknown")
            )
    return Signature(tuple(found))


_SET_IN_CONSTRUCTORS = ("axis", "device", "margin", "scale", "pos_weight", "transitions", "head", "denominator")


def signature_of(call: Callable[..., Any], labels_first: bool = False, is_method: bool = False) -> Signature:
    """The parameters of a callable with their roles.

    Args:
        call: anything that can be called.
        labels_first: whether two parameters whose names say nothing are labels and logits, in this order.
        is_method: whether it is a method of a class, whose first parameter is the object.

    A parameter that must be given after both, and whose name says nothing, is taken for a mask.
    """
    found = _with_predictions([_parameter(one) for one in _inspected(call)[is_method:]])
    wanted = [role for role in ("logits", "labels") if not _has(found, role)]
    if len(wanted) == 2 and labels_first:
        wanted.reverse()
    wanted += [] if _has(found, "mask") or _has(found, "lengths") else ["mask"]
    for place, one in enumerate(found):
        if wanted and one.role in ("unknown", "other") and one.required:
            found[place] = replace(one, role=wanted.pop(0))
    return Signature(tuple(found))


def _with_predictions(found: list[Parameter]) -> list[Parameter]:
    """The parameters, with what is predicted and its labels found where names fit both or neither.

    Of two labels one is the prediction, `y` rather than the other: (y, t). Of two predictions the second is the label:
    (input, output). Hidden states stand for logits, and their `weight` is that of the head: (hidden, weight, labels).
    Beside a `class_weight`, `weight` is that of the positions.
    """
    roles = [one.role for one in found]
    if roles.count("class_weight") > 1:
        found = [replace(one, role="sample_weight") if one.name == "weight" else one for one in found]
    if not _has(found, "logits") and "hidden" in roles:
        heads = {"hidden": "logits", "class_weight": "head"}
        return [replace(one, role=heads.get(one.role, one.role)) if one.required else one for one in found]
    for role, missing in (("labels", "logits"), ("logits", "labels")):
        doubled = [one for one in found if one.role == role and one.required]
        if not _has(found, missing) and len(doubled) > 1:
            changed = next((one for one in doubled if one.name == "y"), doubled[role == "logits"])
            return [replace(one, role=missing) if one is changed else one for one in found]
    return found


_ARRAYS = (
    *("logits", "probabilities", "log_probabilities", "hidden"),
    *("labels", "mask", "padding_mask", "lengths", "class_weight", "sample_weight"),
)
"""Roles whose values are arrays, whatever a parameter with a number as its default is called."""

PREDICTIONS = ("logits", "probabilities", "log_probabilities")
"""The roles that name what a loss is computed from."""


def _has(found: list[Parameter], role: str) -> bool:
    alike = PREDICTIONS if role == "logits" else ("mask", "padding_mask") if role == "mask" else (role,)
    return any(one.role in alike for one in found)


def _inspected(call: Callable[..., Any]) -> list[inspect.Parameter]:
    target = getattr(call, "forward", call) if _is_torch_module(call) else call
    try:
        parameters = list(inspect.signature(target).parameters.values())
    except (TypeError, ValueError):  # a callable written in C
        parameters = []
    named = [one for one in parameters if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)]
    if named:
        return named
    kind = inspect.Parameter.POSITIONAL_ONLY
    return [inspect.Parameter("first", kind), inspect.Parameter("second", kind)]


def _is_torch_module(call: Any) -> bool:
    return any(kind.__module__ == "torch.nn.modules.module" for kind in type(call).__mro__)


def _parameter(one: inspect.Parameter) -> Parameter:
    required = one.default is _EMPTY
    default = None if required else one.default
    is_setting = isinstance(default, bool | int | float | str)  # T=2.0 is no label, m=0.5 no mask
    role = "other" if is_setting and role_of(one.name) in _ARRAYS else role_of(one.name)
    return Parameter(one.name, role, required, one.kind is one.POSITIONAL_ONLY, default)
