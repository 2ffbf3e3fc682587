"""Every seeded defect is found: by the search, with a trace, and by the proof, which no longer succeeds.

The same is asked of each system without its defect, so that neither an engine that finds fault with everything nor
one that proves nothing could pass.
"""

import importlib
from collections import Counter
from functools import cache

import pytest
from mutants import ALL, Mutant, applied

from enomem.checks.proof.induction import Induction
from enomem.checks.search.graph import Graph, Obligation, Starved
from enomem.checks.search.search import Result, Search
from enomem.checks.senders import invariants, properties, sender
from enomem.checks.senders.questions import asked, candidates, obligations
from enomem.checks.symbolic.asked import DEADLOCK, Asked
from enomem.model import system as systems
from enomem.model.system import System

ENOUGH = 25
SAFE = [mutant for mutant in ALL if not mutant.live]
LIVE = [mutant for mutant in ALL if mutant.live]
PROVABLE = [mutant for mutant in SAFE if mutant.loses_proof_of is not None]


def name(mutant: Mutant) -> str:
    return mutant.name.replace(" ", "_")


def searched(system: System) -> Result:
    return Search(sender.bounded(system), asked(system)).run()


def proved(system: System, only: str | None = None) -> dict[str, bool | None]:
    """What induction says of the system with unknown bounds; ``only`` leaves out the other questions of a step.

    Those never support a proof, so leaving them out costs none. State properties may, and always stay in.
    """
    machine = sender.unbounded(system)
    subject = machine.subject
    questions = asked(subject)
    if only is not None:
        steps = {name: check for name, check in questions.steps.items() if name == only}
        questions = Asked(questions.states, steps, questions.pending if only == DEADLOCK else None)
    found = Induction(machine, questions, candidates(subject), lambda: invariants.parameters(subject))
    return found.run().verdicts


def starved(system: System, identifier: str) -> Starved | None:
    return Graph(sender.bounded(system), obligations(system, identifier)).starved()


# Without the defect: once for each system, whatever number of mutants share it.
sound_search, sound_proof, sound_run = cache(searched), cache(proved), cache(starved)


@pytest.mark.parametrize("mutant", SAFE, ids=name)
def test_search_finds_it(mutant: Mutant) -> None:
    """The search replays its trace in the plain model, which has the defect too, or raises."""
    system = mutant.system
    sound = sound_search(system)
    assert sound.complete
    assert mutant.violates not in sound.violations
    with applied(mutant):
        found = searched(system)
    assert mutant.violates in found.violations
    assert len(found.violations[mutant.violates].actions) == found.violations[mutant.violates].depth


@pytest.mark.parametrize("mutant", PROVABLE, ids=name)
def test_proof_is_lost(mutant: Mutant) -> None:
    lost = mutant.loses_proof_of
    assert lost is not None
    assert sound_proof(mutant.system)[lost] is True
    with applied(mutant):
        verdict = proved(mutant.system, lost)[lost]
    # Not None: a solver that gave up would have found nothing.
    assert verdict is False


@pytest.mark.parametrize("mutant", [m for m in SAFE if m.loses_proof_of != m.violates], ids=name)
def test_what_a_proof_cannot_see(mutant: Mutant) -> None:
    """A defect that only a bounded range shows: the proof still holds, and the mutant says why."""
    assert mutant.why
    assert mutant.violates == properties.TOTAL
    with applied(mutant):
        verdicts = proved(mutant.system)
    assert verdicts[mutant.violates] is True
    if mutant.loses_proof_of is None:
        assert verdicts == sound_proof(mutant.system)


@pytest.mark.parametrize("mutant", LIVE, ids=name)
def test_endless_run_is_found(mutant: Mutant) -> None:
    """Liveness has no proofs: it is asked of the graph, and the lasso is walked in the plain model here."""
    system = mutant.system
    assert sound_run(system, mutant.violates) is None
    with applied(mutant):
        found = starved(system, mutant.violates)
        assert found is not None
        asked_for = obligations(system, mutant.violates)
        check_lasso(system, found, next(o for o in asked_for if (o.name, o.owner) == (found.name, found.owner)))


def check_lasso(system: System, found: Starved, obligation: Obligation) -> None:
    """The cycle comes back to where it began, is calm, and leaves the obligation open all the time."""
    state = systems.initial(system)
    for action in found.stem:
        state = taken(system, state, action).state
    begin = state
    assert found.cycle
    for action in found.cycle:
        assert not action.hostile
        assert obligation.open(state)
        step = taken(system, state, action)
        assert not obligation.settles(action, step)
        state = step.state
    assert state == begin


def taken(system: System, state: systems.State, action: systems.Action) -> systems.Step[systems.State]:
    step = systems.step(system, state, action)
    assert step is not None
    assert sender.bounded(system).shape.escape(step.state) is None
    return step


def test_every_property_has_a_mutant() -> None:
    assert {mutant.violates for mutant in ALL} == set(properties.PROPERTIES)
    assert {mutant.violates for mutant in LIVE} == set(properties.LIVENESS)


def test_every_provable_property_loses_its_proof() -> None:
    assert {mutant.loses_proof_of for mutant in PROVABLE} == set(properties.PROPERTIES) - set(properties.LIVENESS)


def test_there_are_enough() -> None:
    assert [name for name, count in Counter(mutant.name for mutant in ALL).items() if count > 1] == []
    assert len([mutant for mutant in PROVABLE if mutant.loses_proof_of == mutant.violates]) >= ENOUGH


@pytest.mark.parametrize("mutant", ALL, ids=name)
def test_the_defect_is_taken_out_again(mutant: Mutant) -> None:
    before = places(mutant)
    with applied(mutant):
        assert places(mutant) == list(mutant.patches.values())
    assert places(mutant) == before
    assert all(old is not new for old, new in zip(before, mutant.patches.values(), strict=True))


def places(mutant: Mutant) -> list[object]:
    """What stands at the places that a mutant patches."""
    split = [place.split(":") for place in mutant.patches]
    return [getattr(importlib.import_module(module), attribute) for module, attribute in split]
