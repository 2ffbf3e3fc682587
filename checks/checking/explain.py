"""`enomem explain`: a rule, property, assumption, policy or recovery, and what checks it."""

from __future__ import annotations

from difflib import get_close_matches

from enomem.model.rules import Rule
from enomem.spec.claims import claims, family_claims, pattern_claims
from enomem.spec.text import Entry, entries

from ..errors import UsageError
from ..judging import firing


def text(identifier: str) -> str:
    """What the specification says of ``identifier``; UsageError if it says nothing."""
    known = {name.upper(): entry for name, entry in entries().items()}
    entry = known.get(identifier.upper())
    if entry is None:
        near = get_close_matches(identifier.upper(), known, 3, 0.5)
        raise UsageError(
            f"the specification does not speak of {identifier!r}"
            + (f"; did you mean {' or '.join(near)}?" if near else "")
        )
    lines = [f"{entry.id}  {entry.title}".rstrip(), "", entry.text.strip(), ""]
    for label, value in (("Source", entry.source), ("Class", entry.kind), ("Machine", entry.machine)):
        if value:
            lines.append(f"{label}: {value}")
    if entry.id.startswith(("SAFE-", "LIVE-")):
        lines.append(f"Assumes: {', '.join(entry.assumes) or 'nothing'}")
    lines.append(f"Text: spec/{entry.file.removeprefix('spec/')}")
    return "\n".join([*lines, *_checked(entry)])


def _checked(entry: Entry) -> list[str]:
    """What checked it, as far as the claims and the engines know."""
    if entry.id.startswith(("SAFE-", "LIVE-")):
        lines = ["", "Claimed, and held to it by `enomem check`:"]
        for (policy, recovery, identifier), verdict in claims().items():
            if identifier == entry.id:
                lines.append(f"  {policy:8} {recovery:8} {verdict}")
        for (of, policy, recovery, identifier), verdict in (*pattern_claims().items(), *family_claims().items()):
            if identifier == entry.id:
                lines.append(f"  {of:8} {policy:8} {recovery:8} {verdict}")
        return lines
    if entry.id.startswith("ASSUME-"):
        from ..families import registry
        from ..senders import plan

        needs = [need for need in plan.needed() if need.assumption == entry.id]
        shown = [
            f"  without it {n.system.policy.name} {n.system.recovery.value} violates {n.identifier}" for n in needs
        ]
        for family in registry.FAMILIES.values():
            own = [need for need in family.needed() if need.assumption == entry.id]
            shown += [f"  without it {need.row.named} violates {need.identifier}" for need in own]
        return ["", "Shown to be needed by `enomem check`:", *shown]
    if entry.kind:
        place = firing.where(Rule(entry.id))
        fails = f"which fails if it never fires in the {place.value}"
        return ["", f"Checked by: `{firing.command(place)}`, {fails}; every trace names it where it fires."]
    option = "receive-policy" if entry.machine.startswith("model/receive_policies.py") else "policy"
    option = "recovery" if entry.id in ("RESTART", "RESUME", "NEXT") else option
    return ["", f"Checked by: `enomem check --{option} {entry.id}`"]
