"""Fuzzing: programs are drawn and explained, a defect is found, shortened, and shown as something that runs."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner
from mutants import PATTERNS, applied
from mutated import Mutated
from seen import made, pair, receives, sends

from enomem.checks.cli import main
from enomem.checks.fuzz import command_fuzz, picture, regression, script
from enomem.checks.fuzz.campaign import Campaign
from enomem.checks.fuzz.known import Known
from enomem.checks.fuzz.play import Deviates, Failure, Play
from enomem.checks.fuzz.shorten import blank, replayed, shortened
from enomem.checks.fuzz.target_script import target_script
from enomem.checks.oracle.events import Do, Event
from enomem.checks.targets.reference import Reference
from enomem.checks.targets.target import Can, Refused, Said, TargetFault, Value
from enomem.model.patterns import pattern as patterns
from enomem.model.patterns import pull
from enomem.model.patterns.turns import Turns
from enomem.model.policies import KEEP
from enomem.model.rules import Rule
from enomem.model.systems.network import Setting

SERVED = f"process:{sys.executable} -m enomem.checks.targets.serve reference-stepped"
KEPT = [
    *pair("PUSH", "PULL")[:-2],
    Event(Do.CONNECT, 1, endpoint="tcp://127.0.0.1:5555"),
    Event(Do.SETTLE),
    Event(Do.REFUSE, name="BODY", count=1),
    *sends(0, "a b+", "ENOMEM"),
    *sends(0, "c"),
    Event(Do.SETTLE),
]
"""A message that gets no memory for its second part, and another one after it."""


class Splices(Reference):
    """It keeps where it is told to discard."""

    def policy(self, name: str) -> None:
        super().policy("KEEP" if name == "DISCARD" else name)


@pytest.fixture
def stepped() -> Iterator[Reference]:
    target = Reference(stepped=True)
    yield target
    target.end()


@pytest.fixture
def splices() -> Iterator[Reference]:
    target = Splices(stepped=True)
    yield target
    target.end()


def fuzz(*arguments: str | Path) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["fuzz", "--quiet", *map(str, arguments)])
    return done.exit_code, done.output


def test_what_is_drawn_is_explained_and_drawn_again_by_its_seed(stepped: Reference) -> None:
    def drawn() -> tuple[int, int, frozenset[int]]:
        campaign = Campaign(stepped, in_turn=True)
        assert campaign.run(12, 3) is None
        return campaign.tally.steps, len(campaign.tally.fired), frozenset(campaign.tally.states)

    steps, rules, states = drawn()
    assert drawn() == (steps, rules, states)
    assert steps > 300
    assert rules > 40


def test_a_program_is_explained_or_deviates(stepped: Reference, splices: Reference) -> None:
    program = [*KEPT, Event(Do.RECEIVE, 1)]
    assert replayed(stepped, Setting(), program) is None
    assert replayed(stepped, Setting(KEEP), program) is None
    failure = replayed(splices, Setting(), program)
    assert failure is not None
    assert failure.what == 's1.recv() -> "a", more, and the model allows "c"'
    assert failure.kind == "receive PULL: another part, not a part"


def test_a_program_is_shortened_to_what_it_needs(splices: Reference) -> None:
    longer = [*KEPT[:3], made(2, "PULL"), Event(Do.BIND, 2, endpoint="tcp://s2"), *KEPT[3:], Event(Do.SETTLE)]
    failure = replayed(splices, Setting(), [*longer, *receives(1, "c")])
    assert failure is not None
    short = shortened(splices, Setting(), failure)
    assert not short.once
    assert [event.do for event in short.events if event.socket == 2] == []
    assert len(short.events) == 11
    assert shortened(splices, Setting(), short).events == short.events


def test_what_does_not_happen_again_is_said_to_have_been_seen_once(stepped: Reference) -> None:
    failure = Failure((*KEPT, Event(Do.RECEIVE, 1, part=b"a")), "it happened", "receive PULL: another part")
    assert shortened(stepped, Setting(), failure).once


def test_memory_that_is_left_over_is_found(stepped: Reference, monkeypatch: pytest.MonkeyPatch) -> None:
    play = Play(stepped, Setting())
    for event in pair("PUSH", "PULL")[:4]:
        play.do(event)
    monkeypatch.setattr(stepped, "memory", lambda: 7)
    with pytest.raises(Deviates, match="7 octets are in use"):
        play.finish()


class Leaks(Reference):
    """Where a part got no memory, what it holds and what its pool says differ from then on."""

    leaked = False

    def send(self, socket: int, part: bytes, more: bool = False, wait: int = 0) -> Said:
        said = super().send(socket, part, more, wait)
        self.leaked = self.leaked or said is Said.NO_MEMORY
        return said

    def reset(self) -> None:
        super().reset()
        self.leaked = False

    def memory(self) -> int:
        if self.leaked:
            raise TargetFault("the pool says 2 octets, the sockets hold 1")
        return super().memory()


def test_memory_that_does_not_add_up_is_seen_again_in_a_shorter_program() -> None:
    target, settled = Leaks(stepped=True), Event(Do.SETTLE)
    refused = [Event(Do.REFUSE, name="BODY"), Event(Do.SEND, 1, part=b"a"), settled]
    failure = Failure((*pair("PULL", "PUSH"), settled, *refused, settled), "it leaks", "memory")
    short = shortened(target, Setting(), failure)
    target.end()
    assert not short.once
    assert short.kind == "memory"
    assert len(short.events) < len(failure.events)


def test_without_means_it_is_not_asked(stepped: Reference) -> None:
    stepped.cans = frozenset({Can.PEERS, Can.DISCONNECT})
    # What is not declared must not be called.
    stepped.refuse = stepped.abort = stepped.memory = None  # type: ignore[assignment, method-assign]
    campaign = Campaign(stepped, in_turn=True, kinds=["PUSH"])
    assert campaign.run(2, 1) is None
    assert campaign.tally.undecided == []
    said = "\n".join(command_fuzz.summary(campaign, stepped))
    assert "not asked: refuse chosen allocations, bound its memory, say how much memory is in use, abort" in said


class Older(Reference):
    """It does not know RCVHWM, and makes no socket that is given it."""

    def create(self, kind: str, options: Mapping[str, Value] | None = None) -> int:
        if "RCVHWM" in (options or {}):
            raise Refused(Said.INVALID)
        return super().create(kind, options)

    def option(self, socket: int, name: str, value: Value) -> Said:
        return Said.INVALID if name == "RCVHWM" else super().option(socket, name, value)


def test_a_second_connection_of_a_pair_is_refused_as_the_model_says(stepped: Reference) -> None:
    second = [made(2, "PAIR"), Event(Do.BIND, 2, endpoint="tcp://s2"), Event(Do.CONNECT, 1, endpoint="tcp://s2")]
    play = Play(stepped, Setting())
    answers = [play.do(blank(event)).answer for event in [*pair("PAIR", "PAIR"), *second, Event(Do.SETTLE)]]
    assert answers[-2] == patterns.way(Rule.PAIR_2).value
    assert Rule.PAIR_2 in play.oracle.fired


def test_an_option_that_a_target_does_not_know_is_not_asked() -> None:
    target = Older(stepped=True)
    program = [made(0, "PULL", RCVHWM=1), made(1, "PUSH", SNDHWM=1)]
    play = Play(target, Setting())
    assert [play.do(blank(event)).options for event in program] == [(), (("SNDHWM", 1),)]
    campaign = Campaign(target, in_turn=True)
    campaign.ended(play, None)
    target.end()
    assert "the option RCVHWM" in "\n".join(command_fuzz.summary(campaign, target))


def test_an_xpub_may_be_shown_the_end_of_a_subscription_after_what_was_sent_before_it(stepped: Reference) -> None:
    program = [
        *[made(0, "XSUB"), Event(Do.SEND, 0, part=b"\1"), Event(Do.BIND, 0, endpoint="tcp://s0"), made(1, "XPUB")],
        *[Event(Do.CONNECT, 1, endpoint="tcp://s0"), Event(Do.SETTLE), *sends(0, "1"), Event(Do.CLOSE, 0)],
        *[Event(Do.SETTLE), *[Event(Do.RECEIVE, 1)] * 3],
    ]
    assert replayed(stepped, Setting(), program) is None


# --- what is shown


def failed(target: Reference) -> Failure:
    failure = replayed(target, Setting(), [*KEPT, Event(Do.RECEIVE, 1)])
    assert failure is not None
    return failure


def run_script(text: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    assert len(text.splitlines()) <= script.LINES
    assert "sleep" not in text
    path = tmp_path / "found.py"
    path.write_text(text)
    return subprocess.run([sys.executable, path], capture_output=True, text=True, timeout=60, check=False)


def test_a_script_runs_by_itself_and_says_whether_it_happens_again(splices: Reference, tmp_path: Path) -> None:
    failure = failed(splices)
    for setting, code in ((Setting(), 0), (Setting(KEEP), 1)):
        text = script.script(failure, setting, "enomem")
        done = run_script(text, tmp_path)
        assert done.returncode == code, done.stderr
        assert "and the model allows (b'c', False)" in done.stdout


ANSWERED = (*pair("PUSH", "PULL", SNDHWM=1), *sends(0, "a b"), Event(Do.SETTLE), *receives(1, "a+"))


@pytest.mark.parametrize(("allowed", "code"), [('"a", more', 0), ('"a"', 1), ("EAGAIN", 1)])
def test_a_script_against_pyzmq_says_whether_it_is_as_the_model_allows(allowed: str, code: int, tmp_path: Path) -> None:
    text = script.script(Failure(ANSWERED, "it is as it should be", "", (allowed,)), Setting(), "zmq")
    done = run_script(text, tmp_path)
    assert done.returncode == code, done.stdout + done.stderr
    assert done.stdout.startswith("got (b'a', True) and the model allows ")


def test_a_script_for_an_adapter_asks_it_as_enomem_does(splices: Reference, tmp_path: Path) -> None:
    done = run_script(target_script(failed(splices), Setting(), SERVED), tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout == "got (b'c', False) and the model allows (b'c', False)\n"


def test_a_regression_test_runs_the_program_again(splices: Reference, tmp_path: Path) -> None:
    text = script.regression(failed(splices), Setting(), "reference-stepped")
    found: dict[str, object] = {}
    exec(compile(text, "found.py", "exec"), found)
    program = found["PROGRAM"]
    assert isinstance(program, str)
    assert regression.explained("reference-stepped", program) is None
    assert regression.explained("reference-stepped", program.replace('"policy": "DISCARD"', '"policy": "KEEP"')) is None


def test_a_diagram_has_every_call(splices: Reference) -> None:
    drawn = picture.diagram(failed(splices))
    assert drawn.startswith("sequenceDiagram\n")
    assert 'p->>s0: send("a", SNDMORE)' in drawn
    assert "s0-->>p: ENOMEM" in drawn
    assert "participant s1 as s1 PULL" in drawn


# --- the command


def test_the_command_says_what_was_reached_and_what_was_not() -> None:
    code, said = fuzz("--examples", "5", "--type", "PUSH", "--policy", "DISCARD")
    assert code == 0
    assert "5 programs" in said
    assert "rules reached: " in said
    assert "never reached: " in said
    assert "not asked" not in said


def test_a_program_that_cannot_be_followed_is_no_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("enomem.model.systems.network_wires.MOST", 2)
    code, said = fuzz("--examples", "20", "--type", "PUSH", "--policy", "DISCARD")
    assert code == 3
    assert ": more may have happened than can be followed" in said
    assert "not decided: program " in said


def test_for_a_time() -> None:
    code, said = fuzz("--time", "0.1s", "--type", "PUSH")
    assert code == 0
    assert "programs" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--target", "pigeon"], "there is no target"),
        (["--time", "soon"], "a time is a number of seconds"),
        (["--time", "1", "--examples", "1"], "cannot be combined"),
        (["--policy", "HOPE"], "there is no send policy 'HOPE'"),
        (["--type", "PIGEON"], "has no two types that may talk: PIGEON"),
        (["--known", "no/such/file"], "cannot be read"),
    ],
)
def test_a_mistake_is_told(arguments: list[str], said: str) -> None:
    code, told = fuzz(*arguments)
    assert code == 2
    assert said in told


def test_what_is_known_is_counted_and_does_not_stop(splices: Reference) -> None:
    found = Campaign(splices, in_turn=True, kinds=["PUSH"], policy="DISCARD").run(40, 1)
    assert found is not None
    again = Campaign(
        splices, in_turn=True, known=[Known(("SEND-7",), (found.kind,), "it splices")], kinds=["PUSH"], policy="DISCARD"
    )
    other = again.run(6, 1)
    assert other is None or other.kind != found.kind
    assert again.tally.programs >= 1


def test_interrupted_says_what_was_done(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Campaign, "run", interrupted)
    code, said = fuzz("--examples", "5")
    assert code == 3
    assert "interrupted after 0 programs" in said


def test_what_was_remembered_without_a_defect_is_forgotten_with_it_and_the_other_way_round() -> None:
    (mutant,) = [one for one in PATTERNS if one.name == "turn stays"]
    for _ in range(2):
        pull._whole.cache_clear()  # type: ignore[attr-defined]  # an lru_cache, which its annotation hides
        pull.offered(Turns(), 0)
        assert pull._whole.cache_info().currsize == 1  # type: ignore[attr-defined]  # as above
        with applied(mutant):
            assert pull._whole.cache_info().currsize == 0  # type: ignore[attr-defined]  # as above
            pull.offered(Turns(), 0)
        assert pull._whole.cache_info().currsize == 0  # type: ignore[attr-defined]  # as above


def test_a_mutant_in_the_target_is_none_in_the_model() -> None:
    (mutant,) = [one for one in PATTERNS if one.name == "turn stays"]
    target = Mutated(mutant)
    program = [
        *[blank(event) for event in [*pair("PUSH", "PULL"), made(2, "PULL")]],
        Event(Do.CONNECT, 2, endpoint="tcp://127.0.0.1:5555"),
        *[event for text in "ab" for event in [Event(Do.SETTLE), *sends(0, text)]],
        Event(Do.SETTLE),
        Event(Do.RECEIVE, 2),
    ]
    failure = replayed(target, Setting(), program)  # type: ignore[arg-type]  # as much of a target as is called
    target.end()
    assert failure is not None
    assert failure.what == 's2.recv() -> EAGAIN, and the model allows "b"'
