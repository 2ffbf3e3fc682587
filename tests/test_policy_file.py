"""Policies from files: the good are loaded, the bad end in one sentence with file, line and what to do."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from enomem import DISCARD, KEEP, RESERVE, SKIP, Reaction, SendPolicy, Site, Unfinished
from enomem.checks.errors import UsageError
from enomem.checks.policies.file import first_usage_error, load_policy
from enomem.checks.senders.sender import bounded, unbounded
from enomem.checks.symbolic.machine import transitions
from enomem.model.application import Recovery
from enomem.model.system import System

BAD = Path(__file__).parent / "bad_policies"
EXAMPLES = Path(__file__).parents[1] / "docs" / "examples"
HEAD = "from enomem import Reaction, SendPolicy, Site, Unfinished\n"


def marked(file: Path) -> int:
    """The line of a file that says that it is wrong."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if "# wrong" in line)


def sentence(text: str) -> str:
    """What loading ``text`` says is wrong; it must be a single line."""
    with pytest.raises(UsageError) as caught:
        load_policy(text)
    said = str(caught.value)
    assert "\n" not in said
    return said


def written(folder: Path, body: str, top: str = "") -> Path:
    """A file with a policy whose ``refused`` has this body."""
    inner = "".join(f"        {line}\n" for line in body.splitlines())
    file = folder / "mine.py"
    file.write_text(f"{HEAD}{top}class Mine(SendPolicy):\n    def refused(self, message):\n{inner}")
    return file


def line_with(folder: Path, part: str) -> str:
    """``mine.py:LINE:`` of the one line that has this part."""
    lines = (folder / "mine.py").read_text().splitlines()
    (number,) = (number for number, line in enumerate(lines, 1) if part in line)
    return f"{folder / 'mine.py'}:{number}: "


@pytest.mark.parametrize("policy", [DISCARD, KEEP, SKIP, RESERVE])
def test_built_in_names_in_any_case(policy: SendPolicy) -> None:
    assert load_policy(policy.name) is policy
    assert load_policy(policy.name.lower()) is policy
    assert load_policy(policy.name.title()) is policy


@pytest.mark.parametrize(
    ("file", "name", "message", "reaction"),
    [
        ("courteous", "Courteous", Unfinished(2, False, Site.BODY, 0), Reaction(0)),
        ("last_part", "LastPart", Unfinished(2, False, Site.BODY, 0), Reaction(1)),
        ("last_part", "LastPart", Unfinished(0, False, Site.BODY, 0), Reaction(0)),
        ("patience", "Patience", Unfinished(2, False, Site.SLOT, 2), Reaction(2, note=3)),
        ("patience", "Patience", Unfinished(2, False, Site.SLOT, 3), Reaction(0)),
    ],
)
def test_examples_answer(file: str, name: str, message: Unfinished, reaction: Reaction) -> None:
    for text in (f"{EXAMPLES / file}.py:{name}", f"{EXAMPLES / file}.py"):
        policy = load_policy(text)
        assert policy.name == file.upper()
        assert policy.refused(message) == reaction
    assert load_policy(f"{EXAMPLES / 'patience'}.py").notes == 3


@pytest.mark.parametrize("file", ["courteous", "last_part", "patience"])
@pytest.mark.parametrize("machine", [bounded, unbounded])
def test_examples_raise_on_no_path_of_the_system(file: str, machine: Callable[[System], Any]) -> None:
    system = System(load_policy(f"{EXAMPLES / file}.py"), Recovery.RESUME, senders=1)
    found = transitions(machine(system))
    assert [transition.error for transition in found if transition.error is not None] == []
    first_usage_error(found)


def test_an_example_is_short_and_knows_no_checker() -> None:
    files = sorted(EXAMPLES.glob("*.py"))
    assert len(files) >= 3
    for file in files:
        text = file.read_text(encoding="utf-8")
        assert 10 <= len(text.splitlines()) <= 30, file
        imported = re.findall(r"^(?:from|import) .*", text, re.M)
        wanted = ("Reaction, SendPolicy, Unfinished", "ReceivePolicy, Stall, Unread")
        assert imported in [[f"from enomem import {names}"] for names in wanted], file


