"""Where each rule of the specification has to fire: in a search of `enomem check`, or in a test that runs its machine.

A rule that nothing ever makes fire says nothing. The searches know their own machines only, so each group of rules has
its place here, once. `enomem check` fails if one of the searches' rules is silent; ``tests/test_rules_fire.py`` asks
it of all others, and that no group is forgotten.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from enomem.model.rules import Rule


class Where(Enum):
    """What makes a rule fire; the value is how it is printed."""

    SENDERS = "searches of senders"
    PATTERNS = "searches of patterns"
    FAMILIES = "searches of receivers and connections"
    RECEIVING = "tests of the receiving machine"
    CONNECTIONS = "tests of the connection's machine"
    TABLES = "tests of availability, subscriptions, routing ids and conflation"
    WIRE = "tests of the wire"


GROUPS: Mapping[str, Where] = {
    **dict.fromkeys(("MEM", "PIPE", "SEND", "LINK"), Where.SENDERS),
    **dict.fromkeys(("TYPE", "TURN", "PAIR", "PUSH", "DEALER", "REQ", "REP", "ROUTER", "PUB", "SUB"), Where.PATTERNS),
    "RECEIVE": Where.RECEIVING,
    **dict.fromkeys(("CONNECT", "HEART"), Where.FAMILIES),
    "CONFLATE": Where.TABLES,
    "WIRE": Where.WIRE,
}
"""By the first part of a rule's identifier."""

TESTS: Mapping[Where, str] = {
    Where.RECEIVING: "tests/test_receive.py",
    Where.CONNECTIONS: "tests/test_connection.py tests/test_heartbeat.py",
    Where.TABLES: "tests/test_patterns_*.py",
    Where.WIRE: "tests/test_wire_*.py",
}
"""The tests of the machine, where no search of `enomem check` has it."""

_IN_READERS = (
    *(Rule.RECEIVE_1, Rule.RECEIVE_2, Rule.RECEIVE_3, Rule.RECEIVE_4, Rule.RECEIVE_6, Rule.RECEIVE_7, Rule.RECEIVE_8),
    Rule.RECEIVE_10,
)
APART: Mapping[Rule, Where] = {
    **dict.fromkeys(_IN_READERS, Where.FAMILIES),
    **dict.fromkeys((Rule.CONNECT_14, Rule.HEART_3, Rule.HEART_4, Rule.LINK_6), Where.CONNECTIONS),
    # The senders' system has the wire in steps, that of patterns has it in one.
    Rule.LINK_5: Where.PATTERNS,
    **dict.fromkeys((Rule.PIPE_8, Rule.TYPE_1, Rule.ROUTER_8, Rule.ROUTER_9, Rule.ROUTER_10), Where.TABLES),
    **dict.fromkeys((Rule.PUB_4, Rule.PUB_5, Rule.PUB_6, Rule.PUB_7, Rule.PUB_8, Rule.PUB_9), Where.TABLES),
    **dict.fromkeys((Rule.SUB_1, Rule.SUB_2, Rule.SUB_3, Rule.SUB_8), Where.TABLES),
}
"""Rules that fire elsewhere than the rest of their group."""


def where(rule: Rule) -> Where:
    """Where ``rule`` has to fire; KeyError for a group that was forgotten."""
    return APART.get(rule) or GROUPS[rule.value.rpartition("-")[0]]


def command(place: Where) -> str:
    """What to type to see the rules of a place checked; it fails if one of them never fires."""
    tests = TESTS.get(place)
    return f"pytest tests/test_rules_fire.py {tests}" if tests else "enomem check"


def rules(place: Where) -> list[Rule]:
    """The rules that have to fire there."""
    return [rule for rule in Rule if where(rule) == place]
