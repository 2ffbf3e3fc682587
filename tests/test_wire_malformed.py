"""What a peer must not send, by rule: each rule of the wire that refuses has its cases, in any pieces."""

from dataclasses import dataclass, replace
from struct import pack

import pytest
import wire_streams as w
from hypothesis import given, settings
from hypothesis import strategies as st
from wire_streams import PULL, command, cuts, events, frame, greeting, one_by_one, pieces, prop, ready, shaken

from enomem.model.rules import Rule, RuleClass
from enomem.model.wire.decoder import Limits
from enomem.model.wire.handshake import Local

LIMITS = Limits(frame=1000, message=1500, parts=3, command=900, small=100, handshake=700)
HELLO, WELCOME = command(b"HELLO", b"\1u\1p"), command(b"WELCOME")
PLAIN = greeting(mechanism=b"PLAIN")
CLIENT = replace(PULL, mechanism="PLAIN", username=b"u", password=b"p")
SERVER = replace(CLIENT, as_server=True, authenticate=lambda user, password: (user, password) == (b"u", b"p"))
ROUTER = Local("ROUTER", frozenset({"DEALER", "REQ", "ROUTER"}))


@dataclass(frozen=True)
class Case:
    """Octets that break a rule, with what comes before them; ``local`` is None in traffic."""

    rule: Rule
    name: str
    octets: bytes
    local: Local | None = None
    reason: str = ""
    tell: bytes = b""


def greet(rule: Rule, name: str, octets: bytes, reason: str = "", local: Local = PULL) -> Case:
    return Case(rule, name, octets, local, reason)


def shake(rule: Rule, name: str, octets: bytes, local: Local = PULL, reason: str = "", tell: bytes = b"") -> Case:
    return Case(rule, name, greeting(mechanism=local.mechanism.encode()) + octets, local, reason, tell)


def names(kind: bytes, **more: bytes) -> bytes:
    return ready(kind, *(prop(name.encode(), value) for name, value in more.items()))


