"""The socket commands: pairs of them over loopback, what they print, their exit codes, and what bad input gets.

No wait here is a sleep: a command is told its peer's endpoint by the peer, and is interrupted when its output shows
that it has come so far. The timeouts only end what would hang.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from click.testing import CliRunner

from enomem.checks import cli

ROOT = Path(__file__).parent.parent
LISTENING = "enomem: listening at "
LONG = "20"
SECONDS = 60.0


class Started(subprocess.Popen[str]):
    """A command that runs, from the root of the checkout."""

    def __init__(self, *words: str) -> None:
        env = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONIOENCODING": "utf-8"}
        super().__init__(
            [sys.executable, "-m", "enomem", *words],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=env,
        )  # fmt: skip

    def endpoint(self) -> str:
        """Where it listens."""
        assert self.stderr is not None
        line = self.stderr.readline().strip()
        assert line.startswith(LISTENING), line
        return line.removeprefix(LISTENING)

    def line(self) -> str:
        """The next line that it prints."""
        assert self.stdout is not None
        return self.stdout.readline().rstrip("\n")

    def until(self, text: str) -> None:
        """Wait for a line with this text on standard error."""
        assert self.stderr is not None
        for line in self.stderr:
            if text in line:
                return
        raise AssertionError(f"{text} was never said")

    def ends(self, given: str | None = None) -> tuple[int, str, str]:
        """Its exit code, and what else it printed."""
        out, err = self.communicate(given)
        return self.returncode, out, err


class Commands(ExitStack):
    """Starts commands, and leaves none behind."""

    def start(self, *words: str) -> Started:
        """Start one in the background."""
        started = self.enter_context(Started(*words))
        # Ends whoever waits for its next line, should it hang.
        late = threading.Timer(SECONDS, started.kill)
        late.start()
        self.callback(late.cancel)
        self.callback(started.kill)
        return started

    def run(self, *words: str, given: str = "") -> tuple[int, str, str]:
        """Run one to its end."""
        return self.start(*words).ends(given)


@pytest.fixture
def enomem() -> Iterator[Commands]:
    with Commands() as commands:
        yield commands


LISTEN = ("--bind", "tcp://127.0.0.1:0", "--timeout", LONG)


def to(endpoint: str) -> tuple[str, ...]:
    return ("--connect", endpoint, "--timeout", LONG)


# --- one way


def test_parts_from_arguments_arrive_as_a_line(enomem: Commands) -> None:
    receiver = enomem.start("recv", *LISTEN, "--count", "2")
    assert enomem.run("send", *to(receiver.endpoint()), "--count", "2", "hello", "", "wörld") == (0, "", "")
    assert receiver.ends() == (0, "hello\t\tw..rld\n" * 2, "")


def test_lines_of_standard_input_are_messages(enomem: Commands) -> None:
    receiver = enomem.start("pull", *LISTEN, "--count", "3", "--format", "json")
    assert enomem.run("push", *to(receiver.endpoint()), given="a\tb\n\nlast") == (0, "", "")
    assert receiver.ends() == (0, '["a", "b"]\n[""]\n["last"]\n', "")


def test_an_endpoint_without_an_option_is_connected_to(enomem: Commands, tmp_path: Path) -> None:
    endpoint = f"ipc://{tmp_path}/queue"
    sender = enomem.start("send", "--timeout", LONG, endpoint, "tcp://not.an:endpoint")
    receiver = enomem.start("recv", "--bind", endpoint, "--timeout", LONG, "--count", "1", "--quiet")
    assert sender.ends() == (0, "", "")
    assert receiver.ends() == (0, "tcp://not.an:endpoint\n", "")
    assert not (tmp_path / "queue").exists()


def test_several_endpoints_and_types(enomem: Commands) -> None:
    first = enomem.start("recv", *LISTEN, "--count", "1", "--type", "DEALER")
    second = enomem.start("recv", *LISTEN, "--count", "1", "--type", "dealer")
    send = ("send", "--type", "DEALER", "--connect", first.endpoint(), *to(second.endpoint()), "--peers", "2")
    assert enomem.run(*send, "--count", "2", "x")[0] == 0
    assert (first.ends()[:2], second.ends()[:2]) == ((0, "x\n"), (0, "x\n"))


def test_jsonl_from_recv_to_send_is_a_copy(enomem: Commands, tmp_path: Path) -> None:
    messages = [[bytes(range(256)), b"", b"\n"], [b""], [b"x" * 100_000], *([b"%d" % n] for n in range(200))]
    lines = "".join(json.dumps({"frames": [part.hex() for part in message]}) + "\n" for message in messages)
    count = ("--count", str(len(messages)), "--format", "jsonl")
    receiver = enomem.start("recv", *LISTEN, *count)
    assert enomem.run("send", *to(receiver.endpoint()), "--format", "jsonl", given=lines)[0] == 0
    code, copied, _ = receiver.ends()
    assert (code, copied) == (0, lines)
    last = enomem.start("recv", *LISTEN, *count)
    assert enomem.run("send", *to(last.endpoint()), "--format", "jsonl", given=copied)[0] == 0
    assert last.ends()[:2] == (0, lines)


def test_publishers_wait_for_subscribers_and_topics_are_kept_apart(enomem: Commands) -> None:
    publisher = enomem.start("pub", *LISTEN, "--peers", "3", "--format", "json")
    endpoint = publisher.endpoint()
    one = enomem.start("sub", *to(endpoint), "--count", "2", "--subscribe", "a", "--subscribe", "c")
    every = enomem.start("sub", *to(endpoint), "--count", "3")
    # Three subscriptions: two of the one, and everything of the other.
    assert publisher.ends('["a", "1"]\n["b", "2"]\n["c", "3"]\n')[0] == 0
    assert every.ends()[:2] == (0, "a\t1\nb\t2\nc\t3\n")
    assert one.ends()[:2] == (0, "a\t1\nc\t3\n")


# --- there and back


def test_requests_and_one_reply_for_all(enomem: Commands) -> None:
    server = enomem.start("rep", *LISTEN, "--count", "2", "pong", "!")
    assert enomem.run("req", *to(server.endpoint()), given="ping 1\nping 2\n") == (0, "pong\t!\n" * 2, "")
    assert server.ends() == (0, "ping 1\nping 2\n", "")


def test_requests_are_echoed(enomem: Commands) -> None:
    server = enomem.start("rep", *LISTEN, "--count", "3", "--echo", "--format", "hex")
    asked = enomem.run("req", *to(server.endpoint()), "--count", "3", "--format", "hex", "00ff", "-")
    assert asked == (0, "00ff -\n" * 3, "")
    assert server.ends()[:2] == (0, "00ff -\n" * 3)


def test_replies_are_lines_of_standard_input(enomem: Commands) -> None:
    server = enomem.start("rep", *LISTEN)
    client = enomem.start("req", *to(server.endpoint()), "--count", "2", "what?")
    assert server.line() == "what?"
    assert server.stdin is not None
    server.stdin.write("first\n")
    server.stdin.flush()
    assert client.line() == "first"
    assert server.line() == "what?"
    code, _, said = server.ends("")
    assert code == 3
    assert said == "enomem: standard input has ended, and the last request got no answer\n"
    client.kill()


def test_a_router_names_its_peers(enomem: Commands) -> None:
    router = enomem.start("router", *LISTEN, "--format", "hex", "--count", "1")
    dealer = enomem.start("dealer", *to(router.endpoint()), "--option", "ROUTING_ID=hex:77ff", "--count", "1", "hi")
    assert router.line() == "77ff 6869"
    router.kill()
    dealer.kill()


def test_a_router_answers_by_name(enomem: Commands) -> None:
    router = enomem.start("router", *LISTEN, "--count", "2")
    dealer = enomem.start("dealer", *to(router.endpoint()), "--option", "routing_id=me", "--count", "1")
    assert dealer.stdin is not None
    assert router.stdin is not None
    dealer.stdin.write("one\n")
    dealer.stdin.flush()
    assert router.line() == "me\tone"
    router.stdin.write("me\tback\n")
    router.stdin.flush()
    assert dealer.ends("")[:2] == (0, "back\n")


def test_a_pair_talks_both_ways_at_once(enomem: Commands) -> None:
    one = enomem.start("pair", *LISTEN, "--count", "3")
    other = enomem.start("pair", *to(one.endpoint()), "--count", "1", "one")
    assert one.line() == "one"
    assert one.stdin is not None
    one.stdin.write("two\n")
    one.stdin.flush()
    assert other.ends()[:2] == (0, "two\n")


def test_subscriptions_are_seen_and_served(enomem: Commands) -> None:
    publisher = enomem.start("xpub", *LISTEN, "--format", "hex", "--count", "2")
    subscriber = enomem.start("xsub", *to(publisher.endpoint()), "--subscribe", "a", "--count", "1")
    assert publisher.line() == "0161"
    assert publisher.stdin is not None
    publisher.stdin.write("62\n6162\n")
    publisher.stdin.flush()
    assert subscriber.ends()[:2] == (0, "ab\n")
    # It unsubscribes as it goes.
    assert publisher.ends("")[:2] == (0, "0061\n")


# --- memory


def test_no_memory_is_one_line_and_a_code_of_its_own(enomem: Commands) -> None:
    receiver = enomem.start("recv", *LISTEN, "--count", "1")
    send = ("send", *to(receiver.endpoint()), "--memory-limit", "100K")
    code, out, said = enomem.run(*send, given=f"first\n{'x' * 90_000}\nthird\n")
    assert (code, out) == (5, "")
    assert said.startswith("enomem: line 2: no memory for 90064 octets at BODY: the pool is full [SEND-5")
    assert said.count("\n") == 1
    assert receiver.ends()[:2] == (0, "first\n")


def test_a_limit_that_no_socket_fits_into(enomem: Commands) -> None:
    code, _, said = enomem.run("recv", *LISTEN, "--memory-limit", "100")
    assert code == 5
    assert said.startswith("enomem: no memory for ")
    assert said.count("\n") == 1


@pytest.mark.parametrize("policy", ["keep", "SKIP", "reserve", "docs/examples/courteous.py:Courteous"])
def test_every_policy_sends(enomem: Commands, policy: str) -> None:
    receiver = enomem.start("recv", *LISTEN, "--count", "1")
    assert enomem.run("send", *to(receiver.endpoint()), "--policy", policy, "a", "b") == (0, "", "")
    assert receiver.ends()[:2] == (0, "a\tb\n")


def test_a_recorded_run_replays(enomem: Commands, tmp_path: Path) -> None:
    run = str(tmp_path / "run.jsonl")
    receiver = enomem.start("recv", *LISTEN, "--count", "1")
    policy = ("--policy", "docs/examples/courteous.py:Courteous")
    assert enomem.run("send", *to(receiver.endpoint()), *policy, "--record", run, "a", "b")[0] == 0
    assert receiver.ends()[0] == 0
    code, _, said = enomem.run("replay", run)
    assert (code, said.rpartition(" steps, ")[2]) == (0, "each as the model does it\n")


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
