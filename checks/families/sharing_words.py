"""The traces of a sender and a reader in one pool: each side's steps in its own words, told apart by their letters."""

from __future__ import annotations

from dataclasses import replace

from enomem.model import payloads as kept
from enomem.model.payloads import next_part
from enomem.model.systems import sharing

from ..symbolic.asked import DEADLOCK
from ..traces import sender as sender_trace
from ..traces.sender import Trace as SenderTrace
from ..words import verdicts
from ..words.phrases import Names, Phrase
from ..words.phrases import phrase as sender_phrase
from . import receive, receive_words
from .family import EACH, PROGRESS, Moment, Trace

FIRST = ord("Q") - ord("A")
"""The reader's messages are Q, R ..., the sender's A, B ..."""


def phrase(trace: Trace, moment: Moment) -> Phrase:
    """One step in words."""
    ours, theirs = sides(trace)
    place = next(number for number, step in enumerate(trace.steps) if step is moment)
    before = trace.steps[:place]
    if moment.action.sender is not None:
        number = sum(step.action.sender is not None for step in before)
        said = sender_phrase(ours, Names.of(ours), ours.steps[number])
        return said if " " in said.actor else replace(said, actor=f"sender {said.actor}")
    return receive_words.phrase(theirs, theirs.steps[sum(step.action.reader is not None for step in before)])


def sides(trace: Trace) -> tuple[SenderTrace, Trace]:
    """The sender's part of a trace and the reader's, each as its own family tells it."""
    system: sharing.System = trace.system
    payloads, ours = kept.start(system.sender.senders), list[sender_trace.Moment]()
    theirs: list[Moment] = []
    for step in trace.steps:
        own = step.step.own if step.step is not None else None
        if step.action.sender is None:
            theirs.append(Moment(step.action.reader, step.before.reader, own, step.error))
            continue
        action, before = step.action.sender, step.before.sender
        label = next_part(action.sender, before.senders[action.sender].app)
        after = payloads if own is None else kept.carry_out(payloads, own.effects, label)
        ours.append(sender_trace.Moment(action, before, own, step.error, payloads, after))
        payloads = after
    of_sender = SenderTrace(system.sender, tuple(ours), DEADLOCK)
    case = receive.RECEIVE.bounded(system.reader)
    return of_sender, Trace(trace.row, system.reader, case, tuple(theirs), trace.identifier, first=FIRST)


WANTED = {
    **receive_words.WANTED,
    DEADLOCK: "while a message of either side is unfinished or undelivered, something can be done that changes it",
    PROGRESS: "some message of either side is finished, given up, delivered or visibly lost in the end",
    EACH: "each side gets on: no message waits for ever",
}


def sentences(trace: Trace) -> tuple[str, ...]:
    """What was expected, and what happened: who holds what and waits for what at the end."""
    wanted = WANTED.get(trace.identifier or "")
    if wanted is None:
        return ()
    if trace.steps and trace.steps[-1].step is None:
        return wanted, f"the last step raised {trace.steps[-1].error}"
    ours, theirs = sides(trace)
    end: sharing.State = trace.end
    # The sender's own words are of its state, in which the pool is the one that both have.
    said = verdicts.standing(replace_end(ours, end), Names.of(ours)) if ours.steps else ""
    others = receive_words.waiting(theirs, end.reader)
    pool = f"pool: {end.sender.pool.used} of {end.sender.pool.limit} in use"
    return wanted, f"{'; '.join(clause for clause in (said, others) if clause) or 'nobody waits'} ({pool})"


def replace_end(ours: SenderTrace, end: sharing.State) -> SenderTrace:
    """The sender's trace, ending with the state that the whole ends with."""
    *before, last = ours.steps
    if last.step is None:
        return ours
    return replace(ours, steps=(*before, replace(last, step=replace(last.step, state=end.sender))))
