"""Subscriptions: what a publisher knows of its subscribers' topics, and a subscriber of its own.

Subscriptions are counted: who subscribes twice has to cancel twice (RFC 37). The counting is done by the functions at
the top, on numbers; the two tables below them hold the topics, which are octets, and ask those functions. A topic
matches every message whose first part begins with it; the empty topic matches all.

What belongs elsewhere: commands and how they are written (``wire``), which peers there are, and memory but for the
one question of whether a topic may be remembered at all.
"""

from bisect import insort
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from .. import memory
from ..memory import Need, Pool, Site
from ..rules import Rule

K = TypeVar("K")
E = TypeVar("E")


@dataclass(frozen=True, slots=True)
class Counted:
    """A count of subscriptions to one topic after a change; ``changes``: there were none before, or are none now."""

    rule: Rule
    count: int
    changes: bool


def added(count: int) -> Counted:
    """One more subscription to a topic to which there were ``count`` (SUB-1)."""
    return Counted(Rule.SUB_1, count + 1, count == 0)


def removed(count: int) -> Counted:
    """One subscription less (SUB-2); where there is none, nothing changes (SUB-3)."""
    if count == 0:
        return Counted(Rule.SUB_3, count, False)
    return Counted(Rule.SUB_2, count - 1, count == 1)


def ended(count: int) -> Counted:
    """The connection on which ``count`` subscriptions to a topic were told has ended, and all of them (PUB-9)."""
    return Counted(Rule.PUB_9, 0, count > 0)


@dataclass(frozen=True, slots=True)
class Paid:
    """The answer to a request for the memory of a subscription; ``refused`` is the site that had none."""

    rules: tuple[Rule, ...]
    pool: Pool
    refused: Site | None = None
    asked: tuple[Need, ...] = ()


def pay(pool: Pool, amount: int, held: bool, refuse: Site | None) -> Paid:
    """Take the ``amount`` of memory that a subscription needs, and its end with it, before anything is remembered.

    One more to a topic that is ``held`` already needs nothing. A refusal leaves everything as it was (SUB-8): a
    subscription that was accepted and is not there would be a loss that nobody sees.
    """
    if held:
        return Paid((Rule.SUB_1,), pool)
    asked = (Need(Site.SUBSCRIPTION, amount),)
    grant = memory.take(pool, asked, refuse)
    rule = Rule.SUB_1 if grant.refused is None else Rule.SUB_8
    return Paid((rule, grant.rule), grant.pool, grant.refused, asked)


def matches(topic: bytes, first: bytes) -> bool:
    """Does a subscription to ``topic`` match a message whose first part is ``first``?"""
    return first.startswith(topic)


def parse(part: bytes, alone: bool) -> tuple[bool, bytes] | None:
    """What a message of XSUB's application says: subscribe (True) or cancel, and the topic; None if neither.

    Only a message of one part (``alone``) is a subscription: octet 1 or 0, and the topic.
    """
    if not alone or not part or part[0] > 1:
        return None
    return part[0] == 1, part[1:]


def message(subscribes: bool, topic: bytes) -> bytes:
    """The message by which an XPUB's application is shown a subscription, or the end of one."""
    return (b"\x01" if subscribes else b"\0") + topic


class _Prefixes(Generic[E]):
    """Values by topic, found by what begins with the topic: one look-up for each length that any topic has."""

    __slots__ = ("_lengths", "_often", "values")

    def __init__(self) -> None:
        self.values: dict[bytes, E] = {}
        self._lengths: list[int] = []
        self._often: dict[int, int] = {}

    def put(self, topic: bytes, value: E) -> None:
        """Remember a value for a topic that has none."""
        self.values[topic] = value
        length = len(topic)
        often = self._often.get(length, 0)
        self._often[length] = often + 1
        if often == 0:
            insort(self._lengths, length)

    def drop(self, topic: bytes) -> None:
        """Forget the value of a topic."""
        del self.values[topic]
        length = len(topic)
        often = self._often[length] - 1
        if often:
            self._often[length] = often
        else:
            del self._often[length]
            self._lengths.remove(length)

    def found(self, first: bytes) -> list[E]:
        """The values of all topics that ``first`` begins with, the shortest topic first."""
        values, longest = self.values, len(first)
        found = []
        for length in self._lengths:
            if length > longest:
                break
            value = values.get(first[:length])
            if value is not None:
                found.append(value)
        return found


