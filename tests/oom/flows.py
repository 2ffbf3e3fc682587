"""Numbered messages from one socket to another, and what is true of what arrives.

Every part of a message says which message it is of, which part it is, and of how many. What arrives must be exactly one
message that was accepted, once, and in order; what does not arrive must have been announced as lost.
"""

import time
from collections.abc import Callable, Sequence

from enomem import KEEP, RESERVE, SKIP, SNDMORE, Again, HostUnreachable, NoMemory, PeerGone, SendPolicy, Socket
from enomem.model.rules import Rule

from .stage import BOUND, Stage

BLINK = 3
"""Milliseconds to wait for a message that need not come."""


def until(stage: Stage, what: str, say: Callable[[], bool]) -> None:
    """Say something until it arrives."""
    end = time.monotonic() + 2 * BOUND
    while not say():
        if time.monotonic() > end:
            raise stage.broken(f"it does not happen that {what}")


def rule_of(policy: SendPolicy, part: int, last: bool) -> Rule:
    """By which rule a part of a message without a library's part is refused."""
    if policy == KEEP and part > 0:
        return Rule.SEND_6
    if policy == SKIP and not last:
        return Rule.SEND_7
    return Rule.SEND_5


class Flow:
    """Messages of parts of these ``sizes``, which ``sender`` sends whole or part by part, and ``receiver`` gets.

    ``front`` is what is put in front of each when it is sent, ``shown`` what stands in front when it arrives. With
    ``lossy`` nothing that is sent before the first one arrives needs to (a publisher has not heard of its subscriber).
    ``aside`` takes messages that are none of these. One that is not ``alone`` is proved by whoever it belongs to.
    """

    def __init__(
        self, stage: Stage, sender: Socket, receiver: Socket, sizes: Sequence[int] = (12, 12), *, name: str = "m",
        by_parts: bool = False, front: Sequence[bytes] = (), shown: Sequence[bytes] = (), lossy: bool = False,
        alone: bool = True,
    ) -> None:  # fmt: skip
        self.stage, self.sender, self.receiver = stage, sender, receiver
        self.sizes, self.name, self.by_parts = tuple(sizes), name, by_parts
        self.front, self.shown, self.lossy = list(front), list(shown), lossy
        self.count = 0
        self.accepted: list[int] = []
        self.told: dict[int, int] = {}
        self.received: list[int] = []
        self.announced = -1 if lossy else stage.losses()
        self._even = True
        self.aside: Callable[[list[bytes]], bool] = lambda _message: False
        if alone:
            stage.flows.append(self)

    def message(self, number: int) -> list[bytes]:
        """The message of a number."""
        count = len(self.sizes)
        return [
            f"{self.name}{number}.{place}/{count}|".encode().ljust(size, b"x") for place, size in enumerate(self.sizes)
        ]

    # --- sending

    def send(self, number: int = 0) -> int:
        """Send the next message, with its recovery; returns its number when it was accepted."""
        self.count = number = number or self.count + 1
        self.begin(number)
        parts = [*self.front, *self.message(number)]
        if self.by_parts:
            self._parts(parts)
        else:
            self.stage.granted(f"send {self.name}{number}", lambda: self.sender.send_multipart(parts))
        self.accepted.append(number)
        return number

    def begin(self, number: int) -> None:
        """A message is about to be sent: what is announced from the last one that arrived on may be its loss."""
        self.told[number] = self.announced

    def excused(self, number: int) -> bool:
        """Was it announced that this message may be lost?"""
        return self.stage.losses() > self.told[number]

    def _parts(self, parts: list[bytes]) -> None:
        stage, place, tries, begun = self.stage, 0, 0, 0
        end = time.monotonic() + BOUND
        while place < len(parts):
            last = place == len(parts) - 1
            before = stage.held()
            begun = before if place == 0 else begun
            try:
                self.sender.send(parts[place], 0 if last else SNDMORE)
            except NoMemory as error:
                exact = not self.front and self.sender.TYPE not in (3, 4)
                reserved = stage.policy == RESERVE and error.rule == Rule.SEND_16
                stage.no_memory(error, rule_of(stage.policy, place, last) if exact and not reserved else None)
                # What KEEP keeps may be the library's own parts, which came before this one.
                may = (before if exact else 1 << 60) if stage.policy == KEEP else begun
                if stage.held() > may:
                    raise stage.broken("a refused part is held") from error
                place = self._recovered(parts, place, last)
            except Again:
                if place and not self.front:
                    raise stage.broken("Again in the middle of a message") from None
                stage.tell("Again")
            except (PeerGone, HostUnreachable) as error:
                stage.tell(type(error).__name__)
                place = 0
            else:
                place += 1
                continue
            tries += 1
            stage.impatient(tries)
            if time.monotonic() > end:
                raise stage.broken("sending by parts hangs")
        stage.tell(f"sent {self.name}{self.count} by parts")
        stage.check()

    def _recovered(self, parts: list[bytes], place: int, last: bool) -> int:
        """Which part is sent next, by what is documented for the policy."""
        policy = self.stage.policy
        if policy == KEEP:
            return place
        if policy == SKIP and not last:
            self._even = not self._even
            asked = len(self.stage.refuser.asked)
            if self._even:
                self.sender.abort_message()
            else:
                self._swallowed(parts[place + 1 :])
            if self.stage.where != "both" and self.stage.refuser.asked[asked:]:
                raise self.stage.broken("skipping asked for memory")
        return 0

    def _swallowed(self, rest: list[bytes]) -> None:
        """Variant 3 of the letter: the rest of the message is sent all the same, and swallowed."""
        for part in rest[:-1]:
            self.sender.send(part, SNDMORE)
        self.sender.send(rest[-1])

    # --- receiving

    def receive(self) -> int:
        """The number of the next message that arrives, 0 if none does for a moment."""
        if self.lossy and not self.received and not self.receiver.poll(BLINK):
            return 0
        try:
            message = self.receiver.recv_multipart()
        except Again:
            return 0
        self.taken(message)
        return self.received[-1] if self.received else 0

    def taken(self, message: list[bytes]) -> None:
        """A message has arrived: it must be one that was accepted, whole, once, in order."""
        stage = self.stage
        if self.aside(message):
            return
        body = message[len(self.shown) :]
        if message[: len(self.shown)] != self.shown:
            raise stage.broken(f"received with {message[: len(self.shown)]} in front")
        text = body[0].partition(b".")[0].removeprefix(self.name.encode()) if body else b""
        number = int(text) if text.isdigit() else 0
        if number < 1 or body != self.message(number):
            raise stage.broken(f"received what nobody sent: {[part[:20] for part in message]}")
        if number not in self.accepted:
            raise stage.broken(f"received {number}, which was never accepted")
        if self.received and number <= self.received[-1]:
            raise stage.broken(f"received {number} after {self.received[-1]}")
        missing = [n for n in self.accepted if (self.received or [0])[-1] < n < number]
        if not all(self.excused(n) for n in missing):
            raise stage.broken(f"{missing} were accepted and are lost, and nobody was told")
        self.announced = stage.losses()
        self.received.append(number)
        stage.tell(f"received {self.name}{number}")
        stage.check()

    # --- both

    def say(self) -> bool:
        """Send a message and wait for it; False if it was announced that it may be lost."""
        number = self.send()
        return self.arrives(number)

    def arrives(self, number: int) -> bool:
        """Wait for a message that was accepted; False if it was announced that it may be lost."""
        stage = self.stage
        end = time.monotonic() + BOUND
        while not self.received or self.received[-1] < number:
            if self.receive():
                continue
            stage.impatient()
            if self.excused(number):
                return False
            if time.monotonic() > end:
                raise stage.broken(f"{self.name}{number} was accepted and does not arrive, and nothing was announced")
        return True

    def prove(self) -> None:
        """There is memory now: the next message arrives intact (or the one after it, if a loss is announced)."""
        until(self.stage, f"a message {self.name} arrives", self.say)
