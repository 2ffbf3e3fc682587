"""Targets that do not do what they declare, each in one respect; the suite has to find every one."""

from collections.abc import Mapping

from enomem.checks.targets.model import Model
from enomem.checks.targets.reference import Reference
from enomem.checks.targets.target import Can, Received, Refused, Said, Value


class Stepped(Reference):
    def __init__(self) -> None:
        super().__init__(stepped=True)


class WeighsNothing(Stepped):
    def memory(self) -> int:
        return 0


class KeepsMemory(Stepped):
    most = 0

    def memory(self) -> int:
        self.most = max(self.most, super().memory())
        return self.most


class HasNoLimit(Stepped):
    def limit(self, units: int) -> None:
        pass


class AcceptsNothing(Stepped):
    def limit(self, units: int) -> None:
        self._lying = True

    def send(self, socket: int, part: bytes, more: bool = False, wait: int = 0) -> Said:
        return Said.NO_MEMORY if getattr(self, "_lying", False) else super().send(socket, part, more, wait)


class ClosesAlways(Stepped):
    def receive_policy(self, name: str) -> None:
        super().receive_policy("CLOSE")


class RefusesNothing(Model):
    def refuse(self, site: str, after: int = 0, times: int = 1) -> None:
        pass


class RefusesAtOnce(Model):
    def refuse(self, site: str, after: int = 0, times: int = 1) -> None:
        super().refuse(site, 0, times)


class RefusesForEver(Model):
    def refuse(self, site: str, after: int = 0, times: int = 1) -> None:
        if times:
            super().refuse(site, after, times)


class HasOnePolicy(Model):
    def policy(self, name: str) -> None:
        pass


class SkipsAlways(Model):
    def policy(self, name: str) -> None:
        super().policy("SKIP")


class AbortsNothing(Model):
    def abort(self, socket: int) -> Said:
        return Said.OK


class StaysConnected(Model):
    def disconnect(self, socket: int, endpoint: str) -> Said:
        return Said.OK


class GoesOnListening(Model):
    def unbind(self, socket: int, endpoint: str) -> Said:
        return Said.OK


class SeesPeersAlways(Model):
    def peers(self, socket: int, count: int, wait: int) -> bool:
        return True


class SettlesTooEarly(Model):
    _fresh = False

    def send(self, socket: int, part: bytes, more: bool = False, wait: int = 0) -> Said:
        self._fresh = True
        return super().send(socket, part, more, wait)

    def receive(self, socket: int, wait: int = 0) -> Received:
        fresh, self._fresh = self._fresh, False
        return Received(Said.AGAIN) if fresh and wait == 0 else super().receive(socket, wait)


class IgnoresOptions(Model):
    def option(self, socket: int, name: str, value: Value) -> Said:
        return Said.OK


class CountsOn(Model):
    _before = 0

    def create(self, kind: str, options: Mapping[str, Value] | None = None) -> int:
        self._before += 1
        return super().create(kind, options) + self._before - 1


class CountsTheRefused(Model):
    _refused = 0

    def create(self, kind: str, options: Mapping[str, Value] | None = None) -> int:
        try:
            return super().create(kind, options) + self._refused
        except Refused:
            self._refused += 1
            raise


class CanMoreThanItSays(Model):
    cans = Model.cans - {Can.ABORT}


class _Ring(Model):
    """A receiver that reads whole messages ahead, for those who get them wrong."""

    def __init__(self) -> None:
        self.waiting: list[Received] = []
        super().__init__()

    def ahead(self, socket: int, wait: int) -> list[Received]:
        parts = [super().receive(socket, wait)]
        while parts[-1].more:
            parts.append(super().receive(socket, wait))
        return parts

    def changed(self, parts: list[Received], socket: int, wait: int) -> list[Received]:
        return parts

    def receive(self, socket: int, wait: int = 0) -> Received:
        if not self.waiting:
            parts = self.ahead(socket, wait)
            self.waiting = parts if parts[0].said is not Said.OK else self.changed(parts, socket, wait)
        return self.waiting.pop(0)


class DeliversTwice(_Ring):
    def changed(self, parts: list[Received], socket: int, wait: int) -> list[Received]:
        return parts * 2


class LosesTheEnd(_Ring):
    def changed(self, parts: list[Received], socket: int, wait: int) -> list[Received]:
        return [*parts[:-2], Received(Said.OK, parts[-2].part)] if len(parts) > 1 else parts


class SplicesMessages(_Ring):
    def changed(self, parts: list[Received], socket: int, wait: int) -> list[Received]:
        following = self.ahead(socket, 0)
        if following[0].said is not Said.OK:
            return parts
        return [*parts[:-1], Received(Said.OK, parts[-1].part, True), *following]


class SwapsMessages(_Ring):
    def changed(self, parts: list[Received], socket: int, wait: int) -> list[Received]:
        following = self.ahead(socket, 0)
        return [*following, *parts] if following[0].said is Said.OK else parts


class DeliversTheUnfinished(Model):
    """A part is received as soon as it was sent."""

    def send(self, socket: int, part: bytes, more: bool = False, wait: int = 0) -> Said:
        return super().send(socket, part, False, wait)


class FavoursOne(Model):
    """All that is pushed goes to one peer."""

    _first: int | None = None

    def connect(self, socket: int, endpoint: str) -> Said:
        if self._first is None:
            self._first = socket
            return super().connect(socket, endpoint)
        return Said.OK

    def peers(self, socket: int, count: int, wait: int) -> bool:
        return True


class PublishesEverything(Model):
    def create(self, kind: str, options: Mapping[str, Value] | None = None) -> int:
        given = {name: b"" if name == "SUBSCRIBE" else value for name, value in (options or {}).items()}
        return super().create(kind, given)


class HidesTheSender(_Ring):
    def changed(self, parts: list[Received], socket: int, wait: int) -> list[Received]:
        return parts[1:] if self._net.sockets[socket].kind == "ROUTER" else parts


class KeepsTheBeginning(Stepped):
    """What was queued of a message whose part was refused stays, as with libzmq."""

    def send(self, socket: int, part: bytes, more: bool = False, wait: int = 0) -> Said:
        how = super().send(socket, part, more, wait)
        if how is Said.NO_MEMORY and part.startswith(b"x"):
            # The part before it is sent again, as if it had never been dropped.
            super().send(socket, b"left behind", True, wait)
        return how


class HoldsWhatItDropped(Stepped):
    def memory(self) -> int:
        self._seen = max(getattr(self, "_seen", 0), super().memory())
        return self._seen


class ForgetsWhatItKept(Model):
    """KEEP in name only: the parts before the refused one are gone."""

    def policy(self, name: str) -> None:
        super().policy("DISCARD")
