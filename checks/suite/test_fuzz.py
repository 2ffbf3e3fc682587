"""Programs drawn by chance: the model has to explain each call; of those that it does not, the shortest is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..targets.target import Can, Target
from .asking import need
from .plugin import KNOWN, NOT_ASKED


def test_the_model_explains_every_program(
    enomem_target: Target, pytestconfig: pytest.Config, request: pytest.FixtureRequest
) -> None:
    # Who cannot say who is there leaves so much open that nearly everything is explained.
    need(enomem_target, Can.PEERS)
    from ..fuzz.campaign import Campaign
    from ..fuzz.command_fuzz import OURS, summary
    from ..fuzz.known import load
    from ..fuzz.shorten import shortened
    from ..oracle.events import line

    examples: int = pytestconfig.option.enomem_examples
    seed: int = pytestconfig.option.enomem_seed
    file: str | None = pytestconfig.option.enomem_known
    if examples == 0:
        pytest.skip(f"{NOT_ASKED}no program was to be drawn (--enomem-examples 0)")
    expected = load(Path(file)) if file else ()
    campaign = Campaign(enomem_target, enomem_target.name in OURS, expected)
    failure = campaign.run(examples, seed)
    if failure is not None:
        failure = shortened(enomem_target, campaign.found, failure, expected)
        program = "\n".join(f"    {line(event)}" for event in failure.events)
        advice = (
            "it was seen once, and not when the same was done again: that is neither passed nor a deviation"
            if failure.once
            else "if that is as it should be, put the kind into a file for --enomem-known, with a rule and a reason"
        )
        pytest.fail(
            f"{failure.what}\nby: {', '.join(rule.value for rule in failure.rules)}\nkind: {failure.kind}\n"
            f"the shortest program found (seed {seed}):\n{program}\n{advice}",
            pytrace=False,
        )
    said = "\n".join(summary(campaign, enomem_target))
    assert campaign.tally.programs > campaign.tally.broken_off, f"no program was run to its end\n{said}"
    assert not campaign.tally.undecided, f"more may have happened than can be followed\n{said}"
    for known, count in campaign.tally.known.items():
        request.node.user_properties.append((KNOWN, f"met {count} times: {known}"))
