"""The deviations of libzmq that are known: each is shown by its program, by no other entry, and explained as it is."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from enomem.checks.errors import UsageError
from enomem.checks.fuzz import known
from enomem.checks.fuzz.campaign import Campaign
from enomem.checks.fuzz.command_fuzz import summary
from enomem.checks.fuzz.known import Known, explaining
from enomem.checks.fuzz.play import Failure
from enomem.checks.fuzz.script import LINES, script
from enomem.checks.fuzz.shorten import replayed
from enomem.checks.oracle import call_format
from enomem.checks.oracle.events import Do, Event
from enomem.checks.targets import stillness
from enomem.checks.targets.registry import by_name
from enomem.checks.targets.target import Target

LIBZMQ = known.load(Path("pyzmq"))


@pytest.fixture(scope="module")
def zmq() -> Iterator[Target]:
    pytest.importorskip("zmq")
    if not stillness.told():
        pytest.skip("this system does not tell what threads wait for")
    # In a process of its own, which one of the deviations ends.
    target = by_name("pyzmq")
    yield target
    target.end()


@pytest.mark.parametrize("entry", LIBZMQ, ids=lambda entry: ", ".join(entry.rules))
def test_each_entry_is_needed(entry: Known, zmq: Target) -> None:
    setting, program = call_format.loads(entry.program)
    failure = replayed(zmq, setting, list(program))
    assert failure is not None, "libzmq does as the model: the entry can go"
    assert explaining([one for one in LIBZMQ if one is not entry], failure) is None, "another entry explains it"
    assert entry.explains(failure), failure.kind


@pytest.mark.parametrize("number", range(4))
def test_a_script_against_libzmq_shows_it_too(number: int, zmq: Target, tmp_path: Path) -> None:
    setting, program = call_format.loads(LIBZMQ[number].program)
    failure = replayed(zmq, setting, list(program))
    assert failure is not None
    text = script(failure, setting, "zmq")
    assert len(text.splitlines()) <= LINES
    path = tmp_path / "found.py"
    path.write_text(text)
    done = subprocess.run([sys.executable, path], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stdout.startswith("got ")


SENT = Event(Do.SEND, 0, part=b"1", more=True)
FAILURE = Failure((SENT, Event(Do.DISCONNECT, 1, endpoint="tcp://s0"), SENT), "", "send PUSH: ok, not ECONNRESET")


@pytest.mark.parametrize(
    ("kind", "after", "explains"),
    [
        ("send PUSH: ok, not ECONNRESET", (), True),
        (r"send \w+: ok, not ECONNRESET", (), True),
        ("send PUSH: ok", (), False),
        ("send PUSH: ok, not ECONNRESET", (r"^s1\.disconnect",), True),
        ("send PUSH: ok, not ECONNRESET", (r"^{it}\.disconnect",), False),
        ("send PUSH: ok, not ECONNRESET", (r"^{it}\.send\(.*\n.*disconnect", "SNDMORE"), True),
        ("send PUSH: ok, not ECONNRESET", ("SNDMORE", r"\.close\("), False),
    ],
)
def test_an_entry_explains_its_kind_after_what_it_names(kind: str, after: tuple[str, ...], explains: bool) -> None:
    assert Known(("SEND-12",), (kind,), "a reason", after).explains(FAILURE) is explains


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[deviation]", "is not TOML"),
        ("deviations = 1", "tables"),
        ('[[deviation]]\nkinds = ["a"]\nrules = ["SEND-12"]', "deviation 1: why it is expected is missing"),
        ('[[deviation]]\nkinds = ["a"]\nreason = "b"', "it needs the kinds"),
        ('[[deviation]]\nkinds = ["a"]\nrules = ["SEND-99"]\nreason = "b"', "there is no rule 'SEND-99'"),
        ('[[deviation]]\nkinds = ["("]\nrules = ["SEND-12"]\nreason = "b"', "'(' is no regular expression"),
        ('[[deviation]]\nkinds = "a"\nreason = "b"', "its kinds are a list of texts"),
        ('[[deviation]]\nwhy = "a"', "a known deviation has no why"),
    ],
)
def test_a_mistake_in_a_file_is_told(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "known.toml"
    path.write_text(text)
    with pytest.raises(UsageError) as error:
        known.load(path)
    assert said in str(error.value)


def test_what_is_known_is_counted_and_never_called_passed(zmq: Target) -> None:
    entry = Known(("SEND-12",), ("send .*", "receive .*", "fault .*"), "libzmq is as it is")
    never = Known(("SEND-1",), ("nothing",), "it does not happen")
    campaign = Campaign(zmq, in_turn=False, known=(entry, never), kinds=["PUSH"])
    for seed in range(20):
        assert campaign.run(10, seed) is None
        if campaign.tally.known:
            break
    assert campaign.tally.known[entry] > 0
    said = summary(campaign, zmq)
    assert f"known deviation met {campaign.tally.known[entry]} times: SEND-12: libzmq is as it is" in said
    assert "known deviations not met: SEND-1" in said
    assert any(one.startswith(f"ended by a known deviation: {campaign.tally.known.total()} programs") for one in said)
