"""High-water marks: in messages, between parts, lowered in between; conflation (libzmq's options; RFC 30)."""

from __future__ import annotations

from ....model.rules import Rule
from ...targets.target import Said
from ..bench import Bench
from ..case import Level, Section, equal, holds
from ..octets import message
from . import connection, publishing, taking_turns

section = Section("High-water marks", (connection.section, publishing.section, taking_turns.section))
case = section.case


@case(
    Rule.SEND_2,
    "A high-water mark that is lowered between two parts does not stop the message.",
    "our rule SEND-2; libzmq `lb.cpp`",
)
def lowered_between_parts(bench: Bench) -> None:
    testee = bench.testee("PUSH", SNDHWM=10)
    peer = bench.accepted(testee)
    testee.send(b"first")
    testee.begin(b"A1", True)
    testee.option("SNDHWM", 1)
    equal("the last part is answered", testee.part(b"A2").value, "ok")
    peer.shake("PULL")
    equal("the peer receives", [peer.message(), peer.message()], [[b"first"], [b"A1", b"A2"]])


@case(
    Rule.SEND_2,
    "Whatever becomes of it then, no part of it is sent as a message of its own.",
    'RFC 37 "Messages"; libzmq `lb.cpp`',
)
def lowered_between_parts_is_whole(bench: Bench) -> None:
    testee = bench.testee("PUSH", SNDHWM=10)
    peer = bench.accepted(testee)
    testee.send(b"first")
    testee.begin(b"A1", True)
    testee.option("SNDHWM", 1)
    if testee.part(b"A2") == Said.AGAIN:
        testee.option("SNDHWM", 10)
        # As EAGAIN is read: this part again.
        testee.part(b"A2")
    testee.option("SNDHWM", 10)
    peer.shake("PULL")
    known = [[b"first"], [b"A1", b"A2"], [b"last"]]
    for _ in bench.tries("a later message comes"):
        testee.offer(b"last")
        found = peer.arrived()
        for parts in found:
            holds("whole messages", parts in known, parts)
        if [b"last"] in found:
            return


@case(
    Rule.SEND_2,
    "Nor does the testee die of it when the peer drains the queue.",
    "libzmq `lb.cpp:81-101`, facts headline 5",
)
def lowered_and_raised_again(bench: Bench) -> None:
    testee = bench.testee("PUSH", SNDHWM=10)
    peer = bench.accepted(testee)
    for number in range(6):
        testee.send(b"%d" % number)
    testee.begin(b"A1", True)
    testee.option("SNDHWM", 1)
    testee.rest(b"A2", b"A3")
    testee.option("SNDHWM", 10)
    peer.shake("PULL")
    equal("the peer receives", [peer.message() for _ in range(6)], [[b"%d" % number] for number in range(6)])
    peer.settle()
    for number in range(4):
        testee.offer(b"%d" % number)
    bench.works(other := bench.bound("PULL"), bench.peer(other))


@case(
    Rule.SEND_4,
    "A full pipe is answered with EAGAIN, and what was accepted before comes whole.",
    "RFC 30; our rule SEND-4",
)
def full_pipe(bench: Bench) -> None:
    testee = bench.testee("PUSH", SNDHWM=1)
    peer = bench.accepted(testee)
    sent, said = 0, Said.OK
    while sent < 100 and (said := testee.offer(b"%d" % sent, b"end")) == Said.OK:
        sent += 1
    equal("a message is answered at last", said.value, "EAGAIN")
    peer.shake("PULL")
    equal("the peer receives", [peer.message() for _ in range(sent)], [[b"%d" % n, b"end"] for n in range(sent)])


@case(
    Rule.SEND_4,
    "It is the first part that is answered so, and the next message is whole.",
    "our rule SEND-4",
    Level.SHOULD,
)
def full_is_said_at_the_first_part(bench: Bench) -> None:
    testee = bench.testee("PUSH", SNDHWM=1)
    peer = bench.accepted(testee)
    sent = 0
    while sent < 100 and testee.part(b"%d" % sent, True) == Said.OK:
        equal("the second part is answered", testee.part(b"end").value, "ok")
        sent += 1
    peer.shake("PULL")
    equal("the peer receives", [peer.message() for _ in range(sent)], [[b"%d" % n, b"end"] for n in range(sent)])
    testee.send(b"B1", b"B2")
    equal("the peer receives", peer.message(), [b"B1", b"B2"])


@case(
    Rule.PIPE_6,
    "SNDHWM counts messages: so many are accepted for a peer that is not there yet.",
    "libzmq's option ZMQ_SNDHWM",
    Level.SHOULD,
)
def sndhwm_counts_messages(bench: Bench) -> None:
    testee = bench.testee("PUSH", SNDHWM=3)
    peer = bench.accepted(testee)
    sent = 0
    while sent < 20 and testee.offer(b"%d" % sent, b"more").value == "ok":
        sent += 1
    equal("accepted messages", sent, 3)
    peer.shake("PULL")
    equal("the peer receives", [peer.message()[0] for _ in range(3)], [b"0", b"1", b"2"])


@case(
    Rule.RECEIVE_5,
    "A receiver at its high-water mark stops reading, and loses nothing.",
    "libzmq's option ZMQ_RCVHWM; RFC 30",
)
def rcvhwm_stops_the_reader(bench: Bench) -> None:
    testee = bench.bound("PULL", RCVHWM=2)
    peer = bench.peer(testee)
    body = b"x" * (1 << 20)
    sent = 0
    # As much as all buffers on the way hold: one that reads on and on takes more.
    while sent < 64 and peer.accepted(message(b"%d" % sent, body)):
        sent += 1
    holds("the testee stops reading", sent < 64, f"it reads {sent} MiB that nobody receives")
    for number in range(sent):
        equal("a PULL receives", testee.receive()[0], b"%d" % number)


@case(
    Rule.CONFLATE_2,
    "A conflating PULL delivers the newest of what has come.",
    "libzmq's option ZMQ_CONFLATE",
    Level.SHOULD,
)
def conflating_pull(bench: Bench) -> None:
    testee = bench.bound("PULL", CONFLATE=1)
    peer = bench.peer(testee)
    peer.send(b"".join(message(b"%d" % number) for number in range(5)), "five messages")
    peer.settle()
    testee.receives([b"4"])


@case(
    Rule.CONFLATE_1, "A conflating PUSH sends the newest of what waits.", "libzmq's option ZMQ_CONFLATE", Level.SHOULD
)
def conflating_push(bench: Bench) -> None:
    testee = bench.testee("PUSH", CONFLATE=1)
    peer = bench.accepted(testee)
    for number in range(5):
        testee.send(b"%d" % number)
    peer.shake("PULL")
    equal("the peer receives", peer.message(), [b"4"])


@case(
    Rule.PIPE_8,
    "An immediate PUSH gives no message to a connection whose handshake is not done.",
    "libzmq's option ZMQ_IMMEDIATE",
    Level.SHOULD,
)
def immediate_push(bench: Bench) -> None:
    testee = bench.testee("PUSH", IMMEDIATE=1)
    peer = bench.accepted(testee)
    equal("a message to nobody is answered", testee.offer(b"early").value, "EAGAIN")
    peer.shake("PULL")
    testee.send(b"late")
    equal("the peer receives", peer.message(), [b"late"])
