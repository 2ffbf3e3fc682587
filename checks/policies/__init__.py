"""A policy from a user's file: read, guarded, rehearsed."""
