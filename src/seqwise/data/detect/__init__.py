"""Columns -> input and targets: finds them in a file and says why; what the user asked for comes first.

_requested  what the user asked for          _columns   the columns of a source, as a sample shows them
_input      which column is the input        _targets   the targets that flags name
_found      the targets that none names      _steps     text and labels per step, cut into equally many
_find       all of it, in order, with the messages that report it
"""

from seqwise.data.detect._columns import is_label_column
from seqwise.data.detect._find import Detected, find_spec
from seqwise.data.detect._requested import Requested
from seqwise.data.detect._targets import target_flags

__all__ = ["Detected", "Requested", "find_spec", "is_label_column", "target_flags"]
