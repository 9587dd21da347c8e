"""The examination of a loss: an object in, a report out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from seqwise.doctor.bugs import BUGS, explained
from seqwise.doctor.called_loss import CallFailed, Loss
from seqwise.doctor.describe import described
from seqwise.doctor.findings_report import Finding, Report
from seqwise.doctor.frameworks import framework_named, frameworks_of, library_of
from seqwise.doctor.laws import LOSS_LAWS, Comparison, Law
from seqwise.doctor.mask_channels import required_channels
from seqwise.doctor.probe import probed
from seqwise.doctor.signature import PREDICTIONS, UNDERSTOOD, Signature, constructor_of, signature_of
from seqwise.errors import UsageError, listed

__all__ = ["examined", "loss_report"]


def loss_report(thing: Any, name: str) -> Report:
    """The findings about a loss: a function, an object that can be called, or a class of such objects.

    Raises:
        UsageError: it cannot be called in any way that the doctor understands.
    """
    loss = _understood(thing, name)
    return examined(loss, LOSS_LAWS, described(loss))


def _understood(thing: Any, name: str) -> Loss:
    """The loss, in the first framework in which it can be called."""
    problems: list[str] = []
    for loss in _candidates(thing, name, problems):
        found = probed(loss, thing)
        if found is not None:
            return found
        problems.append(_first_problem(loss))
    if isinstance(thing, type):
        _must_be_made(thing, name)
    raise UsageError(
        f"doctor: {name} could not be called as a loss: {problems[0] if problems else 'no framework fits it'}\n"
        f"  A loss takes logits (B, T, C), (B, C, T) or (N, C) and labels of the same positions, as class indices or "
        f"one-hot.\n  Parameters are known by name: {UNDERSTOOD}."
    )


def _must_be_made(kind: type, name: str) -> None:
    """Says that an object is wanted where the class cannot be built as the doctor would.

    Raises:
        UsageError: it cannot be built.
    """
    constructor = constructor_of(kind)
    unknown = [one.name for one in constructor.unknown()]
    how = f"  Name an object of it instead: loss = {name}(...) in the file, then FILE.py:loss."
    if unknown:
        raise UsageError(
            f"doctor: {name} is a class, and the doctor does not know what to give it for {listed(unknown)}\n{how}"
        )
    loss = Loss(name, kind, Signature(()), constructor, framework_named("numpy"))
    try:
        framework_named(frameworks_of(kind)[0]).call(kind, [], loss.made_with())
    except Exception as problem:  # whatever the user's code raises
        given = ", ".join(f"{key}={value}" for key, value in loss.made_with().items())
        raise UsageError(f"doctor: {name}({given}) raises {type(problem).__name__}: {problem}\n{how}") from problem


def _candidates(thing: Any, name: str, problems: list[str]) -> Iterator[Loss]:
    """The loss in each framework that it may belong to, with its parameters in each order that is possible."""
    for framework_name in frameworks_of(thing):
        try:
            framework = framework_named(framework_name)
        except ImportError as problem:
            problems.append(str(problem))
            continue
        for labels_first in (framework.labels_first, not framework.labels_first):
            signature, constructor, build = _callable(thing, labels_first)
            if signature.named("labels") is None or not any(signature.named(one) for one in PREDICTIONS):
                problems.append("it has no parameters for logits and labels")
                continue
            unknown = [one.name for one in (*signature.unknown(), *constructor.unknown())]
            if unknown:
                problems.append(f"nothing is known of its parameter {listed(unknown)}, which has no default")
                continue
            yield Loss(name, build, signature, constructor, framework, library_of(thing))


def _callable(thing: Any, labels_first: bool) -> tuple[Signature, Signature, Callable[..., Any]]:
    """The signature of the call, that of the constructor if there is one, and what builds the callable."""
    if not isinstance(thing, type):
        return signature_of(thing, labels_first), Signature(()), lambda: thing
    built: dict[str, Any] = {}

    def build(**options: Any) -> Any:
        key = repr(sorted(options.items()))
        if key not in built:
            made = thing(**options)
            built[key] = made if callable(made) else made.forward
        return built[key]

    method = next((getattr(thing, one) for one in ("forward", "call", "__call__") if hasattr(thing, one)), None)
    if method is None or method is object.__call__:
        return Signature(()), Signature(()), build
    return signature_of(method, labels_first, is_method=True), constructor_of(thing), build


def _first_problem(loss: Loss) -> str:
    loss = replace(loss, channels=next(iter(required_channels(loss)), ()))
    try:
        loss.value(*loss.data(3, 4))
    except CallFailed as failure:
        return f"it raises {failure}"
    return "it gives no finite number, or the same one whatever the logits"


# Laws to findings ----------------------------------------------------------------------------------------------------


def examined(subject: Any, laws: Sequence[Law], text: str) -> Report:
    """The report on a loss or model for these laws."""
    failures: list[tuple[Law, Comparison, str | None]] = []
    held: list[Finding] = []
    untested: list[tuple[str, str]] = []
    for law in laws:
        try:
            reason = law.untested(subject)
            comparisons = [] if reason else _compared(law, subject)
        except CallFailed as failure:
            reason, comparisons = f"it raised {failure}", []
        failed = [one for one in comparisons if not one.agrees and not _foreign(subject, law, one)]
        if reason or not comparisons:
            untested.append((law.name, reason or "nothing to compare"))
        elif failed:
            failures.append((law, _smallest(law, subject, failed[0]), _bug(law, subject, failed[0])))
        elif all(one.agrees for one in comparisons):
            held.append(_held(law, comparisons))
    findings = _diagnosed(failures)
    order = [law.name for law in laws]
    return Report(
        text,
        tuple(sorted([*findings, *held], key=lambda one: order.index(one.law))),
        tuple(untested),
        tuple(subject.notes),
    )


def _bug(law: Law, subject: Any, failed: Comparison) -> str | None:
    """The name of the bug; None when what would tell it cannot be measured, because the user's code raises."""
    try:
        return law.bug(subject, failed)
    except CallFailed:
        return None


