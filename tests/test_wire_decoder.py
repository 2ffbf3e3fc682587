"""The decoder: the events of a stream, in any pieces, and no memory for what a peer only announces."""

import tracemalloc
from struct import pack

import pytest
import wire_streams
from hypothesis import given
from hypothesis import strategies as st
from wire_streams import Event, command, cuts, events, frame, one_by_one, pieces, small_limits, streams

from enomem.model.wire import bodies, commands, frames
from enomem.model.wire.decoder import Decoder, Limits
from enomem.model.wire.errors import PeerError

BIG = bytes(range(256)) * 64
"""16 KiB, which needs leave."""


@given(streams(), cuts, st.integers(1, 3), st.integers(1, 4), st.sampled_from([Limits(), small_limits]))
def test_the_events_are_those_of_the_stream_in_any_pieces(
    stream: tuple[bytes, list[Event]], where: list[int], most: int, every: int, limits: Limits
) -> None:
    octets, expected = stream
    assert events(pieces(octets, where), limits, most, every) == expected


@given(streams())
def test_octet_by_octet_it_is_the_same(stream: tuple[bytes, list[Event]]) -> None:
    octets, expected = stream
    assert events(one_by_one(octets)) == expected
    assert events(one_by_one(octets), small_limits, 1) == expected


@given(st.lists(st.lists(st.binary(max_size=600), min_size=1, max_size=5), max_size=5), cuts)
def test_what_is_encoded_is_decoded(batch: list[list[bytes]], where: list[int]) -> None:
    octets = b"".join(b"".join(frames.encode(parts)) for parts in batch)
    assert events(pieces(octets, where)) == batch


@given(streams(), st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=3), cuts, cuts)
def test_a_stream_with_octets_changed_ends_in_no_other_error_and_the_same_in_any_pieces(
    stream: tuple[bytes, list[Event]], changes: list[tuple[int, int]], one: list[int], other: list[int]
) -> None:
    octets = bytearray(stream[0])
    for place, value in changes:
        if octets:
            octets[place % len(octets)] = value
    limits = Limits(frame=400, message=500, parts=3, command=200, small=64)
    data = bytes(octets)
    assert events(pieces(data, one), limits) == events(pieces(data, other), limits, 1) == events([data], limits, 2)


@given(st.binary(max_size=200), cuts)
def test_any_octets_at_all_end_in_no_other_error(data: bytes, where: list[int]) -> None:
    limits = Limits(frame=1000, message=2000, command=1000)
    assert events(pieces(data, where), limits) == events(one_by_one(data), limits)


def test_what_came_before_an_error_is_given_out_first() -> None:
    decoder = Decoder((3, 1), Limits())
    decoder.feed(frame(b"a") + frame(b"b", 1) + command(b"PONG") + b"\x80")
    assert decoder.take(10) == [[b"a"], commands.Pong(b"")]
    for _ in range(2):
        with pytest.raises(PeerError, match=r"reserved bits set: flags 0x80 \[WIRE-9\]"):
            decoder.take(10)
    decoder.feed(frame(b"c"))
    with pytest.raises(PeerError):
        decoder.take(10)


def test_no_more_messages_are_given_out_than_asked_for() -> None:
    decoder = Decoder((3, 1), Limits())
    decoder.feed(b"".join(frame(bytes([n])) for n in range(4)) + command(b"PONG"))
    assert decoder.take(0) == []
    assert decoder.take(3) == [[b"\0"], [b"\1"], [b"\2"]]
    assert decoder.has_buffered
    assert decoder.take(3) == [[b"\3"], commands.Pong(b"")]
    assert not decoder.has_buffered
    decoder.feed(frame(b"all"))
    decoder.feed(b"\0")
    assert decoder.take(1) == [[b"all"]]
    assert decoder.has_buffered


def test_parts_are_not_counted_as_messages() -> None:
    decoder = Decoder((3, 1), Limits())
    decoder.feed((frame(b"1", 1) + frame(b"2", 1) + frame(b"3")) * 3)
    assert decoder.take(2) == [[b"1", b"2", b"3"]] * 2
    assert decoder.take(2) == [[b"1", b"2", b"3"]]


# --- large frames


