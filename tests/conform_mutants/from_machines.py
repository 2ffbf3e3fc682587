"""The defects of ``tests/mutants`` in the send machine, the pipe and the pool, and the cases that see them over TCP."""

from collections.abc import Iterator, Mapping

from mutants import m_memory, m_pipe, m_reserve, m_send

from .mutant import Mutant

SEEN: Mapping[str, tuple[str, ...]] = {
    "commits on SNDMORE": ("push/1/1", "send/12/1"),
    "never commits": ("push/1/1",),
    "ok though refused": ("send/5/1", "send/5/2"),
    "ok though the last was refused": ("send/5/3", "send/5/4", "send/5/5", "send/5/6", "mem/2/2", "pub/5/1"),
    "ENOMEM said as EAGAIN": ("send/5/1",),
    "dropped parts not given back": ("send/5/8",),
    "phase stays after ENOMEM": ("router/6/2", "req/4/2", "rep/7/1"),
    "HWM between parts": ("send/2/2", "send/4/2", "send/2/1", "pub/2/2"),
    "full is no memory": ("send/4/1",),
    "swallows one too few": ("send/7/1", "pub/3/1"),
    "swallows one too many": ("send/7/1",),
    "abort keeps the tail": ("send/11/1", "send/10/1", "router/6/1"),
    "abort gives back twice": ("send/11/3",),
    "goes on with a new peer": ("send/12/5",),
    "rest swallowed after the peer": ("send/12/5",),
    "charged though refused": ("send/5/8", "mem/2/1"),
    "a unit leaks": ("mem/4/1",),
    "a unit too many": ("mem/4/1",),
    "nothing given back": ("mem/4/1",),
    "look-ahead not charged": ("send/5/7",),
    "rollback forgotten": ("send/5/8", "send/11/3"),
    "rolls back one too many": ("send/6/1",),
    "commit forgotten": ("send/4/1",),
    "never full": ("pipe/6/1", "send/4/1"),
    "reservation not used": ("send/13/1",),
    "reserves one part short": ("send/13/1",),
}


def _mutants() -> Iterator[Mutant]:
    known = {mutant.name: mutant for file in (m_memory, m_pipe, m_reserve, m_send) for mutant in file.MUTANTS}
    for name, seen in SEEN.items():
        of_the_machine = known[name]
        patches = {
            place.removeprefix("enomem.model.").replace(":", "."): defect
            for place, defect in of_the_machine.patches.items()
        }
        yield Mutant(name, of_the_machine.what, patches, seen)


MUTANTS = tuple(_mutants())
