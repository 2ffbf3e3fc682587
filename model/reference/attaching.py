"""Binding, connecting, accepting, trying again: how a socket comes by its connections."""

from __future__ import annotations

import contextlib
import errno
import os
import random
import socket as os_socket
from typing import TYPE_CHECKING

from .. import connection as life
from ..connection import LISTENING, Event, Reason
from ..memory import Site
from ..patterns.pattern import way
from ..rules import Rule
from . import endpoints, nearby
from .connections import Connection
from .constants import Option
from .endpoints import ACCEPT_DELAY, Address, Listener, Target
from .errors import AddressInUse, InvalidArgument, NoMemory, SocketError
from .living import Living
from .monitor import EventKind
from .reactor import READABLE, WRITABLE
from .sessions import Session
from .weights import LISTENER

if TYPE_CHECKING:
    from .core import Core

ANY_PORT = range(49152, 65536)
"""What pyzmq tries where nothing else is asked for; the system knows better which is free."""
EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


# --- binding


def bind(core: Core, text: str) -> str:
    """Listen at an endpoint; returns the one that it got. Nothing is left behind if it fails."""
    address = endpoints.parse(text, binding=True)
    context = core.context
    context.reactor.start()
    before, descriptor, endpoint = context.pool, None, ""
    context.obtain(Site.LISTENER, LISTENER)
    try:
        if address.transport == "inproc":
            if address.path in context.inproc:
                raise AddressInUse(f"another socket listens at {text}")
            listener, endpoint = Listener(text, address, None), text
        else:
            descriptor, endpoint = endpoints.listen(address, core.options)
            listener = Listener(endpoint, address, descriptor)
        core.listeners[endpoint] = listener
        if listener.descriptor is not None:
            context.reactor.watch(listener.descriptor.fileno(), READABLE, lambda _mask: accept(core, listener))
    except MemoryError:
        core.listeners.pop(endpoint, None)
        if descriptor is not None:
            context.reactor.forget(descriptor.fileno())
            descriptor.close()
        context.pool = before
        raise
    except OSError as error:
        context.release(Site.LISTENER, LISTENER)
        core.tell(EventKind.BIND_FAILED, text, str(error), value=error.errno or 0)
        raise
    core.last_endpoint = endpoint
    core.tell(EventKind.LISTENING, endpoint, value=listener.descriptor.fileno() if listener.descriptor else 0)
    if listener.descriptor is None:
        context.inproc[address.path] = core
        for waiting, target in context.waiting_for(address.path):
            _join(waiting, target, core)
    return endpoint


def bind_randomly(core: Core, text: str, ports: range, tries: int) -> int:
    """Listen at a free port of an address without one; AddressInUse if none was found in so many tries."""
    if ports == ANY_PORT:
        return int(bind(core, f"{text}:0").rpartition(":")[2])
    for port in random.sample(ports, min(tries, len(ports))):
        with contextlib.suppress(AddressInUse):
            bind(core, f"{text}:{port}")
            return port
    raise AddressInUse(f"no free port of {text} was found in {tries} tries")


def unbind(core: Core, text: str) -> None:
    """Listen no longer; the connections that came from there are ended. SocketError ENOENT if it does not listen."""
    endpoint = text if text in core.listeners else _wildcard(core, text)
    if endpoint is None:
        raise SocketError(f"this socket does not listen at {text}", errno.ENOENT)
    unlisten(core, endpoint)
    for connection in list(core.connections):
        if not connection.initiated and connection.endpoint == endpoint:
            connection.flush()
            connection.end(Reason.UNBOUND)


def _wildcard(core: Core, text: str) -> str | None:
    for endpoint, listener in core.listeners.items():
        if listener.address.text == text:
            return endpoint
    return None


def unlisten(core: Core, endpoint: str) -> None:
    """Close a listening descriptor."""
    listener = core.listeners.pop(endpoint)
    context = core.context
    if listener.descriptor is None:
        del context.inproc[listener.address.path]
    else:
        number = listener.descriptor.fileno()
        if not listener.state.resting:
            context.reactor.forget(number)
        listener.descriptor.close()
        if listener.address.transport == "ipc" and not endpoint.startswith("ipc://@"):
            endpoints.remove(endpoint.removeprefix("ipc://"), listener.address)
        core.tell(EventKind.CLOSED, endpoint, Reason.UNBOUND.value, value=number)
    context.release(Site.LISTENER, LISTENER)


