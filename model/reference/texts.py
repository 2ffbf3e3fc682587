"""Texts and JSON, for whoever sends and receives octets."""

from __future__ import annotations

import json
from typing import Any


class Texts:
    """One part as a text, or as a value in JSON."""

    def send(self, data: Any, flags: int = 0, copy: bool = True, track: bool = False) -> None:
        """Send one part."""
        raise NotImplementedError

    def recv(self, flags: int = 0, copy: bool = True, track: bool = False) -> bytes:
        """Receive one part."""
        raise NotImplementedError

    def send_string(self, text: str, flags: int = 0, encoding: str = "utf-8") -> None:
        """Send a text as one part."""
        self.send(text.encode(encoding), flags)

    def recv_string(self, flags: int = 0, encoding: str = "utf-8") -> str:
        """Receive one part as a text."""
        return self.recv(flags).decode(encoding)

    def send_json(self, value: Any, flags: int = 0) -> None:
        """Send a value as one part of JSON."""
        self.send(json.dumps(value).encode(), flags)

    def recv_json(self, flags: int = 0) -> Any:
        """Receive one part of JSON as a value."""
        return json.loads(self.recv(flags))
