"""Memory that is refused or bounded while a message is sent (our own rules, from the letter of 2011)."""

from __future__ import annotations

from collections.abc import Callable

from ....model.rules import Rule
from ...targets.target import Can, Said
from .. import octets
from ..bench import Bench
from ..case import Section, equal, holds
from ..octets import message
from ..peer import Peer
from ..testee import Testee
from . import connection, high_water

section = Section("Memory", (connection.section, high_water.section))
case = section.case
LETTER = "the letter of 2011"


def _refusing(bench: Bench, kind: str, policy: str = "") -> tuple[Testee, Peer]:
    """A testee whose allocations can be refused, and its peer."""
    target = bench.api(Can.REFUSE)
    if policy:
        bench.api(Can.POLICY)
        bench.log.add(f"# the send policy is {policy}")
        target.policy(policy)
    testee = bench.bound(kind)
    peer = bench.peer(testee)
    _first(testee, peer)
    return testee, peer


def _first(testee: Testee, peer: Peer) -> None:
    """One good message, so that all that has to be made once is made."""
    testee.send(b"0")
    equal("the peer receives", peer.message()[-1:], [b"0"])


def refuse(bench: Bench, site: str, after: int = 0, times: int = 1) -> None:
    """Refuse so many allocations at a site, after so many that are granted."""
    bench.log.add(f"# the allocation at {site} is refused", f"{times} times, after {after} that are granted")
    bench.api(Can.REFUSE).refuse(site, after, times)


def no_memory(what: str, said: Said) -> None:
    """`Deviation` unless the answer is ENOMEM."""
    equal(f"{what} is answered", said.value, "ENOMEM")


@case(
    Rule.SEND_5,
    "A first part that gets no memory is answered with ENOMEM, and the next message is whole.",
    LETTER + " L6",
)
def first_part_refused(bench: Bench) -> None:
    testee, peer = _refusing(bench, "PUSH")
    refuse(bench, "BODY")
    no_memory("the first part", testee.part(b"A1", True))
    testee.send(b"B1", b"B2")
    equal("the peer receives", peer.message(), [b"B1", b"B2"])


@case(Rule.SEND_5, "After ENOMEM for a second part the next message has nothing of the first.", LETTER + " L6, L8")
def second_part_refused(bench: Bench) -> None:
    testee, peer = _refusing(bench, "PUSH")
    testee.begin(b"A1", True)
    refuse(bench, "BODY")
    no_memory("the second part", testee.part(b"A2", True))
    testee.send(b"B1", b"B2")
    equal("the peer receives", peer.message(), [b"B1", b"B2"])


@case(
    Rule.SEND_5,
    "After ENOMEM for the last part the message may be sent again, and comes once.",
    LETTER + " L8 (RESTART)",
)
def last_part_refused(bench: Bench) -> None:
    testee, peer = _refusing(bench, "PUSH")
    testee.begin(b"A1", True)
    refuse(bench, "BODY")
    no_memory("the last part", testee.part(b"A2"))
    testee.send(b"A1", b"A2")
    testee.send(b"B")
    equal("the peer receives", [peer.message(), peer.message()], [[b"A1", b"A2"], [b"B"]])


def _restarted(bench: Bench, kind: str, wire: Callable[[list[bytes]], list[bytes]]) -> None:
    """A message that is refused at each of its parts in turn, and sent again from the start, comes once."""
    target = bench.api(Can.REFUSE)
    testee = bench.bound(kind)
    peer = bench.peer(testee)
    _first(testee, peer)
    parts = [b"A1", b"A2", b"A3"]
    for refused in range(3):
        refuse(bench, "BODY", refused)
        said = testee.offer(*parts)
        target.refuse("BODY", 0, 0)
        no_memory(f"the message refused at part {refused + 1}", said)
    testee.send(*parts)
    equal("the peer receives", peer.message(), wire(parts))


@case(Rule.SEND_5, "DEALER: a message refused at any part and sent again comes once.", LETTER + " L9")
def dealer_restarts(bench: Bench) -> None:
    _restarted(bench, "DEALER", lambda parts: parts)


@case(Rule.SEND_5, "PAIR: a message refused at any part and sent again comes once.", LETTER + " L9")
def pair_restarts(bench: Bench) -> None:
    _restarted(bench, "PAIR", lambda parts: parts)


