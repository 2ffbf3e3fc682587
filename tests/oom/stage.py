"""The stage of one run: two contexts, their sockets, what the application does when it is refused, and what must hold.

Everything waits for a moment at most, and then looks again, up to a bound; what takes longer hangs. Whatever happens
must be one of the outcomes that the spec names; whatever else happens is `Broken`.
"""

import os
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from enomem import Again, Context, Event, EventKind, NoMemory, Option, PeerGone, SendPolicy, Site, Socket
from enomem.model.memory import NEVER, Pool
from enomem.model.rules import Rule, RuleClass

from . import audit
from .environment import Plan, Refuser, overheard

MOMENT = 20
"""Milliseconds for which one call waits."""
BOUND = 30.0
"""Seconds after which something hangs."""
PATIENT = 60.0
"""Seconds within which a thread that failed has ended, however slow the machine."""
PATIENCE = 4
"""Refusals of one call after which its application sees to it that there is memory again, if nobody else does."""

SHOWN = 25
"""So much of the beginning and of the end of a story is shown."""

T = TypeVar("T")

SENDING = {Site.BODY, Site.SLOT}
RULES: dict[Site, set[Rule]] = {
    Site.SOCKET: {Rule.CONNECT_4},
    Site.LISTENER: {Rule.CONNECT_4},
    Site.CONNECTION: {Rule.CONNECT_4},
    Site.SUBSCRIPTION: {Rule.SUB_8},
    Site.BODY: {Rule.SEND_5, Rule.SEND_6, Rule.SEND_7, Rule.PUB_5},
    Site.SLOT: {Rule.SEND_5, Rule.SEND_6, Rule.SEND_7, Rule.PUB_5},
    Site.RESERVATION: {Rule.SEND_16},
}
"""The rules by which a call may be answered with ENOMEM, by the site that was refused; no other site may be named."""

LOSSES = {EventKind.DISCONNECTED, EventKind.HANDSHAKE_FAILED, EventKind.DISCARDED, EventKind.ACCEPT_FAILED}
"""What announces that messages may be lost."""


class Broken(AssertionError):
    """Something happened that the spec does not name, or did not happen."""


