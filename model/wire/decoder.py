"""The decoder: octets of traffic to whole messages and commands.

The octets may come in any pieces. Those of frames up to ``Limits.small`` wait in one buffer; a larger frame that is
not all there stops the decoder until the shell has allowed it (`Decoder.wanted`, `Decoder.allow`), and is then read
straight into its own memory (`Decoder.target`). So nothing is reserved for a length that a peer chose before the
pool granted it (WIRE-16).
"""

import sys
from dataclasses import dataclass
from struct import Struct

from ..rules import Rule
from . import bodies, commands, frames
from .commands import Command
from .errors import PeerError
from .frames import COMMAND, LONG, LONG_HEAD, MORE, SHORT_HEAD

_number = Struct(">Q").unpack_from

Message = list[bytes]
"""The parts of one message."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a peer may send at once; None is no limit.

    Octets in one frame of a message (MAXMSGSIZE), in a whole message, in a command, and in a command of the handshake;
    and the parts of one message. A frame of up to ``small`` octets needs no memory of its own. Whoever holds the
    decoder has ``small`` and what he feeds at once already paid for.
    """

    frame: int | None = None
    message: int | None = None
    parts: int | None = None
    command: int = 1 << 20
    small: int = 8192
    handshake: int = 8192


class Decoder:
    """One connection's traffic, incoming. ``wanted`` is the size of a frame that needs `allow`, else 0.

    The ``version`` of the peer changes nothing in how frames are read; it is kept for whoever asks.
    """

    def __init__(self, version: tuple[int, int], limits: Limits) -> None:
        self.version = version
        self.limits = limits
        self.wanted = 0
        self._parts_most = _bound(limits.parts)
        # Where not even one part is allowed, no frame is plain, and `check` says why.
        self._frame_most = _bound(limits.frame) if self._parts_most > 0 else -1
        self._message_most = _bound(limits.message)
        self._buffer = b""
        self._at = 0
        # What was fed behind a frame that is not all there, and how many octets that frame needs.
        self._tail = bytearray()
        self._need = 0
        self._parts: Message = []
        self._held = 0
        self._flags = 0
        self._body: bodies.Body | None = None
        self._failed: PeerError | None = None

    @property
    def held(self) -> int:
        """Octets of the half-read message that it holds: its whole parts, and the full size of an allowed body."""
        return self._held + (self._body.size if self._body is not None else 0)

    @property
    def half_read(self) -> int:
        """How many parts of a half-read message it holds; an allowed body counts, though it be a command's."""
        return len(self._parts) + (self._body is not None)

    @property
    def failed(self) -> bool:
        """Has the peer broken a rule?  The next `take` says which."""
        return self._failed is not None

    @property
    def has_buffered(self) -> bool:
        """Are there octets that no `take` has turned into an event or part yet, those of an allowed body left out?"""
        return self._at < len(self._buffer) or len(self._tail) > 0

    def feed(self, data: bytes) -> None:
        """Append what was read; `take` makes something of it."""
        body = self._body
        if body is not None and body.filled < body.size:
            data = data[body.write(data) :]
        if self._at == len(self._buffer) and not self._tail:
            self._buffer = bytes(data)
            self._at = self._need = 0
        elif (
            not self._tail and not self.wanted and 0 < self._need <= len(self._buffer) - self._at + len(data)
        ):  # fmt: skip
            # The frame that was not all there is now: joined at once, the octets are copied once.
            self._buffer = self._buffer[self._at :] + data
            self._at = self._need = 0
        else:
            self._tail += data

    def take(self, most: int) -> list[Message | Command]:
        """Up to ``most`` whole messages, with the commands between them, in order.

        A command that comes between two frames of a message stands before that message (WIRE-17). An empty list means
        that more octets, or `allow`, are needed. Raises PeerError once all that came before the error was taken.
        """
        found: list[Message | Command] = []
        if self._failed is not None:
            raise self._failed
        if self.wanted or most <= 0:
            return found
        try:
            if self._body is not None and not self._whole_body(found):
                return found
            left = self._run(found, most - len(found))
            while left > 0 and self._other(found):
                left = self._run(found, left)
        except PeerError as error:
            self._failed = error
            if not found:
                raise
        return found

    def _run(self, found: list[Message | Command], left: int) -> int:
        """Messages, at most ``left``, as long as their frames are plain and all there; how many are left then.

        One loop over one buffer, with locals and no object but what is given out: this is where the time goes.
        """
        buffer, at, parts, held = self._buffer, self._at, self._parts, self._held
        end, append, number = len(buffer), found.append, _number
        frame_most, message_most, parts_most = self._frame_most, self._message_most, self._parts_most
        while left > 0 and at + 1 < end:
            flags = buffer[at]
            if flags < LONG:
                head = at + SHORT_HEAD
                size = buffer[at + 1]
            elif flags < COMMAND:
                head = at + LONG_HEAD
                if head > end:
                    break
                (size,) = number(buffer, at + 1)
            else:
                break
            stop = head + size
            if stop > end or size > frame_most:
                break
            if flags & MORE or parts:
                if held + size > message_most or len(parts) >= parts_most:
                    break
                parts.append(buffer[head:stop])
                if flags & MORE:
                    held += size
                else:
                    append(parts)
                    parts = []
                    held = 0
                    left -= 1
            elif size > message_most:
                break
            else:
                append([buffer[head:stop]])
                left -= 1
            at = stop
        self._at, self._parts, self._held = at, parts, held
        return left

    def _other(self, found: list[Message | Command]) -> bool:
        """Whatever is no plain frame that is all there; False if nothing can be done without more octets or leave."""
        buffer, at = self._buffer, self._at
        there = len(buffer) - at
        if self._tail:
            if there + len(self._tail) < self._need:
                return False
            self._buffer = buffer[at:] + self._tail
            self._tail = bytearray()
            self._at = self._need = 0
            return True
        if not there:
            return False
        flags = buffer[at]
        frames.check_flags(flags)
        head = LONG_HEAD if flags & LONG else SHORT_HEAD
        if there < head:
            return self._wait(head)
        size = int.from_bytes(buffer[at + 1 : at + head], "big")
        check(self.limits, flags, size, self._held, len(self._parts))
        if there >= head + size:
            # A message's frame that is all there and within the limits is plain: this is a command.
            self._at = at + head + size
            found.append(commands.parse(buffer[at + head : self._at]))
            return True
        if needs_leave(self.limits, size):
            self.wanted = size
            self._flags = flags
        return self._wait(head + size)

    def _wait(self, need: int) -> bool:
        """Keep no more than the beginning of the frame that is not all there."""
        self._buffer = self._buffer[self._at :]
        self._at = 0
        self._need = need
        return False

    # --- large frames

    def allow(self) -> None:
        """Get the memory of the ``wanted`` frame, which the pool has granted (WIRE-16); MemoryError changes nothing."""
        head = LONG_HEAD if self._flags & LONG else SHORT_HEAD
        body = bodies.Body(self.wanted)
        body.write(self._buffer[head:])
        rest = bytes(self._tail)
        self._buffer = rest[body.write(rest) :]
        self._tail = bytearray()
        self._at = self._need = self.wanted = 0
        self._body = body

    def target(self) -> memoryview | None:
        """Where the next octets of an allowed body belong, for ``recv_into``; None if there is none or it is full.

        Good until `filled` is called, whether or not anything was read. Nothing may be `feed` while it is in use.
        """
        body = self._body
        if body is None or body.filled == body.size:
            return None
        return body.missing()

    def filled(self, count: int) -> None:
        """So many octets were read into `target`."""
        assert self._body is not None
        self._body.came(count)

    def _whole_body(self, found: list[Message | Command]) -> bool:
        """The allowed body has become a part or a command, or False if octets of it are missing."""
        body = self._body
        assert body is not None
        if body.filled < body.size:
            return False
        self._body = None
        data = body.release()
        if self._flags & COMMAND:
            found.append(commands.parse(data))
            return True
        self._parts.append(data)
        self._held += len(data)
        if not self._flags & MORE:
            found.append(self._parts)
            self._parts = []
            self._held = 0
        return True


def check(limits: Limits, flags: int, size: int, held: int, parts: int) -> None:
    """May a frame of ``size`` octets follow ``parts`` parts of ``held`` octets?  Asked as soon as its header is there.

    PeerError if not, by the first of WIRE-11 to WIRE-15 that it breaks.
    """
    frames.check_size(size)
    if flags & COMMAND:
        if size > limits.command:
            raise PeerError(Rule.WIRE_15, f"a command of {size} octets: at most {limits.command} are taken")
        return
    if limits.frame is not None and size > limits.frame:
        raise PeerError(Rule.WIRE_12, f"a frame of {size} octets: at most {limits.frame} are taken")
    if limits.message is not None and held + size > limits.message:
        raise PeerError(Rule.WIRE_13, f"a message of {held + size} octets or more: at most {limits.message} are taken")
    if limits.parts is not None and parts >= limits.parts:
        raise PeerError(Rule.WIRE_14, f"a message of more than {limits.parts} parts")


def needs_leave(limits: Limits, size: int) -> bool:
    """Has a frame that is not all there to be allowed before memory is reserved for it (WIRE-16)?"""
    return size > limits.small


def _bound(limit: int | None) -> int:
    return sys.maxsize if limit is None else limit
