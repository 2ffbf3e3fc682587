"""A socket without sockets, which drives the machines by hand and records it; and what a replay makes of the file."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from enomem.checks.policies.file import load_policy
from enomem.checks.runs import replay as run_replay
from enomem.checks.runs.format import lines
from enomem.checks.runs.replay import Replayed
from enomem.model import link
from enomem.model import send as sends
from enomem.model.memory import Pool, Site
from enomem.model.patterns import fan_out
from enomem.model.patterns.push import Push
from enomem.model.pipe import Pipe
from enomem.model.policies import DISCARD, SendPolicy
from enomem.model.receive import Inbox
from enomem.model.reference.record import Recorder, Steps
from enomem.model.send import Answer, Phase, Send, Sizes

SIZES = Sizes(3, 5, 2)


class Hand:
    """A socket without sockets: it drives the machines by hand, and records."""

    def __init__(self, path: Path, policy: SendPolicy = DISCARD, limit: int = 100) -> None:
        self.recorder = Recorder(path, policy, Pool(limit, 0))
        self.steps = Steps(self.recorder)
        self.policy = policy
        self.pool, self.send, self.pipe, self.inbox = Pool(limit, 0), Send(), Pipe(), Inbox()
        self.own = Send()
        self.pattern = Push()
        self.state = self.pattern.initial()
        self.steps.begin("push1", "socket")
        self.steps.begin("push1.1", "session")
        self.state = self.steps(self.pattern, "attached", "push1", self.state, 0).state

    def choose(self, free: bool = True) -> None:
        begin = self.steps(self.pattern, "begin", "push1", self.state, 1, lambda _: free, None, False)
        self.state = begin.state

    def part(self, last: bool, refuse: Site | None = None, hwm: int = 10) -> Answer:
        sent = self.steps(
            sends, "send_part", "push1.1", self.policy, SIZES, self.pool, self.send, self.pipe, hwm, last, refuse
        )
        self.pool, self.send, self.pipe = sent.pool, sent.send, sent.pipe
        if sent.committed or sent.send.phase == Phase.IDLE:
            self.state = self.steps(self.pattern, "committed" if sent.committed else "dropped", "push1", self.state)
        answer: Answer = sent.answer
        return answer

    def copy(self, last: bool) -> None:
        sent = self.steps(fan_out, "copy", "push1.1", SIZES, self.pool, self.own, self.pipe, 10, last, None)
        self.pool, self.own, self.pipe = sent.pool, sent.send, sent.pipe

    def message(self, parts: int = 2) -> None:
        self.choose()
        for number in range(1, parts + 1):
            self.part(number == parts)

    def leaves(self, parts: int = 2) -> None:
        self.pipe, self.pool = self.steps(link, "begin", "push1.1", SIZES, self.pool, self.pipe, parts, 1)
        self.pool = self.steps(link, "written", "tcp://peer", self.pool, 3 * parts)

    def end(self) -> None:
        gone = self.steps(sends, "peer_gone", "push1.1:own", SIZES, self.pool, self.own, self.pipe)
        self.pool, self.pipe = gone.pool, gone.pipe
        self.state = self.steps(self.pattern, "detached", "push1", self.state, 0)
        self.steps.end("push1.1")
        self.steps.end("push1")
        self.recorder.close()


def replayed(path: Path) -> Replayed:
    return run_replay.replay(lines(path), load_policy)


def found(path: Path) -> list[str]:
    return replayed(path).differences


def edited(path: Path, number: int, edit: Callable[[Any], Any]) -> None:
    """Change one line of a file, counted from 1."""
    texts = path.read_text().splitlines()
    data = json.loads(texts[number - 1])
    changed = edit(data)
    texts[number - 1] = json.dumps(data if changed is None else changed)
    path.write_text("".join(f"{text}\n" for text in texts))


def line_of(path: Path, step: str, nth: int = 0) -> int:
    numbers = [n for n, text in enumerate(path.read_text().splitlines(), 1) if json.loads(text).get("step") == step]
    return numbers[nth]