def test_a_large_frame_waits_for_leave_and_is_read_into_its_own_memory() -> None:
    decoder = Decoder((3, 1), Limits())
    octets = frame(b"one", 1) + frame(BIG)
    decoder.feed(octets[:1000])
    assert (decoder.take(9), decoder.wanted, decoder.target()) == ([], len(BIG), None)
    assert (decoder.held, decoder.half_read) == (3, 1)
    decoder.allow()
    assert (decoder.take(9), decoder.wanted) == ([], 0)
    assert (decoder.held, decoder.half_read, decoder.has_buffered) == (3 + len(BIG), 2, False)
    target = decoder.target()
    assert target is not None
    assert len(target) == len(octets) - 1000
    target[:] = octets[1000:]
    decoder.filled(len(octets) - 1000)
    assert decoder.target() is None
    assert decoder.take(0) == []
    assert decoder.take(9) == [[b"one", BIG]]
    assert (decoder.held, decoder.half_read) == (0, 0)


def test_a_large_body_is_handed_on_without_a_copy() -> None:
    size = 1 << 22
    body = bodies.Body(size)
    target = body.missing()
    target[:5] = b"first"
    body.came(size)
    tracemalloc.start()
    try:
        data = body.release()
        assert tracemalloc.get_traced_memory()[1] < 1000
    finally:
        tracemalloc.stop()
    assert (len(data), data[:5]) == (size, b"first")
    with pytest.raises(ValueError, match="released"):
        target[0] = 1


def test_what_is_missing_can_be_written_to_until_something_came_or_it_is_asked_for_again() -> None:
    body = bodies.Body(3)
    views = [body.missing(), body.missing()]
    views[1][:1] = b"a"
    body.came(1)
    with pytest.raises(ValueError, match="released"):
        views[1][:1] = b"a"
    views.append(body.missing())
    assert body.write(b"bc") == 2
    assert body.release() == b"abc"
    for view in views:
        with pytest.raises(ValueError, match="released"):
            view[0] = 1


def test_a_view_that_is_held_too_long_costs_a_copy_and_no_more() -> None:
    body = bodies.Body(4)
    assert body.write(b"wholeness") == 4
    view = body._view[1:]
    assert body.release() == b"whol"
    view[0] = 0


def test_octets_that_come_before_leave_are_kept() -> None:
    decoder = Decoder((3, 1), Limits(small=4))
    decoder.feed(frame(b"123456789")[:5])
    assert decoder.take(9) == []
    decoder.feed(b"45")
    assert (decoder.take(9), decoder.wanted) == ([], 9)
    decoder.feed(b"6789" + frame(b"next"))
    assert (decoder.take(9), decoder.wanted) == ([], 9)
    decoder.allow()
    assert decoder.take(9) == [[b"123456789"], [b"next"]]
    assert (decoder.take(9), decoder.has_buffered) == ([], False)


def test_a_frame_that_comes_in_crumbs_is_joined_once() -> None:
    decoder = Decoder((3, 1), Limits())
    octets = frame(bytes(8000))
    decoder.feed(octets[:10])
    assert decoder.take(9) == []
    begun = decoder._buffer
    for crumb in one_by_one(octets[10:-1]):
        decoder.feed(crumb)
        assert decoder.take(9) == []
        assert decoder._buffer is begun
    decoder.feed(octets[-1:])
    assert decoder.take(9) == [[bytes(8000)]]


def test_a_large_command_needs_leave_and_leaves_the_message_alone() -> None:
    decoder = Decoder((3, 1), Limits())
    octets = frame(b"one", 1) + command(b"SUBSCRIBE", BIG)
    decoder.feed(octets[:40])
    assert (decoder.take(9), decoder.wanted) == ([], 10 + len(BIG))
    decoder.allow()
    assert (decoder.held, decoder.half_read) == (3 + 10 + len(BIG), 2)
    decoder.feed(octets[40:] + frame(b"two"))
    assert decoder.take(9) == [commands.Subscribe(BIG), [b"one", b"two"]]


def test_a_small_frame_needs_no_leave_and_a_large_one_that_is_all_there_neither() -> None:
    decoder = Decoder((3, 1), Limits(small=300))
    decoder.feed(frame(bytes(300))[:-1])
    assert (decoder.take(9), decoder.wanted) == ([], 0)
    decoder.feed(b"\0" + frame(bytes(5000)))
    assert decoder.take(9) == [[bytes(300)], [bytes(5000)]]


