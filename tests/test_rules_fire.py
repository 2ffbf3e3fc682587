"""Every rule fires where `firing` says that it has to: an outcome names it, or, where none does, its function runs.

For the searches this runs their systems; for all other machines it goes through small worlds of inputs here.
"""

import ast
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from struct import pack
from types import FrameType
from typing import Any

import pytest
import test_wire_malformed as malformed
import wire_streams as w

from enomem.checks.families import pictures as family_pictures
from enomem.checks.judging import firing, matrix
from enomem.checks.judging.firing import Where
from enomem.checks.pictures import patterns as pattern_pictures
from enomem.model import connection, heartbeat, link, pipe, receive
from enomem.model.connection import Event, Life, Phase, Reason, Upkeep
from enomem.model.memory import Pool, Site
from enomem.model.patterns import conflate, pattern, router, subscriptions, xpub
from enomem.model.patterns.fan_out import all_or_none
from enomem.model.pipe import Pipe
from enomem.model.policies import DISCARD
from enomem.model.receive import Inbox
from enomem.model.receive_policies import BOUNDED_WAIT
from enomem.model.rules import Rule
from enomem.model.send import Send, Sizes
from enomem.model.wire import commands, frames, greeting
from enomem.model.wire.decoder import Decoder, Limits
from enomem.model.wire.errors import PeerError
from enomem.model.wire.handshake import Handshake, Local
from enomem.spec.text import entries

ROOT = Path(__file__).resolve().parents[1]


