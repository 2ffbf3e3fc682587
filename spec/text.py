"""The reader of the normative text: every numbered entry of ``spec/*.md`` by its identifier.

An entry is a heading of the third level, ``### SEND-3 Last part``, then paragraphs of text, then its lines:
``Source:``, ``Class:``, ``Machine:`` or ``Stated in:``, and ``Assumes:``, each of which may run on over more
than one line of the file. Headings of other levels, and what stands between them and the next entry, are for
readers only. What an entry must have is not decided here; ``tests/test_rules.py`` asks for it.
"""

import re
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType

FILES = (
    *("memory.md", "pipe.md", "send.md", "link.md", "receive.md", "connection.md", "patterns.md", "wire.md"),
    *("policies.md", "properties.md"),
)
"""The order of reading, which is that of ``enomem.model.rules.Rule``; other files follow by name."""

_PACKAGE = "enomem.spec"
_HEADING = re.compile(r"(#+) +(.*\S)")
_IDENTIFIER = re.compile(r"([A-Z]+(?:_[A-Z]+)*(?:-[A-Z]+|-[0-9]+)?)(?: +(.+))?")
_LINE = re.compile(r"(Source|Class|Machine|Stated in|Assumes): *(.*)")


@dataclass(frozen=True)
class Entry:
    """A rule, policy, recovery, property or assumption.

    ``text`` has its paragraphs, separated by an empty line and each on one line. ``kind`` is the class of a
    rule (succeed, fail, oom), else empty. ``machine`` is the file that states it and, but for properties, the
    function or class. ``assumes`` has the identifiers of assumptions. ``file`` is the name within ``spec/``.
    """

    id: str
    title: str
    text: str
    source: str
    kind: str
    machine: str
    assumes: tuple[str, ...]
    file: str


def entries() -> dict[str, Entry]:
    """All entries of the specification by identifier, in the order of ``FILES`` and of each file.

    Raises ValueError, with file and line, for a heading that is no entry's and for an identifier used twice.
    """
    return dict(_all())


def parse(text: str, file: str) -> dict[str, Entry]:
    """The entries of one file's ``text``; ``file`` is its name, for messages and for ``Entry.file``."""
    found: dict[str, Entry] = {}
    for number, heading, body in _sections(text):
        match = _IDENTIFIER.fullmatch(heading)
        if match is None:
            raise ValueError(f"spec/{file}:{number}: '### {heading}' does not begin with an identifier")
        if match[1] in found:
            raise ValueError(f"spec/{file}:{number}: {match[1]} has a heading already")
        found[match[1]] = _entry(match[1], match[2] or "", body, file, number)
    return found


@cache
def _all() -> MappingProxyType[str, Entry]:
    found: dict[str, Entry] = {}
    for name in _names():
        text = resources.files(_PACKAGE).joinpath(name).read_text(encoding="utf-8")
        for identifier, entry in parse(text, name).items():
            if identifier in found:
                raise ValueError(f"spec/{name}: {identifier} has a heading in {found[identifier].file} already")
            found[identifier] = entry
    return MappingProxyType(found)


def _names() -> list[str]:
    there = {item.name for item in resources.files(_PACKAGE).iterdir() if item.name.endswith(".md")}
    return [*(name for name in FILES if name in there), *sorted(there.difference(FILES))]


def _sections(text: str) -> list[tuple[int, str, list[str]]]:
    """Line number, heading and body of each section of the third level."""
    found: list[tuple[int, str, list[str]]] = []
    body: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        heading = _HEADING.fullmatch(line)
        if heading is None:
            body.append(line)
            continue
        body = []
        if heading[1] == "###":
            found.append((number, heading[2], body))
    return found


def _entry(identifier: str, title: str, body: list[str], file: str, number: int) -> Entry:
    """Take the paragraphs of ``body`` apart into text and lines."""
    paragraphs: list[str] = []
    lines: dict[str, str] = {}
    for paragraph in re.split(r"\n\s*\n", "\n".join(body).strip()):
        joined = " ".join(paragraph.split())
        match = _LINE.fullmatch(joined)
        if match is None and lines:
            raise ValueError(f"spec/{file}:{number}: {identifier} has text behind its lines: '{joined[:40]}'")
        if match is None:
            paragraphs.append(joined)
            continue
        if match[1] in lines:
            raise ValueError(f"spec/{file}:{number}: {identifier} has two lines '{match[1]}:'")
        lines[match[1]] = match[2]
    assumed = lines.get("Assumes", "nothing")
    return Entry(
        id=identifier,
        title=title,
        text="\n\n".join(paragraphs),
        source=lines.get("Source", ""),
        kind=lines.get("Class", ""),
        machine=lines.get("Machine", lines.get("Stated in", "")),
        assumes=() if assumed == "nothing" else tuple(re.split(r",\s*", assumed)),
        file=file,
    )
