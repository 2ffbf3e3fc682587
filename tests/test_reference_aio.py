"""Sockets that are awaited: the same names, waits that leave the loop alone, and timeouts."""

import asyncio
import time
from collections.abc import Callable

import pytest
from interop.raw import message
from reference_party import TCP, Party, run, ticking
from reference_stage import fails

import enomem
from enomem import DONTWAIT, POLLIN, POLLOUT, SNDMORE, Again, EventKind, NotASocket
from enomem.model.reference import aio

# --- the same names, awaited


def test_send_and_recv() -> None:
    async def program(party: Party) -> None:
        push, pull = party.pair("PUSH", "PULL")
        await push.send(b"a", SNDMORE)
        await push.send(b"b")
        assert await pull.recv_multipart() == [b"a", b"b"]
        await push.send_multipart([b"c", bytes(100_000)])
        assert await pull.recv() == b"c"
        assert pull.rcvmore == 1
        assert await pull.recv() == bytes(100_000)
        await push.send_string("ü")
        await push.send_json([1, None])
        assert await pull.recv_string() == "ü"
        assert await pull.recv_json() == [1, None]

    run(program)


def test_requests() -> None:
    async def program(party: Party) -> None:
        rep, req = party.pair("REP", "REQ")

        async def serve() -> None:
            for _ in range(20):
                await rep.send((await rep.recv())[::-1])

        serving = asyncio.create_task(serve())
        for number in range(20):
            await req.send(b"%d" % number)
            assert await req.recv() == (b"%d" % number)[::-1]
        await serving
        with fails(enomem.StateError):
            await req.recv()

    run(program)


def test_options_and_with() -> None:
    async def program(party: Party) -> None:
        with party.socket("SUB") as sub:
            sub.rcvtimeo = 5
            assert sub.get(enomem.Option.RCVTIMEO) == sub.sync.rcvtimeo == 5
            sub.subscribe("topic")
            with pytest.raises(AttributeError):
                sub.rcvtimeoo = 5
        assert sub.closed
        with fails(NotASocket):
            await sub.recv()

    run(program)


# --- waiting


def test_recv_waits_and_the_loop_goes_on() -> None:
    async def program(party: Party) -> None:
        push, pull = party.pair("PUSH", "PULL")
        beat, longest = ticking()
        received = asyncio.create_task(pull.recv())
        await asyncio.sleep(0.02)
        assert not received.done()
        await push.send(b"x")
        assert await received == b"x"
        beat.cancel()
        assert longest[0] < 1

    run(program)


@pytest.mark.parametrize("kind", ["PUSH", "ROUTER", "XPUB"])
def test_send_waits_and_the_loop_goes_on(kind: str) -> None:
    """A pipe that is full, one that was named, one of those that must all take it: each could block the loop."""

    async def program(party: Party) -> None:
        socket = party.bound(kind, SNDHWM=1, **({"ROUTER_MANDATORY": 1} if kind == "ROUTER" else {}))
        if kind == "XPUB":
            socket.xpub_nodrop = 1
        other = party.socket({"PUSH": "PULL", "ROUTER": "DEALER", "XPUB": "SUB"}[kind], ROUTING_ID=b"id", RCVHWM=1)
        if kind == "XPUB":
            other.subscribe("")
        other.connect(socket.last_endpoint)
        if kind == "XPUB":
            assert await socket.recv() == b"\1"
        elif kind == "ROUTER":
            await other.send(b"hello")
            await socket.recv_multipart()
        beat, longest = ticking()
        count, sent = 60, 0

        async def send_all() -> None:
            nonlocal sent
            for number in range(count):
                await socket.send_multipart([*([b"id"] if kind == "ROUTER" else []), b"%d" % number, bytes(300_000)])
                sent += 1

        sending = asyncio.create_task(send_all())
        while sent < 3 or await _moves(lambda: sent):
            await asyncio.sleep(0)
        assert sent < count
        assert longest[0] < 1
        for number in range(count):
            assert (await other.recv_multipart())[0] == b"%d" % number
        await sending
        beat.cancel()

    run(program)


async def _moves(look: Callable[[], int]) -> bool:
    before = look()
    await asyncio.sleep(0.03)
    return look() != before


def test_a_sender_waits_for_memory_and_the_loop_goes_on() -> None:
    async def program(party: Party) -> None:
        push, pull = party.pair("PUSH", "PULL")
        await push.send(bytes(100_000))
        await pull.poll()
        beat, longest = ticking()
        sending = asyncio.create_task(push.send(bytes(180_000)))
        await asyncio.sleep(0.02)
        assert not sending.done()
        assert len(await pull.recv()) == 100_000
        await sending
        beat.cancel()
        assert longest[0] < 1
        assert len(await pull.recv()) == 180_000

    run(program, memory_limit=400_000, send_policy="RESERVE")


def test_timeouts() -> None:
    async def program(party: Party) -> None:
        dealer = party.bound("DEALER", RCVTIMEO=20, SNDTIMEO=20)
        sends = (lambda: dealer.send(b"x"), lambda: dealer.send_multipart([b"x"]))
        for call in (dealer.recv, dealer.recv_multipart, *sends):
            began = time.monotonic()
            with fails(Again):
                await call()
            assert 0.02 <= time.monotonic() - began < 2
        dealer.rcvtimeo = 0
        with fails(Again):
            await dealer.recv()
        with fails(Again):
            await dealer.recv(DONTWAIT)
        with fails(Again):
            await dealer.send(b"x", DONTWAIT)

    run(program)


def test_not_waiting_sees_what_has_come() -> None:
    async def program(party: Party) -> None:
        pull = party.bound("PULL", RCVTIMEO=5)
        raw = party.peer(pull, "PUSH")
        with fails(Again):
            # The loop reads the connection itself from now on.
            await pull.recv()
        raw.send(message(b"x"))
        # Without a turn of the loop in between.
        assert await pull.recv(DONTWAIT) == b"x"

    run(program)


def test_poll() -> None:
    async def program(party: Party) -> None:
        push, pull = party.pair("PUSH", "PULL")
        assert await pull.poll(0) == 0
        began = time.monotonic()
        assert await pull.poll(20) == 0
        assert time.monotonic() - began >= 0.02
        assert await push.poll(None, POLLOUT) == POLLOUT
        polling = asyncio.create_task(pull.poll())
        await asyncio.sleep(0)
        await push.send(b"x")
        assert await polling == POLLIN
        assert await pull.poll(-1, POLLIN | POLLOUT) == POLLIN
        assert await pull.recv() == b"x"

    run(program)


def test_events() -> None:
    async def program(party: Party) -> None:
        pull = party.socket("PULL")

        async def read() -> list[EventKind]:
            return [event.kind async for event in pull.events()]

        reading = asyncio.create_task(read())
        await asyncio.sleep(0)
        pull.bind(TCP)
        party.peer(pull, "PUSH")
        pull.close()
        kinds = await reading
        assert kinds[:3] == [EventKind.LISTENING, EventKind.ACCEPTED, EventKind.HANDSHAKE_SUCCEEDED]
        assert kinds[-1] == EventKind.DISCONNECTED

    run(program)


def test_a_change_that_is_not_told_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A socket whose tasks are not told of changes is found by the tests above."""

    async def program(party: Party) -> None:
        pull = party.socket("PULL")
        received = asyncio.create_task(pull.recv())
        await asyncio.sleep(0)
        pull.close()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(received, 0.05)

    monkeypatch.setattr(aio.Changes, "told", lambda _: None)
    run(program)
