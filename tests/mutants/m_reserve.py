"""Defects of reservations and of the line in which they wait."""

from dataclasses import replace
from typing import Any

from enomem.model import memory
from enomem.model.application import Recovery
from enomem.model.line import join, moved_up
from enomem.model.memory import Pool
from enomem.model.pipe import Pipe
from enomem.model.policies import RESERVE, SendPolicy
from enomem.model.send import Answer, Phase, Send, Sent, Sizes, abort, reserve, send_part, serve
from enomem.model.step import Step
from enomem.model.system import Action, Sender, State, System, _serve

from .harness import Mutant

PART, ABORT = "enomem.model.send:send_part", "enomem.model.send:abort"
RESERVATION, SERVICE = "enomem.model.send:reserve", "enomem.model.send:serve"
JOIN, MOVED_UP, SERVED = "enomem.model.line:join", "enomem.model.line:moved_up", "enomem.model.system:_serve"

TWO = {"senders": 2, "memory": 3}
ENDLESS = {**TWO, "numbered": False}
"""Nobody starves who may wait until the others have sent all they have, so here they never have."""


def rest_forgotten(
    policy: SendPolicy, sizes: Sizes, pool: Pool, send: Send, pipe: Pipe, hwm: int, last: bool, refuse: Any
) -> Sent:
    sent = send_part(policy, sizes, pool, send, pipe, hwm, last, refuse)
    return replace(sent, pool=pool) if sent.committed else sent


def reservation_not_used(
    policy: SendPolicy, sizes: Sizes, pool: Pool, send: Send, pipe: Pipe, hwm: int, last: bool, refuse: Any
) -> Sent:
    """Every part asks the pool, and what was reserved stays reserved until the commit."""
    sent = send_part(policy, sizes, pool, replace(send, reserved=0), pipe, hwm, last, refuse)
    if sent.answer == Answer.OK and not sent.committed and send.phase == Phase.SENDING:
        return replace(sent, send=replace(sent.send, reserved=send.reserved))
    return replace(sent, pool=memory.give(sent.pool, send.reserved)) if send.phase == Phase.SENDING else sent


def abort_forgets_the_reservation(sizes: Sizes, pool: Pool, send: Send, pipe: Pipe) -> Sent:
    return abort(sizes, pool, replace(send, reserved=0), pipe)


def abort_releases_twice(sizes: Sizes, pool: Pool, send: Send, pipe: Pipe) -> Sent:
    sent = abort(sizes, pool, send, pipe)
    return replace(sent, pool=memory.give(sent.pool, send.reserved))


def one_part_short(
    sizes: Sizes, pool: Pool, send: Send, pipe: Pipe, hwm: int, parts: int, queue: int, refuse: Any
) -> Sent:
    return reserve(sizes, pool, send, pipe, hwm, parts - 1, queue, refuse)


def serve_one_part_short(sizes: Sizes, pool: Pool, send: Send, pipe: Pipe, parts: int) -> Sent:
    return serve(sizes, pool, send, pipe, parts - 1)


def waits_though_served(sizes: Sizes, pool: Pool, send: Send, pipe: Pipe, parts: int) -> Sent:
    sent = serve(sizes, pool, send, pipe, parts)
    return replace(sent, send=replace(sent.send, phase=Phase.WAITING))


def overtakes(sizes: Sizes, pool: Pool, send: Send, pipe: Pipe, hwm: int, parts: int, queue: int, refuse: Any) -> Sent:
    return reserve(sizes, pool, send, pipe, hwm, parts, 0, refuse)


def served_without_charge(sizes: Sizes, pool: Pool, send: Send, pipe: Pipe, parts: int) -> Sent:
    sent = serve(sizes, pool, send, pipe, parts)
    return replace(sent, pool=pool)


def not_moved_up(place: int) -> int:
    return place


def joins_at_the_front(waiting: int) -> int:
    return join(0)


def last_first(system: System, state: State, action: Action, sender: Sender) -> Step[State] | None:
    """The last in line is served; the others keep their places."""
    if sender.place == 0 or sender.place != state.waiting:
        return None
    step = _serve(system, state, action, replace(sender, place=1))
    if step is None:
        return None
    places = [moved_up(1) if i == action.sender else s.place for i, s in enumerate(state.senders)]
    senders = tuple(replace(s, place=place) for s, place in zip(step.state.senders, places, strict=True))
    return replace(step, state=replace(step.state, senders=senders))


MUTANTS = (
    Mutant("rest of the reservation forgotten", "What was reserved and not needed is not given back at the commit.",
           {PART: rest_forgotten}, RESERVE, Recovery.RESTART, "SAFE-CONSERVE", {"parts": 3, "memory": 6}),
    Mutant("reservation not used", "Memory is reserved, and each part asks for its own all the same.",
           {PART: reservation_not_used}, RESERVE, Recovery.RESUME, "SAFE-NEXT"),
    Mutant("abort forgets the reservation", "An abort gives the queued parts back and not what is still reserved.",
           {ABORT: abort_forgets_the_reservation}, RESERVE, Recovery.RESTART, "SAFE-CONSERVE"),
    Mutant("abort releases twice", "An abort gives the reservation back twice.",
           {ABORT: abort_releases_twice}, RESERVE, Recovery.RESTART, "SAFE-BOUND"),
    Mutant("reserves one part short", "The last part is not reserved, is refused, and its retry goes out alone.",
           {RESERVATION: one_part_short, SERVICE: serve_one_part_short}, RESERVE, Recovery.RESUME, "SAFE-WHOLE"),
    Mutant("short reservations in turn", "The last part is not reserved: two senders roll back in turn for ever.",
           {RESERVATION: one_part_short, SERVICE: serve_one_part_short}, RESERVE, Recovery.RESTART, "LIVE-PROGRESS",
           {"senders": 2}, live=True),
    Mutant("served without charge", "A reservation that had to wait is not charged to the pool.",
           {SERVICE: served_without_charge}, RESERVE, Recovery.RESTART, "SAFE-CONSERVE", TWO),
    Mutant("waits though served", "A sender that was served is not woken.",
           {SERVICE: waits_though_served}, RESERVE, Recovery.RESTART, "LIVE-DEADLOCK", {"memory": 3}),
    Mutant("line does not move up", "Who waits keeps its place when the first in line is served.",
           {MOVED_UP: not_moved_up}, RESERVE, Recovery.RESTART, "LIVE-DEADLOCK", TWO),
    Mutant("joins at the front", "Whoever comes takes the first place, though another has it.",
           {JOIN: joins_at_the_front}, RESERVE, Recovery.RESTART, "LIVE-DEADLOCK", TWO),
    Mutant("overtakes the line", "Whoever comes when memory is there takes it, though others wait.",
           {RESERVATION: overtakes}, RESERVE, Recovery.RESTART, "LIVE-EACH", ENDLESS, live=True),
    Mutant("last first", "The last in line is served before the first.",
           {SERVED: last_first}, RESERVE, Recovery.RESTART, "LIVE-EACH", ENDLESS, live=True),
)  # fmt: skip
