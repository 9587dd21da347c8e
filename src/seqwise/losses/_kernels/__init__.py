"""Optional fast paths of the losses, used by `seqwise.losses.torch` alone; the plain path is beside them always.

A fast path gives what the plain one gives, values and gradients, up to rounding; tests compare them option by option.
It takes what it is made for and leaves all else to the plain path: other devices and types, traces and transforms.
"""

from __future__ import annotations
