"""How the socket commands end: exit codes, and the one line that says what was wrong."""

import os
import select
import signal
import threading
from collections.abc import Iterator
from typing import IO

import pytest
from click.testing import CliRunner
from socket_commands import LISTEN, SECONDS, Commands, to

from enomem.checks import cli
from enomem.checks.sockets.talk import CHUNK, Lines


@pytest.fixture
def enomem() -> Iterator[Commands]:
    with Commands() as commands:
        yield commands


# --- what goes wrong

NOWHERE = ("--connect", "ipc:///nowhere/at/all", "--timeout", "0.1")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("send",), "no endpoint was given"),
        (("send", "here", "a"), "'here' is no endpoint"),
        (("recv", "tcp://127.0.0.1"), "'tcp://127.0.0.1' is no endpoint"),
        (("recv", "tcp://127.0.0.1:x"), "no port"),
        (("recv", "--bind", "tcp://127.0.0.1:99999"), "no port"),
        (("recv", "--bind", "tcp://192.0.2.1:0"), "cannot listen at tcp://192.0.2.1:0"),
        (("recv", "--bind", "ipc:///nowhere/at/all"), "cannot listen at ipc:///nowhere/at/all"),
        (("recv", "carrier://pigeon"), "transport 'carrier'"),
        (("recv", "--bind"), "requires an argument"),
        (("recv", *NOWHERE, "--type", "PUSH"), "PUSH"),
        (("recv", *NOWHERE, "--subscribe", "a"), "a PULL socket has no subscriptions"),
        (("recv", *NOWHERE, "--count", "0"), "--count"),
        (("recv", *NOWHERE, "--timeout", "0"), "--timeout"),
        (("recv", *NOWHERE, "--format", "xml"), "'xml'"),
        (("recv", *NOWHERE, "--nonsense"), "--nonsense"),
        (("recv", *NOWHERE, "--option", "SNDHVM=1"), "did you mean SNDHWM?"),
        (("recv", *NOWHERE, "--option", "SNDHWM"), "NAME=VALUE"),
        (("recv", *NOWHERE, "--option", "SNDHWM=many"), "a whole number"),
        (("recv", *NOWHERE, "--option", "SNDHWM=-5"), "SNDHWM does not take -5"),
        (("recv", *NOWHERE, "--option", "ROUTING_ID=hex:f"), "hexadecimal"),
        (("recv", *NOWHERE, "--option", "SUBSCRIBE=a"), "--subscribe TOPIC"),
        (("recv", *NOWHERE, "--memory-limit", "much"), "--memory-limit much"),
        (("recv", *NOWHERE, "--policy", "KEPP"), "did you mean KEEP"),
        (("recv", *NOWHERE, "--record", "/nowhere/at/all"), "/nowhere/at/all"),
        (("send", *NOWHERE, "--format", "hex", "xyz"), "'xyz'"),
        (("rep", *NOWHERE, "--echo", "a"), "--echo"),
    ],
)
def test_bad_input_gets_one_line_and_exit_code_2(words: tuple[str, ...], said: str) -> None:
    done = CliRunner().invoke(cli.main, words)
    assert done.exit_code == 2, done.output
    assert said in done.output
    assert done.output.count("\n") == 1


@pytest.mark.parametrize(
    ("form", "good", "bad"), [("hex", "61", "6"), ("json", '["a"]', "{}"), ("jsonl", '{"frames": ["61"]}', "[")]
)
def test_a_bad_line_is_named_and_what_came_before_it_arrives(enomem: Commands, form: str, good: str, bad: str) -> None:
    receiver = enomem.start("recv", *LISTEN, "--count", "2")
    given = f"{good}\n\n{good}\n{bad}\n{good}\n"
    code, out, said = enomem.run("send", *to(receiver.endpoint()), "--format", form, given=given)
    assert (code, out) == (2, "")
    assert said.startswith("enomem: line 4: ")
    assert said.endswith("; 2 messages were sent before it\n")
    assert receiver.ends()[:2] == (0, "a\na\n")


