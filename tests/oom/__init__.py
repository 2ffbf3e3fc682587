"""Memory refused by force: every allocation of a scenario over TCP, then every window of them, then all from one on.

``environment`` refuses, ``stage`` holds what happens against what the spec allows, ``audit`` weighs what lies in the
queues, ``scenarios`` are the plays, ``sweep`` tries all refusals of one, ``defects`` are seeded faults that the sweeps
must find. ``python -m tests.oom.deep`` is the long run. ``interpreter.py`` is the second layer: real failures of the
interpreter's own allocator.
"""