@dataclass
class Seen:
    """The rules that outcomes named, and the functions of ``model/`` that ran, as the specification writes them."""

    rules: set[Rule] = field(default_factory=set)
    functions: set[str] = field(default_factory=set)

    def note(self, outcome: Any) -> None:
        """Look at an outcome, or at an error."""
        found = getattr(outcome, "rules", None) or (getattr(outcome, "rule", None),)
        self.rules.update(rule for rule in found if rule is not None)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Note which functions run meanwhile."""

        def called(frame: FrameType, event: str, _: object) -> None:
            file = Path(frame.f_code.co_filename)
            if event == "call" and "model" in file.parts:
                inside = file.parts[len(file.parts) - 1 - file.parts[::-1].index("model") :]
                self.functions.add(f"{'/'.join(inside)} {frame.f_code.co_name}")

        before = sys.getprofile()
        sys.setprofile(called)
        try:
            yield
        finally:
            sys.setprofile(before)


def receiving(seen: Seen) -> None:
    refuse = (None, Site.RECEIVE_BODY)
    for used, half, half_after, no in product((0, 2, 4), (0, 2), (0, 3, 9), refuse):
        inbox = Inbox(half=half)
        seen.note(receive.arrived(Pool(4, used), BOUNDED_WAIT, inbox, 1, 2, half_after, no))
        seen.note(receive.body(Pool(4, used), BOUNDED_WAIT, inbox, half_after, no))
        receive.broken(Pool(4, used), inbox)
        receive.dropped(Pool(4, used), inbox)
    receive.room(Inbox(1), 1)
    receive.waited(Inbox())
    receive.taken(Inbox(1, 0, 2), 2)


def connections(seen: Seen) -> None:
    lives = [Life(phase, initiated, 1, 9) for phase, initiated in product(Phase, (False, True))]
    sites = (None, Site.RECONNECT, Site.HANDSHAKE, Site.HEARTBEAT, Site.TIMER)
    for rule, life, event, refuse in product(connection.RECONNECTS, lives, Event, sites):
        for why in (Reason.LOST, Reason.PROTOCOL):
            ending = replace(life, why=why)
            seen.note(connection.step(Pool(40, 20), rule, Upkeep(), ending, event, why, True, refuse))
    for rule, limit in product(connection.RECONNECTS, (1, 9)):
        seen.note(connection.connect(Pool(limit, 0), rule, Upkeep(), None))
        seen.note(connection.accept(Pool(limit, 0), rule, Upkeep(), connection.LISTENING, None))
    for limit in (1, 9):
        seen.note(connection.made(Pool(limit, 0), Site.LISTENER, 2, None))
    for heard, pinged, ttl in product((0, 50), (-1, 40), (0, 60)):
        for now in (60, 120, 200):
            seen.note(heartbeat.pulse(now, heard, pinged, 50, 70, ttl))
    heartbeat.unheard(9, 5, False)
    heartbeat.sign(False, 0)
    link.carried_over(1)


def tables(seen: Seen) -> None:
    for gone, immediate, connected in product((False, True), repeat=3):
        pipe.available(Pipe(1, 1), 1, gone, immediate, connected)
    pattern.talks("PUSH", "SUB")
    for held, handover in product((False, True), repeat=2):
        seen.note(router.claim(held, handover))
    for count in range(3):
        for change in (subscriptions.added, subscriptions.removed, subscriptions.ended):
            seen.note(change(count))
    for refuse in (None, Site.SUBSCRIPTION):
        seen.note(subscriptions.pay(Pool(9, 0), 3, False, refuse))
    for verbose, verboser, subscribes, changes in product((False, True), repeat=4):
        seen.note(xpub.heard(verbose, verboser, subscribes, changes))
    for messages, room in product((0, 1), (1, 9)):
        targets = [(Sizes(), Pipe()), (Sizes(), Pipe(messages, messages))]
        seen.note(all_or_none(DISCARD, Pool(room, 0), Send(), targets, 1, False, None))
    seen.note(conflate.replaced(Sizes(), Pool(9, 4), Pipe(2, 2), 1, 1))
    seen.note(conflate.overtaken(2))


def wire(seen: Seen) -> None:
    for case in malformed.CASES:
        try:
            spoken(case)
        except PeerError as error:
            seen.note(error)
    shake_hands(*(Local(kind, frozenset({other})) for kind, other in (("PUSH", "PULL"), ("PULL", "PUSH"))))
    client = Local("PUSH", frozenset({"PULL"}), mechanism="PLAIN", username=b"u", password=b"p")
    shake_hands(
        client, Local("PULL", frozenset({"PUSH"}), mechanism="PLAIN", as_server=True, authenticate=lambda *_: True)
    )
    greeting.parse(greeting.encode(client)[:11] + b"\7" + greeting.encode(client)[12:])
    frames.encode([b"a", b"b" * 300])
    Decoder((3, 1), Limits(small=4)).feed(b"\0\7")
    traffic = Decoder((3, 1), Limits(small=4))
    traffic.feed(frames.encode_command(b"PING", pack(">H", 1)) + b"\0\7")
    traffic.take(9)
    commands.encode_subscription((3, 0), b"t", True)
    commands.encode_pong(b"")
    commands.may_ping((3, 1))


def spoken(case: malformed.Case) -> None:
    """Let the octets of a malformed case be read; PeerError says which rule they break."""
    if case.local is None:
        decoder = Decoder((3, 1), malformed.LIMITS)
        decoder.feed(case.octets)
        while decoder.take(9) or decoder.wanted:
            if decoder.wanted:
                decoder.allow()
                break
        return
    handshake = Handshake(case.local, malformed.LIMITS)
    handshake.start()
    handshake.feed(case.octets)


def shake_hands(ours: Local, theirs: Local) -> None:
    """Let two good sockets greet each other."""
    one, two = Handshake(ours, Limits()), Handshake(theirs, Limits())
    there, back = one.start(), two.start()
    while there or back:
        there, back = one.feed(back), two.feed(there)
    assert one.peer is not None
    assert two.peer is not None


WORLDS: Mapping[Where, Callable[[Seen], None]] = {
    Where.RECEIVING: receiving,
    Where.CONNECTIONS: connections,
    Where.TABLES: tables,
    Where.WIRE: wire,
}


def named_by_outcomes() -> set[str]:
    """The rules that pure code of ``model/`` can put into an outcome: all whose member it mentions."""
    found: set[str] = set()
    for file in (ROOT / "model").rglob("*.py"):
        if file.name == "rules.py" or "reference" in file.parts or "systems" in file.parts:
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Rule":
                found.add(node.attr)
    return found


@pytest.mark.parametrize("place", WORLDS, ids=lambda place: place.value)
def test_the_rules_of_a_machine_fire_in_its_world(place: Where) -> None:
    seen = Seen()
    with seen.watching():
        WORLDS[place](seen)
    named = named_by_outcomes()
    silent = [rule.value for rule in firing.rules(place) if rule.name in named and rule not in seen.rules]
    assert silent == []
    machines = {rule.value: entries()[rule.value].machine for rule in firing.rules(place) if rule.name not in named}
    assert {rule: machine for rule, machine in machines.items() if machine not in seen.functions} == {}


def test_the_rules_of_patterns_fire_in_their_searches() -> None:
    fired = set().union(*pattern_pictures.fired().values())
    assert [rule.value for rule in firing.rules(Where.PATTERNS) if rule.value not in fired] == []


def test_the_rules_of_families_fire_in_their_searches() -> None:
    fired = set().union(*family_pictures.fired().values())
    assert [rule.value for rule in firing.rules(Where.FAMILIES) if rule.value not in fired] == []


def test_every_rule_has_a_place_and_every_place_rules() -> None:
    assert {firing.where(rule) for rule in Rule} == set(Where)
    assert set(WORLDS) == {place for place in Where if place not in (Where.SENDERS, Where.PATTERNS, Where.FAMILIES)}


def test_a_group_that_is_forgotten_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(firing, "GROUPS", {name: where for name, where in firing.GROUPS.items() if name != "WIRE"})
    with pytest.raises(KeyError, match="WIRE"):
        firing.rules(Where.WIRE)


def test_a_rule_that_falls_silent_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    pulse = heartbeat.pulse
    # A clock that has forgotten what the peer announced.
    monkeypatch.setattr(heartbeat, "pulse", lambda *times: pulse(*times[:-1], 0))
    with pytest.raises(AssertionError, match="HEART-3"):
        test_the_rules_of_a_machine_fire_in_its_world(Where.CONNECTIONS)


def test_the_matrix_knows_where_to_listen() -> None:
    assert matrix.never_fired([]) == [
        rule.value for place in (Where.SENDERS, Where.PATTERNS, Where.FAMILIES) for rule in firing.rules(place)
    ]


def test_streams_are_of_the_wire() -> None:
    """The malformed cases are those of the wire's own tests, which ask the same of each."""
    assert malformed.w is w
