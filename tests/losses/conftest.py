"""The fixtures of the losses' tests: every framework in turn."""

from __future__ import annotations

from collections.abc import Iterator
from unittest import mock

import pytest
from loss_cases import BACKENDS, DIFFERENTIABLE, Backend

from seqwise import _native


@pytest.fixture(params=BACKENDS, ids=lambda backend: backend.name)
def backend(request: pytest.FixtureRequest) -> Backend:
    return request.param


@pytest.fixture(params=DIFFERENTIABLE, ids=lambda backend: backend.name)
def differentiable(request: pytest.FixtureRequest) -> Backend:
    """The frameworks that have gradients."""
    return request.param


@pytest.fixture(params=["compiled", "plain"])
def compiled_or_plain(request: pytest.FixtureRequest) -> Iterator[None]:
    """Once with compiled code, where there is some, and once without."""
    if request.param == "compiled":
        if _native.library() is None:
            pytest.skip("nothing was compiled here")
        yield
    else:
        with mock.patch.object(_native, "library", return_value=None):
            yield
