"""The books held against the goods: what lies in the shell's queues, octet by octet, and what its machines count.

`Context.memory` compares counters with the pool; a step that charges too little and gives back as little would pass
there. Here the payloads themselves are weighed.
"""

from enomem import Context
from enomem.model.reference.core import Core
from enomem.model.reference.sessions import Session
from enomem.model.reference.weights import PART, weight


def faults(context: Context) -> list[str]:
    """Where counters and payloads differ; and what `Context.memory` would say of counters and the pool."""
    with context.lock:
        found = [fault for core in context.cores for fault in _socket(core)]
        if found:
            # What is counted wrong need not add up.
            return found
        sites = context.memory().sites
        return [f"{site.name} holds {size}" for site, size in sites.items() if size < 0]


def _socket(core: Core) -> list[str]:
    incoming = core.incoming
    stamped = incoming.source.routing_id if incoming.source is not None and core.routes else b""
    at_hand = weight(incoming.parts)
    found = [fault for session in core.sessions for fault in _session(session)]
    # A routing id that was put in front is the session's, and is not charged.
    if incoming.units > at_hand or incoming.units < at_hand - (len(stamped) + PART if stamped else 0):
        found.append(f"{core.name} charges {incoming.units} for what it hands out, which weighs {at_hand}")
    if incoming.envelope_units != weight(incoming.envelope):
        found.append(f"{core.name} charges {incoming.envelope_units} for an envelope of {incoming.envelope}")
    if core.outgoing.current is None and core.topics.targets is None:
        found += [f"{session.name} has {session.tail} of no message" for session in core.sessions if session.pipe.tail]
    return found


def _session(session: Session) -> list[str]:
    pipe, inbox, weights = session.pipe, session.inbox, session.weights
    pairs = [
        ("messages to send", pipe.messages, len(session.queue)),
        ("parts to send", pipe.parts, sum(map(len, session.queue))),
        ("octets to send", weights.committed if pipe.parts else 0, sum(map(weight, session.queue))),
        # What lies behind the parts that are counted is nobody's (outgoing.py, carry_out).
        ("parts of an unfinished message", pipe.tail, len(session.tail[: pipe.tail])),
        ("octets of an unfinished message", sum(weights.tail[: pipe.tail]), weight(session.tail[: pipe.tail])),
        ("messages received", inbox.messages, len(session.arrived)),
        ("octets received", inbox.whole, sum(map(weight, session.arrived))),
    ]
    connection = session.connection
    if connection is not None and connection.decoder is not None and connection.pending is None:
        decoder = connection.decoder
        if inbox.half != decoder.held + PART * decoder.half_read:
            pairs.append(("octets half received", inbox.half, decoder.held + PART * decoder.half_read))
    return [f"{session.name}: {what}: {said} counted, {there} there" for what, said, there in pairs if said != there]
