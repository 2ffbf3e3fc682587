"""Induction with Z3, and its certificates for other solvers."""