@case(Rule.SEND_5, "A blocking call is told of ENOMEM too, at once.", LETTER + " L6; facts D5")
def blocking_call_is_told(bench: Bench) -> None:
    testee, _ = _refusing(bench, "PUSH")
    refuse(bench, "BODY", 0, 1000)
    no_memory("a part that may wait", bench.api().send(testee.number, b"A", False, 1000))


@case(Rule.SEND_5, "A refused queue slot is as a refused body.", LETTER + " L6, L10")
def slot_refused(bench: Bench) -> None:
    testee, peer = _refusing(bench, "PUSH")
    refuse(bench, "SLOT", 0, 1)
    sent, refused = [], 0
    for number in range(600):
        parts = [b"%d" % number, b"x"]
        said = testee.offer(*parts)
        refused += said == Said.NO_MEMORY
        if said == Said.OK:
            sent.append(parts)
    equal("refused messages", refused, 1)
    equal("the peer receives", [peer.message() for _ in sent], sent)


@case(
    Rule.SEND_6,
    "A policy that keeps: the failed part is sent again, and the message is whole.",
    LETTER + " L6 (2), RESUME",
)
def kept_and_resumed(bench: Bench) -> None:
    testee, peer = _refusing(bench, "PUSH", "KEEP")
    testee.begin(b"A1", True)
    refuse(bench, "BODY")
    no_memory("the second part", testee.part(b"A2"))
    equal("the second part is answered", testee.part(b"A2").value, "ok")
    equal("the peer receives", peer.message(), [b"A1", b"A2"])


@case(
    Rule.SEND_7,
    "A policy that skips: the rest is swallowed up to its last part, the next message is whole.",
    LETTER + " L6 (3)",
)
def skipped_to_the_end(bench: Bench) -> None:
    testee, peer = _refusing(bench, "PUSH", "SKIP")
    testee.begin(b"A1", True)
    refuse(bench, "BODY")
    no_memory("the second part", testee.part(b"A2", True))
    equal("the third part is answered", testee.part(b"A3", True).value, "ok")
    equal("the last part is answered", testee.part(b"A4").value, "ok")
    testee.send(b"B1", b"B2")
    equal("the peer receives", peer.message(), [b"B1", b"B2"])


@case(
    Rule.SEND_10,
    "A frame that the caller cannot get leaves the socket as it is: abort, and the next message is whole.",
    LETTER + " L1",
)
def frame_refused(bench: Bench) -> None:
    target = bench.api(Can.ABORT)
    testee = bench.bound("PUSH")
    peer = bench.peer(testee)
    testee.begin(b"A1", True)
    equal("an abort is answered", target.abort(testee.number).value, "ok")
    testee.send(b"B1", b"B2")
    equal("the peer receives", peer.message(), [b"B1", b"B2"])


@case(Rule.SEND_11, "An abort drops the unfinished message, and needs no memory.", LETTER + " L8, L9")
def abort_needs_no_memory(bench: Bench) -> None:
    testee, peer = _refusing(bench, "PUSH")
    testee.begin(b"A1", True)
    testee.part(b"A2", True)
    refuse(bench, "BODY", 0, 1000)
    equal("an abort is answered", testee.abort().value, "ok")
    bench.api().refuse("BODY", 0, 0)
    testee.send(b"B")
    equal("the peer receives", peer.message(), [b"B"])


@case(Rule.SEND_11, "An abort of nothing is answered with ok and changes nothing.", "our rule SEND-11")
def abort_of_nothing(bench: Bench) -> None:
    testee = bench.bound("PUSH")
    peer = bench.peer(testee)
    equal("an abort is answered", testee.abort().value, "ok")
    testee.send(b"B")
    equal("the peer receives", peer.message(), [b"B"])


@case(Rule.SEND_11, "An abort gives back what the unfinished message held.", "our rules SEND-11 and MEM-4")
def abort_gives_back(bench: Bench) -> None:
    target = bench.api(Can.ABORT, Can.MEMORY)
    testee = bench.bound("PUSH")
    peer = bench.peer(testee)
    _first(testee, peer)
    peer.settle()
    before = target.memory()
    testee.begin(b"A" * 1000, True)
    holds("the part is charged", target.memory() >= before + 1000, target.memory() - before)
    testee.abort()
    equal("octets that are held more than before", target.memory() - before, 0)


