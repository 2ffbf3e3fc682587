"""The system driven by Hypothesis, a rule for each kind of action, and held against its payloads at each step.

``history`` remembers messages by counting and the payload keeper by lists; here they must say the same. Whoever
adds a property adds a function to `PROPERTIES`.
"""

from collections.abc import Callable, Sequence

from hypothesis import note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from enomem.checks.senders import properties
from enomem.checks.traces.sender import Moment, Trace, take
from enomem.checks.words.phrases import Names, phrase
from enomem.model import payloads as kept
from enomem.model.application import Recovery
from enomem.model.memory import Site
from enomem.model.payloads import Message, is_whole, next_part, whole_message
from enomem.model.policies import POLICIES, Reaction, SendPolicy, Unfinished
from enomem.model.send import Sizes
from enomem.model.step import Do
from enomem.model.system import Kind, System, actions, held, initial
from enomem.spec.claims import claims


class KeepOne(SendPolicy):
    """Keeps the first part and rolls back the others: a tail is cut in its middle."""

    name = "KEEP ONE"

    def refused(self, message: Unfinished) -> Reaction:
        return Reaction(keep=min(1, message.kept))


class GiveUp(SendPolicy):
    """Keeps all until the third refusal of a message, then drops it and swallows the rest: it uses its note."""

    name = "GIVE UP"
    notes = 2

    def refused(self, message: Unfinished) -> Reaction:
        if message.note == self.notes:
            return Reaction(keep=0, skip=not message.last)
        return Reaction(keep=message.kept, note=message.note + 1)


def unit_is_0_iff_whole(system: System, moment: Moment) -> None:
    """``Step.unit`` says of a committed and of a delivered message what its parts say."""
    if moment.step is None:
        return
    has = moment.payloads.senders[moment.action.sender]
    found: list[Message] = []
    for effect in moment.step.effects:
        found += has.pipe[-1:] if effect.do == Do.COMMIT else ()
        found += has.delivered[-1:] if effect.do == Do.DELIVER else ()
    assert [_odd(system, message) for message in found] == ([] if moment.step.unit is None else [moment.step.unit])


def odd_messages_are_followed(system: System, moment: Moment) -> None:
    """What history has of the messages in pipe, on the wire and in the inbox is what they are."""
    if not system.labels:
        return
    for sender, has in zip(moment.after.senders, moment.payloads.senders, strict=True):
        for odds, messages in ((sender.history.odd, has.pipe), (sender.inbox.odd, has.inbox)):
            assert odds == (*(_odd(system, message) for message in messages), *[0] * (len(odds) - len(messages)))
        assert [sender.link.odd] == ([_odd(system, message) for message in has.flight] or [0])


def _odd(system: System, message: Message) -> int:
    return 0 if is_whole(message, system.parts) else len(message)


def a_straight_tail_begins_the_present_message(system: System, moment: Moment) -> None:
    """If history says that the tail is straight, it is the beginning of the message that its application is at."""
    for number, (sender, has) in enumerate(zip(moment.after.senders, moment.payloads.senders, strict=True)):
        if sender.history.straight:
            present = whole_message(next_part(number, sender.app), system.parts)
            assert has.tail == present[: len(has.tail)]


def counts_are_those_of_the_lists(system: System, moment: Moment) -> None:
    """Messages and parts, in pipe, tail, flight and inbox; and, of numbered messages, how many there were."""
    for sender, has in zip(moment.after.senders, moment.payloads.senders, strict=True):
        assert (sender.pipe.messages, sender.pipe.parts) == (len(has.pipe), _parts(has.pipe))
        assert sender.pipe.tail == len(has.tail)
        assert (sender.inbox.messages, sender.inbox.parts) == (len(has.inbox), _parts(has.inbox))
        assert (sender.link.flight > 0) == (len(has.flight) == 1)
        if system.numbered:
            seen, there = sender.history, len(has.pipe) + len(has.flight) + len(has.inbox)
            assert seen.delivered == len(has.delivered)
            assert seen.commits == there + seen.delivered + seen.lost