def accept(core: Core, listener: Listener) -> None:
    """A peer wants to connect; without memory it is turned away, and the listener rests for a moment (CONNECT-5)."""
    assert listener.descriptor is not None
    try:
        descriptor, _ = listener.descriptor.accept()
    except (BlockingIOError, InterruptedError, ConnectionAbortedError):
        return
    except OSError as error:
        core.tell(EventKind.ACCEPT_FAILED, listener.endpoint, error.strerror or "", value=error.errno or 0)
        if error.errno in EXHAUSTED:
            listener.state = core.context.steps(life, "exhausted", listener.endpoint, listener.state)
            _rest(core, listener)
        return
    living = Living(core, listener.endpoint)
    listener.state = living.accept(listener.state)
    if not living.exists:
        descriptor.close()
        core.tell(
            EventKind.ACCEPT_FAILED, listener.endpoint, Reason.NO_MEMORY.value, rule=Rule.CONNECT_5, value=errno.ENOMEM
        )
        _rest(core, listener)
        return
    try:
        descriptor.setblocking(False)
        endpoints.tune(descriptor, core.options)
    except OSError as error:
        # The peer has gone again; the listener goes on.
        descriptor.close()
        living.destroy(Reason.LOST)
        core.tell(EventKind.ACCEPT_FAILED, listener.endpoint, error.strerror or "", value=error.errno or 0)
        return
    _accepted(core, descriptor, listener.endpoint, living)


def _rest(core: Core, listener: Listener) -> None:
    assert listener.descriptor is not None
    number = listener.descriptor.fileno()
    core.context.reactor.forget(number)

    def go_on() -> None:
        if core.listeners.get(listener.endpoint) is listener:
            listener.state = core.context.steps(life, "rested", listener.endpoint, listener.state)
            core.context.reactor.watch(number, READABLE, lambda _mask: accept(core, listener))

    core.context.reactor.later(ACCEPT_DELAY, go_on)


def _accepted(core: Core, descriptor: os_socket.socket, endpoint: str, living: Living) -> Connection:
    connection = Connection(core, descriptor, None, endpoint, living)
    core.connections.add(connection)
    core.tell(EventKind.ACCEPTED, endpoint, value=connection.number)
    connection.start()
    return connection


# --- connecting


def connect(core: Core, text: str) -> None:
    """Connect to an endpoint, now or when something listens there.

    All that the connection will need is charged first, for as long as it lives, reconnecting included (CONNECT-4);
    NoMemory leaves nothing behind.
    """
    address = endpoints.parse(text, binding=False)
    context = core.context
    called = core.options.octets(Option.CONNECT_ROUTING_ID)
    if called and core.routes and core.routing.holder(called) is not None:
        raise InvalidArgument(f"another peer is called {called!r} already")
    context.reactor.start()
    target, living = None, Living(core, text)
    living.connect()
    try:
        target = Target(address, core.new_session(None), living)
        _attached(core, target)
        core.last_endpoint = text
        _attempt(core, target)
    except MemoryError:
        _unmade(core, target, living)
        raise


def _attached(core: Core, target: Target) -> None:
    """Give a target's session its place in the socket; SocketError if the pattern has none for it (PAIR-2)."""
    context, session, text = core.context, target.session, target.address.text
    session.target = target
    session.called = core.options.octets(Option.CONNECT_ROUTING_ID)
    core.options.values.pop(Option.CONNECT_ROUTING_ID, None)
    refused = core.attach(session)
    if refused is not None:
        # PAIR has its peer: the endpoint is kept, and nothing is sent there.
        context.steps.end(session.name)
        target.living.destroy(Reason.SECOND_PEER)
        number = getattr(errno, way(refused).value)
        raise SocketError(f"this socket has its peer already and cannot connect to {text}", number, rule=refused)
    if session.called and core.routes:
        session.routing_id = core.routing.add(session.called, session)
    core.targets.append(target)


def _unmade(core: Core, target: Target | None, living: Living) -> None:
    """The interpreter had no memory for all that a connect needs: nothing of it is left behind."""
    if target is not None and target in core.targets:
        stop(core, target, Reason.NO_MEMORY)
        return
    if target is not None and target.session.place >= 0:
        core.detach(target.session)
    living.destroy(Reason.NO_MEMORY)


def _attempt(core: Core, target: Target) -> None:
    session, address = target.session, target.address
    session.timer = None
    if address.transport == "inproc":
        listener = core.context.inproc.get(address.path)
        if listener is not None:
            _join(core, target, listener)
        return
    if not target.living.came(Event.ATTEMPT):
        _refused(core, target, Reason.NO_MEMORY)
        return
    try:
        descriptor = endpoints.connecting(address, core.options)
    except OSError as error:
        _refused(core, target, Reason.REFUSED, error.strerror or str(error))
        return
    target.attempt = descriptor
    number = descriptor.fileno()
    core.tell(EventKind.CONNECT_DELAYED, address.text, value=errno.EINPROGRESS)
    limit = core.options.number(Option.CONNECT_TIMEOUT)
    if limit > 0:
        session.timer = core.context.reactor.later(limit, lambda: _connected(core, target, descriptor, errno.ETIMEDOUT))
    core.context.reactor.watch(number, WRITABLE, lambda _mask: _connected(core, target, descriptor, None))


