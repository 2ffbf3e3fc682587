"""What users' policies answer is checked for type, range, purity and that it comes, on values and symbols."""

import re
import sys
from pathlib import Path
from types import FrameType
from unittest.mock import patch

import pytest

from enomem import KEEP, Reaction, SendPolicy, Site, Unfinished
from enomem.checks.errors import Diverges, Nondeterministic, OurFault, UsageError
from enomem.checks.policies.file import Guarded, PolicyRange, blame, first_usage_error, load_policy
from enomem.checks.symbolic import terms
from enomem.checks.symbolic.explore import Interval, explore
from enomem.checks.symbolic.explore import Path as Way
from enomem.checks.symbolic.machine import Transition
from enomem.checks.symbolic.symbols import Boolean, Integer

BAD = Path(__file__).parent / "bad_policies"
EXAMPLES = Path(__file__).parents[1] / "docs" / "examples"
HEAD = "from enomem import Reaction, SendPolicy, Site, Unfinished\n"


def written(folder: Path, body: str, attributes: str = "", top: str = "") -> Path:
    """A file with a policy whose ``refused`` has this body."""
    file = folder / "mine.py"
    inner = "".join(f"        {line}\n" for line in body.splitlines())
    outer = "".join(f"    {line}\n" for line in attributes.splitlines())
    file.write_text(f"{HEAD}{top}class Mine(SendPolicy):\n{outer}    def refused(self, message):\n{inner}")
    return file


def loaded(folder: Path, body: str, attributes: str = "", top: str = "") -> Guarded:
    """A guarded policy that was not rehearsed on symbols (``test_policy_rehearsal``): the guard is what is tested."""
    with patch("enomem.checks.policies.file.rehearse_on_symbols"):
        policy = load_policy(f"{written(folder, body, attributes, top)}:Mine")
    assert isinstance(policy, Guarded)
    return policy


def line_with(folder: Path, part: str) -> str:
    """``mine.py:LINE:`` of the one line that has this part."""
    lines = (folder / "mine.py").read_text().splitlines()
    (number,) = (number for number, line in enumerate(lines, 1) if part in line)
    return f"{folder / 'mine.py'}:{number}: "


def sentence(text: str) -> str:
    """What loading ``text`` says is wrong; it must be a single line."""
    with pytest.raises(UsageError) as caught:
        load_policy(text)
    said = str(caught.value)
    assert "\n" not in said
    return said


def on_symbols(policy: SendPolicy, **ranges: Interval) -> list[Way[Reaction]]:
    """All paths of the policy for unknown kept, note and last; kept and note are unbounded unless given."""
    message = Unfinished(
        kept=Integer(terms.variable("kept")),  # type: ignore[arg-type]  # symbols stand for numbers
        last=Boolean(terms.is_zero(terms.variable("last?"))),  # type: ignore[arg-type]  # as above
        site=Site.BODY,
        note=Integer(terms.variable("note")),  # type: ignore[arg-type]  # as above
    )
    return list(explore(lambda: policy.refused(message), {"last?": (0, 1), **ranges}))


def as_transitions(ways: list[Way[Reaction]]) -> list[Transition[str]]:
    return [Transition("call", 0, way.conditions, {}, None, way.error) for way in ways]


@pytest.mark.parametrize(
    ("attribute", "what", "advice"),
    [
        ("name = 3", "Mine.name is not a printable text", "write one, as in name = "),
        ("name = 'a\\nb'", "Mine.name is not a printable text", "write one, as in name = "),
        ("name = 'Keep'", "Mine.name is that of the built-in KEEP", "give it a name of its own"),
        ("reserves = 'no'", "Mine.reserves is of type str", "write reserves = True, or leave it out"),
        ("notes = 2.0", "Mine.notes is of type float", "write its largest note, an int from 0"),
        ("notes = -1", "Mine.notes is -1", "write its largest note, an int from 0"),
        ("notes = True", "Mine.notes is of type bool", "write its largest note, an int from 0"),
        ("__slots__ = ()\n@property\ndef notes(self): return 1 // 0", "raised ZeroDivisionError", "correct"),
    ],
)
def test_attributes(tmp_path: Path, attribute: str, what: str, advice: str) -> None:
    written(tmp_path, "return Reaction(0)", attribute)
    said = sentence(f"{tmp_path / 'mine.py'}:Mine")
    assert said.startswith(line_with(tmp_path, attribute.splitlines()[-1]) + what)
    assert advice in said