def _parts(messages: Sequence[Message]) -> int:
    return sum(len(message) for message in messages)


def memory_in_use_is_what_is_held(system: System, moment: Moment) -> None:
    """The pool's units are those that senders and others hold."""
    state = moment.after
    assert state.pool.used == state.others + sum(held(system, sender) for sender in state.senders)


Check = Callable[[System, Moment], None]

AGREEMENTS: list[Check] = [
    unit_is_0_iff_whole,
    odd_messages_are_followed,
    a_straight_tail_begins_the_present_message,
    counts_are_those_of_the_lists,
    memory_in_use_is_what_is_held,
]


def claimed_safety_holds(system: System, moment: Moment) -> None:
    """Every safety property that the specification claims of the policy and recovery holds of the step."""
    if not system.aborts or system.policy not in POLICIES:
        return

    def holds(identifier: str) -> bool:
        return claims()[system.policy.name, system.recovery.value, identifier] != "VIOLATED"

    assert moment.step is not None, f"SAFE-TOTAL: {moment.error}"
    for identifier, check in properties.STEP_PROPERTIES.items():
        if holds(identifier):
            assert check(system, moment.before, moment.action, moment.step), identifier
    for identifier, parts in properties.STATE_PROPERTIES.items():
        if holds(identifier):
            assert all(part(system, moment.after) for part in parts), identifier
    for identifier, of_sender in properties.SENDER_PROPERTIES.items():
        if holds(identifier):
            assert all(of_sender(system, sender) for sender in moment.after.senders), identifier


PROPERTIES: list[Check] = [claimed_safety_holds]
"""The safety properties go here: functions of the system and of what happened, that assert. `Moment` has the states
before and after, the action, the step and the payloads. Mind that a property need not hold of every policy."""

SYSTEMS = st.builds(
    System,
    policy=st.sampled_from([*POLICIES, KeepOne(), GiveUp()]),
    recovery=st.sampled_from(Recovery),
    senders=st.integers(1, 3),
    parts=st.integers(1, 4),
    memory=st.integers(0, 8) | st.integers(9, 20),
    messages=st.integers(1, 4),
    queue=st.integers(1, 3),
    inbox=st.integers(1, 2),
    disconnects=st.integers(0, 3),
    sizes=st.builds(Sizes, part=st.integers(1, 2), chunk=st.integers(0, 2), slots=st.integers(1, 3)),
    aborts=st.booleans(),
    numbered=st.booleans(),
    labels=st.booleans(),
    others=st.booleans(),
)
SENDERS = st.integers(0, 2)
SITES = st.sampled_from([None, Site.BODY, Site.SLOT, Site.RESERVATION, Site.COMMIT])


