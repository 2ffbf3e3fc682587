"""The catalogue of cases: ids, sentences, choice by prefix; and every rule has a case or says why it has none."""

import pytest

from enomem.checks.conform.case import Level, Needs
from enomem.checks.conform.catalogue import cases, chosen
from enomem.checks.conform.unobserved import UNOBSERVED
from enomem.checks.errors import UsageError
from enomem.model.rules import Rule

CASES = cases()


def test_there_are_many_and_each_has_its_own_id() -> None:
    assert len(CASES) >= 120
    assert len({case.id for case in CASES}) == len(CASES)


def test_an_id_is_the_rule_and_a_number_from_one_without_gaps() -> None:
    for rule in Rule:
        numbers = sorted(int(case.id.rpartition("/")[2]) for case in CASES if case.rule == rule)
        assert numbers == list(range(1, len(numbers) + 1)), rule
    assert all(case.id.rpartition("/")[0] == case.rule.value.lower().replace("-", "/") for case in CASES)


def test_each_case_has_a_sentence_and_a_source() -> None:
    for case in CASES:
        assert case.sentence.endswith(".") or case.sentence.endswith(")."), case.id
        assert case.sentence[0].isupper(), case.id
        assert case.source, case.id


def test_every_rule_has_a_case_or_says_why_it_has_none() -> None:
    have = {case.rule for case in CASES}
    assert have | set(UNOBSERVED) == set(Rule)
    assert not have & set(UNOBSERVED)
    assert all(reason.endswith(".") for reason in UNOBSERVED.values())


def test_what_an_rfc_leaves_open_is_asked_for_either() -> None:
    either = [case for case in CASES if case.level == Level.EITHER]
    assert {case.rule for case in either} >= {Rule.WIRE_23, Rule.WIRE_33}


def test_enough_can_be_asked_of_a_black_box() -> None:
    assert sum(case.needs == Needs.NOTHING for case in CASES) >= 60


def test_cases_are_chosen_by_whole_steps_of_their_ids() -> None:
    assert {case.rule for case in chosen(["wire/2"])} == {Rule.WIRE_2}
    assert [case.id for case in chosen(["wire/2/1"])] == ["wire/2/1"]
    assert {case.rule for case in chosen(["wire/2", "heart"])} >= {Rule.WIRE_2, Rule.HEART_1}
    assert chosen([]) == CASES


def test_cases_are_left_out_in_the_same_way() -> None:
    without = chosen([], ["wire", "send/5/1"])
    assert not any(case.id.startswith("wire/") or case.id == "send/5/1" for case in without)
    assert len(without) + len(chosen(["wire"])) + 1 == len(CASES)


@pytest.mark.parametrize(("wrong", "near"), [("wire/2/99", "wire/2"), ("wier/2", "wire/2"), ("rooter", "router")])
def test_an_unknown_id_is_the_callers_mistake_and_the_nearest_are_named(wrong: str, near: str) -> None:
    with pytest.raises(UsageError, match=near):
        chosen([wrong])
    with pytest.raises(UsageError, match=near):
        chosen([], [wrong])


def test_what_is_like_nothing_leads_to_the_list() -> None:
    with pytest.raises(UsageError, match="--list"):
        chosen(["qqqqqqqqqqqq"])
