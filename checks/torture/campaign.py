"""Which allocations are failed, what came of each, and the file in which both are kept, so that a run can go on."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import enomem

from ..errors import UsageError
from . import names
from .judge import Outcome, Verdict
from .stacks import Stack

FORMAT, VERSION = "enomem-torture", 1

Key = tuple[str, str, int]
"""A case: the name of the variant, the stack, the hit."""


@dataclass(frozen=True)
class Subject:
    """What is tortured: the libzmq by its file's hash, and the recovery; or a program by its command line."""

    library: str
    digest: str
    recovery: str
    command: tuple[str, ...] = ()
    version: str = ""

    @classmethod
    def of(cls, file: str, recovery: str, command: Sequence[str] = (), version: str = "") -> Subject:
        """The subject with the libzmq in a file."""
        digest = hashlib.sha256(Path(file).read_bytes()).hexdigest() if Path(file).is_file() else ""
        return cls(Path(file).name, digest, recovery, tuple(command), version)


@dataclass(frozen=True)
class Site:
    """A stack that a variant was seen to allocate with, ``count`` times in the run in which nothing was failed."""

    stack: str
    count: int
    size: int
    place: str
    entered: str
    frames: tuple[str, ...]

    @classmethod
    def of(cls, stack: Stack) -> Site:
        """The stack, with its names."""
        shown = tuple(str(frame) for frame in stack.frames)
        return cls(stack.key, stack.count, stack.size, names.asked(stack), names.entered(stack), shown)


@dataclass(frozen=True)
class Done:
    """A case that was run."""

    variant: str
    stack: str
    hit: int
    outcome: Outcome
    site: str
    detail: str
    seconds: float


@dataclass
class Campaign:
    """Everything that is known: sites by variant, usual disconnections by variant, cases by key."""

    subject: Subject
    sites: dict[str, list[Site]] = field(default_factory=dict)
    usual: dict[str, int] = field(default_factory=dict)
    cases: dict[Key, Done] = field(default_factory=dict)
    seconds: float = 0.0

    def record(self, variant: str, stacks: Sequence[Stack], usual: int) -> None:
        """Remember what a variant allocates; the same stacks in another run are counted once."""
        known = {site.stack: site for site in self.sites.get(variant, [])}
        for stack in stacks:
            known.setdefault(stack.key, Site.of(stack))
        self.sites[variant] = sorted(known.values(), key=lambda site: site.stack)
        self.usual[variant] = max(usual, self.usual.get(variant, 0))

    def wanted(self, variants: Sequence[str], hits: int) -> Iterator[Key]:
        """The cases of these variants, first hits before second ones, those that were run included."""
        for hit in range(1, hits + 1):
            for variant in variants:
                yield from ((variant, site.stack, hit) for site in self.sites.get(variant, []) if site.count >= hit)

    def left(self, variants: Sequence[str], hits: int) -> list[Key]:
        """The cases that were not run yet."""
        return [key for key in self.wanted(variants, hits) if key not in self.cases]

    def done(self, key: Key, verdict: Verdict, seconds: float) -> None:
        """Remember what a case came to."""
        self.cases[key] = Done(*key, verdict.outcome, verdict.site, verdict.detail, seconds)

    # --- the file

    def as_json(self, left: int) -> dict[str, Any]:
        """Everything, as it is documented in ``docs/torture.md``."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "enomem": enomem.__version__,
            "machine": {"python": platform.python_version(), "system": platform.platform()},
            "subject": asdict(self.subject),
            "seconds": round(self.seconds, 1),
            "left": left,
            "variants": [
                {"name": name, "usual": self.usual[name], "sites": [asdict(site) for site in sites]}
                for name, sites in self.sites.items()
            ],
            "cases": [{**asdict(case), "outcome": case.outcome.value} for case in self.cases.values()],
        }

    def write(self, path: Path, left: int) -> None:
        """Write the file; what was there is replaced only by a whole one."""
        beside = path.with_name(path.name + ".part")
        beside.write_text(json.dumps(self.as_json(left), indent=0) + "\n", encoding="utf-8")
        beside.replace(path)


def resumed(path: Path, subject: Subject) -> Campaign:
    """The campaign that a file holds, or a new one if there is none; UsageError if it is of something else."""
    if not path.exists() or not path.stat().st_size:
        return Campaign(subject)
    try:
        return _parsed(json.loads(path.read_text(encoding="utf-8")), path, subject)
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(f"{path} is no result of `enomem torture` that can be continued: {error}") from None


def _parsed(values: Mapping[str, Any], path: Path, subject: Subject) -> Campaign:
    if (values["format"], values["version"]) != (FORMAT, VERSION):
        raise ValueError(f"its format is {values['format']} {values['version']}, not {FORMAT} {VERSION}")
    if values["enomem"] != enomem.__version__:
        raise ValueError(f"enomem {values['enomem']} wrote it, whose scenarios may be others")
    was = Subject(**{**values["subject"], "command": tuple(values["subject"]["command"])})
    if was != subject:
        names = [name for name, value in asdict(subject).items() if asdict(was)[name] != value]
        raise UsageError(f"{path} is of another {' and '.join(names)}: give another file, or remove it")
    found = Campaign(subject, seconds=values["seconds"])
    for variant in values["variants"]:
        sites = [Site(**{**site, "frames": tuple(site["frames"])}) for site in variant["sites"]]
        found.sites[variant["name"]], found.usual[variant["name"]] = sites, variant["usual"]
    for case in values["cases"]:
        done = Done(**{**case, "outcome": Outcome(case["outcome"])})
        found.cases[done.variant, done.stack, done.hit] = done
    return found
