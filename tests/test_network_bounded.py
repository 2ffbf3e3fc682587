"""A bound on the memory of all sockets: what is known to be free says what fits, else anything may be refused."""

import pytest
from seen import SETTLE, explained, joins, made, nothing, pair, receives, sends, unexplained, watch

from enomem.checks.fuzz.play import Deviates, Play
from enomem.checks.oracle.events import Do, Event
from enomem.checks.oracle.oracle import Oracle
from enomem.checks.targets.reference import Reference
from enomem.model.policies import RESERVE
from enomem.model.systems.network import Setting

LIMITED = Setting(limit=100_000)
PART = LIMITED.part + 1


def knowing(free: int | None, setting: Setting = LIMITED) -> Oracle:
    """An oracle of a PUSH and its PULL, when so much is free."""
    oracle = explained([*pair("PUSH", "PULL"), *SETTLE], setting)
    oracle.knows(free)
    return oracle


def part(answer: str = "ok") -> Event:
    return Event(Do.SEND, 0, answer, b"a", more=True)


@pytest.mark.parametrize(("free", "allowed"), [(PART, {"ok"}), (PART - 1, {"ENOMEM"}), (None, {"ok", "ENOMEM"})])
def test_what_fits_is_granted_to_the_octet(free: int | None, allowed: set[str]) -> None:
    assert knowing(free).may(part()) == allowed


def test_a_full_pool_is_no_refusal_to_who_reserves() -> None:
    setting = Setting(RESERVE, limit=100_000)
    assert knowing(PART - 1, setting).may(part()) == {"EAGAIN"}
    assert knowing(None, setting).may(part()) == {"ok", "ENOMEM", "EAGAIN"}
    assert knowing(100_000, setting).may(Event(Do.SEND, 0, part=bytes(200_000), more=True)) == {"ENOMEM"}


def test_nobody_stands_in_line() -> None:
    oracle = knowing(PART - 1, Setting(RESERVE, limit=100_000))
    assert oracle.saw(part("EAGAIN")) is None
    oracle.knows(50_000)
    assert oracle.may(part()) == {"ok"}


def test_a_reader_may_wait_for_memory() -> None:
    run = [*pair("PUSH", "PULL"), *sends(0, "a"), *SETTLE]
    assert unexplained([*run, *nothing(1)]).allowed == ('"a"',)
    for seen in (nothing(1), receives(1, "a")):
        assert watch([*run, *seen], LIMITED)[1] is None


def test_more_than_the_limit_is_a_deviation(monkeypatch: pytest.MonkeyPatch) -> None:
    target = Reference(stepped=True)
    play = Play(target, LIMITED)
    play.do(Event(Do.CREATE, 0, name="PUSH"))
    monkeypatch.setattr(target, "memory", lambda: 100_001)
    with pytest.raises(Deviates, match="100001 octets are in use, of 100000 at most"):
        play.do(part())
    monkeypatch.undo()
    target.end()


# --- what may have left a pipe unseen


def test_a_new_request_drops_a_reply_that_nobody_saw_come() -> None:
    run = [
        made(0, "ROUTER"),
        made(1, "REQ", REQ_RELAXED=1, ROUTING_ID=b"Q"),
        Event(Do.BIND, 0, endpoint="tcp://127.0.0.1:5555"),
        *joins(1),
        *sends(1, "a"), Event(Do.RECEIVE, 0, part=b"Q", more=True), *receives(0, " a"),
        *sends(0, "Q  old"), *sends(1, "b"), *sends(0, "Q  new"),
    ]  # fmt: skip
    for reply in ("old", "new"):
        explained([*run, *receives(1, reply)])


def test_a_subscription_may_be_shown_after_what_was_sent_before_it() -> None:
    run = [*pair("XPUB", "XSUB"), *sends(1, "m"), Event(Do.SEND, 1, part=b"\1a"), *SETTLE]
    shown = Event(Do.RECEIVE, 0, part=b"\1a")
    for order in ([shown, *receives(0, "m")], [*receives(0, "m"), shown]):
        explained([*run, *order])
