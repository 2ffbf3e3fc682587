"""A policy that answers symbols otherwise than numbers is refused before any engine believes it.

Each of these keeps the parts when one part is queued, which delivers spliced messages, and each was once proved
right, because on symbols it never got there.
"""

from pathlib import Path

import pytest

from enomem.checks.errors import UsageError
from enomem.checks.policies.file import load_policy

HEAD = """from enomem import Reaction, SendPolicy, Unfinished

TABLE = {1: True}


class Mine(SendPolicy):
    def refused(self, message: Unfinished) -> Reaction:
"""


def load(folder: Path, body: str) -> None:
    path = folder / "mine.py"
    path.write_text(HEAD + "".join(f"        {line}\n" for line in body.splitlines()), encoding="utf-8")
    load_policy(f"{path}:Mine")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return Reaction(message.kept if message.kept == 1.0 else 0)", "compares or combines a value with a float"),
        ('return Reaction(message.kept if f"{message.kept}" == "1" else 0)', "turns a value into text"),
        ('return Reaction(1 if getattr(message.kept, "real", 0) == 1 else 0)', "asks a value for its 'real'"),
        (
            "try:\n    keeps = TABLE[message.kept]\nexcept (KeyError, TypeError):\n    keeps = False\n"
            "return Reaction(message.kept if keeps else 0)",
            "as a dictionary key",
        ),
        (
            "match message.kept:\n    case int(k) if k == 1:\n        return Reaction(k)\nreturn Reaction(0)",
            "matches on a class",
        ),
        ("return Reaction(0, skip=message.last == 1.0)", "with a float"),
        (
            "try:\n    half = message.kept / 1\nexcept TypeError:\n    half = 0\nreturn Reaction(int(half == 1))",
            "answers symbols otherwise than numbers (kept 1, last False, note 0)",
        ),
    ],
)
def test_what_symbols_cannot_answer_is_refused(tmp_path: Path, body: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(tmp_path, body)
    assert said in str(caught.value)
    assert str(caught.value).startswith(f"{tmp_path / 'mine.py'}:")


@pytest.mark.parametrize(
    "body",
    [
        "return Reaction(0)",
        "return Reaction(message.kept, note=0)",
        "return Reaction(min(message.kept, 4))",
        "return Reaction(0, skip=not message.last)",
        "return Reaction(message.kept if message.last == 1 else 0)",
        "return Reaction(message.kept - message.kept % 2)",
        "return Reaction(message.kept if 2 <= message.kept < 5 and not message.last else 0)",
    ],
)
def test_what_is_the_same_on_both_is_let_through(tmp_path: Path, body: str) -> None:
    load(tmp_path, body)
