"""The fixtures of tests/interop: a peer that breaks the rules is one more peer."""

from interop.fixtures import keep, opened, subject

__all__ = ["keep", "opened", "subject"]
