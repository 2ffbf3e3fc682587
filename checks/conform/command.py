"""`enomem conform`: the suite against a target, or against whatever listens at an endpoint."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.progress import track

from ..errors import UsageError
from ..targets import registry
from ..targets.target import TargetFault
from . import baseline as baselines
from . import catalogue, probe, report
from .baseline import Baseline
from .case import Case, Verdict
from .run import Outcome, Subject, older_version, run_case
from .testee import TALKS, BlackBox


@dataclass(frozen=True)
class Asked:
    """What the command line asks for."""

    endpoint: str
    prefixes: tuple[str, ...]
    kind: str | None
    target: str | None
    excluded: tuple[str, ...]
    strict: bool
    seconds: float
    quiet: bool


@dataclass(frozen=True)
class Files:
    """What is read and written."""

    json: Path | None
    junit: Path | None
    baseline: Path | None
    new_baseline: Path | None
    scripts: Path | None


def run(
    *, words: Sequence[str], kind: str | None, target: str | None, excluded: Sequence[str], strict: bool, listing: bool,
    wait: float, quiet: bool, json_file: Path | None, junit: Path | None, baseline: Path | None,
    new_baseline: Path | None, scripts: Path | None,
) -> int:  # fmt: skip
    """Run the suite, print, write; returns the exit code."""
    endpoints = [word for word in words if "://" in word]
    prefixes = tuple(word for word in words if "://" not in word)
    chosen = catalogue.chosen(prefixes, excluded)
    if listing:
        sys.stdout.writelines(f"{line}\n" for line in report.listed(chosen))
        return 0
    if len(endpoints) + (target is not None) != 1:
        raise UsageError("one endpoint with --type, or one --target, is tested")
    asked = Asked("".join(endpoints), prefixes, kind, target, tuple(excluded), strict, wait, quiet)
    known = baselines.load(baseline) if baseline is not None else {}
    files = Files(json_file, junit, baseline, new_baseline, scripts)
    _writable(files)
    subject = _subject(asked)
    try:
        subject = replace(subject, older=older_version(subject))
        return _tested(asked, subject, chosen, known, files)
    finally:
        if subject.target is not None:
            subject.target.end()


def _subject(asked: Asked) -> Subject:
    if asked.endpoint:
        if not asked.endpoint.startswith("tcp://"):
            raise UsageError(f"{asked.endpoint!r}: a black box is tested over TCP: tcp://HOST:PORT")
        if asked.kind is None:
            raise UsageError("of a black box the type of its socket has to be said: --type REP")
        box = BlackBox(asked.endpoint, asked.kind.upper())
        probe.look(box, asked.seconds)
        return Subject(None, box, box.kind, asked.seconds)
    assert asked.target is not None
    if (why := OUT_OF_REACH.get(asked.target)) is not None:
        raise UsageError(f"the target {asked.target} {why}: no peer can speak to it over TCP; take reference")
    try:
        target = registry.by_name(asked.target)
    except TargetFault as fault:
        raise UsageError(f"the target {asked.target} cannot be tested: {fault}") from None
    kind = asked.kind or ("PULL" if "PULL" in target.types else min(target.types))
    if kind not in target.types:
        raise UsageError(f"the target {asked.target} has no sockets of type {kind}: {', '.join(sorted(target.types))}")
    return Subject(target, None, kind, asked.seconds)


def _writable(files: Files) -> None:
    """UsageError for a file whose folder is not there: said at once, and not when all has been asked."""
    for path in (files.json, files.junit, files.new_baseline):
        if path is not None and not path.parent.is_dir():
            raise UsageError(f"{path} cannot be written: there is no folder {path.parent}")


def _tested(asked: Asked, subject: Subject, chosen: Sequence[Case], known: Baseline, files: Files) -> int:
    out = Console(highlight=False, soft_wrap=True, markup=False)
    err = Console(stderr=True)
    outcomes: list[Outcome] = []
    quiet = asked.quiet or not err.is_terminal
    for case in track(chosen, "asking", console=err, transient=True, disable=quiet):
        outcomes.append(run_case(case, subject))
        for line in report.lines(outcomes[-1], known, asked.strict):
            out.print(line)
    news = baselines.differences(outcomes, known, asked.strict)
    code = exit_code(outcomes, news)
    for line in report.lacking(outcomes):
        out.print(line)
    out.print(report.summary(outcomes))
    if files.baseline is not None:
        out.print(f"as {files.baseline} says" if not news else f"differs from {files.baseline}:")
        for line in news:
            out.print(f"  {line}")
    _write(asked, subject, outcomes, known, files, code, news)
    return code


def exit_code(outcomes: Sequence[Outcome], news: Sequence[str]) -> int:
    """1 if anything is not as it should be, or not as the baseline says; 3 if nothing could be asked; else 0."""
    if news:
        return 1
    return 0 if any(outcome.verdict != Verdict.UNSUPPORTED for outcome in outcomes) else 3


def _write(
    asked: Asked, subject: Subject, outcomes: Sequence[Outcome], known: Baseline, files: Files, code: int,
    news: Sequence[str],
) -> None:  # fmt: skip
    name = asked.target or f"{subject.kind} at {asked.endpoint}"
    version = subject.target.version if subject.target is not None else ""
    try:
        if files.json is not None:
            report.write_json(files.json, report.as_json(outcomes, name, version, asked.strict, code))
        if files.junit is not None:
            report.write_junit(files.junit, outcomes, name, asked.strict, news if files.baseline else None)
        if files.new_baseline is not None:
            files.new_baseline.write_text(baselines.text(outcomes, name, version, known), encoding="utf-8")
        if files.scripts is not None:
            report.write_scripts(files.scripts, outcomes)
    except OSError as error:
        raise UsageError(f"{error.filename} cannot be written: {error.strerror}") from None


OUT_OF_REACH = {"model": "has no ports", "reference-stepped": "does nothing between its calls"}
"""Targets that every case would fail for a reason that is none of theirs."""
TYPES = tuple(sorted(TALKS))
"""The types of socket that can be said."""