def test_an_instance_may_be_named(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        f"{HEAD}class Mine(SendPolicy):\n    name = 'MINE'\n"
        "    def __init__(self, most):\n        self.most = most\n"
        "    def refused(self, message):\n        return Reaction(min(self.most, message.kept))\n"
        "mine = Mine(2)\n"
    )
    policy = load_policy(f"{file}:mine")
    assert (policy.name, policy.reserves, policy.notes) == ("MINE", False, 0)
    assert policy.refused(Unfinished(5, False, Site.BODY, 0)) == Reaction(2)


def test_a_colon_in_the_path_begins_no_name(tmp_path: Path) -> None:
    folder = tmp_path / "a:b"
    folder.mkdir()
    assert load_policy(str(written(folder, "return Reaction(0)"))).name == "policy"
    assert load_policy(f"{folder / 'mine.py'}:Mine").name == "policy"


def test_one_that_reserves_is_never_asked(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(f"{HEAD}class Mine(SendPolicy):\n    reserves = True\n")
    assert load_policy(f"{file}:Mine").reserves is True


def test_nothing_is_written_beside_the_file(tmp_path: Path) -> None:
    load_policy(str(written(tmp_path, "return Reaction(0)")))
    assert [path.name for path in tmp_path.iterdir()] == ["mine.py"]


@pytest.mark.parametrize(
    ("file", "what", "advice"),
    [
        (
            "import_error",
            "raised ZeroDivisionError: division by zero while it was imported",
            "correct that line",
        ),
        ("wrong_type", "a value of type int instead of a Reaction", "return Reaction(keep=...)"),
        ("missing_refused", "Mine.refused is missing", "write 'def refused(self, message: Unfinished)"),
        ("compares_is", "compares with 'is'", "symbols answer '=='; write '=='"),
        ("mutates_self", "mutates its state: answering changed self.count", "keep in 'note'"),
        ("mutates_global", "mutates its state: answering changed SEEN", "keep in 'note'"),
        ("uses_random", "imports random", "decide from the message's kept, last, site and note alone"),
        ("endless", "does not end: it was stopped after 20000 lines", "bound its loops"),
        (
            "needs_arguments",
            "'Mine' cannot be made without arguments",
            "give them defaults, or write 'mine = Mine",
        ),
        ("out_of_range", "answered keep=-1 where kept=0", "keep must be from 0 to message.kept"),
        ("raises", "raised KeyError: <Site.SLOT: 'slot'> in answer to a message", "correct that line"),
    ],
)
def test_bad_policies(file: str, what: str, advice: str) -> None:
    path = BAD / f"{file}.py"
    said = sentence(f"{path}:Mine")
    assert said.startswith(f"{path}:{marked(path)}: ")
    assert what in said
    assert advice in said


def test_a_syntax_error() -> None:
    path = BAD / "syntax_error.txt"
    assert sentence(f"{path}:Mine") == f"{path}:6: is not Python: expected ':'; correct that line"


def test_every_bad_policy_is_tested() -> None:
    tests = Path(__file__).parent.glob("test_policy_*.py")
    text = "".join(file.read_text(encoding="utf-8") for file in tests)
    assert [file.stem for file in BAD.iterdir() if file.is_file() and f'"{file.stem}' not in text] == []


def test_no_such_file(tmp_path: Path) -> None:
    missing = tmp_path / "none.py"
    said = sentence(f"{missing}:Mine")
    assert f"no file {missing}; name DISCARD, KEEP, SKIP, RESERVE, or a file as PATH:NAME" in said
    assert "did you mean DISCARD" in sentence("discrd")
    assert "no file" in sentence("")
    assert f"no file {tmp_path};" in sentence(str(tmp_path))
    assert "no file" in sentence("x" * 5000)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"x = '\0'", b"(" * 300])
