"""`python -m seqwise`: the command line, where the `seqwise` command is not on the PATH."""

from __future__ import annotations

from seqwise.cli import main

if __name__ == "__main__":
    main()
