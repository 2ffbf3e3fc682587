"""What is said in more than one direction, or to more than one: requests and replies, publishing, subscribing."""

import time
from collections import Counter
from collections.abc import Sequence

from enomem import Again, Socket

from .flows import Flow, until
from .stage import BOUND, PATIENCE, Stage


class Exchange:
    """Numbered requests, each with its reply; a request whose reply may be lost is followed by another."""

    def __init__(self, stage: Stage, asks: Socket, answers: Socket, sizes: Sequence[int]) -> None:
        self.stage = stage
        self.requests = Flow(stage, asks, answers, sizes, name="q", by_parts=True, alone=False)
        self.replies = Flow(stage, answers, asks, sizes, name="a", by_parts=True, alone=False)
        stage.flows.append(self)

    def say(self) -> bool:
        """Ask, and wait for the answer; False if it was announced that either may be lost."""
        stage, requests, replies = self.stage, self.requests, self.replies
        announced = stage.losses()
        number = requests.send()
        end = time.monotonic() + BOUND
        while True:
            asked = answered = 0
            if not requests.received or requests.received[-1] < number:
                asked = requests.receive()
                if asked:
                    replies.send(asked)
            if requests.received and requests.received[-1] == number:
                answered = replies.receive()
                if answered == number:
                    return True
            if asked or answered:
                continue
            stage.impatient()
            if stage.losses() > announced:
                return False
            if time.monotonic() > end:
                raise stage.broken(f"request {number} was accepted and is not answered, and nothing was announced")

    def prove(self) -> None:
        """There is memory now: a request is answered."""
        until(self.stage, "a request is answered", self.say)


class Fan:
    """Numbered messages to all ``subscribers``; each may miss some, if that is announced, and none in part."""

    def __init__(
        self, stage: Stage, publisher: Socket, subscribers: Sequence[Socket], by_parts: bool = False, name: str = "m"
    ) -> None:  # fmt: skip
        self.stage = stage
        self.flows = [
            Flow(stage, publisher, subscriber, name=name, by_parts=by_parts, lossy=True, alone=False)
            for subscriber in subscribers
        ]
        stage.flows.append(self)

    def say(self) -> bool:
        """Publish one message, and wait for it everywhere; False if somebody missed it."""
        first = self.flows[0]
        for flow in self.flows[1:]:
            flow.begin(first.count + 1)
            flow.accepted.append(first.count + 1)
        number = first.send()
        heard = [flow.arrives(number) for flow in self.flows]
        return all(heard)

    def until_heard(self) -> None:
        """Publish until all subscribers have got the same message."""
        until(self.stage, "all subscribers get the same message", self.say)

    def prove(self) -> None:
        """There is memory now: all subscribers get a message."""
        self.until_heard()


class Shown:
    """What an XPUB's application is shown: which topics its peers want; each change exactly once.

    Counted, as an XSUB counts them: what is shown of a peer that comes back may overtake what was shown of it before.
    """

    def __init__(self, stage: Stage, publisher: Socket) -> None:
        self.stage, self.publisher = stage, publisher
        self.counts: Counter[bytes] = Counter()

    @property
    def topics(self) -> set[bytes]:
        """What is wanted, as far as has been shown."""
        return set(+self.counts)

    def aside(self, message: list[bytes]) -> bool:
        """Take a subscription; False if the message is none."""
        if len(message) != 1 or message[0][:1] not in (b"\0", b"\1"):
            return False
        more, topic = message[0][0] == 1, message[0][1:]
        self.stage.tell(f"shown {'+' if more else '-'}{topic.decode()}")
        self.counts[topic] += 1 if more else -1
        if not 0 <= self.counts[topic] <= 1 + bool(self.stage.losses()):
            raise self.stage.broken(f"{message[0]!r} changes nothing and is shown")
        return True

    def come_to(self, topics: set[bytes]) -> None:
        """Wait until the peers are known to want these topics, and no others."""
        stage = self.stage
        end = time.monotonic() + BOUND
        tries = 0
        while self.topics != topics or max(self.counts.values(), default=0) > 1:
            # A peer whose subscription is refused comes again, and again.
            tries += 1
            stage.impatient(tries // PATIENCE)
            try:
                message = self.publisher.recv_multipart()
            except Again:
                stage.impatient()
                if time.monotonic() > end:
                    raise stage.broken(f"the publisher knows of {self.topics}, and {topics} are wanted") from None
                continue
            if not self.aside(message):
                raise stage.broken(f"{message!r} is no subscription")
        stage.check()
