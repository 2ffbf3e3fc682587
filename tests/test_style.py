"""What ruff does not measure: how long a file and a function may be. No file is excepted."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("model", "checks", "spec")
FILE_LINES = 400
FUNCTION_LINES = 60


def files(*folders: str) -> dict[str, str]:
    """The text of each Python file in the folders, by its path from the root."""
    found = (file for folder in folders for file in sorted((ROOT / folder).rglob("*.py")))
    return {file.relative_to(ROOT).as_posix(): file.read_text(encoding="utf-8") for file in found}


def long_functions(text: str, limit: int = FUNCTION_LINES) -> Iterator[str]:
    """Each function of a text that has more lines than the limit, docstring and signature counted."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > limit:
                yield f"{node.name}: {lines} lines"


def test_no_file_is_too_long() -> None:
    lengths = {file: len(text.splitlines()) for file, text in files(*PARTS, "tests").items()}
    assert {file: length for file, length in lengths.items() if length > FILE_LINES} == {}


def test_no_function_is_too_long() -> None:
    found = {file: list(long_functions(text)) for file, text in files(*PARTS).items()}
    assert {file: functions for file, functions in found.items() if functions} == {}


def test_a_long_function_is_found() -> None:
    text = "class C:\n    def short(self):\n        pass\n\n    def long(self):\n        pass\n        pass\n"
    assert list(long_functions(text, limit=2)) == ["long: 3 lines"]
