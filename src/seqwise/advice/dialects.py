"""Code templates of each framework for the code of an advice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["DIALECTS", "Dialect"]


@dataclass(frozen=True)
class Dialect:
    """Code templates of one framework; names in braces are filled in.

    Attributes:
        imports: the lines before the import of the loss.
        xp: the namespace of array functions, for poolings.
        states: random states.
        integers: random integers from 0 to below `high`.
        integers_below: the same for a tuple `high` with one bound per output.
        uniform: random numbers from 0 to 1.
        arange: the integers from 0 to below a bound.
        array: an array from a tuple.
        one_hot: indices as one-hot labels.
        head: the head's parameters.
        applied: the head applied to vectors.
        reshaped: an array in another shape.
        best: the index of the largest logit.
        looked_up: integer `values` at indices.
        named: `values` of any kind at indices, in NumPy.
        softmax: probabilities of logits over classes.
        sigmoid: probabilities of yes-or-no logits.
        attention: the parameters of an attention pooling.
        scores: the scores of an attention pooling.
        zeros: the transitions of a CRF before training.
        infinity: the largest number.
        backward: the lines after the loss.
    """

    imports: str
    xp: str
    states: str
    integers: str
    integers_below: str
    uniform: str
    arange: str
    array: str
    one_hot: str
    head: str
    applied: str
    reshaped: str
    best: str
    looked_up: str
    named: str
    softmax: str
    sigmoid: str
    attention: str
    scores: str
    zeros: str
    infinity: str
    backward: str = ""


_IN_NUMPY = {
    "integers": "rng.integers({high}, size={shape})",
    "integers_below": "rng.integers({high}, size={shape})",
    "uniform": "rng.random({shape})",
    "arange": "np.arange",
    "array": "np.array({values})",
    "one_hot": "np.eye({classes})[{index}]",
    "infinity": "np.inf",
}
"""NumPy arrays of labels, masks and lengths, as data usually arrive; shared by three of the four frameworks."""

_BY_HAND = {
    "applied": "{vectors} @ weight + bias",
    "reshaped": "({array}).reshape{shape}",
    "best": "logits.argmax(-1)",
    "scores": "({xp}.tanh(states @ projection) @ score)[..., 0]",
}
"""NumPy and JAX use arrays of parameters instead of layers."""

DIALECTS: Mapping[str, Dialect] = MappingProxyType(
    {
        "torch": Dialect(
            imports="import torch",
            xp="torch",
            states="torch.randn{shape}",
            integers="torch.randint({high}, {shape})",
            integers_below="(torch.rand{shape} * torch.tensor({high})).long()",
            uniform="torch.rand{shape}",
            arange="torch.arange",
            array="torch.tensor({values})",
            one_hot="torch.nn.functional.one_hot({index}, {classes}).float()",
            head="head = torch.nn.Linear({inputs}, {outputs})",
            applied="head({vectors})",
            reshaped="{array}.reshape{shape}",
            best="logits.argmax(-1)",
            looked_up="torch.tensor(values)[{index}]",
            named="np.array(values)[{index}.numpy()]",
            softmax="probabilities = logits.softmax(dim=-1)",
            sigmoid="probabilities = logits.sigmoid()",
            attention="",
            scores="",
            zeros="transitions = torch.nn.Parameter(torch.zeros{shape})",
            infinity="torch.inf",
            backward="loss.backward()",
        ),
        "keras": Dialect(
            imports="import keras\nimport numpy as np",
            xp="keras.ops",
            states='rng.normal(size={shape}).astype("float32")',
            head="head = keras.layers.Dense({outputs})",
            applied="head({vectors})",
            reshaped="keras.ops.reshape({array}, {shape})",
            best="keras.ops.argmax(logits, axis=-1)",
            looked_up="np.array(values)[keras.ops.convert_to_numpy({index})]",
            named="np.array(values)[keras.ops.convert_to_numpy({index})]",
            softmax="probabilities = keras.ops.softmax(logits, axis=-1)",
            sigmoid="probabilities = keras.ops.sigmoid(logits)",
            attention="projection = keras.layers.Dense({size}, activation='tanh')\n"
            "score = keras.layers.Dense(1, use_bias=False)",
            scores="score(projection(states))[..., 0]",
            zeros="transitions = keras.Variable(keras.ops.zeros({shape}))",
            **_IN_NUMPY,
        ),
        "jax": Dialect(
            imports="import jax.numpy as jnp\nimport numpy as np",
            xp="jnp",
            states="jnp.array(rng.normal(size={shape}))",
            head="weight = jnp.array(rng.normal(size=({inputs}, {outputs})) / {inputs}**0.5)\n"
            "bias = jnp.zeros({outputs})",
            looked_up="jnp.array(values)[{index}]",
            named="np.array(values)[np.asarray({index})]",
            softmax="probabilities = jax.nn.softmax(logits, axis=-1)",
            sigmoid="probabilities = jax.nn.sigmoid(logits)",
            attention="projection = jnp.array(rng.normal(size=({size}, {size})) / {size}**0.5)\n"
            "score = jnp.array(rng.normal(size=({size}, 1)) / {size}**0.5)",
            zeros="transitions = jnp.zeros({shape})",
            **_IN_NUMPY,
            **_BY_HAND,
        ),
        "numpy": Dialect(
            imports="import numpy as np",
            xp="np",
            states="rng.normal(size={shape})",
            head="weight = rng.normal(size=({inputs}, {outputs})) / {inputs}**0.5\nbias = np.zeros({outputs})",
            looked_up="np.array(values)[{index}]",
            named="np.array(values)[{index}]",
            softmax="exponentials = np.exp(logits - logits.max(axis=-1, keepdims=True))\n"
            "probabilities = exponentials / exponentials.sum(axis=-1, keepdims=True)",
            sigmoid="probabilities = 1 / (1 + np.exp(-logits))",
            attention="projection = rng.normal(size=({size}, {size})) / {size}**0.5\n"
            "score = rng.normal(size=({size}, 1)) / {size}**0.5",
            zeros="transitions = np.zeros({shape})",
            **_IN_NUMPY,
            **_BY_HAND,
        ),
    }
)
"""The frameworks by their names in `--framework`, in the order in which their code is printed."""
