"""Hypothesis profiles for the whole test suite: ENOMEM_HYPOTHESIS is ``ci`` (the default) or ``deep``.

``ci`` draws the same examples each time, so that a red run is red for everyone, and keeps no database for the
same reason. ``deep`` draws new ones each time and remembers the failing.
"""

import os
import signal

from hypothesis import HealthCheck, settings

# A shell that starts something in the background has it ignore Ctrl-C, and so would every process that a test starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# What this run was told on its way is not for those that tests start.
os.environ.pop("PYTEST_ADDOPTS", None)

settings.register_profile(
    "ci",
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=100,
    stateful_step_count=50,
    print_blob=False,
)
settings.register_profile(
    "deep",
    deadline=None,
    max_examples=5_000,
    stateful_step_count=120,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("ENOMEM_HYPOTHESIS", "ci"))
