"""Seeded defects of the send side. Each must be found by the search and must cost the proof its property.

Whoever runs the machines in another way (over TCP, say) has the same list: ``with applied(mutant): ...``.
"""

from . import m_application, m_link, m_memory, m_pipe, m_reserve, m_send
from .harness import Mutant, applied

ALL: tuple[Mutant, ...] = (
    *m_memory.MUTANTS,
    *m_pipe.MUTANTS,
    *m_send.MUTANTS,
    *m_reserve.MUTANTS,
    *m_application.MUTANTS,
    *m_link.MUTANTS,
)

__all__ = ["ALL", "Mutant", "applied"]
