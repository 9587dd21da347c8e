"""Runs the command line as `python -m seqwise`, for when the `seqwise` command is not on the PATH."""

from __future__ import annotations

from seqwise.cli import main

if __name__ == "__main__":
    main()
