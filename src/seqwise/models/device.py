"""Where a model computes."""

from __future__ import annotations

import torch

from seqwise.errors import ConfigError, listed

__all__ = ["choose_device"]


def choose_device(name: str) -> torch.device:
    """The device of that name; `auto` is the first of CUDA, Apple's MPS and the CPU that is there.

    Raises:
        ConfigError: the device is not there.
    """
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name not in ("auto", *available):
        raise ConfigError(f"there is no device '{name}'; choose auto, {', '.join(available)}")
    if name == "auto":
        name = next(device for device, there in available.items() if there)
    if not available[name]:
        there = [device for device, is_there in available.items() if is_there]
        raise ConfigError(f"device '{name}' is not there: this machine has {listed(there)} only")
    return torch.device(name)