@case(Rule.SEND_5, "ENOMEM gives back what the unfinished message held.", LETTER + " L9; our rule SEND-5")
def refusal_gives_back(bench: Bench) -> None:
    target = bench.api(Can.REFUSE, Can.MEMORY)
    testee, peer = _refusing(bench, "PUSH")
    peer.settle()
    before = target.memory()
    testee.begin(b"A" * 1000, True)
    refuse(bench, "BODY")
    no_memory("the second part", testee.part(b"A2"))
    equal("octets that are held more than before", target.memory() - before, 0)


LIMIT = 200_000


def bounded(bench: Bench, kind: str, policy: str = "") -> tuple[Testee, Peer]:
    """A testee with so much memory, and its peer."""
    target = bench.api(Can.LIMIT)
    if policy:
        bench.api(Can.POLICY).policy(policy)
        bench.log.add(f"# the send policy is {policy}")
    bench.log.add(f"# the memory is bounded at {LIMIT} octets")
    target.limit(LIMIT)
    testee = bench.bound(kind)
    return testee, bench.peer(testee)


@case(Rule.MEM_2, "A part larger than all memory is answered with ENOMEM; a smaller message is sent.", LETTER + " L6")
def part_above_the_limit(bench: Bench) -> None:
    testee, peer = bounded(bench, "PUSH")
    testee.begin(b"A1", True)
    no_memory("a part above the limit", testee.part(b"A" * LIMIT))
    testee.send(b"B1", b"B2")
    equal("the peer receives", peer.message(), [b"B1", b"B2"])


@case(
    Rule.MEM_2,
    "Messages to a peer that does not read end in ENOMEM or EAGAIN, and those accepted come whole.",
    LETTER + " L6",
)
def full_of_messages(bench: Bench) -> None:
    testee, peer = bounded(bench, "PUSH")
    _first(testee, peer)
    sent, said = 0, Said.OK
    while said == Said.OK and sent < 400:
        said = testee.offer(b"%d" % sent, b"x" * 100_000)
        sent += said == Said.OK
    holds("the memory is full at last", said in (Said.NO_MEMORY, Said.AGAIN), said.value)
    equal("the peer receives", [peer.message()[0] for _ in range(sent)], [b"%d" % n for n in range(sent)])


@case(Rule.MEM_2, "Never is more in use than the limit.", "our rule MEM-2 (SAFE-BOUND)")
def never_above_the_limit(bench: Bench) -> None:
    target = bench.api(Can.LIMIT, Can.MEMORY)
    testee, peer = bounded(bench, "PUSH")
    _first(testee, peer)
    most = 0
    # 18 MB: more than all buffers on the way to a peer that does not read.
    for _ in range(120):
        testee.offer(b"head", b"x" * 150_000)
        most = max(most, target.memory())
    holds(f"at most {LIMIT} octets in use", most <= LIMIT, most)


@case(Rule.MEM_4, "When all is closed nothing is in use.", "our rule MEM-4 (SAFE-CONSERVE)")
def nothing_left(bench: Bench) -> None:
    target = bench.api(Can.MEMORY)
    testee = bench.bound("PULL")
    peer = bench.peer(testee)
    peer.send(message(b"read") + message(b"unread", b"x" * 1000) + octets.frame(b"half", octets.MORE), "2.5 messages")
    testee.receives([b"read"])
    sender = bench.bound("PUSH")
    bench.peer(sender)
    sender.send(b"unread")
    sender.begin(b"half", True)
    testee.close()
    sender.close()
    equal("octets in use", target.memory(), 0)


@case(Rule.SEND_16, "A policy that reserves: a message larger than all memory is refused at once.", "our rule SEND-16")
def reservation_above_the_limit(bench: Bench) -> None:
    testee, peer = bounded(bench, "PUSH", "RESERVE")
    _first(testee, peer)
    no_memory("a message above the limit", testee.offer(b"A" * LIMIT))
    testee.send(b"B1", b"B2")
    equal("the peer receives", peer.message(), [b"B1", b"B2"])


@case(Rule.SEND_13, "A policy that reserves: once the first part is accepted no part is refused.", "our rule SEND-13")
def reserved_to_the_end(bench: Bench) -> None:
    testee, peer = _refusing(bench, "PUSH", "RESERVE")
    testee.begin(b"A1", True)
    refuse(bench, "BODY", 0, 1000)
    refuse(bench, "SLOT", 0, 1000)
    refuse(bench, "RESERVATION", 0, 1000)
    equal("the rest is answered", testee.rest(b"A2", b"A3").value, "ok")
    equal("the peer receives", peer.message(), [b"A1", b"A2", b"A3"])
