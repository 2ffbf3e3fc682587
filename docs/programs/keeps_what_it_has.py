"""A target with a defect, for `enomem fuzz`: told to discard a message that gets no memory, it keeps what it has.

It is what libzmq does by accident: what was sent before ENOMEM stays, and becomes the beginning of the next message.
"""

from enomem.checks.targets.reference import Reference
from enomem.checks.targets.serve import serve_process


class KeepsWhatItHas(Reference):
    """The reference socket, stepped, with KEEP where DISCARD was asked for."""

    def policy(self, name: str) -> None:
        """Choose a send policy, or another."""
        super().policy("KEEP" if name == "DISCARD" else name)


serve_process(KeepsWhatItHas(stepped=True))
