"""A receive policy from a file: it is loaded and guarded, judged, run over TCP, and its run replays."""

import re
from pathlib import Path

import pytest
from interop.raw import message
from reference_memory import Allocator
from reference_stage import events_until, room

from enomem import EventKind, Site
from enomem.checks.errors import UsageError
from enomem.checks.families import judge, traces
from enomem.checks.families.registry import FAMILIES
from enomem.checks.judging.judge import Task
from enomem.checks.policies.file import load_policy
from enomem.checks.policies.receive_file import GuardedReceive, load_receive_policy
from enomem.checks.runs import replay as run_replay
from enomem.checks.runs.format import lines
from enomem.checks.senders.plan import Engine
from enomem.checks.sockets import settings as socket_settings
from enomem.model.receive_policies import BOUNDED_WAIT, CLOSE, Stall, Unread

MODEST = Path(__file__).parents[1] / "docs" / "examples" / "modest.py"
HEAD = "from enomem import ReceivePolicy, Stall, Unread\n\n\nclass Mine(ReceivePolicy):\n    name = 'MINE'\n"
METHOD = "\n    def refused(self, reader: Unread) -> Stall:\n"


def written(path: Path, body: str, attributes: str = "    longest = 9\n") -> str:
    """A file with a policy whose answer is ``body``."""
    file = path / "mine.py"
    lines = "".join(f"        {line}\n" for line in body.splitlines())
    file.write_text(HEAD + attributes + (METHOD + lines if body else ""))
    return f"{file}:Mine"


def test_the_example_is_loaded_and_answers() -> None:
    policy = load_receive_policy(f"{MODEST}:Modest")
    assert (policy.name, policy.longest) == ("MODEST", 1000)
    answers = [policy.refused(Unread(size, 2, 5, 8, Site.RECEIVE_BODY)) for size in (2, 3)]
    assert answers == [Stall(1000), Stall(0)]
    assert load_receive_policy("close") is CLOSE
    assert load_receive_policy("bounded_wait") is BOUNDED_WAIT


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return 5", "answered a value of type int instead of a Stall"),
        ("pass", "answered None instead of a Stall"),
        ("return Stall(2.5)", "answered longest of type float"),
        ("return Stall(10)", "answered 10 outside -1..longest, which is 9; make 'longest' the longest wait"),
        ("return Stall(-2)", "answered -2 outside -1..longest"),
        ("return Stall(1 // reader.size)", "raised ZeroDivisionError"),
        ("while reader.size >= 0:\n    pass\nreturn Stall(0)", "does not end"),
        ("self.times = getattr(self, 'times', 0) + 1\nreturn Stall(0)", "mutates its state: answering changed"),
        ("return Stall(0 if reader.site is None else 0 * id(reader))", "decide from the reader's size, half, used"),
        ("return Stall(9 if f'{reader.size}' == '1' else 0)", "but a check shows the policy symbols"),
    ],
)  # fmt: skip
def test_a_wrong_answer_is_refused(body: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=re.escape(said)) as raised:
        load_receive_policy(written(tmp_path, body))
    assert re.match(r".*mine\.py:[0-9]+: ", str(raised.value))


@pytest.mark.parametrize(
    ("attributes", "body", "said"),
    [
        ("", "", "Mine.refused is missing; write 'def refused(self, reader: Unread) -> Stall:'"),
        ("    longest = -1\n", "return Stall(0)", "Mine.longest is -1"),
        ("    longest = 1.5\n", "return Stall(0)", "Mine.longest is of type float"),
        ("    name = 'WAIT'\n", "return Stall(0)", "Mine.name is that of the built-in WAIT"),
    ],
)
def test_wrong_attributes_are_refused(attributes: str, body: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        load_receive_policy(written(tmp_path, body, attributes))


def test_a_send_policy_is_no_receive_policy() -> None:
    with pytest.raises(UsageError, match="is a class but not a ReceivePolicy"):
        load_receive_policy(f"{MODEST.with_name('courteous.py')}:Courteous")
    with pytest.raises(UsageError, match="there is no built-in receive policy and no file wiat; did you mean WAIT"):
        load_receive_policy("wiat")


def test_it_is_judged(tmp_path: Path) -> None:
    """A policy that waits for ever for small things deadlocks, and the trace replays."""
    text = written(tmp_path, "return Stall(-1) if reader.size < 5 else Stall(0)")
    family = FAMILIES["receive"]
    (row,) = family.rows((text,))
    assert (row.subject, row.text) == ("MINE", text)
    assert isinstance(load_receive_policy(text), GuardedReceive)
    task = Task(Engine.FAMILY, text, row.second, machine="receive", policy_name="MINE", part=Engine.SEARCH)
    trace = judge.run(task, lambda _: None).traces["LIVE-DEADLOCK"]
    assert trace["policy"] == {"name": "MINE", "source": text}
    assert traces.replay(trace) == []


def test_a_fault_that_only_symbols_meet_is_its_authors(tmp_path: Path) -> None:
    text = written(tmp_path, "if reader.used > 40:\n    return Stall(99)\nreturn Stall(0)")
    (row,) = FAMILIES["receive"].rows((text,))
    task = Task(Engine.FAMILY, text, row.second, machine="receive", policy_name="MINE", part=Engine.PROOF)
    # Whether so much is ever in use is for the proof to find out: it is, for all that is known.
    assert judge.run(task, lambda _: None).proved["SAFE-TOTAL"] is not True


def test_a_socket_on_the_command_line_takes_it() -> None:
    """By its name or its file; without, it is the default."""
    none = {
        **dict.fromkeys(("count", "timeout", "memory_limit", "policy", "record")),
        **dict.fromkeys(("connects", "topics", "options"), ()), "quiet": True, "verbose": False,
    }  # fmt: skip
    for text, policy in (("WAIT", "WAIT"), (f"{MODEST}:Modest", "MODEST"), (None, "BOUNDED_WAIT")):
        found = socket_settings.settings(
            # Fields of several types by their names.
            "pull", (), binds=["tcp://127.0.0.1:*"], interval=0, form="ascii", receive_policy=text, **none  # type: ignore[arg-type]
        )  # fmt: skip
        assert found.receive_policy.name == policy


def test_it_runs_over_tcp_and_its_run_replays(tmp_path: Path) -> None:
    path, policy = tmp_path / "run.jsonl", load_receive_policy(f"{MODEST}:Modest")
    allocator = Allocator(Site.RECEIVE_BODY)
    with room(receive_policy=policy, allocator=allocator, record=path, memory_limit=1 << 20) as stage:
        pull = stage.bound("PULL")
        pull.monitor_events()
        raw = stage.peer(pull, "PUSH")
        raw.send(message(b"refused for a while"))
        events_until(pull, EventKind.STALLED)
        allocator.sites.clear()
        assert pull.recv() == b"refused for a while"
        raw.send(message(bytes(1 << 20)))
        raw.closed()
    assert run_replay.replay(lines(path), load_policy).differences == []
    assert '"receive policy":"MODEST"' in path.read_text()
    other = path.read_text().replace(f"{MODEST}:Modest", str(MODEST.with_name("nothing.py")))
    path.write_text(other)
    with pytest.raises(UsageError, match="no file"):
        run_replay.replay(lines(path), load_policy)
