"""The wire: the octets of ZMTP 3.1 to events and back, without I/O.

What a peer sent either is understood or ends in one ``PeerError`` with its rule, however the octets were cut into
pieces on their way; no other exception comes out of here for what a peer sent. Nothing here opens, waits or reads a
clock, and no length that a peer chose is reserved before the shell allowed it. The rules are in ``spec/wire.md``.
"""
