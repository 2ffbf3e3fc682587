"""Targets in other processes: whatever they do is a sentence about them, and never an end of ours."""

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from enomem.checks.targets import protocol
from enomem.checks.targets.model import Model
from enomem.checks.targets.process import Process
from enomem.checks.targets.target import Can, CannotDo, Received, Refused, Said, TargetFault

BAD = Path(__file__).with_name("bad_adapter.py")
GRACE = 10.0


def bad(way: str, grace: float = GRACE) -> Process:
    return Process([sys.executable, str(BAD), way], f"bad ({way})", start=grace, grace=grace)


@contextlib.contextmanager
def ended(target: Process) -> Iterator[Process]:
    try:
        yield target
    finally:
        target.end()


def pid_of(target: Process) -> int:
    assert target._child is not None
    return target._child.pid


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize(
    ("way", "said"),
    [
        ("dies at first", "ended with code 1 when it was asked to introduce itself (it said: no such library)"),
        ("garbage at first", "was asked to introduce itself and answered 'Hello, world!': it is not JSON"),
        ("a list at first", "answered '[]': it is no JSON object"),
        ("another version", "introduced itself wrongly: it speaks version 99 of the protocol, not 1"),
        ("an unknown can", "introduced itself wrongly: 'FLY' is nothing that a target can; known are REFUSE, LIMIT"),
        ("no types", "introduced itself wrongly: it has no field 'types'"),
    ],
)
def test_who_introduces_himself_wrongly_is_a_fault(way: str, said: str) -> None:
    with pytest.raises(TargetFault) as fault:
        bad(way)
    assert said in str(fault.value)
    assert str(fault.value).startswith(f"the target bad ({way}) ")


CALLS: dict[str, Callable[[Process], object]] = {
    "create": lambda target: target.create("PUSH"),
    "receive": lambda target: target.receive(0),
    "peers": lambda target: target.peers(0, 1, 0),
    "memory": lambda target: target.memory(),
}


@pytest.mark.parametrize(
    ("way", "call", "said"),
    [
        ("dies", "create", "the target bad died of SIGABRT when it was asked to answer create (it said: a last word)"),
        ("ends", "peers", "the target bad ended with code 3 when it was asked to answer peers"),
        (
            "stops in the middle",
            "create",
            "answered in the middle of a line when it was asked to answer create: '{\"id\":1'",
        ),
        ("garbage", "memory", "the target bad was asked to answer memory and answered '?!': it is not JSON"),
        ("another call's", "create", "the target bad answered call 99 when call 1 was asked of it"),
        ("an unknown word", "receive", "'EWHATEVER' is no answer; known are ok, EAGAIN, ENOMEM"),
        ("no word", "receive", "it has no field 'said'"),
        ("no number", "create", "its field 'socket' is no int"),
        ("no octets", "receive", "the target bad received a part of which 'xyz' is not hexadecimal"),
    ],
)
def test_who_answers_wrongly_is_a_fault_and_is_gone(way: str, call: str, said: str) -> None:
    with ended(bad(way)) as target:
        pid = pid_of(target)
        with pytest.raises(TargetFault) as fault:
            CALLS[call](target)
        assert said in str(fault.value)
        assert "\n" not in str(fault.value)
        assert not lives(pid)
        with pytest.raises(TargetFault, match="is not there any more; reset starts it again"):
            target.create("PUSH")
        target.reset()
        assert lives(pid_of(target))


def test_who_does_not_answer_is_killed() -> None:
    with pytest.raises(TargetFault, match=r"did not introduce itself within 0\.2 s"):
        bad("hangs at first", grace=0.2)
    with ended(bad("hangs")) as target:
        pid, target._grace = pid_of(target), 0.1
        with pytest.raises(TargetFault, match=r"the target bad did not answer send within 0\.15 s"):
            target.send(0, b"", wait=50)
        assert not lives(pid)
    with ended(bad("closes its output")) as target:
        target._grace = 0.1
        with pytest.raises(TargetFault, match="the target bad closed its output when it was asked to answer close"):
            target.close(0)