class Driven(RuleBasedStateMachine):
    """The system; a rule happens at a sender where it can, if there is one."""

    def __init__(self) -> None:
        super().__init__()
        self.possible: dict[Kind, list[Moment]] = {}

    @initialize(system=SYSTEMS)
    def begin_with(self, system: System) -> None:
        note(f"policy {system.policy.name}, recovery {system.recovery.value}")
        self.system = system
        self.state, self.payloads = initial(system), kept.start(system.senders)
        self.trace = Trace(system, ())
        self.names = Names(range(system.senders), system.senders)
        self.in_order = [True] * system.senders
        self.look_around()

    def look_around(self) -> None:
        """Find out what can happen next."""
        self.possible = {}
        for action in actions(self.system):
            moment = take(self.system, self.state, self.payloads, action)
            if moment is not None:
                self.possible.setdefault(action.kind, []).append(moment)

    def happen(self, kind: Kind, sender: int, refuse: Site | None = None, amount: int = 0) -> None:
        """Let the action happen that is nearest to the one drawn, and check what came of it."""

        def distance(moment: Moment) -> tuple[bool, bool, bool]:
            other = moment.action
            return other.refuse != refuse, other.sender != sender, other.amount != amount

        moment = min(self.possible[kind], key=distance)
        said = phrase(self.trace, self.names, moment)
        note(f"{said.text}   [{said.rule}]   {said.remark}".rstrip())
        assert moment.error is None, moment.error
        self.state, self.payloads = moment.after, moment.payloads
        for check in (*AGREEMENTS, *PROPERTIES):
            check(self.system, moment)
        self.check_order(moment)
        self.look_around()

    def check_order(self, moment: Moment) -> None:
        """Whole messages come in order and once by their labels iff they do by their commit numbers."""
        number = moment.action.sender
        before, has = moment.before.senders[number], moment.payloads.senders[number]
        if moment.action.kind == Kind.ARRIVE and before.link.flight <= before.history.arrived:
            self.in_order[number] = False
        arrived = (*has.delivered, *has.inbox)
        if self.system.numbered and all(is_whole(message, self.system.parts) for message in arrived):
            numbers = [message[0].message for message in arrived]
            assert (numbers == sorted(set(numbers))) == self.in_order[number]

    @precondition(lambda self: Kind.CALL in self.possible)
    @rule(sender=SENDERS, refuse=SITES)
    def call(self, sender: int, refuse: Site | None) -> None:
        self.happen(Kind.CALL, sender, refuse)

    @precondition(lambda self: Kind.CALL in self.possible)
    @rule(sender=SENDERS, times=st.integers(2, 5))
    def call_again_and_again(self, sender: int, times: int) -> None:
        """Drawn one by one, calls rarely make up a message."""
        for _ in range(times):
            if Kind.CALL in self.possible:
                self.happen(Kind.CALL, sender)

    @precondition(lambda self: Kind.BEGIN in self.possible)
    @rule(sender=SENDERS)
    def deliver(self, sender: int) -> None:
        """The same for a message's way to its receiver."""
        for kind in (Kind.BEGIN, Kind.ARRIVE, Kind.RECEIVE):
            if kind in self.possible:
                self.happen(kind, sender)

    @precondition(lambda self: Kind.SERVE in self.possible)
    @rule(sender=SENDERS)
    def serve(self, sender: int) -> None:
        self.happen(Kind.SERVE, sender)

    @precondition(lambda self: Kind.BEGIN in self.possible)
    @rule(sender=SENDERS)
    def begin(self, sender: int) -> None:
        self.happen(Kind.BEGIN, sender)

    @precondition(lambda self: Kind.ARRIVE in self.possible)
    @rule(sender=SENDERS)
    def arrive(self, sender: int) -> None:
        self.happen(Kind.ARRIVE, sender)

    @precondition(lambda self: Kind.RECEIVE in self.possible)
    @rule(sender=SENDERS)
    def receive(self, sender: int) -> None:
        self.happen(Kind.RECEIVE, sender)

    @precondition(lambda self: Kind.FRAME in self.possible)
    @rule(sender=SENDERS)
    def frame(self, sender: int) -> None:
        self.happen(Kind.FRAME, sender)

    @precondition(lambda self: Kind.LOSE in self.possible)
    @rule(sender=SENDERS)
    def lose(self, sender: int) -> None:
        self.happen(Kind.LOSE, sender)

    @precondition(lambda self: Kind.GONE in self.possible)
    @rule(sender=SENDERS)
    def gone(self, sender: int) -> None:
        self.happen(Kind.GONE, sender)

    @precondition(lambda self: Kind.OTHERS in self.possible)
    @rule(amount=st.sampled_from([1, -1, 0]))
    def others(self, amount: int) -> None:
        self.happen(Kind.OTHERS, 0, amount=amount)

    @precondition(lambda self: not self.possible)
    @rule()
    def rest(self) -> None:
        """Hypothesis needs some rule where nothing can happen any more."""


def test_every_kind_of_action_has_its_rule() -> None:
    assert all(hasattr(Driven, kind.value) for kind in Kind)


TestDriven = Driven.TestCase
# One system is one example here, and there are many systems.
TestDriven.settings = settings(max_examples=3 * settings().max_examples)
