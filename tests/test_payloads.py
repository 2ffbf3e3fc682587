"""The payload keeper: each effect moves the right list, and nothing is looked at."""

import pytest

from enomem.model.application import Application
from enomem.model.payloads import (
    Held,
    Message,
    Part,
    Payloads,
    carry_out,
    is_whole,
    next_part,
    start,
    whole_message,
)
from enomem.model.step import Do, Effect

A1, A2, A3 = Part(0, 0, 0), Part(0, 0, 1), Part(0, 0, 2)
B1, B2 = Part(0, 1, 0), Part(0, 1, 1)


def after(held: Held, *effects: Effect, label: Part = A1) -> Held:
    """What one sender's payloads become."""
    return carry_out(Payloads((held,)), effects, label).senders[0]


def test_a_part_is_named_by_sender_message_and_place_from_0() -> None:
    assert next_part(2, Application(message=1, part=0)) == (2, 0, 0)
    assert next_part(0, Application(message=3, part=1)) == (0, 2, 1)


def test_append_puts_the_callers_label_behind_the_tail() -> None:
    assert after(Held(tail=(A1,)), Effect(Do.APPEND, 0), label=A2).tail == (A1, A2)


@pytest.mark.parametrize(
    ("count", "left"), [(0, (A1, A2, A3)), (1, (A1, A2)), (2, (A1,)), (3, ()), (4, ()), (-1, (A1, A2, A3))]
)
def test_roll_back_drops_the_newest(count: int, left: Message) -> None:
    assert after(Held(tail=(A1, A2, A3)), Effect(Do.ROLL_BACK, 0, count)).tail == left


def test_effects_are_carried_out_in_their_order() -> None:
    held = after(Held(tail=(A1,)), Effect(Do.APPEND, 0), Effect(Do.COMMIT, 0), label=A2)
    assert held == Held(pipe=((A1, A2),))


def test_a_message_goes_from_pipe_to_flight_to_inbox_to_delivered_oldest_first() -> None:
    held = after(Held(pipe=((A1, A2), (B1, B2))), Effect(Do.BEGIN, 0))
    assert held == Held(pipe=((B1, B2),), flight=((A1, A2),))
    held = after(held, Effect(Do.ARRIVE, 0), Effect(Do.BEGIN, 0), Effect(Do.ARRIVE, 0))
    assert held == Held(inbox=((A1, A2), (B1, B2)))
    assert after(held, Effect(Do.DELIVER, 0)) == Held(inbox=((B1, B2),), delivered=((A1, A2),))


def test_a_lost_connection_loses_what_is_in_flight_and_nothing_else() -> None:
    full = Held(tail=(B1,), pipe=((A2,),), flight=((A1,),), inbox=((B2,),), delivered=((A3,),))
    assert after(full, Effect(Do.LOSE, 0)) == Held(tail=(B1,), pipe=((A2,),), inbox=((B2,),), delivered=((A3,),))


def test_a_peer_that_is_gone_takes_all_but_what_arrived() -> None:
    full = Held(tail=(B1,), pipe=((A2,),), flight=((A1,),), inbox=((B2,),), delivered=((A3,),))
    assert after(full, Effect(Do.DROP_PIPE, 0)) == Held(inbox=((B2,),), delivered=((A3,),))


@pytest.mark.parametrize("do", [do for do in Do if do not in (Do.APPEND, Do.COMMIT)])
def test_where_nothing_is_nothing_is_moved(do: Do) -> None:
    assert after(Held(), Effect(do, 0, 1)) == Held()


def test_only_the_sender_that_is_named_changes() -> None:
    payloads = carry_out(start(3), [Effect(Do.APPEND, 1)], Part(1, 0, 0))
    # A plain tuple is equal to a label.
    assert payloads.senders == (Held(), Held(tail=((1, 0, 0),)), Held())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("message", "whole"),
    [
        ((A1, A2), True),
        ((A1,), False),
        ((A2,), False),
        ((A1, A2, A3), False),
        ((A2, A1), False),
        ((A1, A1, A2), False),
        ((A1, B2), False),
        ((A1, Part(1, 0, 1)), False),
        ((), False),
    ],
)
def test_a_message_is_whole_only_if_it_is_one_that_was_sent(message: Message, whole: bool) -> None:
    assert is_whole(message, parts=2) == whole


def test_the_message_of_a_part_has_all_its_parts() -> None:
    assert whole_message(A3, 3) == (A1, A2, A3)