def test_who_answers_twice_is_found_at_the_next_call() -> None:
    with ended(bad("answers twice")) as target:
        assert target.create("PUSH") == 0
        with pytest.raises(TargetFault, match="answered call 1 when call 2 was asked of it"):
            target.create("PUSH")


def test_a_fault_that_an_adapter_tells_leaves_it_alive() -> None:
    with ended(bad("a fault")) as target:
        for _ in range(2):
            with pytest.raises(
                TargetFault, match="the target bad answered create with a fault: RuntimeError: out of luck"
            ):
                target.create("PUSH")


def test_what_is_not_declared_does_not_reach_the_process() -> None:
    with ended(bad("dies")) as target:
        asked: dict[Can, Callable[[], object]] = {
            Can.DISCONNECT: lambda: target.unbind(0, ""),
            Can.ABORT: lambda: target.abort(0),
            Can.POLICY: lambda: target.policy("KEEP"),
            Can.RECEIVE_POLICY: lambda: target.receive_policy("WAIT"),
            Can.LIMIT: lambda: target.limit(1),
            Can.REFUSE: lambda: target.refuse("BODY"),
            Can.SETTLE: lambda: target.settle(0),
        }
        assert set(asked) == set(Can) - target.cans
        for can, call in asked.items():
            with pytest.raises(CannotDo) as cannot:
                call()
            assert cannot.value.what is can
        with pytest.raises(CannotDo):
            target.disconnect(0, "")


def test_the_end_of_the_input_is_the_end_of_the_process() -> None:
    target = bad("good")
    pid = pid_of(target)
    assert target.receive(0) == Received(Said.OK)
    target.end()
    target.end()
    assert not lives(pid)


def test_a_program_that_there_is_not_is_a_fault() -> None:
    with pytest.raises(TargetFault, match=r"the target x could not be started: No such file or directory"):
        Process(["/nowhere/at/all"], "x")


def test_a_very_long_line_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("enomem.checks.targets.process.LONGEST", 40)
    with pytest.raises(TargetFault, match="with more than 40 characters"):
        bad("good")


# --- the adapter's end of the protocol


def answer(call: dict[str, object]) -> dict[str, object]:
    return protocol.answer(Model(), {"id": 7, **call})


@pytest.mark.parametrize(
    ("call", "fault"),
    [
        ({}, "Garbled: it has no field 'call'"),
        ({"call": "fly"}, "Garbled: there is no call 'fly'"),
        ({"call": "create", "kind": 3, "options": {}}, "Garbled: its field 'kind' is no str"),
        ({"call": "send", "socket": True, "part": "", "more": False, "wait": 0}, "Garbled: its field 'socket' is no"),
        ({"call": "send", "socket": 0, "part": "0", "more": False, "wait": 0}, "Garbled: '0' is not hexadecimal"),
        ({"call": "memory"}, "CannotDo: the target model cannot say how much memory is in use"),
        ({"call": "receive", "socket": 5, "wait": 0}, "IndexError: tuple index out of range"),
    ],
)
def test_a_call_that_makes_no_sense_is_a_fault_and_no_end(call: dict[str, object], fault: str) -> None:
    told = answer(call)
    assert told["id"] == 7
    assert str(told["fault"]).startswith(fault)


def test_a_refused_socket_is_an_answer() -> None:
    assert answer({"call": "create", "kind": "NONE", "options": {}}) == {"id": 7, "said": "EINVAL"}


def test_every_call_of_a_target_has_its_line() -> None:
    calls = {name for name in vars(Process) if not name.startswith("_")} - {"end", "need"}
    assert calls == set(protocol.CALLS)


def test_what_the_other_process_refuses_is_refused_here() -> None:
    command = [sys.executable, "-m", "enomem.checks.targets.serve", "model"]
    source = str(Path(__file__).resolve().parents[2] / "src")
    path = os.pathsep.join(filter(None, (source, os.environ.get("PYTHONPATH"))))
    with ended(Process(command, environment={"PYTHONPATH": path})) as target:
        with pytest.raises(Refused) as refused:
            target.create("NONE")
        assert refused.value.said is Said.INVALID
        assert (target.name, target.cans, target.types) == (Model.name, Model.cans, Model.types)
