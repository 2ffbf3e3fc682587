"""Temporary."""

from __future__ import annotations

import errno
from typing import Any
from collections.abc import Mapping

from ..targets.base import Sockets
from ..targets.target import ANYWHERE, Can, Received, Said, Value, Refused

class Thin(Sockets):
    def __init__(self, name: str) -> None:
        import importlib
        self.zmq: Any = importlib.import_module({"reference": "enomem", "pyzmq": "zmq", "pyomq": "pyomq"}[name])
        self.name = name
        self.version = "0"
        self.types = frozenset("PAIR PUB SUB REQ REP DEALER ROUTER PULL PUSH XPUB XSUB".split())
        self.cans = frozenset({Can.REFUSE, Can.LIMIT, Can.MEMORY, Can.ABORT, Can.POLICY, Can.DISCONNECT} if name == "reference" else {Can.DISCONNECT})
        self.context = None
        self.reset()
    def reset(self) -> None:
        self.end()
        self.sockets = []
        self.args: dict[str, Any] = {}
        self.rules: list[list[Any]] = []
        self.context = None
        self.end_()
    def end_(self): pass
    def _ctx(self):
        if self.context is None:
            if self.name == "reference":
                self.context = self.zmq.Context(allocator=self._alloc, **self.args)
            else:
                self.context = self.zmq.Context()
            self.ctxs = getattr(self, "ctxs", []) + [self.context]
        return self.context
    def _alloc(self, site, size):
        for r in self.rules:
            if r[0] == site.name:
                if r[1] > 0: r[1] -= 1
                elif r[2] > 0:
                    r[2] -= 1
                    return False
        return True
    def said(self, e):
        n = getattr(e, "errno", None)
        m = {errno.EAGAIN: Said.AGAIN, errno.ENOMEM: Said.NO_MEMORY, errno.EHOSTUNREACH: Said.UNREACHABLE, 156384763: Said.STATE, errno.ECONNRESET: Said.GONE, errno.EINVAL: Said.INVALID, errno.ENOTSUP: Said.UNSUPPORTED, 156384765: Said.TERMINATED}
        return m[n]
    def call(self, f, *a):
        try: f(*a)
        except OSError as e: return self.said(e)
        except Exception as e:
            if hasattr(e, "errno"): return self.said(e)
            raise
        return Said.OK
    def create(self, kind: str, options: Mapping[str, Value] | None = None) -> int:
        try:
            s = self._ctx().socket(getattr(self.zmq, kind))
        except MemoryError:
            raise Refused(Said.NO_MEMORY)
        s.setsockopt(self.zmq.LINGER, 0); s.setsockopt(self.zmq.RCVTIMEO, 0)
        for k, v in (options or {}).items():
            if not hasattr(self.zmq, k):
                s.close(); raise Refused(Said.INVALID)
            s.setsockopt(getattr(self.zmq, k), v)
        self.sockets.append(s); return len(self.sockets) - 1
    def option(self, socket, name, value): return self.call(self.sockets[socket].setsockopt, getattr(self.zmq, name), value)
    def bind(self, socket, endpoint=ANYWHERE):
        s = self.sockets[socket]; s.bind(endpoint); e = s.getsockopt(self.zmq.LAST_ENDPOINT)
        return e.decode().rstrip("\0") if isinstance(e, bytes) else e
    def connect(self, socket, endpoint): return self.call(self.sockets[socket].connect, endpoint)
    def disconnect(self, socket, endpoint): return self.call(self.sockets[socket].disconnect, endpoint)
    def unbind(self, socket, endpoint): return self.call(self.sockets[socket].unbind, endpoint)
    def send(self, socket, part, more=False, wait=0):
        s = self.sockets[socket]; s.setsockopt(self.zmq.SNDTIMEO, wait)
        return self.call(s.send, part, self.zmq.SNDMORE if more else 0)
    def receive(self, socket, wait=0):
        s = self.sockets[socket]; s.setsockopt(self.zmq.RCVTIMEO, wait)
        try: d = s.recv()
        except Exception as e: return Received(self.said(e))
        return Received(Said.OK, d, bool(s.getsockopt(self.zmq.RCVMORE)))
    def abort(self, socket): return self.call(self.sockets[socket].abort_message)
    def policy(self, name): self.args["send_policy"] = name; self.context = None
    def limit(self, units): self.args["memory_limit"] = units; self.context = None
    def refuse(self, site, after=0, times=1): self.rules.append([site, after, times]) if times else self.rules.clear()
    def memory(self): return sum(c.memory().used for c in self.ctxs)
    def close(self, socket): self.sockets[socket].close(0)
    def end(self):
        for s in getattr(self, "sockets", []): s.close(0)
        for c in getattr(self, "ctxs", []): c.term()
        self.ctxs = []
