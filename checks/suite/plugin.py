"""The pytest plugin: ``--enomem-target NAME`` says what is tested, and the fixture ``enomem_target`` is that.

In a run that asks for neither it does nothing, and nothing is imported for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ..targets.target import Target

OPTION, INI = "enomem_target", "enomem_target"
NOT_ASKED = "not asked: "
KNOWN = "known deviation"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option, and the same in the ini-file."""
    help_text = "what enomem tests: a name, process:CMD for an adapter, or python:MODULE:CALL for a class of yours"
    parser.getgroup("enomem").addoption("--enomem-target", dest=OPTION, metavar="TARGET", help=help_text)
    parser.addini(INI, help_text)
    fuzzing = parser.getgroup("enomem")
    fuzzing.addoption(
        "--enomem-examples", type=int, default=20, metavar="N", help="draw so many programs (20; 0: none)"
    )
    fuzzing.addoption("--enomem-seed", type=int, default=1, metavar="S", help="draw them by this seed (1)")
    fuzzing.addoption("--enomem-known", metavar="FILE", help="deviations that are known, or a name as pyzmq")
    record = "write each test's run there, as enomem validate reads it"
    parser.getgroup("enomem").addoption("--enomem-record", metavar="FOLDER", help=record)


def chosen(config: pytest.Config) -> str:
    """What is to be tested; nothing if nothing was named."""
    return str(config.getoption(OPTION) or config.getini(INI) or "")


@pytest.fixture(scope="session")
def enomem_target_of_session(request: pytest.FixtureRequest) -> Iterator[Target]:
    """The target, made once: a process takes its time to start."""
    from ..errors import UsageError
    from ..targets.registry import by_name
    from ..targets.target import TargetFault

    folder = request.config.getoption("--enomem-record")

    name = chosen(request.config)
    if not name:
        raise pytest.UsageError("say what enomem is to test: --enomem-target NAME, or enomem_target in the ini-file")
    try:
        target = by_name(name)
        if folder:
            from ..oracle.recording import Recording

            target = Recording(target, Path(folder))
    except (UsageError, TargetFault) as error:
        raise pytest.UsageError(str(error)) from None
    yield target
    target.end()


@pytest.fixture
def enomem_target(enomem_target_of_session: Target) -> Iterator[Target]:
    """The sockets under test, without any socket yet; see `enomem.checks.targets.target.Target`."""
    enomem_target_of_session.reset()
    yield enomem_target_of_session
    enomem_target_of_session.reset()


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say what was not asked, and what is known to deviate, so that nobody takes it for passed."""
    if not chosen(config):
        return
    skipped = [str(report.longrepr[2]) for report in terminalreporter.getreports("skipped")]
    reasons = sorted({text.partition(NOT_ASKED)[2] for text in skipped if NOT_ASKED in text})
    if reasons:
        terminalreporter.section("enomem: not asked")
        for reason in reasons:
            terminalreporter.write_line(reason)
    told = [value for report in terminalreporter.getreports("passed") for value in report.user_properties]
    deviations = [str(value) for name, value in told if name == KNOWN]
    if deviations:
        terminalreporter.section("enomem: known deviations")
        for deviation in deviations:
            terminalreporter.write_line(deviation)
