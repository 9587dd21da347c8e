"""FILE.py:NAME -> the object, with a message that helps when there is no such thing."""

from __future__ import annotations

import os
import sys
import traceback
from importlib import util
from pathlib import Path
from types import ModuleType
from typing import Any

from seqwise.errors import UsageError, did_you_mean, listed

__all__ = ["loaded"]


def loaded(place: str) -> tuple[Any, str]:
    """The object of that name in that file, and its name.

    Args:
        place: "FILE.py:NAME"; NAME may have dots.

    Raises:
        UsageError: there is no such file or name, or the file raises when it is run.
    """
    file, _, name = place.rpartition(":")
    if not file or not name:
        path = Path(place.rstrip(":"))
        known = f" {path} has {listed(_public(_module(path)))}." if path.is_file() else ""
        raise UsageError(f"doctor: {place}: which loss or model is meant? Write FILE.py:NAME.{known}")
    module = _module(Path(file))
    thing: Any = module
    for part in name.split("."):
        if not hasattr(thing, part):
            names = _public(thing)
            hint = did_you_mean(part, names)
            has = f"It has {listed(names)}." if names else "It defines nothing that can be called."
            raise UsageError(f"doctor: {file}: there is no '{part}'\n  {hint}{' ' if hint else ''}{has}")
        thing = getattr(thing, part)
    return thing, name


def _module(path: Path) -> ModuleType:
    if not path.is_file():
        near = did_you_mean(path.name, [one.name for one in path.parent.glob("*.py")]) if path.parent.is_dir() else ""
        raise UsageError(f"doctor: {path}: there is no such file{chr(10) + '  ' + near if near else ''}")
    spec = util.spec_from_file_location(f"seqwise_doctor_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise UsageError(f"doctor: {path}: not a Python file\n  Write FILE.py:NAME.")
    _choose_backend()
    module = util.module_from_spec(spec)
    sys.modules[spec.name] = module
    sys.path.insert(0, str(path.resolve().parent))
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as problem:
        raise UsageError(
            f"doctor: {path}{_line_in(path, problem)}: the file raises {type(problem).__name__}: {problem}\n"
            f"  The doctor runs the file to get at what is in it; keep training under if __name__ == '__main__'."
        ) from problem
    finally:
        sys.path.remove(str(path.resolve().parent))
    return module


def _choose_backend() -> None:
    """Keras asks for TensorFlow unless told otherwise; where that is missing, torch is there.

    TensorFlow logs what is wrong in calls that the doctor makes to see whether they work; that is no news.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if "KERAS_BACKEND" not in os.environ and util.find_spec("tensorflow") is None:
        os.environ["KERAS_BACKEND"] = "torch"


def _line_in(path: Path, problem: BaseException) -> str:
    """The line of the file in which something was raised, as ":12"."""
    if isinstance(problem, SyntaxError):
        return f":{problem.lineno}"
    frames = traceback.extract_tb(problem.__traceback__)
    lines = [frame.lineno for frame in frames if Path(frame.filename).resolve() == path.resolve()]
    return f":{lines[-1]}" if lines else ""


def _public(thing: Any) -> list[str]:
    """Names of what could be examined: what is defined there and can be called."""
    home = getattr(thing, "__name__", None)
    return [
        name
        for name, value in vars(thing).items()
        if callable(value) and not name.startswith("_") and getattr(value, "__module__", home) == home
    ]
