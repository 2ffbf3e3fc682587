"""`enomem demo`: what it shows is what its children told, and its exit code says whether that is as expected."""

import json
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from click.testing import CliRunner

from enomem.checks import cli
from enomem.checks.demo import command
from enomem.checks.demo.story import Story, as_mermaid, as_text, told

SPLICED = [
    {"event": "begin", "library": "zmq", "version": "4.3.5", "limit": 64 << 20},
    {"event": "send", "part": "A1", "more": True, "size": None, "errno": None, "rule": None},
    {"event": "send", "part": "A2", "more": False, "size": 256 << 20, "errno": 12, "rule": None},
    {"event": "send", "part": "B1", "more": True, "size": None, "errno": None, "rule": None},
    {"event": "send", "part": "B2", "more": False, "size": None, "errno": None, "rule": None},
    {"event": "received", "parts": ["A1", "B1", "B2"]},
    {"event": "end"},
]

DRAWN = """\
application                       socket                         receiver
     │ send(A1, SNDMORE)             │                               │
     │──────────────────────────────>│                               │
     │ ok                            │                               │
     │<─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ │                               │
     │ send(A2 of 256 MiB)           │                               │
     │──────────────────────────────>│                               │
     │ ENOMEM                        │                               │
     │<─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ │                               │"""


def clean() -> list[dict[str, Any]]:
    """What is told of a socket that dropped A1."""
    lines: list[dict[str, Any]] = [{**line} for line in SPLICED]
    lines[0] |= {"library": "enomem", "version": "0.1.0", "limit": 1 << 20}
    lines[2]["rule"] = "SEND-5"
    lines[5]["parts"] = ["B1", "B2"]
    return lines


def test_a_story_knows_what_was_sent_and_what_was_not() -> None:
    story = told(SPLICED)
    assert story.begun == (("A1", "A2"), ("B1", "B2"))
    assert story.accepted == (("B1", "B2"),)
    assert story.received == story.unsent == (("A1", "B1", "B2"),)
    assert told(clean()).unsent == ()


def test_the_picture_is_drawn_from_what_was_told() -> None:
    story = told(SPLICED)
    assert as_text(story.picture).startswith(DRAWN)
    assert as_text(story.picture).endswith("│ (nobody sent this message)")
    diagram = as_mermaid(story.picture).splitlines()
    assert diagram[0] == "sequenceDiagram"
    assert "    socket-->>application: ENOMEM" in diagram
    assert diagram[-2:] == ["    socket->>receiver: [A1, B1, B2]", "    Note over receiver: nobody sent this message"]
    other = as_text(told(clean()).picture)
    assert "ENOMEM [SEND-5]" in other
    assert "(as it was sent)" in other


def test_it_shows_both_here_and_now() -> None:
    done = subprocess.run([sys.executable, "-m", "enomem", "demo"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    libzmq, _, reference = done.stdout.partition("the reference socket of enomem")
    assert "received:   [A1, B1, B2]\n            [A1, B1, B2] is a message that nobody sent\n" in libzmq
    assert reference.endswith("sent whole: [B1, B2]; given up at ENOMEM: [A1, A2]\nreceived:   [B1, B2]\n")


def invoke(monkeypatch: pytest.MonkeyPatch, stories: Iterable[Story], *words: str) -> tuple[int, str]:
    left = iter(stories)
    monkeypatch.setattr(command, "play", lambda _: next(left))
    done = CliRunner().invoke(cli.main, ["demo", *words])
    return done.exit_code, done.output


def test_what_is_not_as_expected_is_said_and_exits_with_1(monkeypatch: pytest.MonkeyPatch) -> None:
    libzmq, reference = told(SPLICED), told(clean())
    assert invoke(monkeypatch, (libzmq, reference))[0] == 0
    code, text = invoke(monkeypatch, (replace(libzmq, received=(("B1", "B2"),)), reference))
    assert code == 1
    assert "not as expected: with zmq [B1, B2] was received, and not [A1, B1, B2]" in text
    code, text = invoke(monkeypatch, (libzmq, replace(reference, received=libzmq.received)))
    assert code == 1
    assert "with enomem [A1, B1, B2] was received, and not [B1, B2]" in text
    code, text = invoke(monkeypatch, (libzmq, replace(reference, received=())))
    assert code == 1
    assert "with enomem nothing was received" in text


def test_a_child_that_dies_early_is_not_as_expected(monkeypatch: pytest.MonkeyPatch) -> None:
    code, text = invoke(monkeypatch, (told(SPLICED[:3]), told(clean())))
    assert code == 1
    assert "with zmq nothing was received" in text
    code, text = invoke(monkeypatch, (told([]), told(clean())))
    assert code == 1
    assert "with zmq nothing was told" in text


def test_the_diagrams_are_mermaids_with_the_rest_as_comments(monkeypatch: pytest.MonkeyPatch) -> None:
    code, text = invoke(monkeypatch, (told(SPLICED), told(clean())), "--format", "mermaid")
    assert code == 0
    assert text.count("sequenceDiagram") == 2
    assert all(line.startswith(("%%", "    ", "sequenceDiagram")) for line in text.splitlines() if line)


@pytest.mark.parametrize(
    ("target", "value", "said"),
    [
        ("importlib.util.find_spec", lambda _: None, "the demonstration needs pyzmq beside enomem: pip install pyzmq"),
        ("sys.platform", "win32", "the demonstration needs Linux, where a process can be given less memory"),
    ],
)
def test_what_it_needs_is_said_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, target: str, value: object, said: str
) -> None:
    monkeypatch.setattr(target, value)
    done = CliRunner().invoke(cli.main, ["demo"])
    assert (done.exit_code, done.output) == (2, f"enomem: {said}\n")


def test_a_child_that_does_not_end_is_ended(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "PATIENCE", 0.01)
    assert command.play("enomem").received == ()
    assert capsys.readouterr().err == "with enomem: not done within 0.01 s\n"


def test_a_child_tells_lines_of_json() -> None:
    line = [sys.executable, "-m", "enomem.checks.demo.child", "enomem"]
    done = subprocess.run(line, capture_output=True, text=True, timeout=120, check=True)
    events = [json.loads(text)["event"] for text in done.stdout.splitlines()]
    assert events == ["begin", "send", "send", "send", "send", "received", "end"]
