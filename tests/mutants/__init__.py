"""Seeded defects of the machines. Each must be found by the search and must cost the proof its property.

Whoever runs the machines in another way (over TCP, say) has the same list: ``with applied(mutant): ...``.
"""

from . import m_application, m_connection, m_link, m_memory, m_patterns, m_pipe, m_receive, m_reserve, m_send, m_tables
from .harness import FamilyMutant, Mutant, PatternMutant, applied

ALL: tuple[Mutant, ...] = (
    *m_memory.MUTANTS,
    *m_pipe.MUTANTS,
    *m_send.MUTANTS,
    *m_reserve.MUTANTS,
    *m_application.MUTANTS,
    *m_link.MUTANTS,
)

PATTERNS: tuple[PatternMutant, ...] = m_patterns.MUTANTS
"""Defects of types of sockets, found in the closed systems of patterns."""

FAMILIES: tuple[FamilyMutant, ...] = (*m_receive.MUTANTS, *m_connection.MUTANTS)
"""Defects of machines that have a family of rows, found in the closed systems of their rows."""

TABLES: tuple[PatternMutant, ...] = m_tables.MUTANTS
"""Defects of tables of topics; the rule that each breaks stands where others have a property."""

__all__ = ["ALL", "FAMILIES", "PATTERNS", "TABLES", "FamilyMutant", "Mutant", "PatternMutant", "applied"]
