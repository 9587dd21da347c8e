"""Watches which functions of torch run inside the user's code, where behaviour alone cannot tell whose doing it is."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from seqwise.doctor.frameworks import Framework

__all__ = ["TorchCall", "torch_calls"]


@dataclass(frozen=True)
class TorchCall:
    """One call of a function or method of torch.

    Attributes:
        name: without its module: "softmax", "mean".
        arguments: all that were given by position.
        options: all that were given by keyword.
        result: what it returned.
    """

    name: str
    arguments: tuple[Any, ...]
    options: dict[str, Any]
    result: Any

    def argument(self, place: int, name: str) -> Any:
        """An argument by place or name; None when it was not given."""
        return self.arguments[place] if len(self.arguments) > place else self.options.get(name)


def torch_calls(framework: Framework, run: Callable[[], Any]) -> list[TorchCall]:
    """The calls that happen while something runs, in order; none where the framework is not torch."""
    if "torch" not in framework.name or "torch" not in sys.modules:
        return []
    from torch.overrides import TorchFunctionMode

    seen: list[TorchCall] = []

    class Watch(TorchFunctionMode):
        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            result = func(*args, **(kwargs or {}))
            seen.append(TorchCall(getattr(func, "__name__", ""), args, kwargs or {}, result))
            return result

    with Watch():
        run()
    return seen
