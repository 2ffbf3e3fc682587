"""Programs written for pyzmq run on the reference socket unchanged, and hear when memory runs out.

Each runs in a child of its own, since pyzmq takes its backend when it is imported. What pyzmq's own tests ask is asked
by ``pyzmq_suite.py``.
"""

import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

pytest.importorskip("zmq", reason="pyzmq is not installed: pip install 'enomem[test]'")

from enomem.model.policies import DISCARD, KEEP
from enomem.zmq_backend import settings
from enomem.zmq_backend.settings import Settings

ROOT = Path(__file__).resolve().parents[1]

BEGIN = """
import errno, zmq
context = zmq.Context()

def pair(one, other, **options):
    a, b = context.socket(one), context.socket(other)
    for s in a, b:
        s.linger, s.rcvtimeo, s.sndtimeo = 0, 5000, 5000
    for name, value in options.items():
        setattr(a, name, value)
    a.bind("tcp://127.0.0.1:*")
    b.connect(a.last_endpoint.decode())
    return a, b
"""


def run(program: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program for pyzmq on the reference socket."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "PYZMQ", "ZMQ_", "ENOMEM_"))}
    clean |= {"PYTHONPATH": str(ROOT / "src"), "PYZMQ_BACKEND": "enomem.zmq_backend", **environment}
    command = [sys.executable, "-W", "error", "-c", program]
    return subprocess.run(command, env=clean, capture_output=True, text=True, timeout=60)


def told(program: str, **environment: str) -> list[str]:
    """The lines that a program printed, which must have gone well."""
    done = run(BEGIN + dedent(program) + "\ncontext.destroy(linger=0)\n", **environment)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_a_program_runs_on_the_reference_socket() -> None:
    program = """
        push, pull = pair(zmq.PUSH, zmq.PULL)
        push.send(b"hello")
        push.send_multipart([b"a", b"", b"c" * 100000, b""])
        print(pull.recv(), [len(part) for part in pull.recv_multipart()])
        print(type(push).__mro__[1].__module__, zmq.zmq_version_info(), zmq.has("curve"))
    """
    assert told(program) == ["b'hello' [1, 0, 100000, 0]", "enomem.zmq_backend.sockets (4, 3, 5) False"]


def test_requests_and_replies() -> None:
    program = """
        req, rep = pair(zmq.REQ, zmq.REP)
        for number in range(3):
            req.send_json(number)
            rep.send_string(f"{rep.recv_json()}!")
            print(req.recv_string())
        try:
            req.recv()
        except zmq.ZMQError as error:
            print(error.errno == zmq.EFSM)
    """
    assert told(program) == ["0!", "1!", "2!", "True"]


OUT_OF_MEMORY = """
push, pull = pair(zmq.PUSH, zmq.PULL)
big = bytes(1 << 20)
try:
    push.send_multipart([b"A", big, b"C"])
except zmq.ZMQError as error:
    print(error.errno == errno.ENOMEM, isinstance(error, MemoryError), error.site.name)
push.send_multipart([b"A", b"B", b"C"])
print(pull.recv_multipart())
"""


def test_after_a_message_without_memory_the_next_one_arrives_alone() -> None:
    lines = told(OUT_OF_MEMORY, ENOMEM_MEMORY_LIMIT="512k")
    assert lines == ["True True BODY", "[b'A', b'B', b'C']"]


def test_the_environment_names_the_policy() -> None:
    lines = told(OUT_OF_MEMORY, ENOMEM_MEMORY_LIMIT="512k", ENOMEM_SEND_POLICY="keep")
    assert lines == ["True True BODY", "[b'A', b'A', b'B', b'C']"]


def test_without_a_limit_there_is_memory() -> None:
    program = OUT_OF_MEMORY.replace("print(pull", "print([len(part) for part in pull.recv_multipart()], pull")
    assert told(program) == ["[1, 1048576, 1] [b'A', b'B', b'C']"]


@pytest.mark.parametrize("text", ["0", "-1", "1e6", "12x", "1.5M", " ", "²"])
def test_a_limit_that_is_none_is_named(text: str) -> None:
    with pytest.raises(ValueError, match=r"^ENOMEM_MEMORY_LIMIT is '.*', and a number of octets such as .* is wanted$"):
        settings.read({"ENOMEM_MEMORY_LIMIT": text})


def test_settings() -> None:
    assert settings.read({}) == Settings(None, DISCARD)
    assert settings.read({"ENOMEM_SEND_POLICY": "Keep", "ENOMEM_MEMORY_LIMIT": ""}) == Settings(None, KEEP)
    limits = {text: settings.read({"ENOMEM_MEMORY_LIMIT": text}).memory_limit for text in ("1", "3k", "2MiB", "1GB")}
    assert limits == {"1": 1, "3k": 3072, "2MiB": 2 << 20, "1GB": 1 << 30}


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("ENOMEM_SEND_POLICY", "FORGET", "'FORGET', and one of DISCARD, KEEP, SKIP, RESERVE is wanted"),
        ("ENOMEM_MEMORY_LIMIT", "lots", "'lots', and a number of octets such as 1000000, 64k, 16M or 1G is wanted"),
    ],
)
def test_a_bad_setting_ends_the_program_with_one_sentence(name: str, value: str, sentence: str) -> None:
    done = run("import zmq", **{name: value})
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == f"ImportError: {name} is {sentence}"


