"""The format of recorded calls: what is written is read again, and each mistake has its line and its sentence."""

import json
from pathlib import Path

import pytest

from enomem.checks.errors import UsageError
from enomem.checks.oracle import call_format
from enomem.checks.oracle.events import Do, Event
from enomem.model.policies import KEEP
from enomem.model.systems.network import Refusals, Setting

EVENTS = [
    Event(Do.CREATE, 0, name="ROUTER", options=(("ROUTING_ID", b"\0\xff"), ("SNDHWM", 2))),
    Event(Do.CREATE, 1, name="DEALER"),
    Event(Do.BIND, 0, endpoint="tcp://127.0.0.1:1"),
    Event(Do.CONNECT, 1, endpoint="tcp://127.0.0.1:1"),
    Event(Do.PEERS, 0, count=1),
    Event(Do.SEND, 1, "ENOMEM", b"\xff", more=True),
    Event(Do.SEND, 1, part=b"plain"),
    Event(Do.RECEIVE, 0, part=b"\n", more=True),
    Event(Do.RECEIVE, 0, "EAGAIN", waited=True),
    Event(Do.OPTION, 0, name="SNDHWM", value=1),
    Event(Do.REFUSE, name="BODY", count=2, times=1),
    Event(Do.ABORT, 0),
    Event(Do.SETTLE),
    Event(Do.DISCONNECT, 1, endpoint="tcp://127.0.0.1:1"),
    Event(Do.UNBIND, 0, endpoint="tcp://127.0.0.1:1"),
    Event(Do.CLOSE, 0),
]
HEADER = '{"format": "enomem-calls", "version": 1}'


@pytest.mark.parametrize("setting", [Setting(KEEP, Refusals.ANY, in_turn=False), Setting(refusals=Refusals.NONE)])
def test_what_is_written_is_read(setting: Setting, tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    path.write_text("\n".join([call_format.header(setting, "us"), *map(call_format.encoded, EVENTS), ""]))
    read, events = call_format.read(path)
    assert list(events) == EVENTS
    assert (read.policy.name, read.refusals, read.in_turn) == (setting.policy.name, setting.refusals, setting.in_turn)
    assert call_format.read(path, "SKIP")[0].policy.name == "SKIP"
    assert {event.do for event in EVENTS} == set(Do)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([], "is empty"),
        (["{"], "line 1, is not JSON"),
        (["[]"], "line 1, is no JSON object"),
        (["{}"], "it does not begin with"),
        (['{"format": "enomem-calls", "version": 2}'], "it does not begin with"),
        ([HEADER[:-1] + ', "turns": 1}'], "line 1: turns are kept or any, not 1"),
        ([HEADER[:-1] + ', "refusals": "some"}'], "line 1: refusals are none, told, any, not 'some'"),
        ([HEADER[:-1] + ', "colour": 1}'], "line 1: a header has no colour"),
        ([HEADER, '{"do": "fly"}'], "line 2: there is no 'fly'"),
        ([HEADER, '{"do": 1}'], "line 2: do is a string, not 1"),
        ([HEADER, "", '{"do": "send", "socket": -1, "part": "a"}'], "line 3: socket is a number, not -1"),
        ([HEADER, '{"do": "send", "socket": true, "part": "a"}'], "line 2: socket is a number, not True"),
        ([HEADER, '{"do": "send", "socket": 0, "hex": "zz"}'], "line 2: 'zz' is not hexadecimal"),
        ([HEADER, '{"do": "send", "socket": 0, "more": 1}'], "line 2: more is true or false, not 1"),
        ([HEADER, '{"do": "close", "socket": 0, "part": "a"}'], "line 2: close has no part"),
        ([HEADER, '{"do": "send", "socket": 0, "answer": "no"}'], "line 2: there is no answer 'no'"),
        ([HEADER, '{"do": "create", "socket": 0, "type": "PUSH", "options": 1}'], "line 2: options are an object"),
        ([HEADER, '{"do": "option", "socket": 0, "name": "X", "value": 1.5}'], "line 2: the value of an option is"),
        ([HEADER, '{"do": "option", "socket": 0, "name": "X", "value": {"hex": 1}}'], "line 2: hex is a string"),
    ],
)
def test_a_mistake_is_told(lines: list[str], said: str, tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    path.write_text("\n".join(lines))
    with pytest.raises(UsageError, match=said.replace("[", r"\[")) as caught:
        list(call_format.read(path)[1])
    assert str(path) in str(caught.value)


def test_a_file_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        call_format.read(tmp_path / "none.jsonl")
    (tmp_path / "binary.jsonl").write_bytes(b"\xff\xff\n")
    with pytest.raises(UsageError, match="is not UTF-8"):
        call_format.read(tmp_path / "binary.jsonl")


def test_every_line_is_an_object() -> None:
    assert all(json.loads(call_format.encoded(event))["do"] == event.do.value for event in EVENTS)
