"""The soak: the machines together, without I/O, for an hour of a clock that is an argument.

``links``: one connection with its sender and its reader, stepped by chance. ``play``: many of them in two pools, and
what is looked at after every step. ``command``: `enomem soak`.
"""
