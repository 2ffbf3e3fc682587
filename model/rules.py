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

    @property
    def kind(self) -> RuleClass:
        """The class of the rule: succeed, fail or oom."""
        if self in _OOM:
            return RuleClass.OOM
        return RuleClass.FAIL if self in _FAIL else RuleClass.SUCCEED


_OOM = frozenset({Rule.MEM_2, Rule.MEM_3, Rule.SEND_5, Rule.SEND_6, Rule.SEND_7, Rule.SEND_10, Rule.SEND_16})
_FAIL = frozenset({Rule.PIPE_6, Rule.PIPE_7, Rule.SEND_4, Rule.SEND_12, Rule.LINK_3})
