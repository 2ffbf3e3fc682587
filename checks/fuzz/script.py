"""A failing program as something that runs by itself: a short script, or a regression test for pytest.

What was under way between two calls is waited for as the program did: the reference socket says when nothing is, pyzmq
tells of handshakes by a monitor, and Linux what libzmq's threads do.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from enomem.model.receive_policies import BOUNDED_WAIT
from enomem.model.reference.constants import EFSM
from enomem.model.systems.network import Setting

from ..oracle import call_format
from ..oracle.events import Do, Event
from .play import Failure
from .shorten import blank

LINES = 15
"""A script has no more lines, if that can be; calls that follow each other then share one."""
CALLS = {Do.ABORT: "abort_message", Do.CLOSE: "close", Do.CONNECT: "connect", Do.DISCONNECT: "disconnect"}
ASKED = (Do.SEND, Do.RECEIVE, Do.ABORT, Do.OPTION, Do.CONNECT)
"""Calls whose answer can be the deviation."""
MADE_UP = "an id made up"
SETTLE = (
    "def settle(*monitors, idle=0):  # each tells of a handshake; then libzmq's threads are seen by Linux to wait",
    "    for monitor in monitors: monitor.recv_multipart()",
    "    while idle < 9: [told(one.unbind, '-') for one in made]; idle = 0 if any('running' in"
    " open(f'{task}/syscall').read() for task in glob.glob('/proc/self/task/*')"
    " if 'ZMQ' in open(f'{task}/comm').read()) else idle + 1",
)


def script(failure: Failure, setting: Setting, library: str) -> str:
    """A script against ``library`` (``enomem``, ``zmq``, ``pyomq``); its exit code is 1 if that happens again."""
    writer = Writer(failure, setting, library)
    head = list(writer.head())
    body = [text for event in failure.events[:-1] for text in writer.lines(event)]
    tail = writer.last()
    return "\n".join([*head, *joined(body, LINES - len(head) - len(tail)), *tail, ""])


class Writer:
    """The lines of a script; it knows which connections there are, and so which handshakes are still to be told of."""

    def __init__(self, failure: Failure, setting: Setting, library: str) -> None:
        self.failure, self.setting, self.library = failure, setting, library
        self.settles = any(event.do == Do.SETTLE for event in failure.events)
        self._listens: dict[str, int] = {}
        self._links: list[tuple[int, str]] = []
        self._bound: set[str] = set()
        self._due: Counter[int] = Counter()

    def head(self) -> Iterator[str]:
        """What every script begins with."""
        ours, monitored = self.library == "enomem", self.library == "zmq"
        refuses = any(event.do == Do.REFUSE for event in self.failure.events)
        yield f"import errno, glob, {self.library}" + ("" if monitored else " as zmq")
        if ours:
            yield "from enomem.model.reference.stillness import Stillness"
        if refuses:
            yield "due = {}  # by site: so many are granted before so many are refused"
            yield "def allocator(site, size):"
            yield "    first, times = due.get(site.name, (1, 0)); due[site.name] = (first - 1, times)"
            yield "    return not -times < first <= 0"
        yield "def told(call, *arguments):"
        yield "    try: return call(*arguments) or 'ok'"
        yield "    except zmq.ZMQError as error: return errno.errorcode.get(error.errno, error.errno)"
        if monitored and self.settles:
            yield from SETTLE
        if self.library == "pyomq":
            yield "peers = lambda one, n: any(len(one.connections()) >= n or one.poll(1) < 0 for _ in range(5000))"
        policy = self.setting.policy.name
        chosen = f"send_policy={policy!r}" if ours and policy != "DISCARD" else ""
        reading = self.setting.receive_policy
        reads = f"receive_policy={reading.name!r}" if ours and reading != BOUNDED_WAIT else ""
        limit = "" if self.setting.limit is None else f"memory_limit={self.setting.limit}"
        options = ", ".join(filter(None, (limit, "allocator=allocator" if refuses else "", chosen, reads)))
        yield f"context, made, WAIT, MORE = zmq.Context({options}), [], zmq.DONTWAIT, zmq.DONTWAIT | zmq.SNDMORE"
        if ours:
            yield "still = Stillness(); still.add(context)"

    def lines(self, event: Event) -> Iterator[str]:
        """One call."""
        who = f"s{event.socket}"
        match event.do:
            case Do.CREATE | Do.BIND if event.answer != "ok":
                making = f"context.socket, zmq.{event.name}"
                binding = f"{who}.bind, 'tcp://127.0.0.1:*'"
                yield f"told({making if event.do == Do.CREATE else binding})"
            case Do.CREATE:
                yield self._made(event)
            case Do.BIND:
                if event.endpoint in self._bound and self.library == "zmq" and self.settles:
                    yield "settle()"  # Who listened there before is closed by another thread.
                at = endpoint(event)
                where = at if event.endpoint in self._bound else "'tcp://127.0.0.1:*'"
                yield f"{who}.bind({where}); {at} = {who}.getsockopt(zmq.LAST_ENDPOINT).decode().strip('\\0')"
            case Do.REFUSE:
                yield f"due[{event.name!r}] = {event.count}, {event.times}" if event.times else "due.clear()"
            case Do.SETTLE:
                yield self._settled()
            case Do.PEERS:
                yield from self._peers(event)
            case _:
                if event.do == Do.RECEIVE and event.count:
                    yield f"{who}.setsockopt(zmq.RCVTIMEO, {event.count})"
                yield (
                    f"{who}.{_call(event, self._wait(event))}"
                    if event.answer == "ok"
                    else f"told({_asked(event, self._wait(event))})"
                )
        self._knows(event)

    def _made(self, event: Event) -> str:
        who = f"s{event.socket}"
        options = {"LINGER": 0, "RECONNECT_IVL": 1} | ({} if self.settles else {"RCVTIMEO": 5000}) | dict(event.options)
        made = "".join(f"; {who}.setsockopt(zmq.{name}, {value!r})" for name, value in options.items())
        if self.library == "zmq":
            monitor = f"m{event.socket}"
            made += f"; {monitor} = {who}.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED); {monitor}.RCVTIMEO = 5000"
        return f"{who} = context.socket(zmq.{event.name}); made.append({who}){made}"

    def _settled(self) -> str:
        if self.library == "enomem":
            return "still.settle(5000)"
        monitors = ", ".join(f"m{socket}" for socket in sorted(self._due.elements()))
        self._due.clear()
        return f"settle({monitors})"

    def _peers(self, event: Event) -> Iterator[str]:
        who = f"s{event.socket}"
        if self.library == "enomem":
            yield f"still.until(lambda: still.peers({who}) >= {event.count}, 5000)"
        elif self.library == "pyomq":
            yield f"peers({who}, {event.count})"
        else:
            for _ in range(self._due.pop(event.socket, 0)):
                yield f"m{event.socket}.recv_multipart()"

    def _wait(self, event: Event) -> str:
        """Nothing can be on its way any more where the program settled; elsewhere what must come is waited for."""
        waits = not self.settles and (event.answer == "ok" or event.waited)
        return "0" if waits or (event.do == Do.RECEIVE and event.count) else "WAIT"

    def _knows(self, event: Event) -> None:
        """Keep the books of connections: a new one shakes hands at both ends."""
        before = set(self._up())
        match event.do:
            case Do.BIND if event.answer == "ok":
                self._listens[event.endpoint] = event.socket
                self._bound.add(event.endpoint)
            case Do.CONNECT if event.answer == "ok":
                self._links.append((event.socket, event.endpoint))
            case Do.DISCONNECT:
                self._links.remove((event.socket, event.endpoint))
            case Do.UNBIND:
                self._listens.pop(event.endpoint, None)
            case Do.CLOSE:
                self._links = [one for one in self._links if one[0] != event.socket]
                self._listens = {at: who for at, who in self._listens.items() if who != event.socket}
                self._due.pop(event.socket, None)
        for near, far in set(self._up()) - before:
            self._due.update((near, far))

    def _up(self) -> Iterator[tuple[int, int]]:
        return ((near, self._listens[at]) for near, at in self._links if at in self._listens)

    def last(self) -> list[str]:
        """The call in question, and what the model says of it."""
        event, allowed = self.failure.events[-1], [value(one) for one in self.failure.allowed]
        if event.do == Do.SETTLE and self.library == "zmq" and self._due:
            call, *monitors = re.findall(r"\w+", self._settled())
            asked, allowed = ", ".join([call, *monitors]), ["ok"]
        elif event.do in ASKED:
            asked = _asked(event, "WAIT" if self.settles else "0")
        else:
            return [f"# then: {self.failure.what}"]
        return [
            f"got, allowed = told({asked}), {allowed!r}",
            "print('got', got, 'and the model allows', *allowed)",
            f"raise SystemExit({not_among(allowed)})",
        ]


def not_among(allowed: Sequence[object]) -> str:
    """The expression that is true of a ``got`` that is none of these."""
    if not any(str(one).startswith(MADE_UP) for one in allowed):
        return "got not in allowed"
    return "got not in allowed and not (type(got) is tuple and len(got[0]) == 5 and got[0][0] == 0)"


def _asked(event: Event, wait: str) -> str:
    """What is given to ``told``; of a receive that is the part, and whether more follow."""
    who = f"s{event.socket}"
    if event.do == Do.RECEIVE:
        return f"lambda: ({who}.recv({wait}), bool({who}.getsockopt(zmq.RCVMORE)))"
    name, *arguments = _parts(event)
    return ", ".join([f"{who}.{name}", *arguments])


def _call(event: Event, wait: str) -> str:
    """A call that is answered with ok."""
    name, *arguments = _parts(event)
    arguments = [wait] if event.do == Do.RECEIVE else arguments
    return f"{name}({', '.join(arguments)})"


def _parts(event: Event) -> tuple[str, ...]:
    match event.do:
        case Do.SEND:
            return "send", repr(event.part), "MORE" if event.more else "WAIT"
        case Do.RECEIVE:
            return ("recv",)
        case Do.OPTION:
            return "setsockopt", f"zmq.{event.name}", repr(event.value)
        case Do.CONNECT | Do.DISCONNECT | Do.UNBIND:
            return event.do.value, endpoint(event)
        case _:
            return (CALLS.get(event.do, event.do.value),)


def endpoint(event: Event) -> str:
    """What the endpoint of a call is called in a script, where its port is known when it is bound."""
    return "at_" + re.sub(r"\W", "_", event.endpoint.removeprefix("tcp://"))


def value(answer: str) -> object:
    """An allowed answer as a script compares it: a part and whether more follow, or how a call was answered."""
    part = answer.removesuffix(", more")
    more = part != answer
    if part.startswith('"'):
        return part[1:-1].encode(), more
    if part.startswith("0x"):
        return bytes.fromhex(part[2:]), more
    if answer == "EFSM":
        return EFSM
    return answer


def joined(lines: list[str], room: int) -> list[str]:
    """Lines that share a line with those before them, as evenly as there is need."""
    if len(lines) <= room or room < 1:
        return lines
    each = -(-len(lines) // room)
    return ["; ".join(lines[start : start + each]) for start in range(0, len(lines), each)]


def regression(failure: Failure, setting: Setting, target: str) -> str:
    """A test file for pytest: the program is run again on the target, and must be explained."""
    title = json.dumps(failure.what)
    lines = "\n".join(call_format.encoded(blank(event)) for event in failure.events)
    return f'''"""Found by `enomem fuzz --target {target}`."""

from enomem.checks.fuzz.regression import explained

FOUND = {title}
PROGRAM = r"""
{call_format.header(setting)}
{lines}
"""


def test_the_model_explains_it() -> None:
    assert explained("{target}", PROGRAM) is None, FOUND
'''
