"""Markdown, as the generated documents are made of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

HEAD = "<!-- Made by `python -m enomem.checks.pictures docs/generated`; do not edit. -->\n\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [list(head), ["---"] * len(head), *map(list, rows)]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


def mermaid(lines: Sequence[str]) -> str:
    """A Mermaid picture as Markdown."""
    return "\n".join(["```mermaid", *lines, "```"]) + "\n"