def _connected(core: Core, target: Target, descriptor: os_socket.socket, code: int | None) -> None:
    if target.attempt is not descriptor:
        return
    session = target.session
    target.attempt = None
    if session.timer is not None:
        session.timer.cancel()
        session.timer = None
    core.context.reactor.forget(descriptor.fileno())
    if code is None:
        code = descriptor.getsockopt(os_socket.SOL_SOCKET, os_socket.SO_ERROR)
    if code == 0:
        try:
            endpoints.tune(descriptor, core.options)
        except OSError as error:
            code = error.errno or errno.EIO
    if code:
        descriptor.close()
        _refused(core, target, Reason.REFUSED, os.strerror(code))
        return
    _begin(core, target, descriptor)


def _begin(core: Core, target: Target, descriptor: os_socket.socket) -> Connection:
    target.living.step(Event.CONNECTED)
    connection = Connection(core, descriptor, target.session, target.address.text, target.living)
    core.connections.add(connection)
    core.tell(EventKind.CONNECTED, target.address.text, value=connection.number)
    connection.start()
    return connection


def _refused(core: Core, target: Target, reason: Reason, detail: str = "") -> None:
    """An attempt came to nothing: the machine says what follows."""
    session, living = target.session, target.living
    core.tell(EventKind.CLOSED, target.address.text, f"{reason.value}: {detail}" if detail else reason.value)
    living.step(Event.END, reason)
    living.step(Event.GONE, wanted=core.wants(session))
    if living.exists:
        retry(core, session)
    else:
        stop(core, target, reason)


def retry(core: Core, session: Session) -> None:
    """Connect again after a while."""
    target = session.target
    assert target is not None
    delay = core.delay(target.living.life.tries)
    core.tell(EventKind.CONNECT_RETRIED, target.address.text, value=delay)
    session.timer = core.context.reactor.later(delay, lambda: _attempt(core, target))


def _join(core: Core, target: Target, listening: Core) -> None:
    """Connect two sockets of one process, by a pair of descriptors and the same bytes as ever."""
    if not target.living.came(Event.ATTEMPT):
        _refused(core, target, Reason.NO_MEMORY)
        return
    living = Living(listening, target.address.text)
    living.accept(LISTENING)
    if not living.exists:
        listening.tell(EventKind.ACCEPT_FAILED, target.address.text, Reason.NO_MEMORY.value, rule=Rule.CONNECT_5)
        _refused(core, target, Reason.REFUSED, Reason.NO_MEMORY.value)
        return
    try:
        ours, theirs = os_socket.socketpair()
    except OSError as error:
        living.destroy(Reason.LOST)
        _refused(core, target, Reason.REFUSED, error.strerror or str(error))
        return
    ours.setblocking(False)
    theirs.setblocking(False)
    there = _accepted(listening, theirs, target.address.text, living)
    nearby.joined(_begin(core, target, ours), there)


def disconnect(core: Core, text: str) -> None:
    """End the connection to an endpoint, and try it no more; ENOENT if there is none."""
    for target in core.targets:
        if target.address.text == text:
            if target.session.connection is not None:
                target.session.connection.flush()
            stop(core, target, Reason.DISCONNECTED)
            return
    for connection in list(core.connections):
        # libzmq lets an accepted in-process peer be disconnected by the name of the endpoint.
        if connection.endpoint == text and text.startswith("inproc://"):
            connection.end(Reason.DISCONNECTED)
            return
    if text in core.listeners:
        raise InvalidArgument(f"this socket listens at {text}; unbind it")
    raise SocketError(f"this socket does not connect to {text}", errno.ENOENT)


def stop(core: Core, target: Target, reason: Reason) -> None:
    """Give up an endpoint: its attempt, its connection, its session."""
    session = target.session
    if target in core.targets:
        core.targets.remove(target)
    if session.timer is not None:
        session.timer.cancel()
        session.timer = None
    if target.attempt is not None:
        core.context.reactor.forget(target.attempt.fileno())
        target.attempt.close()
        target.attempt = None
    connection = session.connection or next((c for c in core.connections if c.session is session), None)
    if connection is not None:
        connection.end(reason)
    else:
        if target.living.exists:
            target.living.destroy(reason)
        if not session.ended:
            core.drop_pipe(session)


__all__ = ["ACCEPT_DELAY", "Address", "NoMemory", "accept", "bind", "connect", "disconnect", "retry", "stop", "unbind"]
