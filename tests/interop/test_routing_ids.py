"""Routing ids over the wire: binary, chosen by the peer or by the ROUTER, taken twice, unknown, probed."""

import pytest

from .ends import Library
from .fixtures import Keeper, Opener
from .tap import Tap
from .waiting import until

IDS = {"one_octet": b"\x01", "longest": bytes(range(255, 0, -1)), "zeros_inside": b"A\x00\x00\n\xfe", "text": b"peer"}


@pytest.mark.parametrize("name", IDS)
@pytest.mark.parametrize("kind", ["DEALER", "REQ", "ROUTER"])
@pytest.mark.parametrize("router_is", ["subject", "peer"])
def test_a_chosen_id_reaches_the_router(
    opened: Opener, subject: Library, peer: Library, router_is: str, kind: str, name: str
) -> None:
    a, b = (subject, peer) if router_is == "subject" else (peer, subject)
    chosen = IDS[name]
    router = opened(a, "ROUTER", ROUTER_MANDATORY=1, ROUTING_ID=b"router")
    other = opened(b, kind, ROUTING_ID=chosen, **({"ROUTER_MANDATORY": 1} if kind == "ROUTER" else {}))
    other.connect(router.bind())
    front = {"ROUTER": [b"router"], "REQ": [], "DEALER": []}[kind]
    back = {"ROUTER": [], "REQ": [b""], "DEALER": []}[kind]
    until(lambda: other.reachable([*front, b"question"]), f"{other} knows the router", router, other)
    assert router.receive(other) == [chosen, *back, b"question"]
    router.send([chosen, *back, b"answer"], other)
    assert other.receive(router) == [*front, b"answer"]


@pytest.mark.parametrize("router_is", ["subject", "peer"])
@pytest.mark.parametrize("kind", ["DEALER", "REQ"])
def test_ids_that_the_router_makes_differ_and_lead_back(
    opened: Opener, subject: Library, peer: Library, router_is: str, kind: str
) -> None:
    a, b = (subject, peer) if router_is == "subject" else (peer, subject)
    router = opened(a, "ROUTER")
    where = router.bind()
    others = [opened(b, kind) for _ in range(4)]
    envelopes = []
    for number, other in enumerate(others):
        other.connect(where)
        other.send([b"%d" % number], router)
        *envelope, question = router.receive(other)
        assert question == b"%d" % number
        # RFC 37: an id that begins with a zero octet is the implementation's own.
        assert envelope[0][:1] == b"\0"
        envelopes.append(envelope)
    assert len({envelope[0] for envelope in envelopes}) == len(others)
    for number in (2, 0, 3, 1):
        router.send([*envelopes[number], b"to %d" % number])
        assert others[number].receive(router) == [b"to %d" % number]
    if kind == "DEALER":
        assert [other.try_receive() for other in others] == [None] * 4


@pytest.mark.parametrize("router_is", ["subject", "peer"])
def test_with_handover_the_newest_holder_of_an_id_has_it(
    opened: Opener, keep: Keeper, subject: Library, peer: Library, router_is: str
) -> None:
    """The use of it: a peer comes back by another line while the router still holds its dead one."""
    a, b = (subject, peer) if router_is == "subject" else (peer, subject)
    router = opened(a, "ROUTER", ROUTER_HANDOVER=1)
    where = router.bind()
    for number in (b"1", b"2", b"3"):
        tap = keep(Tap(where))
        other = opened(b, "DEALER", ROUTING_ID=b"same")
        other.connect(tap.endpoint)
        other.send([b"question", number], tap, router)
        assert router.receive(tap, other) == [b"same", b"question", number]
        router.send([b"same", b"answer", number], tap, other)
        assert other.receive(tap, router) == [b"answer", number]
        tap.dead = True


@pytest.mark.parametrize("router_is", ["subject", "peer"])
def test_without_handover_the_first_holder_of_an_id_keeps_it(
    opened: Opener, subject: Library, peer: Library, router_is: str
) -> None:
    a, b = (subject, peer) if router_is == "subject" else (peer, subject)
    router = opened(a, "ROUTER", ROUTER_MANDATORY=1)
    where = router.bind()
    first, second = (opened(b, "DEALER", ROUTING_ID=b"same") for _ in range(2))
    witness = opened(b, "DEALER", ROUTING_ID=b"witness")
    first.connect(where)
    first.send([b"first"], router)
    assert router.receive(first) == [b"same", b"first"]
    second.connect(where)
    second.send([b"second"], router)
    # The witness comes after the second, so once it is known, the second has been judged.
    witness.connect(where)
    witness.send([b"witness"], router)
    assert router.receive(witness, second) == [b"witness", b"witness"]
    router.send([b"same", b"answer"], first)
    assert first.receive(router, second) == [b"answer"]
    assert second.try_receive() is None


@pytest.mark.parametrize("mandatory", [0, 1])
@pytest.mark.parametrize("router_is", ["subject", "peer"])
def test_an_unknown_id_is_unreachable_or_swallowed(
    opened: Opener, subject: Library, peer: Library, router_is: str, mandatory: int
) -> None:
    a, b = (subject, peer) if router_is == "subject" else (peer, subject)
    router = opened(a, "ROUTER", ROUTER_MANDATORY=mandatory)
    dealer = opened(b, "DEALER", ROUTING_ID=b"known")
    dealer.connect(router.bind())
    dealer.send([b"hello"], router)
    assert router.receive(dealer) == [b"known", b"hello"]
    assert router.reachable([b"unknown", b"body"]) == (not mandatory)
    router.send([b"known", b"answer"], dealer)
    assert dealer.receive(router) == [b"answer"]


@pytest.mark.parametrize("router_is", ["subject", "peer"])
@pytest.mark.parametrize("kind", ["DEALER", "ROUTER"])
def test_a_probe_makes_a_peer_known(opened: Opener, subject: Library, peer: Library, router_is: str, kind: str) -> None:
    a, b = (subject, peer) if router_is == "subject" else (peer, subject)
    router = opened(a, "ROUTER")
    other = opened(b, kind, ROUTING_ID=b"probe", PROBE_ROUTER=1)
    other.connect(router.bind())
    assert router.receive(other) == [b"probe", b""]


@pytest.mark.parametrize("own", ["REQ", "REP"])
def test_a_correlated_request_is_answered(opened: Opener, subject: Library, peer: Library, own: str) -> None:
    a, b = (subject, peer) if own == "REQ" else (peer, subject)
    requester = opened(a, "REQ", REQ_CORRELATE=1, REQ_RELAXED=1)
    replier = opened(b, "REP")
    requester.connect(replier.bind())
    requester.send([b"given up"], replier)
    assert replier.receive(requester) == [b"given up"]
    requester.send([b"asked again"], replier)
    replier.send([b"late"], requester)
    assert replier.receive(requester) == [b"asked again"]
    replier.send([b"in time"], requester)
    assert requester.receive(replier) == [b"in time"]
