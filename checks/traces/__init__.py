"""Traces of the sender as data, and as files."""
