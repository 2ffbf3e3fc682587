"""`enomem fuzz`: draw programs, hold a target against the model, and show the shortest program that deviates."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.text import Text

from enomem.model.policies import POLICIES
from enomem.model.receive_policies import BOUNDED_WAIT
from enomem.model.rules import Rule
from enomem.model.systems.network import Setting
from enomem.spec import text as spec

from ..errors import UsageError
from ..oracle.events import line
from ..targets.registry import by_name
from ..targets.target import Can, Target
from . import command_exhaustive
from .campaign import Campaign, Tally
from .known import load
from .picture import diagram
from .play import Failure
from .script import regression, script
from .shorten import AGAIN, shortened
from .target_script import target_script

FOLLOWED = ("send", "pipe", "memory", "link", "patterns")
"""The machines that a network of sockets runs all of; rules of others it reaches some, and they are not its matter."""
EXAMPLES: Mapping[str, int] = {"ci": 200, "deep": 5000}
LIKE_PYZMQ: Mapping[str, str] = {"pyzmq": "zmq", "pyomq": "pyomq"}
"""Targets for which a script imports this instead of enomem; for all but these and `OURS` it asks the target."""
NEEDS: Mapping[Can, Callable[[Campaign], bool]] = {
    Can.LIMIT: lambda campaign: campaign.bounds,
    Can.RECEIVE_POLICY: lambda campaign: campaign.starves,
}
"""What is asked only of a target that can do something else as well."""
OURS = ("reference", "reference-stepped", "model")
"""Targets that are held to turns."""


def chosen(options: dict[str, Any], say: Callable[[str], None]) -> int:
    """Fuzz by chance or from the graph, as the options of the command say; the exit code."""
    alone = {name: options.pop(name) for name in ("models", "parts", "jobs", "results")}
    if options.pop("exhaustive"):
        common = {name: options[name] for name in ("target", "quiet")}
        policy = options["policy"] or "DISCARD"
        return command_exhaustive.run(policy=policy, profile_name=options["profile"], say=say, **alone, **common)
    files = {name: options.pop(name) for name in ("script", "pytest", "mermaid")}
    if options["examples"] and options["duration"]:
        raise UsageError("--examples and --time cannot be combined")
    return run(**options, files=files, say=say)


def run(
    target: str, examples: int | None, duration: str | None, seed: int, profile: str, known: Path | None,
    quiet: bool, kinds: Sequence[str], policy: str | None, files: Mapping[str, Path | None],
    say: Callable[[str], None],
) -> int:  # fmt: skip
    """Fuzz a target, and ``say`` what comes of it, line by line; the exit code."""
    if policy is not None and policy not in {one.name for one in POLICIES}:
        raise UsageError(f"there is no send policy {policy!r}; known are {', '.join(one.name for one in POLICIES)}")
    seconds = None if duration is None else seconds_of(duration)
    expected = () if known is None else load(known)
    tested = by_name(target)
    console = Console(stderr=True)
    failure, interrupted = None, False
    try:
        with Live(console=console, transient=True, auto_refresh=False) as live:
            shows = not quiet and console.is_terminal

            def tell(tally: Tally) -> None:
                if shows and tally.programs % 5 == 0:
                    live.update(Text(progress(tally)), refresh=True)

            campaign = Campaign(tested, target in OURS, expected, tell, [kind.upper() for kind in kinds], policy)
            try:
                if seconds is None:
                    failure = campaign.run(examples or EXAMPLES[profile], seed, profile)
                else:
                    failure = campaign.run_for(seconds, seed, profile)
                if failure is not None:
                    failure = shortened(tested, campaign.found, failure, expected)
            except KeyboardInterrupt:
                interrupted = True
        for said in summary(campaign, tested):
            say(said)
        if failure is not None:
            for said in _shown(failure, campaign.found, target, seed, files):
                say(said)
    finally:
        tested.end()
    return _code(failure, interrupted, campaign.tally, say)


def _code(failure: Failure | None, interrupted: bool, tally: Tally, say: Callable[[str], None]) -> int:
    if failure is not None and failure.once:
        say("inconclusive: what was seen once is no deviation that can be shown, and nothing that may be passed over")
        return 3
    if failure is not None:
        return 1
    if interrupted:
        say(f"interrupted after {tally.programs} programs, none of which deviated")
        return 3
    if tally.programs <= tally.broken_off:
        say("no program was run to its end, so nothing is known")
        return 3
    if tally.undecided:
        say("none deviated as far as it was followed, and not all were followed to their ends")
        return 3
    return 0


def seconds_of(duration: str) -> float:
    """How long 90, 30s, 10m or 2h is."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", duration)
    if match is None:
        raise UsageError(f"a time is a number of seconds, or as 30s, 10m, 2h; not {duration!r}")
    return float(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[match[2]]


def progress(tally: Tally) -> str:
    """One line while it goes on."""
    return (
        f"{tally.programs} programs, {tally.steps} steps, {tally.rate:.1f} programs/s, "
        f"{len(tally.states)} states, {len(tally.fired)} of {len(Rule)} rules"
    )


def summary(campaign: Campaign, target: Target) -> list[str]:
    """What was done, what was reached, and what was not."""
    tally = campaign.tally
    entries = spec.entries()
    matter = [rule for rule in Rule if rule.value in entries and _follows(entries[rule.value].machine)]
    missed = [rule.value for rule in matter if rule not in tally.fired]
    version = f" ({target.version})" if target.version else ""
    found = [
        f"{target.name}{version}: {tally.programs} programs, {tally.steps} steps, {len(tally.states)} states of the "
        f"model, {tally.rate:.1f} programs/s",
        f"rules reached: {len(matter) - len(missed)} of {len(matter)} of the machines that are followed "
        f"({', '.join(FOLLOWED)}), {len(tally.fired)} of all {len(Rule)}",
    ]
    if missed:
        found.append(f"never reached: {', '.join(missed)}")
    unasked = [can.value for can in Can if can not in target.cans or (can in NEEDS and not NEEDS[can](campaign))]
    unasked += [f"the option {name}" for name in sorted(tally.unasked)]
    if unasked:
        found.append(f"not asked: {', '.join(unasked)}")
    if tally.broken_off:
        why = "in which somebody tries again and again" + ", or which are named here" * bool(tally.undecided)
        found.append(f"broken off: {tally.broken_off} programs, {why}")
    found += [f"not decided: {what}" for what in tally.undecided]
    found += [f"known deviation met {count} times: {known}" for known, count in tally.known.items()]
    if tally.known:
        found.append(
            f"ended by a known deviation: {tally.known.total()} programs, and what would have come is not known"
        )
    unmet = [known for known in campaign.expected if known not in tally.known]
    if unmet:
        found.append(f"known deviations not met: {'; '.join(', '.join(known.rules) for known in unmet)}")
    return found


def _follows(machine: str) -> bool:
    return machine.removeprefix("model/").startswith(FOLLOWED)


def _shown(
    failure: Failure, setting: Setting, target: str, seed: int, files: Mapping[str, Path | None]
) -> Iterator[str]:
    yield f"\ndeviation: {failure.what}"
    if failure.rules:
        yield f"by: {', '.join(rule.value for rule in failure.rules)}"
    yield f"kind: {failure.kind}"
    if setting.policy.name != "DISCARD":
        yield f"policy: {setting.policy.name}"
    if setting.receive_policy != BOUNDED_WAIT:
        yield f"receive policy: {setting.receive_policy.name}"
    if setting.limit is not None:
        yield f"memory: {setting.limit} octets at most"
    if failure.once:
        yield f"it was seen once, and not when the same was done {AGAIN} times more"
    kept = "the program that was drawn" if failure.once else "the shortest program found"
    yield f"{kept}, {len(failure.events)} calls (seed {seed}):"
    for event in failure.events:
        yield f"    {line(event)}"
    texts = {
        "script": _script(failure, setting, target),
        "pytest": regression(failure, setting, target),
        "mermaid": diagram(failure),
    }
    for name, path in files.items():
        if path is not None:
            write(path, texts[name])
            yield f"{name}: {path}"


def _script(failure: Failure, setting: Setting, target: str) -> str:
    if target in (*OURS, *LIKE_PYZMQ):
        return script(failure, setting, LIKE_PYZMQ.get(target, "enomem"))
    return target_script(failure, setting, target)


def write(path: Path, text: str) -> None:
    """Write a file; UsageError if that cannot be."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from None
