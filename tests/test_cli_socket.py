"""The socket commands: pairs of them over loopback, and what they print."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from socket_commands import LISTEN, LONG, Commands, to


@pytest.fixture
def enomem() -> Iterator[Commands]:
    with Commands() as commands:
        yield commands


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
