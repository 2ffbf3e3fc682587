"""The reference socket: a shell that moves bytes, watches clocks and holds payloads, and decides nothing.

Every decision about parts, memory, routing and connections is a step of the machines in :mod:`enomem.model`.
"""
