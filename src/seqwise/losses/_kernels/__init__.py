"""Optional fast paths of the losses of torch; a plain path always exists too.

A fast path gives what the plain one gives, values and gradients, up to rounding; tests compare them option by option.
Other devices and types, traces and transforms take the plain path.
"""

from __future__ import annotations
