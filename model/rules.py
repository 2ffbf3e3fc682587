"""The rule identifiers: an enum that mirrors the headings of ``spec/``.

Append-only: a withdrawn rule keeps its name here and its heading there. A rule's class says what kind of
step it is, so that a property can speak of "a step without memory". The text of each rule is in ``spec/``;
``tests/test_rules.py`` holds headings, this enum and the rules that fire in exploration together.
"""

from enum import Enum


class RuleClass(Enum):
    """What kind of step a rule describes."""

    SUCCEED = "succeed"
    FAIL = "fail"
    OOM = "oom"


class Rule(Enum):
    """One rule of the specification; the value is its identifier."""

    MEM_1 = "MEM-1"
    MEM_2 = "MEM-2"
    MEM_3 = "MEM-3"
    MEM_4 = "MEM-4"

    PIPE_1 = "PIPE-1"
    PIPE_2 = "PIPE-2"
    PIPE_3 = "PIPE-3"
    PIPE_4 = "PIPE-4"
    PIPE_5 = "PIPE-5"
    PIPE_6 = "PIPE-6"
    PIPE_7 = "PIPE-7"
    PIPE_8 = "PIPE-8"

    SEND_1 = "SEND-1"
    SEND_2 = "SEND-2"
    SEND_3 = "SEND-3"
    SEND_4 = "SEND-4"
    SEND_5 = "SEND-5"
    SEND_6 = "SEND-6"
    SEND_7 = "SEND-7"
    SEND_8 = "SEND-8"
    SEND_9 = "SEND-9"
    SEND_10 = "SEND-10"
    SEND_11 = "SEND-11"
    SEND_12 = "SEND-12"
    SEND_13 = "SEND-13"
    SEND_14 = "SEND-14"
    SEND_15 = "SEND-15"
    SEND_16 = "SEND-16"

    LINK_1 = "LINK-1"
    LINK_2 = "LINK-2"
    LINK_3 = "LINK-3"
    LINK_4 = "LINK-4"
    LINK_5 = "LINK-5"
    LINK_6 = "LINK-6"

    # receive and connection: spec/receive.md, spec/connection.md
    RECEIVE_1 = "RECEIVE-1"
    RECEIVE_2 = "RECEIVE-2"
    RECEIVE_3 = "RECEIVE-3"
    RECEIVE_4 = "RECEIVE-4"
    RECEIVE_5 = "RECEIVE-5"
    RECEIVE_6 = "RECEIVE-6"
    RECEIVE_7 = "RECEIVE-7"
    RECEIVE_8 = "RECEIVE-8"
    RECEIVE_9 = "RECEIVE-9"
    RECEIVE_10 = "RECEIVE-10"

    CONNECT_1 = "CONNECT-1"
    CONNECT_2 = "CONNECT-2"
    CONNECT_3 = "CONNECT-3"
    CONNECT_4 = "CONNECT-4"
    CONNECT_5 = "CONNECT-5"
    CONNECT_6 = "CONNECT-6"
    CONNECT_7 = "CONNECT-7"
    CONNECT_8 = "CONNECT-8"
    CONNECT_9 = "CONNECT-9"
    CONNECT_10 = "CONNECT-10"
    CONNECT_11 = "CONNECT-11"
    CONNECT_12 = "CONNECT-12"
    CONNECT_13 = "CONNECT-13"
    CONNECT_14 = "CONNECT-14"

    HEART_1 = "HEART-1"
    HEART_2 = "HEART-2"
    HEART_3 = "HEART-3"
    HEART_4 = "HEART-4"
    HEART_5 = "HEART-5"

    # patterns: spec/patterns.md
    TYPE_1 = "TYPE-1"
    TYPE_2 = "TYPE-2"
    TYPE_3 = "TYPE-3"

    TURN_1 = "TURN-1"
    TURN_2 = "TURN-2"
    TURN_3 = "TURN-3"
    TURN_4 = "TURN-4"
    TURN_5 = "TURN-5"
    TURN_6 = "TURN-6"

    PAIR_1 = "PAIR-1"
    PAIR_2 = "PAIR-2"
    PAIR_3 = "PAIR-3"
    PAIR_4 = "PAIR-4"

    PUSH_1 = "PUSH-1"
    PUSH_2 = "PUSH-2"

    DEALER_1 = "DEALER-1"
    DEALER_2 = "DEALER-2"

    REQ_1 = "REQ-1"
    REQ_2 = "REQ-2"
    REQ_3 = "REQ-3"
    REQ_4 = "REQ-4"
    REQ_5 = "REQ-5"
    REQ_6 = "REQ-6"
    REQ_7 = "REQ-7"
    REQ_8 = "REQ-8"
    REQ_9 = "REQ-9"

    REP_1 = "REP-1"
    REP_2 = "REP-2"
    REP_3 = "REP-3"
    REP_4 = "REP-4"
    REP_5 = "REP-5"
    REP_6 = "REP-6"
    REP_7 = "REP-7"
    REP_8 = "REP-8"
    REP_9 = "REP-9"

    ROUTER_1 = "ROUTER-1"
    ROUTER_2 = "ROUTER-2"
    ROUTER_3 = "ROUTER-3"
    ROUTER_4 = "ROUTER-4"
    ROUTER_5 = "ROUTER-5"
    ROUTER_6 = "ROUTER-6"
    ROUTER_7 = "ROUTER-7"
    ROUTER_8 = "ROUTER-8"
    ROUTER_9 = "ROUTER-9"
    ROUTER_10 = "ROUTER-10"

    PUB_1 = "PUB-1"
    PUB_2 = "PUB-2"
    PUB_3 = "PUB-3"
    PUB_4 = "PUB-4"
    PUB_5 = "PUB-5"
    PUB_6 = "PUB-6"
    PUB_7 = "PUB-7"
    PUB_8 = "PUB-8"
    PUB_9 = "PUB-9"
    PUB_10 = "PUB-10"

    SUB_1 = "SUB-1"
    SUB_2 = "SUB-2"
    SUB_3 = "SUB-3"
    SUB_4 = "SUB-4"
    SUB_5 = "SUB-5"
    SUB_6 = "SUB-6"
    SUB_7 = "SUB-7"
    SUB_8 = "SUB-8"

    CONFLATE_1 = "CONFLATE-1"
    CONFLATE_2 = "CONFLATE-2"

    # the wire: spec/wire.md
    WIRE_1 = "WIRE-1"
    WIRE_2 = "WIRE-2"
    WIRE_3 = "WIRE-3"
    WIRE_4 = "WIRE-4"
    WIRE_5 = "WIRE-5"
    WIRE_6 = "WIRE-6"
    WIRE_7 = "WIRE-7"
    WIRE_8 = "WIRE-8"
    WIRE_9 = "WIRE-9"
    WIRE_10 = "WIRE-10"
    WIRE_11 = "WIRE-11"
    WIRE_12 = "WIRE-12"
    WIRE_13 = "WIRE-13"
    WIRE_14 = "WIRE-14"
    WIRE_15 = "WIRE-15"
    WIRE_16 = "WIRE-16"
    WIRE_17 = "WIRE-17"
    WIRE_18 = "WIRE-18"
    WIRE_19 = "WIRE-19"
    WIRE_20 = "WIRE-20"
    WIRE_21 = "WIRE-21"
    WIRE_22 = "WIRE-22"
    WIRE_23 = "WIRE-23"
    WIRE_24 = "WIRE-24"
    WIRE_25 = "WIRE-25"
    WIRE_26 = "WIRE-26"
    WIRE_27 = "WIRE-27"
    WIRE_28 = "WIRE-28"
    WIRE_29 = "WIRE-29"
    WIRE_30 = "WIRE-30"
    WIRE_31 = "WIRE-31"
    WIRE_32 = "WIRE-32"
    WIRE_33 = "WIRE-33"
    WIRE_34 = "WIRE-34"

    @property
    def kind(self) -> RuleClass:
        """The class of the rule: succeed, fail or oom."""
        if self in _OOM:
            return RuleClass.OOM
        return RuleClass.FAIL if self in _FAIL else RuleClass.SUCCEED


