"""Words for the shell: one file per command, each a thin layer over a plain function."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Runs the command line; a user's mistake is one message on stderr and exit status 2."""
    from seqwise.cli.app import app
    from seqwise.errors import SeqwiseError

    try:
        app()
    except SeqwiseError as error:
        print(f"seqwise: {error}", file=sys.stderr)  # noqa: T201
        sys.exit(2)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(141)
    except KeyboardInterrupt:
        print("seqwise: interrupted before anything was saved", file=sys.stderr)  # noqa: T201
        sys.exit(130)
