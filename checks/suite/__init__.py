"""Tests of any target, for pytest: ``pytest --pyargs enomem.checks.suite --enomem-target NAME``.

They ask only for what a target declares; what it does not is skipped as "not asked", and never passes.
"""