GREETINGS = [
    greet(Rule.WIRE_3, "1.0 without identity", b"\1\0", "the peer speaks ZMTP 1.0"),
    greet(Rule.WIRE_3, "1.0 with identity", b"\6\0ident", "the peer speaks ZMTP 1.0"),
    greet(Rule.WIRE_3, "1.0 with more to follow", b"\6\1ident", "the peer speaks ZMTP 1.0"),
    greet(Rule.WIRE_3, "1.0 with a long identity", pack(">BQB", 255, 300, 0), "the peer speaks ZMTP 1.0"),
    greet(Rule.WIRE_3, "1.0 that says so", greeting((0, 0))[:11], "the peer speaks ZMTP 1.0"),
    greet(Rule.WIRE_3, "2.0", greeting((1, 8))[:12], "the peer speaks ZMTP 2.0"),
    greet(Rule.WIRE_3, "between 2.0 and 3.0", greeting((2, 0))[:11], "the peer speaks ZMTP 2;"),
    greet(Rule.WIRE_4, "HTTP", b"GET / HTTP/1.1\r\n", "this is no ZMTP: it begins with b'GE'"),
    greet(Rule.WIRE_4, "two octets", b"GE", "this is no ZMTP: it begins with b'GE'"),
    greet(Rule.WIRE_4, "flags that 1.0 has not", b"\6\2"),
    greet(Rule.WIRE_4, "zero", b"\0", "this is no ZMTP"),
    greet(Rule.WIRE_4, "signature", b"\xff" + bytes(8) + b"\x7e", "ends with 0x7e"),
    greet(Rule.WIRE_4, "signature with its lowest bit set", b"\xff" + bytes(8) + b"\1", "ends with 0x01"),
    greet(Rule.WIRE_6, "another mechanism", greeting(mechanism=b"CURVE"), "is 'CURVE', ours is 'NULL'"),
    greet(Rule.WIRE_6, "none", greeting(mechanism=b""), "''"),
    greet(Rule.WIRE_6, "lower case", greeting(mechanism=b"null")),
    greet(Rule.WIRE_6, "something behind the padding", greeting(mechanism=b"NULL" + bytes(15) + b"L")),
    greet(Rule.WIRE_6, "not ASCII", greeting(mechanism=b"\xff" * 20)),
    greet(Rule.WIRE_6, "PLAIN here", greeting(), "the peer's mechanism is 'NULL', ours is 'PLAIN'", CLIENT),
    greet(Rule.WIRE_7, "a server of NULL", greeting(role=1)),
    greet(Rule.WIRE_7, "neither", greeting(role=2)),
    greet(Rule.WIRE_7, "neither, under PLAIN", greeting(mechanism=b"PLAIN", role=2), "0x02", SERVER),
]
TRAFFIC = [
    *(Case(Rule.WIRE_9, f"bit {bit}", bytes([1 << bit])) for bit in range(3, 8)),
    Case(Rule.WIRE_9, "a reserved bit beside others", b"\x0f"),
    Case(Rule.WIRE_10, "short", b"\5\5\4PONG"),
    Case(Rule.WIRE_10, "long", b"\7"),
    *(Case(Rule.WIRE_11, f"flags {flags}", pack(">BQ", flags, 1 << 63)) for flags in (2, 3, 6)),
    Case(Rule.WIRE_11, "all ones", b"\2" + b"\xff" * 8),
    Case(Rule.WIRE_12, "long", pack(">BQ", 2, 1001)),
    Case(Rule.WIRE_12, "the longest", pack(">BQ", 3, (1 << 63) - 1)),
    Case(Rule.WIRE_13, "the second part", frame(bytes(1000), 1) + pack(">BQ", 2, 501)),
    Case(Rule.WIRE_14, "the fourth part", frame(b"", 1) * 3 + b"\0\0"),
    Case(Rule.WIRE_15, "long", pack(">BQ", 6, 901)),
    Case(Rule.WIRE_18, "nothing", frame(b"", 4)),
    Case(Rule.WIRE_18, "nothing, before what might be a long message", b"\4" + bytes(7) + b"\5short"),
    Case(Rule.WIRE_18, "no name", frame(b"\0PING", 4)),
    Case(Rule.WIRE_18, "half a name", frame(b"\5PING", 4)),
    Case(Rule.WIRE_18, "half a name, long", frame(b"\5PING", 4, long=True)),
    Case(Rule.WIRE_18, "ERROR without a reason", command(b"ERROR")),
    Case(Rule.WIRE_18, "ERROR with half a reason", command(b"ERROR", b"\3no")),
    Case(Rule.WIRE_18, "ERROR with more than a reason", command(b"ERROR", b"\1no")),
    Case(Rule.WIRE_19, "no time to live", command(b"PING")),
    Case(Rule.WIRE_19, "half a time to live", command(b"PING", b"\0")),
    Case(Rule.WIRE_19, "too long a context", command(b"PING", bytes(2 + 17))),
    Case(Rule.WIRE_19, "too long a context back", command(b"PONG", bytes(17))),
    Case(Rule.WIRE_20, "in traffic", command(b"ERROR", b"\2no")),
    Case(Rule.WIRE_20, "large", frame(b"\5ERROR\xff" + bytes(255), 4)),
]  # fmt: skip
BAD_TYPE = command(b"ERROR", b"\x13Invalid socket type")
HANDSHAKES = [
    shake(Rule.WIRE_9, "in the handshake", b"\x14"),
    shake(Rule.WIRE_10, "in the handshake", b"\5"),
    shake(Rule.WIRE_11, "in the handshake", b"\6" + b"\x80" + bytes(7)),
    shake(Rule.WIRE_15, "in the handshake", pack(">BQ", 6, 701)),
    shake(Rule.WIRE_15, "in the handshake, the longest", pack(">BQ", 6, (1 << 63) - 1)),
    shake(Rule.WIRE_18, "in the handshake", frame(b"", 4)),
    shake(Rule.WIRE_18, "in the handshake, ERROR", command(b"ERROR")),
    shake(Rule.WIRE_20, "under NULL", command(b"ERROR", b"\2no"), PULL, "the peer says: no"),
    shake(Rule.WIRE_18, "an ERROR of libzmq's PLAIN, to a server", frame(b"^RROR\x03400", 4), SERVER),
    shake(Rule.WIRE_18, "an ERROR of libzmq's PLAIN, cut", frame(b"^RROR\x03", 4), CLIENT),
    shake(Rule.WIRE_20, "to HELLO", command(b"ERROR", b"\x03400"), CLIENT),
    shake(Rule.WIRE_20, "to INITIATE", WELCOME + command(b"ERROR", b"\x03400"), CLIENT),
    shake(Rule.WIRE_25, "a message instead of READY", frame(b"\5READY")),
    shake(Rule.WIRE_25, "a message that goes on", b"\1"),
    shake(Rule.WIRE_25, "a message before WELCOME", frame(b"\5READY"), CLIENT),
    shake(Rule.WIRE_26, "HELLO under NULL", HELLO, PULL, "the peer says 'HELLO' in the handshake instead of READY"),
    shake(Rule.WIRE_26, "PING before READY", command(b"PING", b"\0\0")),
    shake(Rule.WIRE_26, "lower case", ready(b"PUSH", name=b"ready")),
    shake(Rule.WIRE_26, "READY to a client that waits for WELCOME", ready(b"PUSH"), CLIENT),
    shake(Rule.WIRE_26, "two clients", HELLO, CLIENT),
    shake(Rule.WIRE_26, "INITIATE without HELLO", ready(b"PUSH", name=b"INITIATE"), SERVER),
    shake(Rule.WIRE_26, "HELLO twice", HELLO * 2, SERVER),
    shake(Rule.WIRE_26, "READY of a client", HELLO + ready(b"PUSH"), SERVER),
    shake(Rule.WIRE_27, "a property without a name", command(b"READY", b"\0\0\0\0\0")),
    shake(Rule.WIRE_27, "half a name", command(b"READY", b"\5Sock")),
    shake(Rule.WIRE_27, "a name alone", command(b"READY", b"\1a")),
    shake(Rule.WIRE_27, "half a size", command(b"READY", b"\1a\0\0\0")),
    shake(Rule.WIRE_27, "half a value", command(b"READY", b"\1a\0\0\0\2v")),
    shake(Rule.WIRE_27, "a value of 2^31", command(b"READY", b"\1a\x80\0\0\0")),
    shake(Rule.WIRE_27, "a value of 2^31-1", command(b"READY", b"\1a\x7f\xff\xff\xff")),
    shake(Rule.WIRE_27, "behind a good one", ready(b"PUSH", b"\0")),
    shake(Rule.WIRE_27, "of INITIATE", HELLO + command(b"INITIATE", b"\0"), SERVER),
    shake(Rule.WIRE_27, "of READY under PLAIN", WELCOME + command(b"READY", b"\0"), CLIENT),
    shake(Rule.WIRE_28, "not said", command(b"READY"), PULL, "does not say", BAD_TYPE),
    shake(Rule.WIRE_28, "illegal", ready(b"PULL"), PULL, "a PULL does not talk to 'PULL'", BAD_TYPE),
    shake(Rule.WIRE_28, "unheard of", ready(b"\xff"), tell=BAD_TYPE),
    shake(Rule.WIRE_28, "lower case", ready(b"push"), tell=BAD_TYPE),
    shake(Rule.WIRE_28, "of INITIATE", HELLO + ready(b"PULL", name=b"INITIATE"), SERVER, tell=BAD_TYPE),
    shake(Rule.WIRE_28, "of READY under PLAIN", WELCOME + ready(b"PULL"), CLIENT, tell=BAD_TYPE),
    shake(Rule.WIRE_29, "too long", names(b"DEALER", Identity=b"i" * 256), ROUTER),
    shake(Rule.WIRE_29, "reserved", names(b"REQ", identity=b"\0i"), ROUTER),
    shake(Rule.WIRE_29, "zero", names(b"ROUTER", IDENTITY=b"\0"), ROUTER),
    shake(Rule.WIRE_30, "an empty HELLO", command(b"HELLO"), SERVER),
    shake(Rule.WIRE_30, "a HELLO without password", command(b"HELLO", b"\1u"), SERVER),
    shake(Rule.WIRE_30, "half a password", command(b"HELLO", b"\1u\2p"), SERVER),
    shake(Rule.WIRE_30, "half a username", command(b"HELLO", b"\2u"), SERVER),
    shake(Rule.WIRE_30, "a HELLO and more", command(b"HELLO", b"\1u\1p!"), SERVER),
    shake(Rule.WIRE_30, "a WELCOME and more", command(b"WELCOME", b"!"), CLIENT),
    shake(
        Rule.WIRE_31, "wrong password", command(b"HELLO", b"\1u\1P"), SERVER, "wrong username or password: 'u'",
        command(b"ERROR", b"\x03400"),
    ),
]  # fmt: skip
CASES = [*GREETINGS, *TRAFFIC, *HANDSHAKES]
by_case = pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule.value} {case.name}")


