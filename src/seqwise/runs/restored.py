"""A network as a run folder describes it, with the weights of its file: built only where both agree.

The description says how large the network is, and a wrong one may say anything. So the network is first built without
numbers, under a limit on its parts that the file sets, and compared with the file.
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
    """The untrained network, once it is certain that tensors of these forms fill it; nothing random is drawn.

    Raises:
        RunFolderError: another network is described than the tensors are of; without the name of a file.
    """
    with torch.device("meta"):
        described = _built(build, len(forms))
    if (problem := misfit(forms, {name: Form.of(own) for name, own in described.state_dict().items()})) is not None:
        raise RunFolderError(problem)
    return _built(build, len(forms))


def check_subwords(network: Network, encoding: Encoding) -> None:
    """Raises where a pretrained encoder has no vectors for what it is given to read.

    Raises:
        RunFolderError: an id or a position in a text is out of range; without the name of a file.
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
    except Exception as error:  # whatever torch or transformers raise for sizes that cannot be
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise RunFolderError(lines[0][:300]) from None


class _NothingRandom(TorchFunctionMode):
    """Within it nothing draws weights: all of them will be read."""

    def __torch_function__(self, function: Any, _types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = getattr(function, "__name__", "")
        if name.endswith("_") and name.startswith(_RANDOM):
            return args[0] if args else (kwargs or {}).get("tensor")
        return function(*args, **(kwargs or {}))


@contextmanager
def _limited(tensors: int) -> Iterator[None]:
    """Within it, this thread makes no more parameters and modules than a network of so many tensors has."""
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
