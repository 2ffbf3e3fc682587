"""Frames: octets with a flag, a tracker, and a buffer that others can look into.

The buffer protocol came to classes written in Python with 3.12. On 3.11 a frame is a bytearray and holds a copy of
its octets, so that ``memoryview(frame)`` and ``numpy.frombuffer(frame)`` work there as well.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Mapping
from errno import EINVAL
from threading import Event
from typing import Any

from .failures import failure

MORE, SHARED = 1, 3
Octets = bytes | bytearray | memoryview


class Hold:
    """That a frame shares the caller's memory: known to pyzmq's list of such objects until the last copy is gone."""

    __slots__ = ("_event", "_key", "_known")

    def __init__(self, data: object, event: Event | None) -> None:
        from zmq.utils.garbage import gc, gcref

        entry = gcref(data, event)
        self._key = id(entry)
        self._event = event
        self._known = gc.refs
        self._known[self._key] = entry

    def __del__(self) -> None:
        self._known.pop(self._key, None)
        if self._event is not None:
            self._event.set()


class Tracked(bytes):
    """Octets on their way: as long as the socket keeps them, the frame's memory counts as shared."""

    hold: Hold


def octets_of(view: memoryview) -> memoryview:
    """A view as single octets; a copy where its format does not allow that. BufferError if it has holes."""
    if not view.contiguous:
        raise BufferError("the memory of a part must be contiguous")
    if view.format == "B" and view.ndim == 1:
        return view
    try:
        return view.cast("B")
    except (TypeError, ValueError):
        return memoryview(view.tobytes())


if sys.version_info >= (3, 12):

    class Exporter:
        """Octets that can be looked into; those that a frame owns can be written to."""

        _content: Octets

        def _fill(self, content: Octets) -> None:
            self._content = content

        def _read(self) -> Octets:
            return self._content

        def __len__(self) -> int:
            return len(self._content)

        def __buffer__(self, flags: int, /) -> memoryview:
            if type(self._content) is bytes:
                self._content = bytearray(self._content)
            return memoryview(self._content)

else:

    class Exporter(bytearray):
        """Octets that can be looked into and written to: a copy."""

        def _fill(self, content: Octets) -> None:
            bytearray.__init__(self, content)

        def _read(self) -> Octets:
            return memoryview(self)


class Frame(Exporter):
    """One part of a message, with pyzmq's attributes ``more``, ``tracker``, ``bytes`` and ``buffer``."""

    more: bool
    tracker: Any
    tracker_event: Event | None
    _bytes: bytes | None
    _buffer: weakref.ref[memoryview] | None
    _hold: Hold | None
    _shared: memoryview | None
    _properties: Mapping[str, str]

    def __new__(cls, *arguments: Any, **more: Any) -> Frame:  # noqa: ARG004 - __init__ takes them
        """Make an empty one; a bytearray would look at the arguments."""
        return super().__new__(cls)

    def __init__(
        self,
        data: Any = None,
        track: bool = False,
        copy: bool | None = None,
        copy_threshold: int | None = None,
        **_ignored: Any,
    ) -> None:
        import zmq

        self.more = False
        self.tracker = zmq._FINISHED_TRACKER if track else None
        self.tracker_event = self._bytes = self._buffer = self._hold = self._shared = None
        self._properties = {}
        if isinstance(data, str):
            raise TypeError("Str objects not allowed. Only: bytes, buffer interfaces.")
        if data is None:
            self._fill(b"")
            return
        view = memoryview(data)
        content = octets_of(view)
        if copy is None:
            threshold = zmq.COPY_THRESHOLD if copy_threshold is None else copy_threshold
            copy = bool(threshold) and len(content) < threshold
        if copy:
            self._fill(content.tobytes())
            return
        if track:
            self.tracker_event = Event()
            self.tracker = zmq.MessageTracker(self.tracker_event)
        self._hold = Hold(data, self.tracker_event)
        self._shared = view
        self._fill(content)

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:  # type: ignore[override]
        return object.__hash__(self)

    def __str__(self) -> str:
        return repr(self)

    def __copy__(self) -> Frame:
        return self.fast_copy()

    def fast_copy(self) -> Frame:
        """Another frame of the same octets, which shares the tracker."""
        made = type(self)()
        if self._shared is None:
            made._fill(bytes(self._read()))
        else:
            made._shared = memoryview(self._shared.obj)
            made._fill(octets_of(made._shared))
        made._bytes, made._hold = self._bytes, self._hold
        made.tracker, made.tracker_event = self.tracker, self.tracker_event
        return made

    def receive(self, data: bytes, more: bool) -> None:
        """Take the octets of a part that arrived."""
        self._fill(data)
        self._bytes = data
        self.more = more

    def to_send(self) -> bytes:
        """The octets, to be handed to a socket; the memory counts as shared until that has done with them."""
        if self._hold is None:
            return bytes(self._read())
        tracked = Tracked(self._read())
        tracked.hold = self._hold
        return tracked

    @property
    def buffer(self) -> memoryview:
        """A view of the octets."""
        known = None if self._buffer is None else self._buffer()
        if known is not None:
            return known
        view = memoryview(self)
        self._buffer = weakref.ref(view)
        return view

    @property
    def bytes(self) -> bytes:
        """The octets, as they were when this was asked for first."""
        if self._bytes is None:
            self._bytes = bytes(self._read())
        return self._bytes

    def get(self, option: Any) -> int | str:
        """MORE, or a property of the connection that the frame came from; ZMQError EINVAL if there is none."""
        if isinstance(option, int):
            if option == MORE:
                return int(self.more)
            if option == SHARED:
                return int(self._hold is not None)
            raise failure(EINVAL)
        name = option.decode() if isinstance(option, bytes) else option
        if not isinstance(name, str):
            raise TypeError(f"expected str, got: {option!r}")
        for known, value in self._properties.items():
            if known.lower() == name.lower():
                return value
        raise failure(EINVAL)

    def set(self, option: int | str, value: Any) -> None:  # noqa: ARG002 - libzmq has no option to set either
        """Refuse: no option of a frame can be set (ZMQError EINVAL)."""
        raise failure(EINVAL)
