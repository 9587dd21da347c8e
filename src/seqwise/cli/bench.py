"""`seqwise bench`: benchmarks the losses and layers on this machine against torch's own."""

from __future__ import annotations

import json
from typing import Annotated, Optional

import typer

__all__ = ["bench"]

_Words = Optional[list[str]]  # noqa: UP045 - typer reads the annotation
_Number = Optional[int]  # noqa: UP045


def bench(
    names: Annotated[
        _Words, typer.Argument(help="Only cases with one of these words in the title.", show_default=False)
    ] = None,
    seconds: Annotated[
        float, typer.Option(min=0.01, help="Time per case in seconds; at least 3 rounds are run.")
    ] = 2.0,
    threads: Annotated[_Number, typer.Option(min=1, help="Number of threads; torch decides by default.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON per case.")] = False,
) -> None:
    """Benchmark the losses and layers against torch's own functions and the theoretical minimum.

    All implementations of a case must give the same values and gradients before any is timed. They run in alternation,
    so that ratios are reliable on a busy machine too. A ratio below 1 means that seqwise is faster. The limit is the
    work that no implementation can avoid, such as the bare matrix products.
    """
    import torch

    from seqwise.bench import CASES, machine, measure, versions
    from seqwise.bench.bench_text import lines
    from seqwise.bench.machine import described
    from seqwise.errors import ConfigError

    chosen = [case for case in CASES if not names or any(name in case.title for name in names)]
    if not chosen:
        titles = "\n".join(f"    {case.title}" for case in CASES)
        raise ConfigError(
            f"bench: no case has {' or '.join(names or [])} in its title\n  expected: a word of\n{titles}"
        )
    if threads is not None:
        torch.set_num_threads(threads)
    facts = {"machine": machine(torch.get_num_threads()), "versions": versions()}
    typer.echo(described(**facts), err=True)
    for case in chosen:
        measured = measure(case, seconds=seconds)
        if as_json:
            typer.echo(json.dumps({**measured.to_json(), **facts}, ensure_ascii=False))
        else:
            typer.echo("\n".join(["", *lines(measured)]))
