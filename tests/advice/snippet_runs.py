"""Runs printed code and hands back its numbers as NumPy arrays; as a program, a batch of it for one Keras backend."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

NAMES = (
    "loss",
    "logits",
    "probabilities",
    "emissions",
    "transitions",
    "labels",
    "tags",
    "mask",
    "lengths",
    "values",
    "predicted",
    "states",
    "counts",
    "pooled",
)


def run_here(code: str) -> dict[str, Any]:
    """The arrays that the code leaves, by name."""
    names: dict[str, Any] = {}
    exec(compile(code, "<advice>", "exec"), names)
    return {name: names[name] if name == "values" else as_numpy(names[name]) for name in NAMES if name in names}


def as_numpy(array: Any) -> Any:
    if hasattr(array, "detach"):
        return array.detach().cpu().numpy()
    if type(array).__module__.startswith(("keras", "tensorflow")):
        import keras

        return keras.ops.convert_to_numpy(array)
    return np.asarray(array)


def run_in_keras(codes: dict[str, str], backend: str) -> dict[str, Any]:
    """What each of the codes leaves, or the error it raised, in one process of this backend."""
    done = subprocess.run(
        [sys.executable, __file__],
        input=pickle.dumps(codes),
        capture_output=True,
        env={**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": path_of_seqwise()},
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return pickle.loads(done.stdout)


def path_of_seqwise() -> str:
    import seqwise

    return str(Path(seqwise.__file__).parents[1])


def outcome(code: str) -> Any:
    try:
        return run_here(code)
    except Exception as error:
        return f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    given = pickle.loads(sys.stdin.buffer.read())
    results = {name: outcome(code) for name, code in given.items()}
    sys.stdout.buffer.write(pickle.dumps(results))
