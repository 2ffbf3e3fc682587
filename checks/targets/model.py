"""The model as a target: sockets of ``model/systems/network*``, with nothing between them but the model's own steps.

Where several things may come of a call, the network has them all, and one is taken: the one in which most has arrived
and least is lost. Everything that can happen by itself has happened when a call returns, so no call has to wait.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import replace

import enomem

from ...model.patterns import PATTERNS, routing
from ...model.reference.context import policy_of
from ...model.send import Answer
from ...model.systems import network_calls as calls
from ...model.systems.network import Network, Outcome, Setting
from ...model.systems.network_calls import Impossible
from .base import Sockets
from .target import ANYWHERE, Can, Received, Refused, Said, TargetFault, Value

WORDS = {Answer.WAIT.value: Said.AGAIN, "swallowed": Said.OK}
"""Answers of the model's that an application does not see as they are: who may not wait in line is told EAGAIN."""


class Model(Sockets):
    """Sockets that are nothing but their states; octets are not counted, and their memory has no bound."""

    name = "model"
    version = enomem.__version__
    cans = frozenset(Can) - {Can.LIMIT, Can.MEMORY, Can.RECEIVE_POLICY}
    types = frozenset(PATTERNS)

    def __init__(self) -> None:
        self.reset()

    def _take(self, found: Iterable[Network]) -> None:
        """Go on from one of the networks that there may be, when everything has happened in it that can."""
        self._net = max(calls.settled(found), key=_kept)

    def _outcome(self, found: Iterable[Outcome]) -> Outcome:
        outcome = next(iter(found))
        if outcome.part is None:
            # A ROUTER made up an id for a peer that brought none, and shows it for the first time.
            outcome = replace(outcome, part=self._made_up(outcome))
        else:
            self._take([outcome.network])
        return outcome

    def _made_up(self, outcome: Outcome) -> bytes:
        for number, place in itertools.product(range(1, routing.COUNTED), range(len(outcome.network.sockets))):
            named = calls.named(outcome.network, place, outcome.source, routing.numbered(number))
            if named is not None and named != outcome.network:
                self._take([named])
                return routing.numbered(number)
        raise TargetFault("the model has no routing id left to make up")

    def create(self, kind: str, options: Mapping[str, Value] | None = None) -> int:
        """A socket."""
        try:
            made = self._outcome(calls.created(self._net, kind, options or {}))
        except Impossible:
            raise Refused(Said.INVALID) from None
        if made.answer != "ok":
            raise Refused(_said(made))
        return len(self._net.sockets) - 1

    def option(self, socket: int, name: str, value: Value) -> Said:
        """Set an option; one that the network does not follow is EINVAL."""
        try:
            return _said(self._outcome(calls.option(self._net, socket, name, value)))
        except Impossible:
            return Said.INVALID

    def bind(self, socket: int, endpoint: str = ANYWHERE) -> str:
        """Listen; a port is the number of endpoints that there were."""
        where = endpoint.replace("*", str(next(self._ports)))
        try:
            bound = self._outcome(calls.bind(self._net, socket, where))
        except Impossible:
            raise Refused(Said.INVALID) from None
        if bound.answer != "ok":
            raise Refused(_said(bound))
        return where

    def connect(self, socket: int, endpoint: str) -> Said:
        """Connect."""
        return _said(self._outcome(calls.connect(self._net, socket, endpoint)))

    def unbind(self, socket: int, endpoint: str) -> Said:
        """Stop listening; whoever had come there is let go."""
        try:
            # Nobody has to go by any rule; the last of what may be is that all do.
            self._take(calls.unbind(self._net, socket, endpoint)[-1:])
        except Impossible:
            return Said.INVALID
        return Said.OK

    def disconnect(self, socket: int, endpoint: str) -> Said:
        """Disconnect."""
        try:
            self._take(calls.disconnect(self._net, socket, endpoint))
        except Impossible:
            return Said.INVALID
        return Said.OK

    def send(self, socket: int, part: bytes, more: bool = False, wait: int = 0) -> Said:  # noqa: ARG002 - see above
        """Send one part."""
        return _said(self._outcome(calls.send(self._net, socket, part, more)))

    def receive(self, socket: int, wait: int = 0) -> Received:  # noqa: ARG002 - see above
        """Receive one part."""
        outcome = self._outcome(calls.receive(self._net, socket))
        how = _said(outcome)
        return Received(how, outcome.part or b"", outcome.more) if how is Said.OK else Received(how)

    def abort(self, socket: int) -> Said:
        """Drop the unfinished message."""
        return _said(self._outcome([calls.abort(self._net, socket)]))

    def policy(self, name: str) -> None:
        """Choose the policy; there is one for the whole network, and so it is chosen before the first socket."""
        if self._net.sockets:
            raise TargetFault("the model has one policy for all its sockets: choose it before the first is made")
        self._net = calls.make(Setting(policy=policy_of(name)))

    def refuse(self, site: str, after: int = 0, times: int = 1) -> None:
        """Refuse allocations at a site."""
        self._net = calls.refuse(self._net, site, after, times)

    def peers(self, socket: int, count: int, wait: int) -> bool:  # noqa: ARG002 - see above
        """Whether a socket has so many peers."""
        return bool(calls.met([self._net], socket, count))

    def settle(self, wait: int) -> bool:  # noqa: ARG002 - see above
        """Nothing is ever under way when a call has returned."""
        return True

    def close(self, socket: int) -> None:
        """Close a socket; twice is fine."""
        if not self._net.sockets[socket].closed:
            self._take(calls.close(self._net, socket))

    def reset(self) -> None:
        """No socket, and the usual policy."""
        self._net = calls.make(Setting())
        self._ports = itertools.count(1)

    def end(self) -> None:
        """There is nothing to give back."""
        self.reset()


def _kept(net: Network) -> int:
    """How many messages there are: the more, the fewer were lost."""
    sessions = [session for socket in net.sockets for session in socket.sessions]
    return sum(len(session.inbox) + len(session.queue) for session in sessions)


def _said(outcome: Outcome) -> Said:
    return WORDS.get(outcome.answer) or Said(outcome.answer)
