"""A target of this process for others: reads calls from standard input, and writes answers to standard output.

``python -m enomem.checks.targets.serve NAME``. Who has written a `Target` for a library of their own calls `serve` with
it, and is an adapter.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import TextIO

from . import protocol
from .target import Target


def serve(target: Target, calls: Iterable[str], answers: TextIO) -> None:
    """Introduce a target, and answer the calls until there are no more."""
    answers.write(protocol.line(protocol.greeting(target)))
    answers.flush()
    for text in calls:
        try:
            call = protocol.parse(text)
        except protocol.Garbled as why:
            answers.write(protocol.line({"id": None, "fault": f"a call could not be read: {why}"}))
        else:
            answers.write(protocol.line(protocol.answer(target, call)))
        answers.flush()
    target.end()


def serve_process(target: Target) -> None:
    """Serve by standard input and output; what else is printed in this process goes to standard error."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    with answers:
        serve(target, sys.stdin, answers)


def main(arguments: list[str]) -> int:
    """Serve the target of that name; 2 if there is none."""
    from ..errors import UsageError
    from .registry import in_process

    try:
        if len(arguments) != 1:
            raise UsageError("say which target is to be served: python -m enomem.checks.targets.serve NAME")
        target = in_process(arguments[0])
    except UsageError as error:
        print(f"enomem: {error}", file=sys.stderr)  # noqa: T201 - this is a program
        return 2
    serve_process(target)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
