"""Broken implementations: the reference socket with one defect each, and the conformance cases that must see it."""
