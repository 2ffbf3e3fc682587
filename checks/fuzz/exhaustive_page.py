"""``docs/generated/exhaustive.md`` from the results of exhaustive runs that are kept.

``python -m enomem.checks.fuzz.exhaustive_page docs/generated`` reads ``exhaustive/*.jsonl`` there, which
``enomem fuzz --exhaustive --results FILE`` writes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ..words.markdown import table, write_page
from .models import Deviation, Result, read

FOLDER, PAGE = "exhaustive", "exhaustive.md"
HEAD = """<!-- Made by `python -m enomem.checks.fuzz.exhaustive_page docs/generated`; do not edit. -->

# Every call in every state of bounded models

What `enomem fuzz --exhaustive` ([how](../fuzzing.md#every-call-in-every-state)) found. A model is named by the types
of its sockets, the first of which listens; a send mark is one message (with kills as many as there may be parts), and
at most so many *parts* are in all pipes and queues together. `+kills`: sockets are closed, also with a message on its
way, and others take their places; who listens stops listening. `+edge`: the sender's pipe begins three parts before
the end of its chunk of 256.

A *state* is what can be known from outside when nothing is under way: all states of the model that explain what was
seen, and who dropped a message and has sent nothing since. A *transition* is a call in a state with one answer that
the model has for it: a part, a receive, an abort, a subscription, a connect, disconnect, bind, unbind, close or
restart, and each of them with a refusal at every site where it asks. It is *taken* when that answer was seen there.
*Not shown*: its call was made there at least once, and up to three times, and the target, which may choose, answered
otherwise; *behind*: only such transitions, or deviations, lead to it. *Left out*: outcomes after which somebody is
refused a connection again and again, so that nothing is ever over, more than 64 states are possible, or a wound pipe
has gone four parts into its next chunk. A *test* is a call made in a state.

"""
COLUMNS = (
    "model", "parts", "states", "transitions", "taken", "deviated", "not shown", "behind", "left out", "tests",
    "seconds", "deviations",
)  # fmt: skip


def page(kept: Mapping[str, Sequence[Result]]) -> str:
    """The whole page, of results by the names of their files."""
    return HEAD + "\n".join(text for results in kept.values() if results for text in _of_target(results))


def _of_target(results: Sequence[Result]) -> Iterator[str]:
    first = results[0]
    yield f"## {first.target}\n\n{first.target} {first.version}, {first.policy}. {_summed(results)}\n"
    yield table(COLUMNS, map(_row, results))
    found: dict[str, list[tuple[Result, Deviation]]] = {}
    for result in results:
        for deviation in result.deviations:
            found.setdefault(deviation.kind, []).append((result, deviation))
    if not found:
        yield f"### Deviations of {first.target}\n\nNone.\n"
        return
    yield f"### Deviations of {first.target}\n"
    yield table(
        ("kind", "in models", "times", "the shortest program's end"),
        [
            [
                f"`{kind}`",
                ", ".join(dict.fromkeys(result.model for result, _ in many)),
                str(sum(deviation.often for _, deviation in many)),
                f"`{_shortest(many).what}`",
            ]
            for kind, many in sorted(found.items())
        ],
    )
    for kind, many in sorted(found.items()):
        yield f"`{kind}`:\n\n```text\n" + "\n".join(_calls(_shortest(many).program)) + "\n```\n"


def _shortest(many: Sequence[tuple[Result, Deviation]]) -> Deviation:
    return min((deviation for _, deviation in many), key=lambda one: len(one.program))


def _calls(program: Sequence[str]) -> Iterator[str]:
    """The lines of a program, without one that says what the line before has said."""
    before = ""
    for line in program:
        if line != before:
            yield line
        before = line


def _summed(results: Sequence[Result]) -> str:
    def summed(name: str) -> int:
        return sum(int(getattr(one, name)) for one in results)

    seconds = sum(one.seconds for one in results)
    return (
        f"{len(results)} models, {summed('states'):,} states, {summed('transitions'):,} transitions: "
        f"{summed('taken'):,} taken, {summed('deviating'):,} deviated, {summed('unshown'):,} not shown, "
        f"{summed('unreached'):,} behind; "
        f"{summed('tests'):,} tests in {seconds:,.0f} s of one process, {summed('tests') / max(seconds, 0.1):,.0f} a "
        f"second, {summed('undecided')} programs undecided."
    )


def _row(one: Result) -> list[str]:
    if one.too_large:
        return [one.model, str(one.parts), f"not run: {one.too_large}", *[""] * (len(COLUMNS) - 3)]
    counts = one.states, one.transitions, one.taken, one.deviating, one.unshown, one.unreached, one.beyond, one.tests
    kinds = len(one.deviations)
    return [one.model, str(one.parts), *(f"{count:,}" for count in counts), f"{one.seconds:.1f}", str(kinds or "none")]


def _made(folder: Path) -> str:
    return page({file.stem: read(file) for file in sorted((folder / FOLDER).glob("*.jsonl"))})


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the page, or with ``--check`` say whether it is out of date."""
    return write_page("enomem.checks.fuzz.exhaustive_page", PAGE, _made, arguments)


if __name__ == "__main__":
    sys.exit(main())