@pytest.mark.parametrize(
    "method",
    [
        "def refused(self): return Reaction(0)",
        "def refused(self, message, more): return Reaction(0)",
        "def refused(self, *, message): return Reaction(0)",
        "async def refused(self, message): return Reaction(0)",
        "def refused(self, message): yield Reaction(0)",
        "refused = 3",
    ],
)
def test_signatures(tmp_path: Path, method: str) -> None:
    (tmp_path / "mine.py").write_text(f"{HEAD}class Mine(SendPolicy):\n    {method}\n")
    said = sentence(f"{tmp_path / 'mine.py'}:Mine")
    assert said.startswith(line_with(tmp_path, method) + "Mine.refused is not a plain method")
    assert "write 'def refused(self, message: Unfinished) -> Reaction:'" in said


@pytest.mark.parametrize(
    ("body", "what", "advice"),
    [
        ("return None", "answered None instead of a Reaction", "return Reaction(keep=...)"),
        ("return Reaction(message.last)", "answered keep of type bool", "make it int"),
        ("return Reaction(message.kept / 1)", "answered keep of type float", "make it int"),
        ("return Reaction(0, message.kept)", "answered skip of type int", "make it bool"),
        ("return Reaction(0, False, None)", "answered note of type NoneType", "make it int"),
        ("return Reaction(message.kept + 1)", "answered keep=1 where kept=0", "from 0 to message.kept"),
        ("return Reaction(message.kept, note=message.note + 1)", "answered note=1 outside 0..", "'notes'"),
        ("while True: pass", "does not end: it was stopped after 20000 lines", "bound its loops"),
        ("return Reaction(0 // (message.kept - 3))", "raised ZeroDivisionError: ", "correct that line"),
        ("raise SystemExit", "raised SystemExit in answer", "correct that line"),
    ],
)  # fmt: skip
def test_answers(tmp_path: Path, body: str, what: str, advice: str) -> None:
    written(tmp_path, body)
    said = sentence(f"{tmp_path / 'mine.py'}:Mine")
    assert said.startswith(line_with(tmp_path, body.splitlines()[-1]) + what)
    assert advice in said


def test_notes_are_handed_back_before_any_engine_starts(tmp_path: Path) -> None:
    body = "if message.note == 2: return None\nreturn Reaction(message.kept, note=message.note + 1)"
    written(tmp_path, body, "notes = 3")
    said = sentence(f"{tmp_path / 'mine.py'}:Mine")
    assert said.startswith(line_with(tmp_path, "return None") + "answered None instead of a Reaction")


def test_an_exception_that_cannot_be_printed(tmp_path: Path) -> None:
    top = "class Odd(Exception):\n    def __str__(self): raise self\n"
    written(tmp_path, "raise Odd", top=top)
    said = sentence(f"{tmp_path / 'mine.py'}:Mine")
    assert said == line_with(tmp_path, "raise Odd") + "raised Odd in answer to a message; correct that line"


def test_endless_recursion(tmp_path: Path) -> None:
    written(tmp_path, "return self.refused(message)")
    said = sentence(f"{tmp_path / 'mine.py'}:Mine")
    assert re.match(rf"{re.escape(str(tmp_path / 'mine.py'))}:[34]: does not end: ", said)
    assert "bound its loops and its recursion" in said


@pytest.mark.parametrize(
    ("top", "attributes", "change", "changed"),
    [
        ("", "seen = {}", "self.seen[message.kept] = 1", "Mine.seen"),
        ("", "", "type(self).seen = message.kept", "Mine.seen"),
        ("", "", "Mine.refused.seen = message.kept", "Mine.refused"),
        ("COUNT = 0\n", "", "global COUNT; COUNT += 1", "COUNT"),
        ("class Box: held = []\n", "", "Box.held.append(1)", "Box"),
        ("class Box: pass\nBOX = [Box()]\n", "", "BOX[0].held = 1", "BOX"),
        ("class Box: __slots__ = 'held'\nBOX = Box()\n", "", "BOX.held = 1", "BOX"),
        ("def helper(seen=[]):\n    seen.append(1)\n", "", "helper()", "helper"),
        ("def maker():\n    n = []\n    return lambda: n.append(1)\nbump = maker()\n", "", "bump()", "bump"),
        ("NESTED = {'a': [set()]}\n", "", "NESTED['a'][0].add(message.kept)", "NESTED"),
    ],
)
def test_state_wherever_it_hides(tmp_path: Path, top: str, attributes: str, change: str, changed: str) -> None:
    written(tmp_path, f"{change}\nreturn Reaction(0)", attributes, top)
    said = sentence(f"{tmp_path / 'mine.py'}:Mine")
    assert f"mutates its state: answering changed {changed};" in said
    assert re.match(rf"{re.escape(str(tmp_path / 'mine.py'))}:\d+: ", said)


