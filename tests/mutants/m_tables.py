"""Defects of a socket's tables of topics, which no closed system has: they are found by walks through networks."""

from typing import Any

from enomem.model.reference.topics import Topics

from .harness import PatternMutant

END = Topics.connection_ended


def outlive_the_connection(self: Topics, session: Any, pending: Any) -> None:
    """As in libzmq, and counted besides: they are forgotten with the pipe, which a publisher that connected keeps."""
    if session.target not in self.core.targets:
        END(self, session, pending)


MUTANTS: tuple[PatternMutant, ...] = (
    PatternMutant(
        "topics outlive the connection", "What a subscriber told ends with its pipe, not with its connection.",
        {"enomem.model.reference.topics:Topics.connection_ended": outlive_the_connection}, "PUB", "PUB-9",
    ),
)  # fmt: skip