def outcome(case: Case, before: bytes, where: list[int] | None, behind: bytes = b"") -> list[w.Event]:
    """What comes of the case's octets between others, cut at these places, or everywhere."""
    if case.local is None:
        data = before + case.octets + behind
        cut = one_by_one(data) if where is None else pieces(data, where)
        return events(cut, LIMITS)
    data = case.octets + behind
    return shaken(case.local, one_by_one(data) if where is None else pieces(data, where), LIMITS)[0]


def test_every_rule_of_the_wire_that_refuses_has_a_case() -> None:
    refusing = {rule for rule in Rule if rule.name.startswith("WIRE_") and rule.kind == RuleClass.FAIL}
    assert {case.rule for case in CASES} == refusing
    assert len({(case.rule, case.name) for case in CASES}) == len(CASES)


@by_case
def test_what_breaks_a_rule_is_refused_by_it(case: Case) -> None:
    assert outcome(case, b"", [])[0] == case.rule.value
    assert outcome(case, b"", None)[0] == case.rule.value


@by_case
def test_it_is_refused_as_soon_as_it_is_there_and_not_before(case: Case) -> None:
    """Its last octet, or one before, is what tells; nothing behind it is waited for."""
    ends = [end for end in range(len(case.octets) + 1) if case.rule.value in outcome(replaced(case, end), b"", [])]
    assert ends
    assert ends == list(range(ends[0], len(case.octets) + 1))