def test_a_timeout_has_a_code_of_its_own(enomem: Commands) -> None:
    short = ("--bind", "tcp://127.0.0.1:0", "--quiet", "--timeout", "0.1")
    assert enomem.run("recv", *short) == (6, "", "enomem: nothing arrived within 0.1 s: 0 messages were received\n")
    said = "enomem: no peer took a message within 0.1 s: 0 messages were sent\n"
    assert enomem.run("send", *short, "a") == (6, "", said)
    assert enomem.run("pub", *short, "--peers", "1", "a")[0] == 6
    assert enomem.run("dealer", *short, "a")[0] == 6


def test_what_was_accepted_and_not_delivered_is_told(enomem: Commands) -> None:
    said = "enomem: 3 messages were accepted and not delivered\n"
    assert enomem.run("send", *NOWHERE, "--count", "3", "a") == (6, "", said)


def test_a_record_that_cannot_be_finished_is_told(enomem: Commands) -> None:
    code, _, said = enomem.run("recv", *NOWHERE, "--record", "/dev/full")
    assert code == 2
    assert said.endswith("enomem: the record could not be written to its end: No space left on device\n")


def test_what_the_socket_refuses_is_told(enomem: Commands) -> None:
    router = ("router", "--bind", "tcp://127.0.0.1:0", "--option", "ROUTER_MANDATORY=1", "--quiet")
    code, _, said = enomem.run(*router, "nobody", "a")
    assert code == 2
    assert "no peer has this routing id" in said


def test_ctrl_c_ends_what_has_no_end_of_its_own(enomem: Commands) -> None:
    receiver = enomem.start("recv", *LISTEN)
    assert enomem.run("send", *to(receiver.endpoint()), "a")[0] == 0
    assert receiver.line() == "a"
    receiver.send_signal(signal.SIGINT)
    assert receiver.ends() == (0, "", "")


def test_ctrl_c_before_the_count_is_reached(enomem: Commands) -> None:
    receiver = enomem.start("recv", *LISTEN, "--count", "2")
    assert enomem.run("send", *to(receiver.endpoint()), "a")[0] == 0
    assert receiver.line() == "a"
    receiver.send_signal(signal.SIGINT)
    assert receiver.ends() == (3, "", "enomem: interrupted after 1 message was received\n")


def test_ctrl_c_while_a_message_waits(enomem: Commands) -> None:
    sender = enomem.start("send", "--connect", "ipc:///nowhere/at/all", "--verbose", "a")
    sender.until("retried")
    sender.send_signal(signal.SIGINT)
    code, _, said = sender.ends()
    assert code == 3
    assert "enomem: interrupted " in said
    assert "Traceback" not in said


def test_nobody_reads_on(enomem: Commands) -> None:
    receiver = enomem.start("recv", *LISTEN)
    endpoint = receiver.endpoint()
    assert receiver.stdout is not None
    receiver.stdout.close()
    assert enomem.run("send", *to(endpoint), "a")[0] == 0
    assert receiver.stderr is not None
    assert receiver.stderr.read() == "enomem: the output was closed before all was written\n"
    assert receiver.wait() == 3


def test_events_are_told(enomem: Commands) -> None:
    receiver = enomem.start("recv", *LISTEN, "--verbose", "--count", "1")
    endpoint = receiver.endpoint()
    code, _, said = enomem.run("send", *to(endpoint), "--verbose", "a")
    assert code == 0
    assert [line.partition(" tcp")[0] for line in said.splitlines()][:3] == [
        "enomem: connecting",
        "enomem: connected",
        "enomem: handshake succeeded",
    ]
    code, out, said = receiver.ends()
    assert (code, out) == (0, "a\n")
    assert f"enomem: accepted {endpoint}\n" in said


# --- standard input beside a socket


def test_lines_come_whole_however_they_are_cut() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as source, os.fdopen(writing, "wb", buffering=0) as sink:
        lines = Lines(source)
        assert lines.take() is None
        long = b"x" * (2 * CHUNK)
        found: list[bytes] = []
        writer = threading.Thread(target=write_and_close, args=(sink, [b"a", b"b\n", b"\n", long, b"\nlast"]))
        writer.start()
        while lines.wake is not None:
            readable, _, _ = select.select([lines.wake], [], [], SECONDS)
            assert readable
            line = lines.take()
            if line is not None:
                found.append(line)
        writer.join()
    assert found == [b"ab", b"", long, b"last"]


def write_and_close(sink: IO[bytes], pieces: list[bytes]) -> None:
    for piece in pieces:
        sink.write(piece)
    sink.close()