@pytest.mark.parametrize("size", [1 << 20, 1 << 40, 1 << 60, (1 << 63) - 1])
@pytest.mark.parametrize("flags", [2, 3, 6])
def test_nothing_is_reserved_for_a_length_before_leave(size: int, flags: int) -> None:
    decoder = Decoder((3, 1), Limits(command=1 << 63))
    header = pack(">BQ", flags, size)
    tracemalloc.start()
    try:
        for piece in one_by_one(header + b"the beginning"):
            decoder.feed(piece)
            assert decoder.take(9) == []
        assert tracemalloc.get_traced_memory()[1] < 10_000
    finally:
        tracemalloc.stop()
    assert (decoder.wanted, decoder.held, decoder.half_read) == (size, 0, 0)


@pytest.mark.parametrize("size", [1 << 60, (1 << 63) - 1])
def test_leave_without_memory_is_a_memory_error_and_changes_nothing(size: int) -> None:
    decoder = Decoder((3, 1), Limits())
    decoder.feed(pack(">BQ", 2, size))
    assert decoder.take(9) == []
    for _ in range(2):
        with pytest.raises(MemoryError):
            decoder.allow()
    assert (decoder.wanted, decoder.held, decoder.half_read) == (size, 0, 0)


# --- limits


def rule_of(octets: bytes, limits: Limits) -> Event:
    return events([octets], limits)[-1]


def test_a_frame_may_be_as_large_as_its_limit() -> None:
    limits = Limits(frame=5)
    for cut in ([frame(b"12345")], one_by_one(frame(b"12345"))):
        assert events(cut, limits) == [[b"12345"]]
    assert rule_of(b"\0\6", limits) == "WIRE-12"
    assert rule_of(pack(">BQ", 3, 1 << 62), limits) == "WIRE-12"
    assert events([frame(b"")], Limits(frame=0)) == [[b""]]
    assert rule_of(b"\0\1", Limits(frame=0)) == "WIRE-12"


def test_a_message_may_be_as_large_as_its_limit_all_parts_together() -> None:
    limits = Limits(message=5)
    octets = frame(b"12", 1) + frame(b"", 1) + frame(b"345")
    for cut in ([octets * 2], one_by_one(octets * 2)):
        assert events(cut, limits) == [[b"12", b"", b"345"]] * 2
    assert events([frame(b"12345") * 2], limits) == [[b"12345"]] * 2
    assert rule_of(frame(b"12", 1) + b"\0\4", limits) == "WIRE-13"
    assert rule_of(b"\0\6", limits) == "WIRE-13"
    assert rule_of(frame(b"12", 1) + pack(">BQ", 2, 1 << 62), limits) == "WIRE-13"


def test_the_large_part_of_a_message_counts_as_well() -> None:
    octets = frame(bytes(9000), 1)
    assert events(pieces(octets + frame(b"1"), [100]), Limits(message=9001)) == [[bytes(9000), b"1"]]
    assert events(pieces(octets + frame(b"12"), [100]), Limits(message=9001)) == ["WIRE-13"]


def test_a_message_may_have_as_many_parts_as_its_limit() -> None:
    limits = Limits(parts=2)
    octets = (frame(b"1", 1) + frame(b"2")) * 2
    for cut in ([octets], one_by_one(octets)):
        assert events(cut, limits) == [[b"1", b"2"]] * 2
    assert rule_of(frame(b"", 1) * 2 + b"\1\0", limits) == "WIRE-14"
    assert events([frame(b"1")], Limits(parts=1)) == [[b"1"]]
    assert rule_of(frame(b"1"), Limits(parts=0)) == "WIRE-14"


def test_commands_have_a_limit_of_their_own() -> None:
    limits = Limits(frame=1, message=1, parts=1, command=6)
    assert events([command(b"PONG", b"1")], limits) == [commands.Pong(b"1")]
    assert rule_of(command(b"PONG", b"12")[:2], limits) == "WIRE-15"


def test_the_helper_that_cuts_loses_nothing() -> None:
    assert b"".join(pieces(b"abcdef", [3, 1, 9, 3])) == b"abcdef"
    assert list(one_by_one(b"ab")) == [b"", b"a", b"b"]
    assert wire_streams.frame(b"a", long=True) == b"\2\0\0\0\0\0\0\0\1a"