_OOM = frozenset(
    {
        Rule.MEM_2,
        Rule.MEM_3,
        Rule.SEND_5,
        Rule.SEND_6,
        Rule.SEND_7,
        Rule.SEND_10,
        Rule.SEND_16,
        Rule.RECEIVE_2,
        Rule.RECEIVE_3,
        Rule.RECEIVE_6,
        Rule.CONNECT_4,
        Rule.CONNECT_5,
        Rule.CONNECT_8,
        Rule.CONNECT_10,
        Rule.CONNECT_13,
        Rule.PUB_3,
        Rule.PUB_5,
        Rule.SUB_8,
    }
)
_FAIL = frozenset(
    {
        Rule.PIPE_6,
        Rule.PIPE_7,
        Rule.PIPE_8,
        Rule.SEND_4,
        Rule.SEND_12,
        Rule.LINK_3,
        Rule.LINK_6,
        Rule.RECEIVE_5,
        Rule.RECEIVE_8,
        Rule.CONNECT_1,
        Rule.CONNECT_2,
        Rule.CONNECT_3,
        Rule.CONNECT_12,
        Rule.HEART_2,
        Rule.HEART_3,
        Rule.TYPE_1,
        Rule.TYPE_2,
        Rule.TYPE_3,
        Rule.TURN_6,
        Rule.PAIR_2,
        Rule.REQ_2,
        Rule.REQ_6,
        Rule.REQ_8,
        Rule.REP_2,
        Rule.REP_3,
        Rule.REP_5,
        Rule.REP_6,
        Rule.ROUTER_2,
        Rule.ROUTER_3,
        Rule.ROUTER_4,
        Rule.ROUTER_5,
        Rule.ROUTER_9,
        Rule.PUB_2,
        Rule.PUB_4,
        Rule.PUB_9,
        Rule.SUB_3,
        Rule.SUB_5,
        Rule.WIRE_3,
        Rule.WIRE_4,
        Rule.WIRE_6,
        Rule.WIRE_7,
        Rule.WIRE_9,
        Rule.WIRE_10,
        Rule.WIRE_11,
        Rule.WIRE_12,
        Rule.WIRE_13,
        Rule.WIRE_14,
        Rule.WIRE_15,
        Rule.WIRE_18,
        Rule.WIRE_19,
        Rule.WIRE_20,
        Rule.WIRE_25,
        Rule.WIRE_26,
        Rule.WIRE_27,
        Rule.WIRE_28,
        Rule.WIRE_29,
        Rule.WIRE_30,
        Rule.WIRE_31,
    }
)
