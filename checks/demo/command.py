"""`enomem demo`: the same program with pyzmq and with the reference socket, and what became of its messages."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import enomem

from ..errors import UsageError
from ..terminal import console
from .story import Story, as_mermaid, as_text, shown, told

PATIENCE = 30.0
"""Seconds for one run; it takes about one."""

EXPECTED = {"zmq": (("A1", "B1", "B2"),), "enomem": (("B1", "B2"),)}
"""What each receives, as far as this project knows: it is what the demonstration is to show, and is compared with."""

TITLES = {"zmq": "pyzmq, with libzmq {}", "enomem": "the reference socket of enomem {}"}


def play(library: str) -> Story:
    """Run the program in a process of its own; what it told until it ended, however it did."""
    path = os.pathsep.join(filter(None, (str(Path(enomem.__file__).parents[1]), os.environ.get("PYTHONPATH"))))
    child = subprocess.Popen(
        [sys.executable, "-m", "enomem.checks.demo.child", library], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip
    try:
        output, said = child.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        child.kill()
        output, said = child.communicate()
        said += f"not done within {PATIENCE:g} s"
    if child.returncode != 0:
        # What it told before is shown; why it ended is its own last word.
        sys.stderr.write("".join(f"with {library}: {line}\n" for line in said.splitlines()[-1:]))
    return told(json.loads(line) for line in output.splitlines())


def differs(story: Story, library: str) -> str:
    """What is not as expected of a library, or nothing."""
    if story.library != library:
        return f"with {library} nothing was told"
    if story.received == EXPECTED[library]:
        return ""
    said = ", ".join(map(shown, story.received)) or "nothing"
    return f"with {library} {said} was received, and not {', '.join(map(shown, EXPECTED[library]))}"


def words(story: Story) -> list[str]:
    """The end of it, in words."""
    given_up = ", ".join(shown(message) for message in story.begun if message not in story.accepted) or "nothing"
    lines = [
        f"sent whole: {', '.join(map(shown, story.accepted)) or 'nothing'}; given up at ENOMEM: {given_up}",
        f"received:   {', '.join(map(shown, story.received)) or 'nothing'}",
    ]
    return lines + [f"            {shown(message)} is a message that nobody sent" for message in story.unsent]


def page(stories: Sequence[Story], fmt: str) -> str:
    """All runs, each with its picture and its end."""
    blocks = []
    for story in stories:
        title = TITLES.get(story.library, "{}").format(story.version)
        bound = f"{story.limit >> 20} MiB left" if story.library == "zmq" else f"a pool of {story.limit >> 20} MiB"
        head = f"{title}, in a process with {bound}"
        if fmt == "mermaid":
            end = [f"%% {line}" for line in words(story)]
            blocks.append("\n".join([f"%% {head}", as_mermaid(story.picture), *end]))
        else:
            blocks.append("\n".join([head, "", as_text(story.picture), "", *words(story)]))
    return "\n\n".join(blocks)


def run(fmt: str) -> int:
    """Show both; 0 if both were as expected, else 1 with what was not."""
    if importlib.util.find_spec("zmq") is None:
        raise UsageError("the demonstration needs pyzmq beside enomem: pip install pyzmq")
    if sys.platform != "linux":
        raise UsageError("the demonstration needs Linux, where a process can be given less memory")
    stories = [play(library) for library in EXPECTED]
    out = console.Output(highlight=False)
    out.print(page(stories, fmt), markup=False, soft_wrap=True)
    odd = [said for library, story in zip(EXPECTED, stories, strict=True) if (said := differs(story, library))]
    for said in odd:
        out.print(f"not as expected: {said}", markup=False, soft_wrap=True)
    return 1 if odd else 0
