"""Accepts a run folder whose files were changed on purpose: python -m seqwise.runs.accept RUN.

The folder is first loaded with every check except the checksums; then the new checksums are written to `manifest.json`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from seqwise.errors import SeqwiseError
from seqwise.runs.loading import read_parts
from seqwise.runs.manifest import accept_changes
from seqwise.runs.run_folder import RunFolder

__all__ = ["main"]


def main(run: str) -> int:
    """Accepts the folder, prints how it differs from the output of training, and returns the exit status."""
    folder = RunFolder(Path(run))
    try:
        read_parts(folder)
        changes = accept_changes(folder)
    except SeqwiseError as error:
        print(f"seqwise: {error}", file=sys.stderr)  # noqa: T201
        return 2
    print("\n".join(changes) or "nothing has changed")  # noqa: T201
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
