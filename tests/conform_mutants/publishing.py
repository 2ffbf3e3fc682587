"""Defects of publishers and subscribers that ``tests/behaviour`` does not have."""

from dataclasses import replace
from typing import Any

from enomem.model.patterns import fan_out, sub, subscriptions, xpub
from enomem.model.patterns.pattern import Begin, Offered, Shape, Way
from enomem.model.patterns.turns import Turns
from enomem.model.reference import topics
from enomem.model.rules import Rule
from enomem.model.send import Answer, Send

from .mutant import Mutant

COPY, SUB_OFFERED, XPUB_OFFERED = fan_out.copy, sub.offered, xpub.offered
WANTS, NO_MORE = topics.Topics._peer_wants, topics.Topics._want_no_more
CANCEL, MATCHING, PAY = subscriptions.Interests.cancel, subscriptions.Subscriptions.matching, subscriptions.pay


def all_peers(self: Any, first: bytes) -> list[Any]:
    return list(self._peers)


def nobody_else(self: Any, first: bytes) -> list[Any]:
    return MATCHING(self, first)[:1]


def rest_goes_on(*arguments: Any) -> Any:
    sent = COPY(*arguments)
    return replace(sent, send=Send()) if sent.answer == Answer.FULL else sent


def once_for_each_topic(self: Any, first: bytes) -> list[Any]:
    return [peer for peers in self._topics.found(first) for peer in peers]


def told_to_nobody(self: Any, topic: bytes, more: bool) -> None:
    return None


def remembered_all_the_same(pool: Any, amount: int, held: bool, refuse: Any) -> Any:
    return PAY(pool, amount, held, None)


def never_over(self: Any, peer: Any, topic: bytes) -> bool:
    return False


def any_cancel_counts(self: Any, session: Any, topic: bytes, more: bool) -> Any:
    known = self.peers.topics(session)
    return WANTS(self, session, known[0] if known and not more and topic not in known else topic, more)


def nothing_upstream(state: Turns, place: int) -> Offered[Turns]:
    return replace(XPUB_OFFERED(state, place), deliver=False)


def over_at_once(self: Any, topic: bytes) -> int:
    entry = self._topics.values.get(topic)
    if entry is not None:
        entry[0] = 1
    return CANCEL(self, topic)


def one_cancel(self: Any, topic: bytes) -> int:
    return min(1, CANCEL(self, topic))


def of_the_first_publisher(state: Turns, place: int, shape: Shape) -> Offered[Turns]:
    offered = SUB_OFFERED(state, place, shape)
    return replace(offered, deliver=offered.deliver and place == 0)


def nothing_but_subscriptions(state: Turns) -> Begin[Turns]:
    return Begin(Rule.SUB_6, Way.SWALLOW, state)


def cancels_anything(self: Any, topic: bytes) -> None:
    if self.own.held(topic):
        NO_MORE(self, topic)
    else:
        self._tell_all(topic, False)


MUTANTS = (
    Mutant("PUB to all", "A message goes to all subscribers, whatever they want.",
           {"patterns.subscriptions.Subscriptions.matching": all_peers}, ("pub/1/3", "pub/1/5", "pub/1/6")),
    Mutant("the rest goes on", "A subscriber that is full for the first part of a message gets the others.",
           {"patterns.fan_out.copy": rest_goes_on}, ("pub/2/1",)),
    Mutant("once for each topic", "A message comes as often as topics match it.",
           {"patterns.subscriptions.Subscriptions.matching": once_for_each_topic}, ("pub/1/4",)),
    Mutant("told to nobody", "A subscription is told to publishers that come later only.",
           {"reference.topics.Topics._tell_all": told_to_nobody}, ("sub/1/1", "sub/2/1", "sub/6/1")),
    Mutant("remembered all the same", "A subscription that gets no memory is accepted.",
           {"patterns.subscriptions.pay": remembered_all_the_same}, ("sub/8/1",)),
    Mutant("PUB to one", "Of those who want a message the first gets it.",
           {"patterns.subscriptions.Subscriptions.matching": nobody_else}, ("pub/1/5",)),
    Mutant("never over", "A subscription is never over.",
           {"patterns.subscriptions.Subscriptions.remove": never_over}, ("pub/9/1", "pub/8/2")),
    Mutant("any cancel counts", "A cancel of what was not subscribed to cancels something else.",
           {"reference.topics.Topics._peer_wants": any_cancel_counts}, ("pub/8/3",)),
    Mutant("nothing upstream", "XPUB drops what is no subscription.",
           {"patterns.xpub.offered": nothing_upstream}, ("pub/10/1",)),
    Mutant("over at once", "A SUB that has subscribed twice wants nothing after one cancel.",
           {"patterns.subscriptions.Interests.cancel": over_at_once}, ("sub/2/2",)),
    Mutant("one cancel", "A publisher that was told twice is told of the end once.",
           {"patterns.subscriptions.Interests.cancel": one_cancel}, ("sub/2/3",)),
    Mutant("of the first publisher", "SUB delivers what its first publisher sends, and no other.",
           {"patterns.sub.offered": of_the_first_publisher}, ("sub/4/1",)),
    Mutant("nothing but subscriptions", "XSUB drops what is no subscription.",
           {"patterns.xsub.begin": nothing_but_subscriptions}, ("sub/6/2",)),
    Mutant("cancels anything", "XSUB tells a cancel of what was not subscribed to.",
           {"reference.topics.Topics._want_no_more": cancels_anything}, ("sub/3/1",)),
)  # fmt: skip