def _compared(law: Law, subject: Any) -> list[Comparison]:
    """All comparisons of a law; sizes at which the user's code raises are left out."""
    found: list[Comparison] = []
    failures: list[CallFailed] = []
    for size in law.sizes(subject):
        if not subject.works_at(size):
            continue
        try:
            found += law.comparisons(subject, size)
        except CallFailed as failure:
            failures.append(failure)
    if failures and not found:
        raise failures[0]
    return found


def _smallest(law: Law, subject: Any, failed: Comparison) -> Comparison:
    """The failing comparison with the fewest numbers, with two classes where that is possible."""
    fewer = [subject.with_classes(2)] if hasattr(subject, "with_classes") else []
    for size in (*law.smaller, *law.sizes(subject)):
        for one in [*fewer, subject]:
            try:
                if not one.works_at(size):
                    continue
                broken = [found for found in law.comparisons(one, size) if not found.agrees]
            except Exception:
                continue
            broken = [found for found in broken if _owner(subject, found) is None]
            if broken:
                return broken[0]
    return failed


def _held(law: Law, comparisons: Sequence[Comparison]) -> Finding:
    conventions = [one.context["convention"] for one in comparisons if "convention" in one.context]
    bug, note = conventions[0] if conventions else (None, None)
    return Finding(law.name, True, bug, note=note)


def _foreign(subject: Any, law: Law, comparison: Comparison) -> bool:
    """Whether it is a library's documented behaviour, which is noted and no fault of the user's."""
    owner = _owner(subject, comparison)
    if owner is None:
        return False
    bug = _bug(law, subject, comparison)
    what = f"{BUGS[bug].is_that} ({bug})" if bug else f"it breaks the law that {law.name}"
    channel = comparison.context.get("channel")
    told = f", told by {channel.text}" if channel is not None else ""
    subject.note(f"known of {owner}{told}, and no fault of yours: {what}")
    return True


def _owner(subject: Any, comparison: Comparison) -> str | None:
    channel = comparison.context.get("channel")
    return comparison.context.get("owner") or subject.library or getattr(channel, "owner", None)


def _diagnosed(failures: Sequence[tuple[Law, Comparison, str | None]]) -> list[Finding]:
    """One finding for each failure; those that follow from another bug carry its name and are marked."""
    causes = explained({bug for _, _, bug in failures if bug is not None})
    seen: set[str] = set()
    findings: list[Finding] = []
    for law, comparison, bug in sorted(failures, key=lambda failure: failure[2] in causes):
        root = causes.get(bug, bug) if bug else None
        is_symptom = root in seen or bug in causes
        if root:
            seen.add(root)
        fix = BUGS[root].fix if root else None
        findings.append(Finding(law.name, False, root, comparison.to_json(), fix, bool(is_symptom)))
    return findings
