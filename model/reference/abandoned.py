"""What nobody closed: sockets and contexts that are garbage, and the copies of both that a forked child is born with.

A socket that is garbage is closed as its LINGER says, with a ResourceWarning, and a context that is garbage ends its
thread. A child of `os.fork` has copies of all descriptors and none of the threads: it closes the descriptors, without
a word to the peers, and every call on a socket or context of its parent says that it is closed.
"""

from __future__ import annotations

import os
import sys
import warnings
import weakref
from typing import TYPE_CHECKING

from . import closing

if TYPE_CHECKING:
    from .context import Context
    from .core import Core

known: weakref.WeakSet[Context] = weakref.WeakSet()


def keep(context: Context) -> None:
    """Know a context for as long as it is used, and end its thread when it is not any more."""
    known.add(context)
    # At the end of the program it is a daemon thread like any other.
    weakref.finalize(context, context.reactor.stop).atexit = False


def dropped(core: Core) -> None:
    """A socket is garbage, and was not closed.

    The garbage collector calls this in any thread, be it in the middle of a step: it is only noted here.
    """
    if core.closed or sys.is_finalizing():
        return
    context = core.context
    context.orphans.append(core)
    context.reactor.soon(context.bury)
    warnings.warn(f"a {core.kind.name} socket was not closed ({core.name})", ResourceWarning, stacklevel=3)


def bury(orphans: list[Core]) -> None:
    """Close the sockets that are garbage; with the lock held."""
    while orphans:
        closing.close(orphans.pop(), None)


def _in_child() -> None:
    for context in list(known):
        # Some thread that does not exist here may have held it.
        context.lock._at_fork_reinit()  # type: ignore[attr-defined]  # not in typeshed; the standard library uses it so
        context.closed = True
        for core in context.cores:
            _forget(core)
        context.cores.clear()
        context.orphans.clear()
        context.reactor.abandon()
        if context.recorder is not None:
            context.recorder.abandon()


def _forget(core: Core) -> None:
    """Close the copies of a socket's descriptors."""
    core.closed = True
    core.waiters.clear()
    core.callbacks.clear()
    for connection in core.connections:
        connection.open = False
        connection.descriptor.close()
    for listener in core.listeners.values():
        if listener.descriptor is not None:
            listener.descriptor.close()
    for target in core.targets:
        if target.attempt is not None:
            target.attempt.close()
    for signal in (core.bell, core.signal):
        if signal is not None:
            signal.close()
    core.bell = core.signal = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
