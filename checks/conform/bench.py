"""The bench that a case works on: it makes testees and peers, serves them while somebody waits, and clears up."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from time import monotonic
from types import TracebackType

from ..targets.target import Can, Target, TargetFault, Value
from . import octets
from .case import Deviation, Silent, Unsupported, equal
from .peer import Listener, Peer
from .testee import MOMENT_MS, TALKS, BlackBox, Testee, need
from .transcript import Transcript, literal

SECONDS = 5.0
"""How long is waited for what has to come."""
SYNC = b"~sync"
"""The topic by which it is seen that subscriptions have arrived."""

Tested = Testee | BlackBox


class Bench:
    """What one case has.

    ``kind`` is the type of socket where a case holds for all types; ``older`` is the version of ZMTP that the testee
    speaks if it does not speak 3: no peer of this suite can be one of such a testee.
    """

    def __init__(
        self, target: Target | None, box: BlackBox | None, kind: str, seconds: float = SECONDS, older: str = ""
    ) -> None:
        self.target, self.box, self.kind, self.seconds, self.older = target, box, kind, seconds, older
        self.log = Transcript(target.name if target is not None else "", box.endpoint if box is not None else "")
        self.testees: list[Testee] = []
        self._living: list[Peer] = []
        self._peers = 0
        self._listeners = 0
        self._synced = 0
        self._kept = ExitStack()
        self._in_doubt = False

    def __enter__(self) -> Bench:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._kept.close()
        for testee in self.testees:
            if kind is None or not issubclass(kind, TargetFault):
                with muted(self.log):
                    testee.close()

    # --- testees

    def testee(self, kind: str, **options: Value) -> Testee:
        """A socket of the target; Unsupported of a black box, or if the target has no such type."""
        testee = Testee(self.api(), kind, f"s{len(self.testees)}", self, options)
        self.testees.append(testee)
        return testee

    def api(self, *cans: Can) -> Target:
        """The target, if it is one that makes sockets and can do all this; else Unsupported."""
        if self.target is None:
            raise Unsupported("a target that makes sockets")
        for can in cans:
            need(self.target, can)
        return self.target

    def bound(self, kind: str, **options: Value) -> Testee:
        """A socket of the target that listens."""
        testee = self.testee(kind, **options)
        testee.bind()
        return testee

    def any(self, **options: Value) -> Tested:
        """Whatever socket listens: the black box, or one of the type that the bench was set up for."""
        if self.box is None:
            return self.bound(self.kind, **options)
        if options:
            raise Unsupported("a target that makes sockets")
        return self.box

    def replier(self) -> Tested:
        """A REP that listens and is going to answer (`answer`); Unsupported of a black box that answers nobody.

        Whether it does is seen first, and not in the case: that a handshake is answered, as a witness has it, says
        nothing of the application that has to answer a request.
        """
        if self.box is None:
            return self.bound("REP")
        if self.box.kind == "REP" and self._is_answered(self.box):
            return self.box
        raise Unsupported("a REP that answers every request")

    def _is_answered(self, box: BlackBox) -> bool:
        with muted(self.log):
            peer = self.peer(box, "REQ")
            peer.send(octets.message(b"", b"is somebody there"))
            bound = monotonic() + self.seconds
            while not peer.ended and monotonic() < bound:
                if peer.arrived():
                    return True
        return False

    def answer(self, testee: Tested) -> list[bytes] | None:
        """Have a REP answer the next request with the same parts; None if it does that by itself."""
        if isinstance(testee, BlackBox):
            return None
        request = testee.receive()
        testee.send(*request)
        return request

    # --- peers

    def dial(self, testee: Tested) -> Peer:
        """A connection to where the testee listens, on which nothing has been said yet."""
        self._speaks_3()
        name = self._next_peer()
        at = f"{testee.name}.last_endpoint" if isinstance(testee, Testee) else repr(testee.endpoint)
        self.log.add(f"{name} = dial({at})")
        return self._keep(Peer(socket.create_connection(address(testee.endpoint), self.seconds), name, self))

    def peer(self, testee: Tested, kind: str = "", identity: bytes | None = None) -> Peer:
        """A peer that has connected to the testee and has shaken hands; its type is one that may talk to it."""
        peer = self.dial(testee)
        peer.shake(kind or TALKS[testee.kind], identity)
        return peer

    def peers(self, testee: Tested, count: int, kind: str = "") -> list[Peer]:
        """Several of them."""
        found: list[Peer] = []
        for _ in range(count):
            self.several(testee)
            found.append(self.peer(testee, kind))
        return found

    def listener(self) -> Listener:
        """A port of ours."""
        name = f"l{self._listeners}"
        self._listeners += 1
        listener = Listener(name, self)
        self._kept.callback(listener.close)
        return listener

    def accepted(self, testee: Testee, listener: Listener | None = None) -> Peer:
        """The other side of a connection that the testee makes, on which nothing has been said yet."""
        self._speaks_3()
        if listener is None:
            listener = self.listener()
            testee.connect(listener.endpoint, listener.name)
        return self._keep(listener.accept(self._next_peer()))

    def called(self, testee: Testee, kind: str = "", identity: bytes | None = None) -> Peer:
        """A peer to which the testee has connected, and which has shaken hands with it."""
        peer = self.accepted(testee)
        peer.shake(kind or TALKS[testee.kind], identity)
        return peer

    def _speaks_3(self) -> None:
        if self.older:
            raise Unsupported(f"ZMTP 3, and the testee speaks {self.older}")

    def _next_peer(self) -> str:
        self._peers += 1
        return f"p{self._peers - 1}"

    def _keep(self, peer: Peer) -> Peer:
        self._kept.callback(peer.drop)
        self._living.append(peer)
        return peer

    # --- what many cases ask

    def works(self, testee: Tested, peer: Peer) -> None:
        """`Deviation` unless the connection is as good as any: a PING is answered, a message is delivered."""
        if not peer.goes_on():
            raise Deviation("the connection goes on", "the testee closes it")
        if isinstance(testee, Testee) and testee.kind == "PULL":
            peer.send(b"\0\7it goes", "a message")
            testee.receives([b"it goes"])

    def several(self, testee: Tested) -> None:
        """Unsupported of a PAIR that has a peer already: it rightly turns all others away."""
        if testee.kind == "PAIR" and any(not peer.ended for peer in self._living):
            raise Unsupported("a type of socket that has several peers")

    def serves_others(self, testee: Tested) -> None:
        """`Deviation` unless a new peer is served, whatever became of the others."""
        self.several(testee)
        other = self.peer(testee)
        self.works(testee, other)

    def refuses(self, testee: Tested, peer: Peer) -> None:
        """`Deviation` unless the testee closes the connection in the end, and serves another one."""
        equal("the testee closes the connection", "it goes on" if peer.goes_on() else "closed", "closed")
        self.serves_others(testee)

    def synced(self, publisher: Testee, *peers: Peer) -> None:
        """Wait until what the peers have said of subscriptions is in force.

        Each subscribes to one more topic, which is published until all have got it: nothing else shows it.
        """
        topic = b"%s%d." % (SYNC, self._synced)
        self._synced += 1
        for peer in peers:
            peer.subscribe(topic)
        waiting = list(peers)
        with muted(self.log):
            for _ in self.tries("a subscription comes into force"):
                publisher.send(topic)
                waiting = [peer for peer in waiting if [topic] not in peer.arrived()]
                if not waiting:
                    break
        self.log.add("time.sleep(0.2)", "until the subscriptions are in force")

    def published(self, publisher: Testee, *peers: Peer) -> list[list[list[bytes]]]:
        """What each of these synced peers has got, up to a last message that all of them want."""
        topic = b"%s%d." % (SYNC, self._synced - 1)
        end = topic + b"end"
        publisher.send(end)
        found = []
        for peer in peers:
            messages: list[list[bytes]] = []
            while (message := peer.message()) != [end]:
                messages.append(message)
            found.append([message for message in messages if message != [topic]])
        return found

    def newcomer(self, testee: Testee, kind: str, identity: bytes | None, *parts: bytes) -> Peer:
        """A peer whose message reaches the testee: it comes anew until there is a place for it.

        A library may still know its predecessor, and leave it alone without a word.
        """
        with muted(self.log):
            peer = self._heard(testee, kind, identity, *parts)
        for _ in range(3):
            self.log.add("time.sleep(0.1)", "until the testee can see the end")
            self.log.add(f"said({testee.name}.recv, zmq.DONTWAIT)", "in such a call it sees it")
        self.log.add(f"{peer.name} = dial({testee.name}.last_endpoint)")
        self.log.add(f"tell({peer.name}, {literal(octets.greeting())})", "greeting")
        self.log.add(f"tell({peer.name}, {literal(octets.ready(kind, identity))})", "READY")
        self.log.add(f"tell({peer.name}, {literal(octets.message(*parts))})", "a message")
        self.log.add(f"{testee.name}.poll(5000)", "until it is there")
        self.log.add(f"hear({peer.name}, {octets.GREETING})", "its greeting")
        return peer

    def _heard(self, testee: Testee, kind: str, identity: bytes | None, *parts: bytes) -> Peer:
        for _ in self.tries("a newcomer is heard"):
            peer = self.dial(testee)
            peer.greet()
            peer.send(octets.ready(kind, identity) + octets.message(*parts))
            moment = monotonic() + 20 * MOMENT_MS / 1000
            while not testee.has_message and monotonic() < moment:
                testee.serve(MOMENT_MS)
            if testee.has_message:
                return peer
            peer.drop()
        raise AssertionError("tries end with an exception")

    # --- waiting

    def tries(self, what: str) -> Iterator[None]:
        """As many turns of a loop as fit into the bound; then `Silent`, since ``what`` has not come."""
        bound = monotonic() + self.seconds
        while monotonic() < bound:
            yield
        raise self.silent(what)

    def idle(self) -> bool:
        """Be for a moment in a call on each testee that needs it."""
        awake = [testee for testee in self.testees if testee.awake]
        served = [testee.serve(MOMENT_MS) for testee in awake]
        return any(served)

    def silent(self, what: str) -> Silent:
        """Nothing came within the bound: is that the testee's doing, or is nobody served?"""
        if self._in_doubt:
            return Silent("another peer is served", "it is not")
        self._in_doubt = True
        seconds, self.seconds = self.seconds, 2 * self.seconds
        try:
            with muted(self.log):
                self._witness()
        except Unsupported:
            return Silent(what, f"nothing within {seconds:g} s")
        except (Deviation, OSError) as error:
            return Silent(what, f"nothing within {seconds:g} s, and another peer is not served either ({error})")
        finally:
            self.seconds, self._in_doubt = seconds, False
        return Silent(what, f"nothing within {seconds:g} s, in which another peer was served")

    def _witness(self) -> None:
        """Another connection, to another socket of the target where there is one, shakes hands."""
        if self.target is None:
            assert self.box is not None
            self.several(self.box)
            self.peer(self.box)
            return
        kind = "PULL" if "PULL" in self.target.types else min(self.target.types)
        testee = self.bound(kind)
        self.peer(testee)


def is_sync(message: list[bytes]) -> bool:
    """Is this a message that was published only to see whether subscriptions are in force?"""
    return message[0].startswith(SYNC)


@contextmanager
def muted(log: Transcript) -> Iterator[None]:
    """Leave what happens out of the transcript."""
    lines, sockets = list(log.lines), log.sockets
    try:
        yield
    finally:
        log.lines[:], log.sockets = lines, sockets


def address(endpoint: str) -> tuple[str, int]:
    """Host and port of a TCP endpoint; ValueError if there is no port."""
    host, _, port = endpoint.removeprefix("tcp://").rpartition(":")
    return host.strip("[]"), int(port)
