"""Decides whether an object is a loss, a model, a factory of one, or neither."""

from __future__ import annotations

import inspect
from dataclasses import replace
from typing import Any

from seqwise.doctor.called_loss import CallFailed
from seqwise.doctor.construct import built
from seqwise.doctor.contained import contained
from seqwise.doctor.examine import loss_report
from seqwise.doctor.findings_report import Report
from seqwise.doctor.frameworks import generators_kept, one_thread
from seqwise.doctor.load import loaded
from seqwise.doctor.model_report import model_report
from seqwise.doctor.recurrent_layers import has_sequences, is_keras
from seqwise.doctor.signature import PREDICTIONS, UNDERSTOOD, role_of
from seqwise.errors import UsageError

__all__ = ["report_on"]


def report_on(thing: Any) -> Report:
    """The report on an object, or on that of "FILE.py:NAME".

    Raises:
        UsageError: it is neither a loss nor a model.
    """
    thing, name = loaded(thing) if isinstance(thing, str) else (thing, _name(thing))
    if not callable(thing) and callable(getattr(thing, "forward", None)):
        thing = thing.forward
    if not callable(thing):
        raise UsageError(
            f"doctor: {name} is {_article(type(thing).__name__)}, neither a loss nor a model\n"
            f"  A loss is called with logits and labels; a model is a torch.nn.Module or a keras.Model.\n"
            f"  Parameters are known by name: {UNDERSTOOD}."
        )
    with one_thread(), generators_kept(), contained(name) as printed:
        made = _made(thing, name)
        report = _report_of(made, name if made is thing else _name(made))
    if printed.first:
        said = f"it prints when it is called, which is left out here; the first line is: {printed.first}"
        report = replace(report, notes=(*report.notes, said))
    return report


def _made(thing: Any, name: str) -> Any:
    """The result of a function without parameters; any other object as it is.

    Raises:
        UsageError: the function raises, or makes nothing that can be called.
    """
    if not inspect.isfunction(thing) or inspect.signature(thing).parameters:
        return thing
    try:
        made = thing()
    except Exception as problem:
        raise UsageError(f"doctor: {name}() raises {type(problem).__name__}: {problem}") from problem
    if not callable(made) or (inspect.isfunction(made) and not inspect.signature(made).parameters):
        raise UsageError(
            f"doctor: {name}() gives {_article(type(made).__name__)}, neither a loss nor a model\n"
            f"  A loss takes logits and labels, or a function without parameters gives one."
        )
    return made


def _report_of(thing: Any, name: str) -> Report:
    try:
        return model_report(thing, name) if _is_model(thing, name) else loss_report(thing, name)
    except CallFailed as failure:
        raise UsageError(
            f"doctor: {name} could be called at first, and then raised {failure}\n"
            f"  It must take batches of any number of sequences."
        ) from failure.cause


def _name(thing: Any) -> str:
    return str(getattr(thing, "__name__", type(thing).__name__))


def _article(word: str) -> str:
    return f"{'an' if word[:1] in 'aeiouAEIOU' else 'a'} {word}"


def _is_model(thing: Any, name: str) -> bool:
    """Whether it is a module of torch or Keras that is not called with labels."""
    kinds = (thing if isinstance(thing, type) else type(thing)).__mro__
    names = {(kind.__module__.partition(".")[0], kind.__name__) for kind in kinds}
    if is_keras(thing):
        return True
    if ("torch", "Module") not in names:
        return False
    parameters = [one for one in inspect.signature(thing.forward).parameters.values() if one.name != "self"]
    roles = [role_of(one.name) for one in parameters]
    if "labels" not in roles:
        return not (len(roles) > 1 and roles[1] == "logits") and not _only_computes(thing, parameters)
    # With labels it gives its loss too, as the models of transformers do; without them its outputs.
    labels = parameters[roles.index("labels")]
    reads_sequences = _reads_sequences(thing)
    if labels.default is labels.empty and reads_sequences:
        raise UsageError(
            f"doctor: {name} is a model that must be given {labels.name}\n"
            f"  Let {labels.name} have the default None, and return what is predicted where it is None: its outputs "
            f"are examined, not its loss."
        )
    return labels.default is None and (roles[0] not in PREDICTIONS or reads_sequences)


def _reads_sequences(thing: Any) -> bool:
    module = _module(thing)
    return module is not None and has_sequences(module)


def _only_computes(thing: Any, parameters: list[inspect.Parameter]) -> bool:
    """Whether a module learns nothing, and must be given two things whose names say nothing: logits and labels."""
    required = [one for one in parameters if one.default is one.empty and one.kind is one.POSITIONAL_OR_KEYWORD]
    if len(required) < 2 or any(role_of(one.name) != "unknown" for one in required[:2]):
        return False
    module = _module(thing)
    return module is not None and not any(True for _ in module.parameters())


def _module(thing: Any) -> Any:
    """The module, built when it is a class; None when that cannot be."""
    try:
        return built(thing, _name(thing)) if isinstance(thing, type) else thing
    except UsageError:
        return None
