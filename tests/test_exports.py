"""What ``import enomem`` and ``import enomem.aio`` give: these names, and no others."""

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import enomem
import enomem.aio

SOURCES = Path(__file__).resolve().parents[1] / "src"

CLASSES = (
    *("Context", "Socket", "Poller", "Memory", "Event"),
    *("SocketType", "Option", "Flag", "PollEvent", "EventKind", "Site"),
    *("SendPolicy", "Reaction", "Unfinished"),
    *("ReceivePolicy", "Stall", "Unread", "Threshold", "BoundedWait"),
)
ERRORS = (
    *("SocketError", "ZMQError", "Again", "AddressInUse", "ContextTerminated", "HostUnreachable", "InvalidArgument"),
    *("NoMemory", "NotASocket", "NotSupported", "OurBug", "PeerGone", "StateError"),
)
POLICIES = ("DISCARD", "KEEP", "RESERVE", "SKIP", "CLOSE", "WAIT", "THRESHOLD", "BOUNDED_WAIT")
NUMBERS = ("FOR_EVER",)
TYPES = ("PAIR", "PUB", "SUB", "REQ", "REP", "DEALER", "ROUTER", "PULL", "PUSH", "XPUB", "XSUB")
FLAGS = ("DONTWAIT", "SNDMORE", "POLLERR", "POLLIN", "POLLOUT", "POLLPRI")
FUNCTIONS = ("proxy",)

CALLS = {
    *("send", "recv", "send_multipart", "recv_multipart", "send_string", "recv_string", "send_json", "recv_json"),
    *("bind", "connect", "unbind", "disconnect", "bind_to_random_port", "last_endpoint"),
    *("set", "get", "setsockopt", "getsockopt", "subscribe", "unsubscribe", "set_plain_auth"),
    *("poll", "events", "monitor_event", "monitor_events", "on_change", "abort_message", "close", "closed"),
    *("try_send", "try_send_multipart", "try_recv", "try_recv_multipart", "awaited", "waits_in"),
}
AWAITED = {
    *("send", "recv", "send_multipart", "recv_multipart", "send_string", "recv_string", "send_json", "recv_json"),
    *("poll", "events"),
}


def test_the_exported_names() -> None:
    names = {*CLASSES, *ERRORS, *POLICIES, *TYPES, *FLAGS, *NUMBERS, *FUNCTIONS, "__version__"}
    assert sorted(enomem.__all__) == sorted(names)
    for name in enomem.__all__:
        assert hasattr(enomem, name)


def test_each_name_is_what_it_says() -> None:
    for name in CLASSES:
        assert inspect.isclass(getattr(enomem, name))
    for name in ERRORS:
        assert issubclass(getattr(enomem, name), Exception)
    for name in POLICIES:
        assert getattr(enomem, name).name == name
    for name in TYPES:
        assert getattr(enomem, name) is enomem.SocketType[name]
    assert set(TYPES) == set(enomem.SocketType.__members__)
    for name in FLAGS:
        assert getattr(enomem, name) == {**enomem.Flag.__members__, **enomem.PollEvent.__members__}[name]


def test_every_option_has_a_name_in_the_module() -> None:
    for name, option in enomem.Option.__members__.items():
        assert getattr(enomem, name) is option


def test_numbers_are_libzmqs() -> None:
    zmq = pytest.importorskip("zmq", reason="pyzmq is not installed: its numbers cannot be compared with")
    ours = {"MESSAGE_MAXSIZE", "MESSAGE_MAXPARTS"}
    for name in {*TYPES, *FLAGS, *enomem.Option.__members__} - ours:
        assert int(getattr(enomem, name)) == int(getattr(zmq, name)), name


def test_nothing_else_is_public() -> None:
    """Whoever writes ``from enomem import x`` gets what is promised; modules of the package aside."""
    promised = {*enomem.__all__, *enomem.Option.__members__}
    found = {name for name, value in vars(enomem).items() if not name.startswith("_") and not inspect.ismodule(value)}
    assert found - promised == set()


def public(kind: type) -> set[str]:
    return {name for name in dir(kind) if not name.startswith("_")}


def test_the_calls_of_a_socket() -> None:
    assert public(enomem.Socket) == CALLS


def test_what_is_awaited() -> None:
    assert sorted(enomem.aio.__all__) == ["Context", "Socket"]
    assert issubclass(enomem.aio.Context, enomem.Context)
    assert public(enomem.aio.Socket) == AWAITED
    for name in AWAITED:
        function = getattr(enomem.aio.Socket, name)
        assert inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function), name
        # An awaited call takes what the other takes; how long events are waited for is up to the task.
        if name != "events":
            other = getattr(enomem.Socket, name)
            assert list(inspect.signature(function).parameters) == list(inspect.signature(other).parameters), name


def test_every_call_that_may_wait_is_awaited() -> None:
    """Whatever `enomem.aio.Socket` hands on to the other socket must not wait: it would stop the loop."""
    waits = {name for name in CALLS if name.startswith(("send", "recv"))} | {"poll", "events"}
    assert waits <= AWAITED


def test_every_public_thing_has_its_docstring() -> None:
    for kind in (enomem.Socket, enomem.aio.Socket, enomem.Context, enomem.Poller):
        for name in public(kind):
            member = inspect.getattr_static(kind, name)
            assert not callable(member) or inspect.getdoc(member), f"{kind.__name__}.{name}"


def test_importing_starts_nothing() -> None:
    program = (
        f"import sys; sys.path.insert(0, {str(SOURCES)!r}); import enomem, threading; "
        "unwanted = {'asyncio', 'zmq', 'numpy', 'z3', 'click', 'rich'}; "
        "print(threading.active_count(), *sorted(unwanted & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout == "1\n"
