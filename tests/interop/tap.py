"""A wire with a test's hand on it: forwards between two libraries, records both ways, goes dead, breaks."""

from dataclasses import dataclass

from .raw import COMMAND, Listener, Raw, Stream


@dataclass
class Line:
    """One connection through the tap: the side that connected, and the side that had bound."""

    connecter: Raw
    binder: Raw
    forwarded: dict[int, int]

    @property
    def ended(self) -> bool:
        return self.connecter.ended or self.binder.ended

    def close(self) -> None:
        self.connecter.close()
        self.binder.close()


class Tap:
    """Listens at ``endpoint`` and carries every connection on to ``target``, which may change between connections."""

    def __init__(self, target: str):
        self.listener, self.target, self.dead = Listener(), target, False
        self.endpoint = self.listener.endpoint
        self.lines: list[Line] = []

    def serve(self, milliseconds: int) -> None:
        """Forward what has come. A dead tap still reads, so that neither side sees anything but silence."""
        accepted = self.listener.try_accept()
        if accepted is not None:
            self.lines.append(Line(accepted, Raw.connect(self.target), {0: 0, 1: 0}))
        only = len(self.lines) == 1
        for line in self.lines:
            for way, here, there in ((0, line.connecter, line.binder), (1, line.binder, line.connecter)):
                here.serve(milliseconds if only and way == 0 else 0)
                fresh = bytes(here.came.data[line.forwarded[way] :])
                line.forwarded[way] += len(fresh)
                if fresh and not self.dead:
                    there.send(fresh, here)
            if line.ended and not self.dead:
                line.close()
        if not self.dead:
            self.lines = [line for line in self.lines if not line.ended]

    def commands(self, from_binder: bool) -> list[bytes]:
        """The names of the commands that the bound side (or the connected side) of the newest line has sent so far."""
        line = self.lines[-1]
        stream = Stream((line.binder if from_binder else line.connecter).came.data)
        names = []
        while (found := stream.frame()) is not None:
            if found.flags & COMMAND:
                names.append(found.name)
        return names

    def cut(self) -> None:
        """Break every line."""
        for line in self.lines:
            line.close()
        self.lines = []

    def close(self) -> None:
        """Break every line and take no more."""
        self.cut()
        self.listener.close()
