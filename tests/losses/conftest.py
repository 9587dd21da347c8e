"""The fixtures of the losses' tests: every framework in turn."""

from __future__ import annotations

import pytest
from loss_cases import BACKENDS, DIFFERENTIABLE, Backend


@pytest.fixture(params=BACKENDS, ids=lambda backend: backend.name)
def backend(request: pytest.FixtureRequest) -> Backend:
    return request.param


@pytest.fixture(params=DIFFERENTIABLE, ids=lambda backend: backend.name)
def differentiable(request: pytest.FixtureRequest) -> Backend:
    """The frameworks that have gradients."""
    return request.param
