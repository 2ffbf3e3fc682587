"""Waiting for several sockets, and handing messages on between two."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from typing import Any, NoReturn

from enomem.model.reference import poller
from enomem.model.reference.constants import ETERM

from .failures import KNOWN, failure, translated
from .sockets import Socket


def _watched(item: Any) -> tuple[Any, Any]:
    """What the reference socket polls for an entry of the list, and what stands for it in the answer."""
    if isinstance(item, Socket):
        return item.reference, item
    if isinstance(item, int):
        return int(item), int(item)
    if not hasattr(item, "fileno"):
        raise TypeError(f"Socket must be a 0MQ socket, an integer fd or have a fileno() method: {item!r}")
    try:
        number = int(item.fileno())
    except (TypeError, ValueError, OSError):
        raise ValueError("fileno() must return a valid integer fd") from None
    return number, number


def zmq_poll(sockets: Sequence[tuple[Any, int]], timeout: int = -1) -> list[tuple[Any, int]]:
    """Wait at most ``timeout`` milliseconds (negative: for ever) for sockets and descriptors; those that are ready."""
    if not sockets:
        return []
    waiting = poller.Poller()
    wanted: dict[Any, int] = {}
    entries = []
    for item, flags in sockets:
        core, answer = _watched(item)
        entries.append((core, answer, int(flags)))
        wanted[core] = wanted.get(core, 0) | int(flags)
    for core, flags in wanted.items():
        waiting.register(core, flags)
    try:
        found = dict(waiting.poll(timeout))
    except KNOWN as error:
        raise translated(error) from None
    return [(answer, found[core] & flags) for core, answer, flags in entries if found.get(core, 0) & flags]


def proxy(frontend: Socket, backend: Socket, capture: Socket | None = None) -> NoReturn:
    """Hand messages on between two sockets, until their context is terminated: ContextTerminated."""
    try:
        poller.proxy(frontend.reference, backend.reference, None if capture is None else capture.reference)
    except KNOWN as error:
        raise translated(error) from None
    raise failure(ETERM)


def proxy_steerable(
    frontend: Socket,  # noqa: ARG001
    backend: Socket,  # noqa: ARG001
    capture: Socket | None = None,  # noqa: ARG001
    control: Socket | None = None,  # noqa: ARG001
) -> NoReturn:
    """Refuse, as libzmq has since 4.3.5 (ENOTSUP)."""
    raise failure(errno.ENOTSUP)