def replaced(case: Case, end: int) -> Case:
    return replace(case, octets=case.octets[:end])


@by_case
@settings(max_examples=20)
@given(where=cuts, behind=st.binary(max_size=20))
def test_what_is_before_and_behind_it_and_how_it_is_cut_changes_nothing(
    case: Case, where: list[int], behind: bytes
) -> None:
    if case.local is None:
        before = frame(b"first") + command(b"PONG")
        assert outcome(case, before, where, behind) == outcome(case, before, [])
        assert outcome(case, before, where, behind)[0] == [b"first"]
    else:
        assert outcome(case, b"", where, behind) == outcome(case, b"", [])


@pytest.mark.parametrize("case", [*GREETINGS, *HANDSHAKES], ids=lambda case: f"{case.rule.value} {case.name}")
@settings(max_examples=20)
@given(where=cuts)
def test_a_peer_that_is_refused_hears_the_same_however_its_octets_are_cut(case: Case, where: list[int]) -> None:
    assert case.local is not None
    (rule, reason), sent = shaken(case.local, pieces(case.octets, where), LIMITS)
    assert (rule, sent) == (case.rule.value, shaken(case.local, [case.octets], LIMITS)[1])
    assert case.reason in str(reason)
    assert sent.endswith(case.tell)
    assert (b"ERROR" in sent) == bool(case.tell)
