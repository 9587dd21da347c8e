"""What every test shares: one thread, so that tests side by side do not wait for each other's cores.

JAX compiles every operation for every shape, which takes longer than all that is computed. What it compiled is kept in
a folder of the clone, for the processes beside this one and for the next time.
"""

from __future__ import annotations

import os
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("KERAS_BACKEND", "torch")
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(Path(__file__).parents[1] / ".jax_cache"))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")

if "SEQWISE_LIBRARIES" in os.environ:  # compiled with sanitizers, say: `make nightly`
    from seqwise import _native

    _native._FOLDER = Path(os.environ["SEQWISE_LIBRARIES"]).resolve()
