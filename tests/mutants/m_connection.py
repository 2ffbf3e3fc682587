"""Defects of a connection's life: of its machine, of the heartbeat, and of what is carried over a disconnect."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from enomem.model import connection, heartbeat, memory, send
from enomem.model.connection import Event, Life, Listener, Lived, Phase, Reason, Reconnect, Upkeep
from enomem.model.heartbeat import Pulse
from enomem.model.memory import Need, Pool, Site
from enomem.model.pipe import Pipe
from enomem.model.rules import Rule
from enomem.model.send import Costs, Send, Sent
from enomem.model.systems import reconnecting_state
from enomem.model.systems.reconnecting_state import State, System

from .harness import FamilyMutant

MACHINE, STATE = "enomem.model.connection", "enomem.model.systems.reconnecting_state"

_gone, _grown, _destroyed, _accept = connection._gone, connection._grown, connection._destroyed, connection.accept
_attempt, _step, _peer_gone, _cut = connection._attempt, connection.step, send.peer_gone, reconnecting_state._cut


def half_sent_goes_on(left: int) -> int:
    """What was left of a half-written message goes out over the next connection."""
    return left


def goes_on_with_a_new_peer(sizes: Costs, pool: Pool, sender: Send, pipe: Pipe) -> Sent:
    """KEEP keeps the parts of an unfinished message for whoever comes next, and says nothing."""
    got = _peer_gone(sizes, pool, sender, pipe)
    return replace(got, send=sender)


def destroyed_and_held(rule: Rule, pool: Pool, life: Life) -> Lived:
    """A connection that is destroyed gives nothing back."""
    return replace(_destroyed(rule, pool, life), pool=pool)


def given_back_twice(rule: Rule, pool: Pool, life: Life) -> Lived:
    """A connection that is destroyed gives back one unit more than it held."""
    got = _destroyed(rule, pool, life)
    return replace(got, pool=memory.give(got.pool, 1))


def accepts_beyond_the_limit(
    pool: Pool, rule: Reconnect, upkeep: Upkeep, listener: Listener, refuse: Site | None
) -> Lived:
    """A peer is let in though there is no memory for its connection."""
    got = _accept(Pool(pool.limit + upkeep.whole, pool.used), rule, upkeep, listener, refuse)
    return replace(got, pool=Pool(pool.limit, got.pool.used))


def asks_to_close(rule: Reconnect, upkeep: Upkeep, pool: Pool, life: Life, wanted: bool, refuse: Site | None) -> Lived:
    """Whoever closes its descriptor asks for a unit, for as long as that takes."""
    got = _gone(rule, upkeep, pool, life, wanted, refuse)
    return replace(got, rules=(*got.rules, Rule.MEM_1), asked=(Need(Site.CLOSE, 1),))


def forgets_to_wait(rule: Reconnect, upkeep: Upkeep, pool: Pool, life: Life, refuse: Site | None) -> Lived:
    """The backoff is forgotten with each attempt, as in libzmq."""
    return _attempt(rule, upkeep, pool, replace(life, tries=0), refuse)


def a_handshake_is_of_use(
    rule: Reconnect, pool: Pool, life: Life, phase: Phase, need: Need, refuse: Site | None
) -> Lived:
    """Tries are counted from nothing as soon as a handshake is done."""
    got = _grown(rule, pool, life, phase, need, refuse)
    return replace(got, life=replace(got.life, tries=0)) if phase == Phase.READY else got


def hears_though_it_does_not_read(now: int, heard: int, reads: bool) -> int:
    """The clock of a connection that does not read runs on."""
    return heard


def falls_silent(reads: bool, interval: int) -> int:
    """A connection that does not read gives no sign of life."""
    return 0


def always_dead(now: int, heard: int, pinged: int, interval: int, timeout: int, ttl: int) -> Pulse:
    """A heart that does not wait for an answer."""
    return Pulse(Rule.HEART_2, heartbeat.Beat.DEAD)


def takes_the_other_end_along(system: System, state: State, end: int) -> State:
    """An end that ends for want of memory ends the other one as well, at once and for that reason."""
    after = _cut(system, state, end)
    if state.lives[end].why != Reason.NO_MEMORY or state.lives[1 - end].phase != Phase.READY:
        return after
    other = replace(state.lives[1 - end], phase=Phase.CLOSING)
    lives = (state.lives[0], other) if end == 0 else (other, state.lives[1])
    return _cut(system, replace(after, lives=lives), 1 - end)


def loses_in_silence(system: System, state: State, end: int) -> State:
    """What was on its way when the connection ended is not announced as lost."""
    return replace(_cut(system, state, end), seen=state.seen)


def never_rests_enough(listener: Listener) -> Listener:
    """A listener that had no memory once never listens again."""
    return listener


def raises_when_late(
    pool: Pool, rule: Reconnect, upkeep: Upkeep, life: Life, event: Event, reason: Reason, wanted: bool,
    refuse: Site | None,
) -> Lived:  # fmt: skip
    """A connection that ends in its greeting is something that nobody has thought of."""
    if event == Event.END and life.phase == Phase.GREETING:
        raise AssertionError("nobody has thought of this")
    return _step(pool, rule, upkeep, life, event, reason, wanted, refuse)


def no_memory_is_final(rule: Reconnect, reason: Reason) -> bool:
    """A lost connection counts as an error of the protocol."""
    return True


def mutant(
    name: str, what: str, patches: dict[str, Callable[..., Any]], violates: str, second: str = "STALL", *,
    live: bool = False, place: int = 0,
) -> FamilyMutant:  # fmt: skip
    return FamilyMutant(name, what, patches, "connection", "RESERVED", violates, second, live, place)


MUTANTS = (
    mutant("half-sent goes on", "The rest of a half-written message is the first that the next connection sends.",
           {"enomem.model.link:carried_over": half_sent_goes_on}, "SAFE-WHOLE"),
    mutant("KEEP goes on with a new peer", "The rest of an unfinished message is sent to whoever connects next.",
           {"enomem.model.send:peer_gone": goes_on_with_a_new_peer}, "SAFE-WHOLE", place=1),
    mutant("destroyed and held", "A destroyed connection keeps its memory.",
           {f"{MACHINE}:_destroyed": destroyed_and_held}, "SAFE-CONSERVE"),
    mutant("given back twice", "A destroyed connection gives back more than it held.",
           {f"{MACHINE}:_destroyed": given_back_twice}, "SAFE-CONSERVE"),
    mutant("accepts beyond the limit", "A peer is let in for whom there is no memory.",
           {f"{MACHINE}:accept": accepts_beyond_the_limit}, "SAFE-BOUND"),
    mutant("asks to close", "Closing asks for memory.", {f"{MACHINE}:_gone": asks_to_close}, "SAFE-CLOSE"),
    mutant("forgets to wait", "The backoff begins anew each time.",
           {f"{MACHINE}:_attempt": forgets_to_wait}, "SAFE-BACKOFF"),
    mutant("a handshake is of use", "The backoff begins anew with each handshake.",
           {f"{MACHINE}:_grown": a_handshake_is_of_use}, "SAFE-BACKOFF"),
    mutant("the clock runs on", "Who does not read takes its peer for dead.",
           {"enomem.model.heartbeat:unheard": hears_though_it_does_not_read}, "SAFE-ALIVE"),
    mutant("falls silent", "Who does not read gives no sign of life.",
           {"enomem.model.heartbeat:sign": falls_silent}, "SAFE-ALIVE", place=1),
    mutant("impatient", "A peer is dead before it could answer.",
           {"enomem.model.heartbeat:pulse": always_dead}, "SAFE-ALIVE"),
    mutant("takes the other end along", "No memory at one end ends the other one too.",
           {f"{STATE}:_cut": takes_the_other_end_along}, "SAFE-ISOLATE", "CLOSE"),
    mutant("loses in silence", "What was on its way is lost, and nobody is told.",
           {f"{STATE}:_cut": loses_in_silence}, "SAFE-LOUD"),
    mutant("raises when late", "An input at an odd moment aborts.",
           {f"{MACHINE}:step": raises_when_late}, "SAFE-TOTAL"),
    mutant("never accepts again", "A listener rests for ever.",
           {f"{MACHINE}:rested": never_rests_enough}, "LIVE-DEADLOCK"),
    mutant("lost is final", "A connection that breaks is given up.",
           {f"{MACHINE}:final": no_memory_is_final}, "LIVE-RECOVER", live=True),
)  # fmt: skip
