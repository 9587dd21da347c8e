"""Words for the shell: one file per command, each a thin layer over a plain function."""

from __future__ import annotations

import os
import sys

__all__ = ["main"]


def main() -> None:
    """Runs the command line; a user's mistake is one message on stderr and exit status 2."""
    # Threads that wait for each other sleep instead of spinning: on a machine that does other work beside, two
    # spinning threads are many times slower than one. It must be set before a framework starts its threads.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
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
