"""Messages as lines: what is printed is read as the same message, and what is no message is said to be none."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enomem.checks.errors import UsageError
from enomem.checks.sockets.format import FORMATS, BadLine, of_arguments

MESSAGES = st.lists(st.binary(max_size=20), min_size=1, max_size=5)


@pytest.mark.parametrize("form", ["hex", "json", "jsonl"])
@given(message=MESSAGES)
def test_what_is_printed_is_read_as_the_same_message(form: str, message: list[bytes]) -> None:
    line = FORMATS[form].write(message)
    assert b"\n" not in line
    assert FORMATS[form].read(line) == message


@given(message=MESSAGES)
def test_ascii_is_one_printable_line(message: list[bytes]) -> None:
    line = FORMATS["ascii"].write(message)
    shown = line.split(b"\t")
    assert [len(part) for part in shown] == [len(part) for part in message]
    assert all(32 <= octet < 127 for part in shown for octet in part)


@pytest.mark.parametrize(
    ("form", "message", "line"),
    [
        ("ascii", [b"a\n", b"", b"\xff"], b"a.\t\t."),
        ("hex", [b"a\n", b"", b"\xff"], b"610a - ff"),
        ("json", [b"a\n", "ü".encode(), b"\xff"], '["a\\n", "ü", {"hex": "ff"}]'.encode()),
        ("jsonl", [b"a\n", b"", b"\xff"], b'{"frames": ["610a", "", "ff"]}'),
    ],
)
def test_the_line_of_each_format(form: str, message: list[bytes], line: bytes) -> None:
    assert FORMATS[form].write(message) == line


@pytest.mark.parametrize(
    ("form", "line", "said"),
    [
        ("hex", b"zz", "'zz'"),
        ("hex", b"616", "pairs of hexadecimal digits"),
        ("hex", "ü".encode(), "pairs of hexadecimal digits"),
        ("json", b"[", "is not JSON"),
        ("json", b"\xff\xfe", "is not JSON"),
        ("json", b"{}", "not an array"),
        ("json", b"[]", "at least one part"),
        ("json", b"[1]", "neither a text"),
        ("json", b'[{"hex": "f"}]', "pairs of hexadecimal digits"),
        ("json", b'[{"hex": 1}]', "not a text in hexadecimal"),
        ("json", b'["\\ud800"]', "surrogate"),
        ("jsonl", b"x" * 10_000, "is not JSON"),
        ("jsonl", b"[" * 100_000, "is not JSON"),
        ("jsonl", b'["61"]', "is not"),
        ("jsonl", b'{"frames": "61"}', "not an array"),
        ("jsonl", b'{"frames": []}', "at least one part"),
        ("jsonl", b'{"frames": ["6 1"]}', "pairs of hexadecimal digits"),
        ("jsonl", b'{"frames": [null]}', "not a text in hexadecimal"),
    ],
)
def test_a_bad_line_is_named_in_short(form: str, line: bytes, said: str) -> None:
    with pytest.raises(BadLine, match=said.replace("[", "\\[")) as caught:
        FORMATS[form].read(line)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("form", ["hex", "json", "jsonl"])
def test_a_blank_line_is_no_message(form: str) -> None:
    assert FORMATS[form].read(b"  ") is None


def test_ascii_reads_octets_as_they_are() -> None:
    assert FORMATS["ascii"].read(b"") == [b""]
    assert FORMATS["ascii"].read(b"a\t\xff b") == [b"a", b"\xff b"]


def test_arguments_are_octets_or_what_they_spell() -> None:
    assert of_arguments(["a", os.fsdecode(b"\xff")], "jsonl") == [b"a", b"\xff"]
    assert of_arguments(["00ff", "-", ""], "hex") == [b"\x00\xff", b"", b""]
    with pytest.raises(UsageError):
        of_arguments(["a"], "hex")
