"""Rebuilds the network of a run folder, only if its description agrees with the weights file.

The description sets the size of the network, and a wrong one may set any size. So the network is first built without
values, with no more modules than the weights file allows, and compared with the file.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch.nn.modules import module as hooks
from torch.overrides import TorchFunctionMode

from seqwise.data.encoding import Encoding
from seqwise.errors import RunFolderError
from seqwise.nn import Network, SubwordEncoder
from seqwise.runs.run_folder import Form
from seqwise.runs.tensor_checks import misfit
from seqwise.task.transformers_folder import positions_of

__all__ = ["check_subwords", "fitting_network"]

_MODULES_PER_TENSOR = 20
_RANDOM = ("normal_", "uniform_", "trunc_normal_", "orthogonal_", "kaiming_", "xavier_", "exponential_")


def fitting_network(build: Callable[[], Network], forms: Mapping[str, Form]) -> Network:
    """The untrained network, after a check that tensors of these forms fill it; uses no random numbers.

    Raises:
        RunFolderError: the tensors belong to another network; without a file name.
    """
    with torch.device("meta"):
        described = _built(build, len(forms))
    if (problem := misfit(forms, {name: Form.of(own) for name, own in described.state_dict().items()})) is not None:
        raise RunFolderError(problem)
    return _built(build, len(forms))


def check_subwords(network: Network, encoding: Encoding) -> None:
    """Raises if a pretrained encoder has no vectors for some of its input ids.

    Raises:
        RunFolderError: an id or a position in a text is out of range; without a file name.
    """
    for module in network.modules():
        if not isinstance(module, SubwordEncoder):
            continue
        vectors = module.network.get_input_embeddings().num_embeddings  # type: ignore[operator]
        tokens = encoding.id_count - 1
        longest = module.window + len(module.prefix) + len(module.suffix)
        if tokens > vectors:
            raise RunFolderError(
                f"its encoder has vectors of {vectors:,} subword tokens, the tokenizer makes {tokens:,}"
            )
        if longest > positions_of(module.network):
            raise RunFolderError(f"its encoder reads fewer than the {longest:,} subword tokens of 'window'")


def _built(build: Callable[[], Network], tensors: int) -> Network:
    try:
        with _NothingRandom(), _limited(tensors):
            return build()
    except RunFolderError:
        raise
    except Exception as error:  # whatever torch or transformers raise for impossible sizes
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise RunFolderError(lines[0][:300]) from None


class _NothingRandom(TorchFunctionMode):
    """Turns off random initialisation, since all weights are read from the file."""

    def __torch_function__(self, function: Any, _types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = getattr(function, "__name__", "")
        if name.endswith("_") and name.startswith(_RANDOM):
            return args[0] if args else (kwargs or {}).get("tensor")
        return function(*args, **(kwargs or {}))


@contextmanager
def _limited(tensors: int) -> Iterator[None]:
    """Limits the parameters and modules that this thread creates to those of a network with so many tensors."""
    left = {"tensors": 100 + 2 * tensors, "modules": 100 + _MODULES_PER_TENSOR * tensors}
    thread = threading.get_ident()

    def count(what: str) -> Callable[..., None]:
        def counted(*given: Any) -> None:
            if given[-1] is None or threading.get_ident() != thread:
                return
            left[what] -= 1
            if left[what] < 0:
                raise RunFolderError(f"it has {tensors:,} tensors, and the model has more")

        return counted

    handles = [
        hooks.register_module_parameter_registration_hook(count("tensors")),
        hooks.register_module_module_registration_hook(count("modules")),
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