def test_asyncio() -> None:
    program = """
        import asyncio, zmq.asyncio

        async def main():
            context = zmq.asyncio.Context()
            rep, req = context.socket(zmq.REP), context.socket(zmq.REQ)
            rep.bind("tcp://127.0.0.1:*")
            req.connect(rep.last_endpoint.decode())

            async def serve():
                for _ in range(3):
                    await rep.send(await rep.recv() + b"!")

            async def ask():
                for number in range(3):
                    await req.send(b"%d" % number)
                    print(await req.recv())

            await asyncio.wait_for(asyncio.gather(serve(), ask()), 20)
            context.destroy(linger=0)

        asyncio.run(main())
    """
    assert told(program) == ["b'0!'", "b'1!'", "b'2!'"]


def test_polling_sockets_and_descriptors() -> None:
    program = """
        import os
        push, pull = pair(zmq.PUSH, zmq.PULL)
        out, into = os.pipe()
        print(zmq.select([pull], [], [], 0.01), dict(zmq.zmq_poll([(out, zmq.POLLIN)], 0)))
        push.send(b"x")
        os.write(into, b"x")
        poller = zmq.Poller()
        poller.register(pull, zmq.POLLIN)
        print(dict(poller.poll(5000)) == {pull: zmq.POLLIN})
        print(zmq.zmq_poll([(push, zmq.POLLIN), (push, zmq.POLLOUT), (out, zmq.POLLIN)], 0) == [
            (push, zmq.POLLOUT), (out, zmq.POLLIN)])
        print(pull.poll(0), pull.recv(), pull.poll(0))
    """
    assert told(program) == ["([], [], []) {}", "True", "True", "1 b'x' 0"]


def test_a_monitor_tells_of_connections() -> None:
    program = """
        from zmq.utils.monitor import recv_monitor_message
        pull, push = context.socket(zmq.PULL), context.socket(zmq.PUSH)
        wanted = zmq.EVENT_LISTENING | zmq.EVENT_ACCEPTED | zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_DISCONNECTED
        monitor = pull.get_monitor_socket(wanted)
        monitor.rcvtimeo = 5000
        pull.bind("tcp://127.0.0.1:*")
        endpoint = pull.last_endpoint
        push.connect(endpoint.decode())
        for number in range(4):
            event = recv_monitor_message(monitor)
            print(zmq.Event(event["event"]).name, event["endpoint"] == endpoint)
            if number == 2:
                push.close()
        pull.disable_monitor()
        print(zmq.Event(recv_monitor_message(monitor)["event"]).name)
        monitor.close()
    """
    names = ["LISTENING", "ACCEPTED", "HANDSHAKE_SUCCEEDED", "DISCONNECTED"]
    assert told(program) == [*(f"{name} True" for name in names), "MONITOR_STOPPED"]


