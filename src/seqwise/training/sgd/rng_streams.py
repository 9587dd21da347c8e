"""Random numbers by their place in a training: any of them can be drawn again without those before."""

from __future__ import annotations

import numpy as np

__all__ = ["RngStreams"]


class RngStreams:
    """Streams of random numbers, numbered by four integers; those of one seed do not overlap.

    A generator that counts gives the n-th number from n and a key alone: the key is made from the seed, the number of
    a stream stands in the upper digits of n. Going to a stream takes a tenth of the time of seeding a new generator.

    Args:
        seed: 0 or above.

    References:
        Salmon, Moraes, Dror and Shaw (2011), Parallel Random Numbers: As Easy as 1, 2, 3.

    Examples:
        >>> draws = RngStreams(seed=1)
        >>> first = draws.at(2, 0, 7, 0).random()
        >>> other = draws.at(2, 0, 8, 0).random()
        >>> draws.at(2, 0, 7, 0).random() == first != other
        True
    """

    def __init__(self, seed: int) -> None:
        self._philox = np.random.Philox(seed)
        self._start = self._philox.state
        self._generator = np.random.Generator(self._philox)

    def at(self, purpose: int, epoch: int, step: int, part: int) -> np.random.Generator:
        """The generator, at the beginning of a stream; it draws from that until the next call.

        Args:
            purpose: what is drawn, from 0 to 2^20 - 1, as are epoch and part.
            epoch: of the training.
            step: of the epoch, from 0 to 2^64 - 1.
            part: of the step.
        """
        counter = (0, 0, step, purpose << 40 | epoch << 20 | part)
        self._start["state"]["counter"] = np.array(counter, dtype=np.uint64)
        self._philox.state = self._start
        return self._generator
