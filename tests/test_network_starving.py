"""Readers that get no memory wait, give up, or close at once, as the receive policy says; others are found."""

from collections.abc import Iterator

import pytest
from seen import SETTLE, WHERE, explained, joins, made, nothing, pair, receives, sends, unexplained, watch

from enomem.checks.fuzz.refusing import FOR_EVER, NO_MORE, PATIENCE, refusal
from enomem.checks.fuzz.shorten import replayed
from enomem.checks.oracle.events import Do, Event
from enomem.checks.targets.reference import Reference
from enomem.model.memory import Site
from enomem.model.receive_policies import BOUNDED_WAIT, CLOSE, RECEIVE_POLICIES, WAIT, ReceivePolicy
from enomem.model.reference.context import receive_policy_of
from enomem.model.systems.network import Setting

STARVED = [*pair("PUSH", "PULL"), *SETTLE, refusal(Site.RECEIVE_BODY, times=FOR_EVER), *sends(0, "a"), *SETTLE]
WAITED = [Event(Do.RECEIVE, 1, "EAGAIN", count=PATIENCE, waited=True), *SETTLE]
AGAIN = [NO_MORE, *SETTLE]


@pytest.mark.parametrize("policy", RECEIVE_POLICIES, ids=lambda policy: policy.name)
def test_who_is_refused_for_a_while_reads_it_later_unless_he_closes(policy: ReceivePolicy) -> None:
    setting = Setting(receive_policy=policy)
    seen = [watch([*STARVED, *AGAIN, *got], setting)[1] is None for got in (receives(1, "a"), nothing(1))]
    assert seen == ([False, True] if policy == CLOSE else [True, False])


def test_one_refusal_closes_one_connection_at_most() -> None:
    once = [*pair("PUSH", "PULL"), *SETTLE, refusal(Site.RECEIVE_BODY), *sends(0, "a"), *SETTLE, *AGAIN]
    for got in (receives(1, "a"), nothing(1)):
        explained([*once, *got, *sends(0, "b"), *SETTLE, *receives(1, "b")], Setting(receive_policy=CLOSE))
    explained([*once, *receives(1, "a")])
    assert unexplained([*once, *nothing(1)]).allowed == ('"a"',)


def test_a_wait_with_an_end_ends_and_one_without_does_not() -> None:
    bounded, endless = Setting(receive_policy=BOUNDED_WAIT), Setting(receive_policy=WAIT)
    explained([*STARVED, *WAITED, *AGAIN, *nothing(1), *sends(0, "b"), *SETTLE, *receives(1, "b")], bounded)
    assert unexplained([*STARVED, *WAITED, *AGAIN, *receives(1, "a")], bounded).allowed == ("EAGAIN",)
    explained([*STARVED, *WAITED, *AGAIN, *receives(1, "a")], endless)
    assert unexplained([*STARVED, *WAITED, *AGAIN, *nothing(1)], endless).allowed == ('"a"',)


def test_what_was_read_before_is_not_lost() -> None:
    before = [*pair("PUSH", "PULL"), *SETTLE, *sends(0, "z"), *SETTLE]
    rest = STARVED[len([*pair("PUSH", "PULL"), *SETTLE]) :]
    waited = [*receives(1, "z"), *WAITED]
    explained([*before, *rest, *waited, *AGAIN, *nothing(1)])


def test_who_gives_up_is_shown_that_subscriptions_have_ended() -> None:
    """An XPUB that connected, and gave up on a message of its subscriber's application (PUB-9)."""
    run = [made(0, "XSUB"), *sends(0, "\1"), Event(Do.BIND, 0, endpoint=WHERE), made(1, "XPUB"), *joins(1), *SETTLE]
    run += [refusal(Site.RECEIVE_BODY, times=FOR_EVER), Event(Do.RECEIVE, 1, part=b"\1"), *sends(0, "a")]
    ended = Event(Do.RECEIVE, 1, part=b"\0", count=PATIENCE, waited=True)
    explained([*run, ended])
    explained([*run, ended, *SETTLE, Event(Do.RECEIVE, 1, part=b"\1")])
    assert "EAGAIN" in unexplained([*run, Event(Do.RECEIVE, 1, part=b"\0")]).allowed
    late = [*run, Event(Do.RECEIVE, 0, "EAGAIN", count=PATIENCE, waited=True)]
    explained([*late, Event(Do.RECEIVE, 1, part=b"\0")])
    assert unexplained([*late, *SETTLE, *nothing(1)]).allowed == ("0x00",)


# --- readers that do something else


class Other(Reference):
    """It reads by another policy than it was told."""

    told, does = "", ""

    def receive_policy(self, name: str) -> None:
        super().receive_policy(self.does if name == self.told else name)


@pytest.fixture
def other(request: pytest.FixtureRequest) -> Iterator[Other]:
    target = Other(stepped=True)
    target.told, target.does = request.param
    yield target
    target.end()


@pytest.mark.parametrize(
    "other", [("BOUNDED_WAIT", "WAIT"), ("WAIT", "BOUNDED_WAIT"), ("WAIT", "CLOSE"), ("THRESHOLD", "CLOSE")],
    indirect=True, ids=" is ".join,
)  # fmt: skip
def test_another_receive_policy_is_found(other: Other) -> None:
    setting = Setting(receive_policy=receive_policy_of(other.told))
    program = [*STARVED, *WAITED, *AGAIN, *nothing(1)]
    found = replayed(other, setting, program)
    assert found is not None
    assert found.kind.startswith("receive PULL")
    other.told = ""
    assert replayed(other, setting, program) is None
