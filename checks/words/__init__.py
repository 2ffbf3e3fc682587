"""Traces and verdicts in words, tables and diagrams."""
