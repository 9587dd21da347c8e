"""What every test shares: one thread, so that tests side by side do not wait for each other's cores."""

from __future__ import annotations

import os
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("KERAS_BACKEND", "torch")

if "SEQWISE_LIBRARIES" in os.environ:  # compiled with sanitizers, say: `make nightly`
    from seqwise import _native

    _native._FOLDER = Path(os.environ["SEQWISE_LIBRARIES"]).resolve()