def test_what_does_not_change_is_no_state(tmp_path: Path) -> None:
    top = (
        "import math\nfrom dataclasses import dataclass\nfrom enum import Enum\n"
        "from functools import lru_cache\n"
        "class Mood(Enum):\n    GOOD = 1\n"
        "@dataclass\nclass Box:\n    most: int = 2\nBOX, TABLE = Box(), {1: [2, math.nan]}\n"
        "@lru_cache\ndef least(n: int) -> int:\n    return n\n"
    )
    policy = loaded(tmp_path, "mood = Mood(1)\nreturn Reaction(min(message.kept, BOX.most, least(3)))", top=top)
    assert [policy.refused(Unfinished(n, True, Site.BODY, 0)).keep for n in range(5)] == [0, 1, 2, 2, 2]
    assert {way.error for way in on_symbols(policy, kept=(0, 9), note=(0, 0))} == {None}


def test_two_answers_to_one_question(tmp_path: Path) -> None:
    top = "from itertools import count\nTURNS = count()\n"
    written(tmp_path, "return Reaction(message.kept * (next(TURNS) % 2))", top=top)
    said = sentence(f"{tmp_path / 'mine.py'}:Mine")
    assert said.startswith(line_with(tmp_path, "next(TURNS)") + "answered the same question in two different ways")


def test_a_loop_on_a_symbol_is_blamed_on_its_line() -> None:
    path = BAD / "loops_on_symbol.py"
    policy = load_policy(f"{path}:Mine")
    assert policy.refused(Unfinished(3, False, Site.BODY, 0)) == Reaction(2)
    assert {way.error for way in on_symbols(policy, kept=(0, 9))} == {None}
    with pytest.raises(Diverges) as caught:
        on_symbols(policy)
    said = str(blame(caught.value, policy))
    assert said.startswith(f"{path}:7: does not end when it is run on symbols")
    assert "comparisons or arithmetic instead of a loop" in said


def test_what_is_not_the_same_twice_is_blamed(tmp_path: Path) -> None:
    top = "from itertools import count\nTURNS = count()\n"
    body = "if message.kept > 9:\n    if message.kept > 19 + next(TURNS): return Reaction(1)\nreturn Reaction(0)"
    policy = loaded(tmp_path, body, top=top)
    with pytest.raises(Nondeterministic) as caught:
        on_symbols(policy)
    said = str(blame(caught.value, policy))
    assert said.startswith(line_with(tmp_path, "next(TURNS)") + "did two different things with the same message")
    assert "decide from the message's kept, last, site and note alone" in said


def test_state_is_the_blame_before_all_else(tmp_path: Path) -> None:
    body = "while message.kept > 9:\n    self.count = message.kept\nreturn Reaction(0)"
    policy = loaded(tmp_path, body)
    with pytest.raises(UsageError, match="does not end"):
        first_usage_error(as_transitions(on_symbols(policy)))
    said = str(blame(Diverges(None), policy))
    assert said.startswith(line_with(tmp_path, "self.count =") + "mutates its state: answering changed self.count")


def test_blame_without_a_place_falls_on_refused(tmp_path: Path) -> None:
    policy = loaded(tmp_path, "return Reaction(0)")
    for error in (Diverges(None), Diverges(("model/send.py", 999)), Nondeterministic(None)):
        assert str(blame(error, policy)).startswith(line_with(tmp_path, "def refused"))


def test_ours_is_not_blamed_on_users() -> None:
    with pytest.raises(OurFault, match="KEEP"):
        blame(Diverges(None), KEEP)


def test_a_changed_state_is_found_on_symbols_and_told_from_then_on(tmp_path: Path) -> None:
    policy = loaded(tmp_path, "if message.kept > 9:\n    self.seen = message.kept\nreturn Reaction(0)")
    with pytest.raises(UsageError, match=r"mutates its state: answering changed self\.seen") as caught:
        first_usage_error(as_transitions(on_symbols(policy)))
    assert str(caught.value).startswith(line_with(tmp_path, "self.seen ="))
    with pytest.raises(UsageError, match="mutates its state"):
        policy.refused(Unfinished(0, False, Site.BODY, 0))


@pytest.mark.parametrize(
    "body",
    [
        "return Reaction(0)",
        "return Reaction(message.kept)",
        "return Reaction(min(message.kept, 4))",
        "return Reaction(message.kept if message.last else 0, message.kept > 2)",
        "return Reaction(max(message.kept - 2, 0))",
        "return Reaction(message.kept, note=min(message.note + 1, self.notes))",
        "return Reaction(message.kept, note=message.note)",
        "assert message.kept >= 0\nassert 0 <= message.note <= self.notes\nreturn Reaction(0)",
    ],
)
def test_no_false_alarm_though_nothing_is_known_of_kept(tmp_path: Path, body: str) -> None:
    ways = on_symbols(loaded(tmp_path, body, "notes = 2"))
    first_usage_error(as_transitions(ways))
    for way in ways:
        assert isinstance(way.error, PolicyRange | None)
        if way.error is not None:  # then the path cannot be taken
            values = [{"kept": k, "note": n, "last?": b} for k in range(6) for n in range(3) for b in (0, 1)]
            assert not any(terms.holds(way.condition, value) for value in values)
    assert any(way.error is None for way in ways)