def test_frames_share_their_buffer() -> None:
    program = """
        push, pull = pair(zmq.PUSH, zmq.PULL)
        push.send_multipart([b"abc", memoryview(b"defg")[::1]], copy=False)
        first, second = pull.recv_multipart(copy=False)
        print(first.more, second.more, bytes(first), memoryview(second).tobytes(), len(second.buffer), first.bytes)
        first.buffer[0] = 65
        print(bytes(first), first == second, first == first, {first: 1}[first])
        tracker = push.send(bytes(100000), copy=False, track=True)
        print(len(pull.recv()), tracker.wait(5), tracker.done)
    """
    assert told(program) == ["True False b'abc' b'defg' 4 b'abc'", "b'Abc' False True 1", "100000 None True"]


def test_numpy_reads_frames() -> None:
    program = """
        import numpy
        push, pull = pair(zmq.PUSH, zmq.PULL)
        push.send(numpy.arange(6, dtype=">i4").reshape(2, 3), copy=False)
        found = numpy.frombuffer(pull.recv(copy=False), ">i4")
        found[0] = 7
        print(found.tolist())
    """
    assert told(program) == ["[7, 1, 2, 3, 4, 5]"]


def test_a_fork_goes_on_with_contexts_of_its_own() -> None:
    program = """
        import os
        push, pull = pair(zmq.PUSH, zmq.PULL)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                push.close()
                context.term()
                context = zmq.Context()
                a, b = pair(zmq.PAIR, zmq.PAIR)
                a.send(b"child")
                code = 0 if b.recv() == b"child" else 2
            finally:
                os._exit(code)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        push.send(b"parent")
        print(pull.recv())
    """
    assert told(program) == ["0", "b'parent'"]


def test_shadows_are_the_same_context_and_socket() -> None:
    program = """
        push, pull = pair(zmq.PUSH, zmq.PULL)
        other = zmq.Context.shadow(context.underlying)
        again = zmq.Socket.shadow(pull.underlying)
        push.send(b"x")
        print(other.underlying == context.underlying, again.recv(), again.underlying != push.underlying)
        number = pull.underlying
        pull.close()
        print(again.closed)
        for bad in lambda: zmq.Socket.shadow(12345), lambda: zmq.Context.shadow(12345):
            try:
                bad()
            except zmq.ZMQError as error:
                print(error.errno in (errno.ENOTSOCK, errno.EFAULT))
    """
    assert told(program) == ["True b'x' True", "True", "True", "True"]


def test_what_there_is_not_is_refused() -> None:
    program = """
        def refused(call, *arguments):
            try:
                call(*arguments)
            except zmq.ZMQError as error:
                return errno.errorcode[error.errno]
        a, b = pair(zmq.PAIR, zmq.PAIR)
        print(refused(zmq.curve_keypair), refused(zmq.curve_public, b"x" * 40), refused(zmq.proxy_steerable, a, b))
        print(refused(a.set, zmq.CURVE_SERVER, 1), refused(context.socket, zmq.STREAM), refused(a.set, zmq.USE_FD, 3))
        print(refused(a.get, zmq.SUBSCRIBE), refused(a.set, zmq.SUBSCRIBE, b""), refused(a.bind, "udp://x"))
        print(refused(a.monitor, "tcp://127.0.0.1:1"), refused(a.monitor, "inproc://m", 0), a.get(zmq.USE_FD))
        context.max_sockets = 2
        print(refused(context.socket, zmq.PUSH))
    """
    assert told(program) == [
        "ENOTSUP ENOTSUP ENOTSUP",
        "EINVAL EINVAL EINVAL",
        "EINVAL EINVAL EPROTONOSUPPORT",
        "EPROTONOSUPPORT EINVAL -1",
        "EMFILE",
    ]


def test_a_proxy_ends_with_its_context() -> None:
    program = """
        import threading
        front, sender = pair(zmq.PULL, zmq.PUSH)
        back, receiver = pair(zmq.PUSH, zmq.PULL)
        watch, watcher = pair(zmq.PUSH, zmq.PULL)

        def relay():
            try:
                zmq.proxy(front, back, watch)
            except zmq.ContextTerminated:
                print("terminated")
            for s in front, back, watch:
                s.close()

        thread = threading.Thread(target=relay)
        thread.start()
        sender.send_multipart([b"a", b"b"])
        print(receiver.recv_multipart(), watcher.recv_multipart())
        for s in sender, receiver, watcher:
            s.close()
        context.term()
        thread.join()
    """
    assert told(program) == ["[b'a', b'b'] [b'a', b'b']", "terminated"]
