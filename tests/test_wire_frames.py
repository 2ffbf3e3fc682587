"""Frames as they are written: the octets of the RFC, in whatever buffers, and large bodies are not copied."""

from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enomem.model.wire import frames

SIZES = [0, 1, 254, 255, 256, 257, frames.JOIN_MOST, frames.JOIN_MOST + 1]
bodies = st.sampled_from(SIZES).map(bytes) | st.binary(max_size=300)
messages = st.lists(bodies, min_size=1, max_size=6)


def written(body: bytes, flags: int) -> bytes:
    """One frame as the RFC has it."""
    return (pack(">BB", flags, len(body)) if len(body) <= 255 else pack(">BQ", flags | 2, len(body))) + body


def expected(parts: list[bytes]) -> bytes:
    return b"".join(written(part, 1) for part in parts[:-1]) + written(parts[-1], 0)


@given(messages)
def test_a_message_is_its_frames(parts: list[bytes]) -> None:
    assert b"".join(frames.encode(parts)) == expected(parts)


@pytest.mark.parametrize("size", SIZES)
def test_each_size_alone_first_and_last(size: int) -> None:
    large = size > frames.JOIN_MOST
    for parts, buffers in (([bytes(size)], 2), ([bytes(size), b"x"], 3), ([b"x", bytes(size)], 2)):
        encoded = frames.encode(parts)
        assert b"".join(encoded) == expected(parts)
        assert len(encoded) == (buffers if large else 1)


@given(st.lists(messages, max_size=4))
def test_many_messages_are_joined_by_whoever_writes_them(batch: list[list[bytes]]) -> None:
    fragments: list[bytes] = []
    large = [frames.add(fragments, parts) for parts in batch]
    assert b"".join(fragments) == b"".join(map(expected, batch))
    assert large == [any(len(part) > frames.JOIN_MOST for part in parts) for parts in batch]


@given(messages)
def test_no_buffer_is_empty_and_all_between_large_bodies_is_one(parts: list[bytes]) -> None:
    buffers = frames.encode(parts)
    large = [len(part) > frames.JOIN_MOST for part in parts]
    assert all(buffers)
    assert len(buffers) == 2 * sum(large) + (not large[-1])


@pytest.mark.parametrize("shape", [1, 2, 3])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_large_body_is_written_from_where_it_lies(shape: int, place: int) -> None:
    body = bytes(frames.JOIN_MOST + 1)
    parts = [b"small"] * shape
    parts[place % shape] = body
    assert any(buffer is body for buffer in frames.encode(parts))
    assert all(frames.encode(parts))


@pytest.mark.parametrize("size", [*SIZES, 2**32, 2**63 - 1])
@pytest.mark.parametrize("flags", [0, frames.MORE, frames.COMMAND])
def test_a_header_is_short_where_it_can_be(size: int, flags: int) -> None:
    assert frames.header(size, flags) == (
        bytes([flags, size]) if size <= 255 else bytes([flags | 2]) + size.to_bytes(8, "big")
    )


@pytest.mark.parametrize("size", [0, 1, 249, 250, 5000])
def test_a_command_is_one_frame(size: int) -> None:
    data = bytes(size)
    assert frames.encode_command(b"HELLO", data) == written(b"\5HELLO" + data, 4)
