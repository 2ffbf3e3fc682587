"""What was done in a case, as a program that does it again: standard library for the peers, calls as in pyzmq."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

LIBRARIES = {"pyzmq": "import zmq", "pyomq": "import pyomq as zmq", "reference": "import enomem as zmq"}
LEAST = 24
"""Octets from which on a run of one octet is written as a product."""

DIAL = '''
def dial(endpoint):
    """A connection to where the testee has bound."""
    host, _, port = (endpoint if isinstance(endpoint, str) else endpoint.decode()).rpartition(":")
    peer = socket.create_connection((host.removeprefix("tcp://"), int(port)), 5)
    return peer
'''
HEAR = '''
def hear(peer, count):
    """So many octets of the testee, fewer if it ends the connection or is silent for five seconds."""
    data = b""
    peer.settimeout(5)
    try:
        while len(data) < count and (more := peer.recv(count - len(data))):
            data += more
    except OSError as error:
        print("  ", error)
    print(len(data), "octets", data[:60])
'''
TELL = '''
def tell(peer, data):
    """Send octets, unless the testee has ended the connection, or reads no more."""
    try:
        peer.sendall(data)
    except OSError as error:
        print("  ", error)
'''
# A program of a deviation shows whatever the library raises, so it catches all of it and prints it.
TRY = '''
def said(call, *arguments):
    """Call it, and print what it returns or raises."""
    try:
        print(call.__name__, call(*arguments))
    except Exception as error:
        print(call.__name__, repr(error))
'''


def literal(data: bytes) -> str:
    """Octets as Python writes them, a long run of one octet or of one short piece as a product."""
    if len(data) > LEAST:
        for size in range(2, LEAST):
            unit, times = data[:size], len(data) // size
            if times > 8 and len(set(unit)) > 1 and data.startswith(unit, size) and data == unit * times:
                return f"{unit!r} * {times}"
        for start in range(min(len(data), 128)):
            if data[start:] == data[start : start + 1] * (len(data) - start) and len(data) - start > LEAST:
                run = f"{data[start : start + 1]!r} * {len(data) - start}"
                return f"{literal(data[:start])} + {run}" if start else run
    if len(data) > 1 and sum(32 <= octet < 127 for octet in data) * 2 < len(data):
        return f'bytes.fromhex("{data.hex()}")'
    return repr(data)


TOOLS = (("dial(", DIAL), ("hear(", HEAR), ("tell(", TELL), ("said(", TRY))


def before(library: str) -> str:
    """What the steps of any case stand behind, where the testee is this library."""
    head = ["import socket", "import time", "", LIBRARIES[library], "", "context = zmq.Context()", ""]
    return "\n".join(head) + "\n".join(tool for _, tool in TOOLS)


@dataclass
class Transcript:
    """The lines of one case, in order; ``library`` is the target's name, ``endpoint`` that of a black box."""

    library: str
    endpoint: str = ""
    lines: list[str] = field(default_factory=list)
    sockets: int = 0

    def add(self, code: str, comment: str = "") -> None:
        """Add a line."""
        if len(comment) > 90:
            comment = comment[:90] + "..."
        self.lines.append(f"{code}  # {comment}" if comment else code)

    def again(self, code: str) -> None:
        """Add a line, unless it is the last already: what is done until something comes is done once in a program."""
        if self.lines[-1:] != [code]:
            self.lines.append(code)

    def made(self, name: str, kind: str, options: Mapping[str, int | bytes]) -> None:
        """A socket was made."""
        self.sockets += 1
        self.add(f"{name} = context.socket(zmq.{kind})")
        for option, value in options.items():
            self.add(f"{name}.setsockopt(zmq.{option}, {value!r})")

    def script(self) -> str:
        """The whole program."""
        text = "\n".join(self.lines)
        head = ["import socket", *((text.count("time.") and ["import time"]) or [])]
        if self.sockets:
            known = LIBRARIES.get(self.library)
            head += ["", known or f"import zmq  # the calls as pyzmq names them; made with {self.library}"]
            head += ["", "context = zmq.Context()"]
        tools = [tool for name, tool in TOOLS if name in text]
        end = ["context.destroy(linger=0)"] if self.sockets else []
        return "\n".join([*head, *tools, "", text, *end]) + "\n"
