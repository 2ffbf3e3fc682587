"""Supporting invariants of the sender's system, as plain Python predicates beside the properties.

They are candidates: the proof engine keeps those that are true at the beginning and kept by every step of the policy
and recovery at hand, and drops the others. So one list serves every policy, also one whose author never saw it; a
candidate that is wrong can cost a proof, but never make one. What is kept is printed with ``--json``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from enomem.model import send
from enomem.model.send import Phase
from enomem.model.system import Sender, State, System, finished

SenderInvariant = Callable[[System, Sender], object]


def _phase(phase: Phase) -> Callable[[Sender], object]:
    return lambda sender: sender.send.phase == phase


def _when(condition: Callable[[Sender], object], then: Callable[[System, Sender], object]) -> SenderInvariant:
    return lambda sys, sender: then(sys, sender) if condition(sender) else True


IDLE, SENDING, SKIPPING, WAITING, GONE = (
    _phase(p) for p in (Phase.IDLE, Phase.SENDING, Phase.SKIPPING, Phase.WAITING, Phase.GONE)
)

SENDER_INVARIANTS: Mapping[str, SenderInvariant] = {
    # Counts are counts.
    "pipe.messages >= 0": lambda _, s: s.pipe.messages >= 0,
    "pipe.tail >= 0": lambda _, s: s.pipe.tail >= 0,
    "pipe.parts >= 0": lambda _, s: s.pipe.parts >= 0,
    "inbox.messages >= 0": lambda _, s: s.inbox.messages >= 0,
    "inbox.parts >= 0": lambda _, s: s.inbox.parts >= 0,
    "link.flight >= 0": lambda _, s: s.link.flight >= 0,
    "reserved >= 0": lambda _, s: s.send.reserved >= 0,
    "0 <= front": lambda _, s: s.pipe.front >= 0,
    "front < slots": lambda sys, s: s.pipe.front < sys.sizes.slots,
    "message >= 1": lambda _, s: s.app.message >= 1,
    "part >= 0": lambda _, s: s.app.part >= 0,
    "part < parts": lambda sys, s: s.app.part < sys.parts,
    "message <= messages + 1": lambda sys, s: s.app.message <= sys.messages + 1,
    # Every message in the system is whole: nothing odd is on its way, and sizes follow from numbers.
    "no odd message": lambda _, s: not s.history.corrupt and s.link.odd == 0,
    "pipe.parts": lambda sys, s: s.pipe.parts == s.pipe.messages * sys.parts,
    "link.parts": lambda sys, s: s.link.parts == (sys.parts if s.link.flight > 0 else 0),
    "inbox.parts": lambda sys, s: s.inbox.parts == s.inbox.messages * sys.parts,
    # What the uncommitted tail is, and where the application stands.
    "idle: no tail": _when(IDLE, lambda _, s: s.pipe.tail == 0),
    "skipping: no tail": _when(SKIPPING, lambda _, s: s.pipe.tail == 0),
    "gone: no tail": _when(GONE, lambda _, s: s.pipe.tail == 0),
    "waiting: no tail": _when(WAITING, lambda _, s: s.pipe.tail == 0),
    "sending: a tail or a reservation": _when(SENDING, lambda _, s: s.pipe.tail > 0 or s.send.reserved > 0),
    "sending: there was room": _when(SENDING, lambda sys, s: s.pipe.messages < sys.queue),
    "waiting: there was room": _when(WAITING, lambda sys, s: s.pipe.messages < sys.queue),
    "waiting: first part": _when(WAITING, lambda _, s: s.app.part == 0),
    "idle: first part": _when(IDLE, lambda _, s: s.app.part == 0 or s.app.abort),
    "sending: tail is what was sent": _when(SENDING, lambda _, s: s.app.part == s.pipe.tail or s.app.abort),
    "straight": lambda _, s: s.history.straight or s.app.abort,
    "tail < parts": lambda sys, s: s.pipe.tail < sys.parts,
    "abort: first part": lambda _, s: s.app.part == 0 or not s.app.abort,
    "no abort while waiting": _when(WAITING, lambda _, s: not s.app.abort),
    "no abort": lambda _, s: not s.app.abort,
    "finished: nothing unfinished": lambda sys, s: (
        s.send.phase == Phase.IDLE or s.app.abort if finished(sys, s) else True
    ),
    "finished: no tail": lambda sys, s: s.pipe.tail == 0 or s.app.abort if finished(sys, s) else True,
    "not skipping": lambda _, s: s.send.phase != Phase.SKIPPING,
    "not owed": lambda _, s: not s.history.owed,
    # The numbers of the messages: order and duplicates.
    "flight is the last one read": lambda _, s: (
        s.link.flight == s.history.commits - s.pipe.messages if s.link.flight > 0 else True
    ),
    "arrived before flight": lambda _, s: s.history.arrived < s.link.flight if s.link.flight > 0 else True,
    "arrived was read": lambda _, s: s.history.arrived <= s.history.commits - s.pipe.messages,
    "arrived >= 0": lambda _, s: s.history.arrived >= 0,
    "accepted == commits": lambda _, s: s.history.accepted == s.history.commits,
    # What is reserved suffices for what is still to come, wherever in a chunk the tail stands.
    "reservation suffices": _when(
        SENDING,
        lambda sys, s: (
            s.send.reserved >= sys.sizes.part * (sys.parts - s.pipe.tail) + sys.sizes.chunk * _chunks_to_come(sys, s)
        ),
    ),
    "idle: nothing reserved": _when(IDLE, lambda _, s: s.send.reserved == 0),
    "skipping: nothing reserved": _when(SKIPPING, lambda _, s: s.send.reserved == 0),
    "waiting: nothing reserved": _when(WAITING, lambda _, s: s.send.reserved == 0),
    "gone: nothing reserved": _when(GONE, lambda _, s: s.send.reserved == 0),
    "nothing reserved": lambda _, s: s.send.reserved == 0,
    # The line.
    "waiting has a place": _when(WAITING, lambda _, s: s.place >= 1),
    "only waiting has a place": lambda _, s: s.place == 0 if s.send.phase != Phase.WAITING else True,
    "not waiting": lambda _, s: s.send.phase != Phase.WAITING,
}


def _chunks_to_come(sys: System, sender: Sender) -> int:
    """How many more chunks the rest of the message can need, from where the tail stands."""
    slots, pipe = sys.sizes.slots, sender.pipe
    return (pipe.front + pipe.parts + sys.parts) // slots - (pipe.front + pipe.parts + pipe.tail) // slots


StateInvariant = Callable[[System, State], object]

STATE_INVARIANTS: Mapping[str, StateInvariant] = {
    "others >= 0": lambda _, state: state.others >= 0,
    "no others": lambda _, state: state.others == 0,
    "limit": lambda sys, state: state.pool.limit == sys.memory,
    "faults >= 0": lambda _, state: state.faults >= 0,
    "nobody waits": lambda _, state: state.waiting == 0,
}

PairInvariant = Callable[[System, State, int, int], object]

# Of use only where a policy has senders wait: sums over senders make a query large.
LINE_PAIR_INVARIANTS: Mapping[str, PairInvariant] = {
    "places differ": lambda _, state, i, j: (
        state.senders[i].place == 0 or state.senders[i].place != state.senders[j].place
    ),
}
LINE_INVARIANTS: Mapping[str, StateInvariant] = {
    "waiting counts places": lambda _, state: state.waiting == sum(1 if s.place > 0 else 0 for s in state.senders),
    "places are within the line": lambda _, state: all(s.place <= state.waiting for s in state.senders),
}


def parameters(sys: System) -> object:
    """What is assumed of the unbounded proof's parameters: they make sense, and one message fits (ASSUME-FITS)."""
    return (
        sys.parts >= 1
        and sys.messages >= 0
        and sys.queue >= 1
        and sys.inbox >= 1
        and sys.disconnects >= 0
        and sys.memory >= send.whole_message(sys.sizes, sys.parts)
    )