def test_what_is_no_python_text(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "mine.py"
    file.write_bytes(content)
    assert re.match(rf"{re.escape(str(file))}:\d+: is not Python: .*; ", sentence(f"{file}:Mine"))


@pytest.mark.parametrize(
    ("name", "line", "what", "advice"),
    [
        ("Patienc", 4, "defines 'Patience' but no 'Patienc'", "did you mean {}:Patience"),
        ("Elsewhere", 2, "defines 'First' but no 'Elsewhere'", "did you mean {}:First"),
        ("", 4, "defines the policies First and Patience", "name one, as in {}:First"),
        ("Plain", 6, "'Plain' is a class but not a SendPolicy", "write 'class Plain(SendPolicy):'"),
        (
            "number",
            8,
            "'number' is of type int, not a policy",
            "name a subclass of SendPolicy or an instance",
        ),
        ("Reaction", 1, "'Reaction' is a class but not a SendPolicy", "write 'class Reaction(SendPolicy):'"),
    ],
)
def test_names(tmp_path: Path, name: str, line: int, what: str, advice: str) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        f"{HEAD}class First(SendPolicy):\n    pass\nclass Patience(SendPolicy):\n    pass\n"
        "class Plain:\n    pass\nnumber = 3\n"
    )
    said = sentence(f"{file}:{name}" if name else str(file))
    assert said.startswith(f"{file}:{line}: {what}; {advice.format(file)}")


def test_a_file_without_policies(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(HEAD)
    assert sentence(str(file)).startswith(f"{file}:1: defines no policy; write 'class Mine(SendPolicy):'")
    assert sentence(f"{file}:Mine").startswith(f"{file}:1: defines no 'Mine' and no policy; write 'class Mine")


@pytest.mark.parametrize(
    ("body", "what", "advice"),
    [
        ("return Reaction(0 if message.last is not True else 0)", "compares with 'is'", "write '!='"),
        (
            "return (lambda m: Reaction(0 if None is m.kept is 0 else 0))(message)",
            "compares with",
            "write '=='",
        ),
        ("match message.last:\n    case True: return Reaction(0)", "compares with 'is'", "write an 'if'"),
        ("try: return Reaction(0)\nexcept Exception: return Reaction(0)", "catches every", "name the"),
        ("try: return Reaction(0)\nexcept: return Reaction(0)", "catches every exception", "name the exc"),
        ("return Reaction(id(message) - id(message))", "calls id()", "decide from"),
        ("return Reaction(isinstance(message.kept, int) * 0)", "calls isinstance(), but", "compare values"),
    ],
)
def test_what_must_not_stand_in_a_function(tmp_path: Path, body: str, what: str, advice: str) -> None:
    written(tmp_path, body)
    said = sentence(f"{tmp_path / 'mine.py'}:Mine")
    assert said.startswith(line_with(tmp_path, body.splitlines()[-1]) + what)
    assert advice in said


@pytest.mark.parametrize(
    ("top", "what", "advice"),
    [
        ("import sys; sys.exit(1)", "raised SystemExit: 1 while it was imported", "correct that line"),
        ("import no_such_module", "raised ModuleNotFoundError: No module named 'no_such_module'", "correct"),
        ("while True: pass", "does not end: it was stopped after 20000 lines while it was imported", "bound"),
        ("from os import urandom", "imports urandom", "decide from"),
        ("from datetime import datetime", "imports datetime", "decide from"),
        ("import os; SALT = os.urandom(1)", "uses urandom", "decide from"),
        ("import numpy.random", "imports numpy.random", "decide from"),
    ],
)
def test_at_the_top_of_the_file(tmp_path: Path, top: str, what: str, advice: str) -> None:
    written(tmp_path, "return Reaction(0)", top=f"{top}\n")
    said = sentence(f"{tmp_path / 'mine.py'}:Mine")
    assert said.startswith(line_with(tmp_path, top) + what)
    assert advice in said


@pytest.mark.parametrize(
    "body", ["return Reaction(0 if self is None else 0)", "return Reaction(0 * (None is not self))"]
)
def test_is_against_none_is_let_pass(tmp_path: Path, body: str) -> None:
    assert load_policy(str(written(tmp_path, body))).refused(Unfinished(2, True, Site.BODY, 0)) == Reaction(0)
