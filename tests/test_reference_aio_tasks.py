"""Awaited sockets and their tasks: turns, cancelling, and loops that come and go. Nothing is lost, nothing is left."""

import asyncio
import contextlib
import gc

import pytest
from interop.raw import message
from reference_party import Party, bounded, party, run
from reference_stage import Call, eventually, fails, open_descriptors

import enomem
import enomem.aio
from enomem import POLLIN, Again, NotASocket
from enomem.model.reference import lending

# --- several tasks


def test_ten_tasks_wait_for_one_socket() -> None:
    async def program(party: Party) -> None:
        push, pull = party.pair("PUSH", "PULL")
        tasks = [asyncio.create_task(pull.recv()) for _ in range(10)]
        await asyncio.sleep(0)
        for number in range(10):
            await push.send(b"%d" % number)
        assert sorted(await asyncio.gather(*tasks)) == [b"%d" % number for number in range(10)]

    run(program)


def test_tasks_that_receive_take_turns() -> None:
    async def program(party: Party) -> None:
        push, pull = party.pair("PUSH", "PULL")
        counts = [0, 0, 0]
        left = 300

        async def work(number: int) -> None:
            nonlocal left
            while left > 0:
                await pull.recv()
                left -= 1
                counts[number] += 1
                # Without a wait of its own a task is never made to wait by a queue that is never empty.
                await asyncio.sleep(0)

        tasks = [asyncio.create_task(work(number)) for number in range(3)]
        for _ in range(302):
            await push.send(b"x")
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        assert min(counts) > 30, counts

    run(program)


def test_one_task_sends_and_another_receives_on_the_same_socket() -> None:
    async def program(party: Party) -> None:
        one, other = party.pair("DEALER", "DEALER", SNDHWM=10, RCVHWM=10)

        async def sends(socket: enomem.aio.Socket) -> None:
            for number in range(500):
                await socket.send_multipart([b"%d" % number, b"x"])

        async def receives(socket: enomem.aio.Socket) -> list[int]:
            return [int((await socket.recv_multipart())[0]) for _ in range(500)]

        _, _, *found = await asyncio.gather(sends(one), sends(other), receives(one), receives(other))
        assert found == [list(range(500))] * 2

    run(program)


def test_many_sockets_in_one_loop() -> None:
    async def program(party: Party) -> None:
        rep = party.bound("REP")

        async def serve() -> None:
            while True:
                await rep.send(await rep.recv())

        async def ask(name: int) -> None:
            req = party.socket("REQ")
            req.connect(rep.last_endpoint)
            for number in range(10):
                await req.send(b"%d.%d" % (name, number))
                assert await req.recv() == b"%d.%d" % (name, number)

        serving = asyncio.create_task(serve())
        await asyncio.gather(*(ask(name) for name in range(20)))
        serving.cancel()

    run(program)


# --- cancelling


def test_cancelling_loses_nothing() -> None:
    async def program(party: Party) -> None:
        push, pull = party.pair("PUSH", "PULL")
        found = []
        for number in range(100):
            received = asyncio.create_task(pull.recv_multipart())
            await asyncio.sleep(0)
            await push.send_multipart([b"%d" % number, b"x"])
            if number % 3 == 0:
                await asyncio.sleep(0.001)
            received.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                found.append(await received)
        while len(found) < 100:
            found.append(await pull.recv_multipart())
        assert found == [[b"%d" % number, b"x"] for number in range(100)]

    run(program)


def test_a_cancelled_sender_has_sent_all_or_nothing() -> None:
    async def program(party: Party) -> None:
        push = party.bound("PUSH", SNDHWM=1)
        sending = asyncio.create_task(push.send_multipart([b"never", b"sent"]))
        await asyncio.sleep(0.005)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        pull = party.socket("PULL")
        pull.connect(push.last_endpoint)
        await push.send_multipart([b"a", b"b"])
        assert await pull.recv_multipart() == [b"a", b"b"]

    run(program)


def test_nothing_is_kept_of_waits_that_are_over() -> None:
    async def program(party: Party) -> None:
        pull = party.bound("PULL", RCVTIMEO=1)
        party.peer(pull, "PUSH")
        for _ in range(20):
            await pull.poll(0)
            with fails(Again):
                await pull.recv()
            task = asyncio.create_task(pull.poll())
            await asyncio.sleep(0)
            task.cancel()
        await asyncio.sleep(0)
        assert pull._changes.waiting == []

    run(program)


# --- the end of a socket, and of a loop


def test_close_and_term_wake_who_waits() -> None:
    async def program(party: Party) -> None:
        closed, opened = party.bound("PULL"), party.bound("PULL")
        waiting = [asyncio.create_task(socket.recv()) for socket in (closed, opened)]
        await asyncio.sleep(0.001)
        closed.close()
        with fails(NotASocket):
            await waiting[0]
        ending = asyncio.create_task(asyncio.to_thread(party.context.term))
        with fails(enomem.ContextTerminated):
            await waiting[1]
        opened.close()
        await ending

    run(program)


def test_two_loops_one_after_the_other() -> None:
    with party() as opened:
        pull = opened.bound("PULL")
        raw = opened.peer(pull, "PUSH")
        for number in range(3):
            raw.send(message(b"%d" % number))
            assert asyncio.run(bounded(pull.recv())) == b"%d" % number


def test_a_loop_is_closed_while_a_task_waits_and_the_connection_is_lent() -> None:
    with party() as opened:
        pull = opened.bound("PULL")
        raw = opened.peer(pull, "PUSH")

        async def leaves() -> None:
            task = asyncio.create_task(pull.recv())
            while not pull.sync._core.leased(0):
                await asyncio.sleep(0)
            del task

        asyncio.run(bounded(leaves()))
        raw.send(message(b"x"))
        # Another loop, and then none.
        assert asyncio.run(bounded(pull.recv())) == b"x"
        raw.send(message(b"y"))
        assert pull.sync.poll(3000) == POLLIN
        assert pull.sync.recv() == b"y"


def test_what_a_closed_loop_was_told_to_close_is_closed() -> None:
    before = open_descriptors()
    with party() as opened:
        pull = opened.bound("PULL")
        opened.peer(pull, "PUSH")
        loop = asyncio.new_event_loop()
        with pytest.raises(TimeoutError):
            loop.run_until_complete(asyncio.wait_for(pull.recv(), 0.01))
        (connection,) = pull.sync._core.connections
        assert connection.leased
        with opened.context.lock:
            connection.give_back()
        # It was told, and does not come to it any more.
        loop.close()
        del loop
        gc.collect()
    assert open_descriptors() - before == set()


def test_without_a_descriptor_to_spare_the_io_thread_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(_: int) -> int:
        raise OSError(24, "Too many open files")

    async def program(party: Party) -> None:
        pull = party.bound("PULL")
        raw = party.peer(pull, "PUSH")
        received = asyncio.create_task(pull.recv())
        await asyncio.sleep(0.005)
        raw.send(message(b"x"))
        assert await received == b"x"

    monkeypatch.setattr(lending.os, "dup", none_left)
    run(program)


def test_a_loop_in_another_thread() -> None:
    with party() as opened:
        pull = opened.bound("PULL")
        raw = opened.peer(pull, "PUSH")
        call = Call(lambda: asyncio.run(bounded(pull.recv())))
        eventually(lambda: pull._changes.waiting or pull.sync._core.leased(0), "the loop waits")
        raw.send(message(b"x"))
        assert call.answer() == b"x"
