"""The results of a check as files: JSON (documented in ``docs/formats.md``) and JUnit XML."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import enomem

from ..judging.judge import SENDER
from ..judging.matrix import Cell, Verdict

FORMAT, VERSION = "enomem-check", 1


def as_json(cells: Sequence[Cell], exit_code: int, problems: Sequence[str]) -> dict[str, Any]:
    """Everything that a check found."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "enomem": enomem.__version__,
        "exit": exit_code,
        "problems": list(problems),
        "cells": [_cell(cell) for cell in cells],
    }


def _cell(cell: Cell) -> dict[str, Any]:
    return {
        "machine": cell.machine,
        "policy": cell.policy,
        "recovery": cell.recovery,
        "property": cell.identifier,
        "verdict": cell.verdict.value,
        "claimed": cell.claimed,
        "engine": cell.engine,
        "unbounded": list(cell.unbounded),
        "senders": list(cell.senders),
        "bounds": list(cell.bounds),
        "states": cell.states,
        "seconds": round(cell.seconds, 3),
        "trace": cell.trace,
        "assumptions": list(cell.assumptions),
        "reason": cell.reason,
    }


def write_json(path: Path, cells: Sequence[Cell], exit_code: int, problems: Sequence[str]) -> None:
    """Write the JSON report."""
    path.write_text(json.dumps(as_json(cells, exit_code, problems), indent=1) + "\n", encoding="utf-8")


def write_junit(path: Path, cells: Sequence[Cell], problems: Sequence[str]) -> None:
    """Write a JUnit report: a test case a cell, failed if it is not as claimed, in error if it is unknown."""
    suite = ElementTree.Element("testsuite", name="enomem check", tests=str(len(cells) + len(problems)))
    failures = errors = 0
    for cell in cells:
        name = f"{cell.policy}.{cell.recovery}" if cell.machine == SENDER else cell.named.replace(" ", ".")
        case = ElementTree.SubElement(
            suite, "testcase", classname=name, name=cell.identifier, time=f"{cell.seconds:.3f}"
        )
        if cell.verdict == Verdict.UNKNOWN:
            errors += 1
            ElementTree.SubElement(case, "error", message=f"unknown: {cell.reason}")
        elif not _good(cell):
            failures += 1
            ElementTree.SubElement(
                case, "failure", message=f"{cell.verdict.value}, claimed {cell.claimed or 'to hold'}"
            )
    for problem in problems:
        failures += 1
        case = ElementTree.SubElement(suite, "testcase", classname="check", name=problem)
        ElementTree.SubElement(case, "failure", message=problem)
    suite.set("failures", str(failures))
    suite.set("errors", str(errors))
    ElementTree.indent(suite)
    ElementTree.ElementTree(suite).write(path, encoding="utf-8", xml_declaration=True)


def _good(cell: Cell) -> bool:
    return cell.as_claimed if cell.claimed is not None else cell.verdict != Verdict.VIOLATED
