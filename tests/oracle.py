"""The definitions of the losses as plain Python loops: what every framework's file is compared with.

They are public, as `seqwise.testing.oracle`, and import nothing of seqwise.
"""

from __future__ import annotations

from seqwise.testing.oracle import *  # noqa: F403