class Subscriptions(Generic[K]):
    """What the peers of a PUB or XPUB subscribed to; a peer is known by anything that can be hashed.

    Deterministic: whatever comes back in an order, comes in the order in which it was put in.
    """

    __slots__ = ("_peers", "_topics")

    def __init__(self) -> None:
        self._topics: _Prefixes[dict[K, int]] = _Prefixes()
        self._peers: dict[K, dict[bytes, None]] = {}

    def __len__(self) -> int:
        """How many pairs of a peer and a topic there are, each of which has its memory."""
        return sum(map(len, self._peers.values()))

    def held(self, peer: K, topic: bytes) -> bool:
        """Has ``peer`` subscribed to ``topic``?"""
        return topic in self._peers.get(peer, ())

    def count(self, peer: K, topic: bytes) -> int:
        """How often ``peer`` subscribed to ``topic`` and did not take it back."""
        return self._topics.values.get(topic, {}).get(peer, 0)

    def topics(self, peer: K) -> list[bytes]:
        """What ``peer`` subscribed to."""
        return list(self._peers.get(peer, ()))

    def add(self, peer: K, topic: bytes) -> bool:
        """``peer`` subscribes to ``topic`` (SUB-1); True if it is the first peer to."""
        peers = self._topics.values.get(topic)
        first = peers is None
        if peers is None:
            peers = {}
            self._topics.put(topic, peers)
        counted = added(peers.get(peer, 0))
        peers[peer] = counted.count
        if counted.changes:
            self._peers.setdefault(peer, {})[topic] = None
        return first

    def remove(self, peer: K, topic: bytes) -> bool:
        """``peer`` takes one subscription back (SUB-2, SUB-3); True if no peer has one to ``topic`` any more."""
        peers = self._topics.values.get(topic)
        if peers is None or peer not in peers:
            return False
        return self._set(peer, topic, peers, removed(peers[peer]))

    def connection_ended(self, peer: K) -> list[tuple[bytes, bool]]:
        """The connection of ``peer`` has ended (PUB-9), and if it comes back it begins anew, be its pipe the same.

        Returns each topic that it had, and whether no peer has a subscription to it any more.
        """
        values = self._topics.values
        return [
            (topic, self._set(peer, topic, values[topic], ended(values[topic][peer]))) for topic in self.topics(peer)
        ]

    def _set(self, peer: K, topic: bytes, peers: dict[K, int], counted: Counted) -> bool:
        if not counted.changes:
            peers[peer] = counted.count
            return False
        del peers[peer]
        topics = self._peers[peer]
        del topics[topic]
        if not topics:
            del self._peers[peer]
        if peers:
            return False
        self._topics.drop(topic)
        return True

    def matching(self, first: bytes) -> list[K]:
        """The peers that get a message whose first part is ``first``, each once."""
        found = self._topics.found(first)
        if len(found) == 1:
            return list(found[0])
        return list(dict.fromkeys(peer for peers in found for peer in peers))


class Interests:
    """What a SUB or XSUB subscribed to itself.

    Every SUBSCRIBE is passed on, for whoever counts or shows them; the cancels are held back until the last one, and
    then there is one for each SUBSCRIBE that was passed on. So a publisher that counts ends at nothing, and one that
    does not, as libzmq, is not told to stop too early.
    """

    __slots__ = ("_topics",)

    def __init__(self, entries: Iterable[tuple[bytes, int, int]] = ()) -> None:
        self._topics: _Prefixes[list[int]] = _Prefixes()
        for topic, count, told in entries:
            self._topics.put(topic, [count, told])

    def entries(self) -> tuple[tuple[bytes, int, int], ...]:
        """Each topic, how often it is subscribed to, and how often publishers were told."""
        return tuple((topic, count, told) for topic, (count, told) in self._topics.values.items())

    def __len__(self) -> int:
        """How many topics there are, each of which has its memory."""
        return len(self._topics.values)

    def held(self, topic: bytes) -> bool:
        """Is there a subscription to ``topic``?"""
        return topic in self._topics.values

    def count(self, topic: bytes) -> int:
        """How often ``topic`` is subscribed to."""
        entry = self._topics.values.get(topic)
        return 0 if entry is None else entry[0]

    def topics(self) -> list[bytes]:
        """What a publisher that comes is told (SUB-7)."""
        return list(self._topics.values)

    def subscribe(self, topic: bytes) -> bool:
        """Subscribe to ``topic`` (SUB-1), and tell every publisher; True if it is the first time."""
        entry = self._topics.values.get(topic)
        if entry is None:
            entry = [0, 0]
            self._topics.put(topic, entry)
        counted = added(entry[0])
        entry[0] = counted.count
        entry[1] += 1
        return counted.changes

    def cancel(self, topic: bytes) -> int:
        """Take one subscription back (SUB-2, SUB-3); so many CANCELs are to be told to every publisher, 0 if none."""
        entry = self._topics.values.get(topic)
        if entry is None:
            return 0
        counted = removed(entry[0])
        entry[0] = counted.count
        if not counted.changes:
            return 0
        self._topics.drop(topic)
        return entry[1]

    def matches(self, first: bytes) -> bool:
        """Does any subscription match a message whose first part is ``first`` (SUB-4)?"""
        return bool(self._topics.found(first))


def weigh(topics: Iterable[bytes], each: int) -> int:
    """What these topics weigh: ``each``, and their octets twice, once to be remembered and once for the last cancel.

    The end of a subscription, a peer's going included, may have to be told to others, and may not need memory then.
    """
    return sum(each + 2 * len(topic) for topic in topics)
