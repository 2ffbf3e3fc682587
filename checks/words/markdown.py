"""Markdown, as the generated documents are made of it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

HEAD = "<!-- Made by `python -m enomem.checks.pictures docs/generated`; do not edit. -->\n\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [list(head), ["---"] * len(head), *map(list, rows)]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


def mermaid(lines: Sequence[str]) -> str:
    """A Mermaid picture as Markdown."""
    return "\n".join(["```mermaid", *lines, "```"]) + "\n"


def write_page(module: str, file: str, make: Callable[[Path], str], arguments: Sequence[str] | None) -> int:
    """The command ``python -m MODULE FOLDER``: write ``file`` there; ``--check``: 1 if it is out of date."""
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description=f"Make {file}.")
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if the page is out of date")
    given = parser.parse_args(arguments)
    made, path = make(given.folder), given.folder / file
    if not given.check:
        path.write_text(made, encoding="utf-8")
        return 0
    if path.exists() and path.read_text(encoding="utf-8") == made:
        return 0
    sys.stdout.write(f"{path} is out of date: python -m {module} {given.folder}\n")
    return 1
