"""The rules that have no case of their own, each with the reason; a test holds this against the rules and the cases."""

from __future__ import annotations

from collections.abc import Mapping

from ...model.rules import Rule

INSIDE = "Inside the socket: what a peer or an application sees of it is a case of"

UNOBSERVED: Mapping[Rule, str] = {
    Rule.MEM_1: f"{INSIDE} MEM-2 and SEND-5.",
    Rule.MEM_3: f"{INSIDE} SEND-5, RECEIVE-2 and others, in which memory is refused for no visible reason.",
    Rule.PIPE_1: f"{INSIDE} SEND-2 and SEND-3.",
    Rule.PIPE_2: f"{INSIDE} LINK-2.",
    Rule.PIPE_3: f"{INSIDE} SEND-5 and SEND-11.",
    Rule.PIPE_4: f"{INSIDE} SEND-5 (the refused queue slot).",
    Rule.PIPE_5: f"{INSIDE} LINK-2.",
    Rule.PIPE_7: f"{INSIDE} SEND-12.",
    Rule.SEND_1: f"{INSIDE} PUSH-1 and SEND-5.",
    Rule.SEND_3: f"{INSIDE} PUSH-1 and LINK-2.",
    Rule.SEND_8: f"{INSIDE} SEND-7.",
    Rule.SEND_9: f"{INSIDE} SEND-7.",
    Rule.SEND_14: "Needs two calls that wait at once, and a case has one thread.",
    Rule.SEND_15: "Needs two calls that wait at once, as SEND-14.",
    Rule.LINK_1: f"{INSIDE} LINK-2.",
    Rule.LINK_4: f"{INSIDE} LINK-2 and MEM-4.",
    Rule.LINK_5: f"{INSIDE} MEM-4.",
    Rule.RECEIVE_1: f"{INSIDE} LINK-2.",
    Rule.RECEIVE_4: f"{INSIDE} RECEIVE-3 (the body above the limit).",
    Rule.RECEIVE_6: "The wait is too long for a suite to sit it out.",
    Rule.RECEIVE_7: f"{INSIDE} TURN-1 and LINK-2.",
    Rule.RECEIVE_9: f"{INSIDE} MEM-4.",
    Rule.RECEIVE_10: f"{INSIDE} RECEIVE-2.",
    Rule.CONNECT_6: f"{INSIDE} CONNECT-1.",
    Rule.CONNECT_7: f"{INSIDE} WIRE-23.",
    Rule.CONNECT_8: "Of a reconnect rule with which the reference does not run unless it is told to.",
    Rule.CONNECT_9: f"{INSIDE} CONNECT-1 (the delay that grows).",
    Rule.CONNECT_10: f"{INSIDE} RECEIVE-2.",
    Rule.CONNECT_11: f"{INSIDE} RECEIVE-2.",
    Rule.CONNECT_12: f"{INSIDE} CONNECT-2 and MEM-4.",
    Rule.CONNECT_13: "Of a reconnect rule, as CONNECT-8.",
    Rule.CONNECT_14: "What changes nothing cannot be seen from outside.",
    Rule.HEART_5: "The sign comes at intervals too long for a suite to sit them out.",
    Rule.TURN_2: f"{INSIDE} TURN-1.",
    Rule.TURN_4: "Where in the round a new peer comes, no message shows by itself.",
    Rule.PAIR_3: f"{INSIDE} SEND-12 (PAIR).",
    Rule.PAIR_4: f"{INSIDE} PAIR-1.",
    Rule.REP_8: f"{INSIDE} REP-3 and REP-4.",
    Rule.REP_9: f"{INSIDE} REP-3.",
    Rule.PUB_6: f"{INSIDE} PUB-5.",
}