@pytest.mark.parametrize(
    ("body", "wrong", "what"),
    [
        ("return Reaction(10 if message.kept > 7 else 0)", {"kept": 8, "note": 0}, "a keep outside 0..kept"),
        (
            "return Reaction(message.kept - 9 if message.kept > 4 else 0)",
            {"kept": 5, "note": 0},
            "a keep outside",
        ),
        (
            "return Reaction(0, False, 3 if message.kept > 4 else 0)",
            {"kept": 5, "note": 0},
            "a note outside 0..n",
        ),
    ],
)
def test_out_of_range_on_exactly_the_paths_that_are(
    tmp_path: Path, body: str, wrong: dict[str, int], what: str
) -> None:
    policy = loaded(tmp_path, body, "notes = 2")
    ways = on_symbols(policy)
    first_usage_error(as_transitions(ways))
    (way,) = (way for way in ways if terms.holds(way.condition, {**wrong, "last?": 0}))
    assert isinstance(way.error, PolicyRange)
    assert what in str(way.error)
    place = f"{way.error.place[0]}:{way.error.place[1]}: "
    assert str(way.error).startswith(place)
    assert place == line_with(tmp_path, body)
    for kept in range(20):
        (way,) = (way for way in ways if terms.holds(way.condition, {"kept": kept, "note": 0, "last?": 0}))
        message = Unfinished(kept, False, Site.BODY, 0)
        if way.error is None:
            assert isinstance(policy.refused(message), Reaction)
        else:
            with pytest.raises(PolicyRange):
                policy.refused(message)


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("return Reaction(int(message.kept / 2))", "raised TypeError: unsupported operand"),
        (
            "return Reaction(sum(1 for _ in range(message.kept)))",
            "raised TypeError: an unbounded symbol cannot",
        ),
        ("return Reaction(1 // (0 if message.kept > 9 else 1) * 0)", "raised ZeroDivisionError"),
        ("return Reaction(message.kept > 9 or 0)", "answered keep of type bool"),
    ],
)
def test_what_goes_wrong_on_symbols_only(tmp_path: Path, body: str, what: str) -> None:
    ways = on_symbols(loaded(tmp_path, body))
    with pytest.raises(UsageError) as caught:
        first_usage_error(as_transitions(ways))
    assert str(caught.value).startswith(line_with(tmp_path, body) + what)


def test_first_usage_error_lets_other_errors_be() -> None:
    first_usage_error([Transition("call", 0, (), {}, None, error) for error in (None, ValueError("x"))])


def test_the_trace_function_of_others_is_put_back(tmp_path: Path) -> None:
    policy = loaded(tmp_path, "while message.kept == 7: pass\nreturn Reaction(0)")

    def theirs(_frame: FrameType, _event: str, _argument: object) -> None:
        return None

    before = sys.gettrace()
    sys.settrace(theirs)
    try:
        policy.refused(Unfinished(1, False, Site.BODY, 0))
        after_answer = sys.gettrace()
        with pytest.raises(UsageError, match="does not end"):
            policy.refused(Unfinished(7, False, Site.BODY, 0))
        after_stop = sys.gettrace()
    finally:
        sys.settrace(before)
    assert (after_answer, after_stop) == (theirs, theirs)


def test_a_trace_function_set_meanwhile_stays(tmp_path: Path) -> None:
    def debugger(_frame: FrameType, _event: str, _argument: object) -> None:
        return None

    top = "import sys\nSET = []\ndef breakpoint_here():\n    if SET:\n        sys.settrace(SET[0])\n"
    policy = loaded(tmp_path, "breakpoint_here()\nreturn Reaction(0)", top=top)
    sys.modules["policy_file_mine"].SET.append(debugger)
    before = sys.gettrace()
    try:
        with pytest.raises(UsageError, match="mutates"):  # SET is not what it was, which the test did
            policy.refused(Unfinished(1, False, Site.BODY, 0))
        found = sys.gettrace()
    finally:
        sys.settrace(before)
    assert found is debugger


def test_long_answers_are_let_finish(tmp_path: Path) -> None:
    policy = loaded(tmp_path, "n = 0\nfor _ in range(9_000):\n    n = _\nreturn Reaction(0)")
    assert policy.refused(Unfinished(1, False, Site.BODY, 0)) == Reaction(0)
