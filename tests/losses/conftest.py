"""The one fixture of the losses' tests: every framework in turn."""

from __future__ import annotations

import pytest
from loss_cases import BACKENDS, Backend


@pytest.fixture(params=BACKENDS, ids=lambda backend: backend.name)
def backend(request: pytest.FixtureRequest) -> Backend:
    return request.param