class Stage:
    """Two sides, ``left`` and ``right``; the ``victim`` is one of them, or ``both`` in one context."""

    def __init__(self, plan: Plan, policy: SendPolicy, victim: str) -> None:
        self.plan, self.policy, self.where = plan, policy, victim
        self.refuser = Refuser(plan)
        self.descriptors = _descriptors()
        allocator = None if plan.limit is not None else self.refuser
        self.victim = Context(plan.limit, policy, allocator=allocator)
        self.refuser.used = lambda: self.victim.pool.used
        self.peer = self.victim if victim == "both" else Context(send_policy=policy)
        self.sockets: list[Socket] = []
        self.flows: list[Any] = []
        self.events: list[Event] = []
        self.answers: Counter[Site] = Counter()
        self.story: list[str] = []
        self.points = 0
        self.lingering = False
        self._losses = 0
        self._overheard = overheard()
        self.died = self._overheard.__enter__()

    # --- what happened

    def tell(self, what: str) -> None:
        """Remember it for whoever has to understand a failure."""
        self.story.append(what)

    def broken(self, what: str) -> Broken:
        """The run is not what the spec says."""
        self.collect()
        asked = _shown([f"{site.name}{'' if granted else '!'}" for site, _, granted in self.refuser.asked], " ")
        events = _shown([f"{e.kind.name} {e.reason} {e.rule.value if e.rule else ''}" for e in self.events])
        return Broken(
            f"{what}\n  plan {self.plan}, policy {self.policy.name}, victim {self.where}\n  asked: {asked}\n"
            f"  story: {_shown(self.story)}\n  events: {events}"
        )

    def check(self) -> None:
        """The books add up, and the I/O thread lives."""
        for context in {self.victim, self.peer}:
            faults = audit.faults(context)
            if faults:
                raise self.broken(f"books and goods differ: {'; '.join(faults)}")
            memory = context.memory()
            if memory.limit is not None and memory.used > memory.limit:
                raise self.broken(f"{memory.used} octets are used of {memory.limit}")
            if context.failure is not None:
                raise self.broken(f"the I/O thread died of {context.failure!r}")
        if self.died:
            raise self.broken(f"a thread died: {self.died}")

    def collect(self) -> None:
        """Take the events of all sockets."""
        for socket in self.sockets:
            if not socket.closed:
                found = socket.monitor_events()
                self.events += found
                self._losses += sum(event.kind in LOSSES for event in found)

    def losses(self) -> int:
        """How many times a loss was announced, at either side."""
        self.collect()
        return self._losses

    # --- memory that comes and goes

    def heal(self) -> None:
        """From now on there is memory."""
        if self.refuser.healed:
            return
        self.tell("memory is back")
        self.refuser.healed = True
        if self.plan.limit is not None:
            with self.victim.lock:
                self.victim.limit = None
                self.victim.pool = Pool(1 << 62, self.victim.pool.used)
                self.victim.given_back()

    def impatient(self, tries: int = PATIENCE) -> None:
        """An application that was refused so often frees something else, where memory does not come back by itself."""
        if self.plan.endless and tries >= PATIENCE:
            self.heal()

    def held(self) -> int:
        """What the victim's pipes and reservations hold."""
        sites = self.victim.memory().sites
        return sites[Site.BODY] + sites[Site.SLOT] + sites[Site.RESERVATION]

    # --- calls

    def no_memory(self, error: NoMemory, rule: Rule | None = None) -> None:
        """A call was answered with ENOMEM: it must say why, and it must be true."""
        self.tell(f"NoMemory {error.site.name} {error.rule.value}")
        self.answers[error.site] += 1
        if error.rule not in RULES.get(error.site, ()) or (rule is not None and error.rule != rule):
            raise self.broken(f"{error} is not what the spec says (by {rule.value if rule else 'the site'})")
        if error.rule.kind != RuleClass.OOM or error.refused_by.kind != RuleClass.OOM or error.errno != 12:
            raise self.broken(f"{error!r} is no refusal of memory")
        if self.plan.limit is not None:
            if error.refused_by != Rule.MEM_2 or self.refuser.healed:
                raise self.broken(f"{error}, and the pool has no bound")
        elif (error.site, error.size, False) not in self.refuser.asked or error.refused_by != Rule.MEM_3:
            raise self.broken(f"{error}, and nothing of that size was refused there")
        self.check()

    def granted(self, what: str, call: Callable[[], T], rule: Rule | None = None) -> T:
        """Make a call again until it is granted; it changes nothing until then."""
        end = time.monotonic() + BOUND
        tries = 0
        while True:
            before = self.held()
            try:
                result = call()
            except NoMemory as error:
                self.no_memory(error, rule)
                if self.held() > before:
                    raise self.broken(f"{what} was refused, and holds {self.held() - before} octets more") from error
            except Again:
                self.tell(f"{what}: Again")
            except PeerGone:
                self.tell(f"{what}: PeerGone")
            else:
                self.tell(what)
                self.check()
                return result
            tries += 1
            self.impatient(tries)
            if time.monotonic() > end:
                raise self.broken(f"{what} hangs")

    # --- sockets

    def socket(self, side: str, kind: int, **options: Any) -> Socket:
        """A socket of one side, with its waits bounded and its monitor on."""
        context = self.victim if self.where in (side, "both") else self.peer
        socket = self.granted(f"socket {side}", lambda: context.socket(kind))
        self.sockets.append(socket)
        socket.monitor_events()
        for name, value in {"RCVTIMEO": MOMENT, "SNDTIMEO": MOMENT, "RECONNECT_IVL": 1, **options}.items():
            socket.set(Option[name], value)
        return socket

    def bind(self, socket: Socket, endpoint: str = "tcp://127.0.0.1:*") -> str:
        """Listen somewhere."""
        self.granted("bind", lambda: socket.bind(endpoint))
        return socket.last_endpoint

    def connect(self, socket: Socket, endpoint: str) -> None:
        """Connect somewhere."""
        self.granted("connect", lambda: socket.connect(endpoint))

    def pair(self, left: int, right: int, binds: str = "right", **options: Any) -> tuple[Socket, Socket]:
        """A socket on either side, one of which binds, and the other connects to it."""
        first, second = self.socket("left", left, **options), self.socket("right", right)
        binder, connecter = (first, second) if binds == "left" else (second, first)
        self.connect(connecter, self.bind(binder))
        return first, second

    def close(self, socket: Socket, linger: int = 0) -> None:
        """Close a socket; this needs no memory."""
        self.collect()
        with self.victim.lock:
            asked = len(self.refuser.asked)
            socket.close(linger)
            self.lingering = self.lingering or linger > 0
            if len(self.refuser.asked) > asked:
                raise self.broken("closing asked for memory")
        self.check()

    # --- the end

    def finish(self) -> None:
        """The next messages arrive, the books are closed, and nothing is left behind."""
        for flow in self.flows:
            flow.prove()
        self.points = len(self.refuser.asked)
        self.heal()
        for flow in self.flows:
            flow.prove()
        self._ledger()
        self.end()

    def end(self) -> None:
        """Close everything; the pools must be empty, and no descriptor and no thread left."""
        for socket in self.sockets:
            if not socket.closed:
                self.close(socket)
        for context in {self.victim, self.peer}:
            if not self.lingering:
                self._empty(context)
            closer = threading.Thread(target=context.term)
            closer.start()
            closer.join(BOUND)
            if closer.is_alive():
                raise self.broken("the context does not terminate")
            self._empty(context)
        self._overheard.__exit__(None, None, None)
        if self.died:
            raise self.broken(f"a thread died: {self.died}")
        if _descriptors() != self.descriptors:
            raise self.broken(f"{_descriptors() - self.descriptors} descriptors are left")

    def _stalled(self) -> bool:
        """Was a reader refused without getting what it had read in smaller portions at once?"""
        asked = [(size, granted) for site, size, granted in self.refuser.asked if site == Site.RECEIVE_BODY]
        following = [*asked, (0, False)][1:]
        return any(
            not granted and not (again and less < size)
            for (size, granted), (less, again) in zip(asked, following, strict=True)
        )

    def _empty(self, context: Context) -> None:
        memory = context.memory()
        if memory.used or any(memory.sites.values()):
            raise self.broken(f"at the end {memory.used} octets are held: {memory.sites}")

    def abandon(self) -> None:
        """The run failed: leave as little behind as can be; whatever threads die of until then belongs to it."""
        for context in {self.victim, self.peer}:
            closer = threading.Thread(target=context.destroy, args=(0,), daemon=True)
            closer.start()
            closer.join(BOUND)
            thread = context.reactor._thread
            if context.failure is not None and thread is not None:
                # It ends by itself: what it died of is to be heard here, and by nobody else.
                thread.join(PATIENT)
        self._overheard.__exit__(None, None, None)

    def _ledger(self) -> None:
        """Each refusal has its outcome, and each loss was announced."""
        self.collect()
        refused, answers, events = self.refuser.refused, self.answers, self.events
        for site in (Site.FRAME, *NEVER):
            if any(asked == site for asked, _, _ in self.refuser.asked):
                raise self.broken(f"memory was asked for at {site.name}")
        if self.plan.limit is None:
            missed = sum(event.rule == Rule.PUB_3 for event in events)
            away = sum(event.rule == Rule.CONNECT_5 for event in events)
            unheard = sum(event.rule == Rule.SUB_8 for event in events)
            sides = [
                ("socket", refused[Site.SOCKET], answers[Site.SOCKET]),
                ("listener", refused[Site.LISTENER], answers[Site.LISTENER]),
                ("sending", _sum(refused, SENDING), _sum(answers, SENDING) + missed),
                ("reservation", refused[Site.RESERVATION], answers[Site.RESERVATION]),
                ("connection", refused[Site.CONNECTION], answers[Site.CONNECTION]),
                ("peer", refused[Site.ACCEPT], away),
                ("subscription", refused[Site.SUBSCRIPTION], answers[Site.SUBSCRIPTION] + unheard),
            ]
            for what, said, heard in sides:
                if said != heard:
                    raise self.broken(f"{what}: refused {said} times, and {heard} times somebody was told")
            stalls = sum(event.kind == EventKind.STALLED or event.reason.startswith("no memory") for event in events)
            if self._stalled() and not stalls:
                raise self.broken("a reader was refused, and nobody was told")
        for event in events:
            if event.kind in (EventKind.STALLED, EventKind.DISCARDED) and event.rule is None:
                raise self.broken(f"{event} has no rule")


def _shown(what: list[str], between: str = "; ") -> str:
    """The beginning and the end of a long story."""
    return between.join(what if len(what) <= 2 * SHOWN else [*what[:SHOWN], "...", *what[-SHOWN:]])


def _sum(counts: Counter[Site], sites: set[Site]) -> int:
    return sum(counts[site] for site in sites)


def _descriptors() -> int:
    folder = Path("/proc/self/fd")
    return len(os.listdir(folder)) if folder.exists() else 0
