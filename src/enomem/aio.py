"""The sockets of :mod:`enomem` for asyncio."""

from enomem.model.reference.aio import Context, Socket

__all__ = ["Context", "Socket"]
