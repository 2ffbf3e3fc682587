"""The traces of one socket's closed systems in words: who does what, the answer, the rule, what went where."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from enomem.model.rules import Rule
from enomem.model.send import Answer, Phase
from enomem.model.systems import closed, fan, turning
from enomem.model.systems.closed import Kind
from enomem.model.systems.single import held

from ..symbolic import asked as questions
from ..traces.format import text as json_text
from ..words.mermaid import clear
from ..words.phrases import Phrase, units
from ..words.wording import lines_of
from . import properties as asked
from .traces import Moment, Peer, Trace, label, to_json

APP, SOCKET = "app", "socket"


def show(trace: Trace, fmt: str) -> str:
    """The trace as ``text``, as a ``mermaid`` sequence diagram, or as ``json`` (``docs/formats.md``)."""
    return FORMATS[fmt](trace)


def _text(trace: Trace) -> str:
    return lines_of([phrase(trace, moment) for moment in trace.steps], verdict(trace))


def _mermaid(trace: Trace) -> str:
    names = list(dict.fromkeys(peer.name for moment in trace.steps for peer in moment.payloads_before.peers))
    lines = ["sequenceDiagram", *(f"    participant {name}" for name in (APP, SOCKET, *names))]
    for moment in trace.steps:
        said = phrase(trace, moment)
        if said.actor == APP:
            lines.append(f"    {APP}->>{SOCKET}: {clear(said.call)}")
            lines += [f"    {SOCKET}-->>{APP}: {clear(said.answer)}"] if said.answer else []
        elif said.actor in names and moment.action.kind.value == "deliver":
            lines.append(f"    {SOCKET}->>{said.actor}: {clear(said.answer)}")
        else:
            over = said.actor if said.actor in names else SOCKET
            lines.append(f"    Note over {over}: {clear(said.call if over == said.actor else said.text)}")
        note = ", ".join(part for part in (said.rule, said.remark) if part)
        lines += [f"    Note over {SOCKET}: {clear(note)}"] if note else []
    last = names[-1] if names else SOCKET
    for title, sentence in zip(("expected", "happened"), verdict(trace), strict=False):
        lines.append(f"    Note over {APP},{last}: {title}: {clear(sentence)}")
    return "\n".join(lines)


def _json(trace: Trace) -> str:
    return json_text(to_json(trace))


FORMATS: Mapping[str, Callable[[Trace], str]] = {"text": _text, "mermaid": _mermaid, "json": _json}


def phrase(trace: Trace, moment: Moment) -> Phrase:
    """One step in words."""
    match trace.system:
        case closed.System():
            said = _single(trace.system, moment)
        case fan.System():
            said = _fan(trace.system, moment)
        case _:
            said = _turning(moment)
    if moment.step is None:
        return Phrase(said.actor, said.call, f"raises {moment.error}")
    rule = moment.step.rules[0].value if moment.step.rules else ""
    return Phrase(said.actor, said.call, said.answer, rule, said.remark)


def _peer(moment: Moment) -> str:
    """The peer that a step is about."""
    before, after, place = moment.payloads_before.peers, moment.payloads.peers, moment.action.place
    peers = before if place < len(before) else after
    return peers[place].name if 0 <= place < len(peers) else "somebody"


def _parts(parts: tuple[str, ...]) -> str:
    return f"[{', '.join(parts)}]"


def _single(sys: closed.System, moment: Moment) -> Phrase:
    match moment.action.kind:
        case Kind.BEGIN:
            return _begins(sys, moment)
        case Kind.PART:
            return _part(sys, moment)
        case Kind.SERVE:
            return Phrase(APP, f"served, {units(moment.after.send.reserved)} reserved", "ok")
        case Kind.FRAME:
            return Phrase(APP, f"msg_init_size({_label(sys, moment)})", Answer.NO_MEMORY.value)
        case Kind.OFFER:
            return _offered(moment)
        case Kind.TAKE:
            return Phrase(APP, "recv()", "the rest")
        case _:
            return _coming_and_going(moment)


def _label(sys: closed.System, moment: Moment) -> str:
    return label(sys, moment.before, moment.payloads_before)


def _send(sys: closed.System, moment: Moment) -> str:
    said, app = _label(sys, moment), moment.before.app
    if sys.pattern.routes and app.part == 0:
        said = f"{said}, which names {_target(moment)}"
    return f"send({said}{'' if app.part == sys.parts - 1 else ', SNDMORE'})"


def _target(moment: Moment) -> str:
    target = moment.before.target
    if target == closed.UNCHOSEN:
        target = moment.action.to if moment.action.kind == Kind.BEGIN else closed.UNCHOSEN
    if target == closed.UNCHOSEN:
        return "another"
    return moment.payloads_before.peers[target].name if target >= 0 else "nobody that is there"


def _begins(sys: closed.System, moment: Moment) -> Phrase:
    """The call that finds no message begun."""
    step = moment.step
    call = _send(sys, moment)
    if sys.pattern.routes and moment.before.app.part > 0:
        peers, to = moment.payloads_before.peers, moment.action.to
        call += f", taken for an address that names {peers[to].name if to >= 0 else 'nobody'}"
    if step is None:
        return Phrase(APP, call)
    if step.answer == Answer.NO_MEMORY:
        return Phrase(APP, call, _refused(moment))
    place = step.state.current
    remark = f"it goes to {moment.payloads.peers[place].name}" if place >= 0 else ""
    if step.answer != Answer.NONE:
        return Phrase(APP, call, step.answer.value, "", remark or "nobody gets it")
    return Phrase(APP, f"begins {call}", step.way.value if place < 0 and step.way is not None else "", "", remark)


def _refused(moment: Moment) -> str:
    pool, step = moment.before.pool, moment.step
    if step.refused is None:
        return str(step.answer.value)
    if Rule.MEM_3 in step.rules:
        return f"{step.answer.value}, refused at {step.refused.name}"
    return f"{step.answer.value}, pool is full ({pool.used} of {pool.limit})"


def _part(sys: closed.System, moment: Moment) -> Phrase:
    """A part that goes through the send machine."""
    before, step = moment.before, moment.step
    if before.app.abort:
        return Phrase(APP, "abort_message()", "ok")
    leads = before.lead > 0
    call = f"puts the {_label(sys, moment)} in front" if leads else _send(sys, moment)
    if step is None:
        return Phrase(SOCKET if leads else APP, call)
    remark = _remark(moment)
    if leads and step.answer == Answer.NONE:
        return Phrase(SOCKET, call, "", "", remark)
    answer = _refused(moment) if step.answer == Answer.NO_MEMORY else step.answer.value
    return Phrase(SOCKET if leads else APP, call, answer, "", remark)


def _remark(moment: Moment) -> str:
    """What became of the pipes of a part that was accepted, or was not."""
    found = []
    for was, now in zip(moment.payloads_before.peers, moment.payloads.peers, strict=False):
        if len(now.queue) > len(was.queue):
            found.append(f"committed {_parts(now.queue[-1])} to {now.name}")
        elif len(now.tail) < len(was.tail):
            found.append(f"{_parts(was.tail[len(now.tail) :])} dropped")
        elif now.tail and moment.step.answer == Answer.NO_MEMORY:
            found.append(f"{now.name}'s pipe keeps {_parts(now.tail)}")
        elif now.tail != was.tail:
            found.append(f"{now.name}'s pipe has {_parts(now.tail)}")
    state = moment.after
    if getattr(state, "send", None) is not None and state.send.phase == Phase.SKIPPING:
        found.append("swallows what follows" if moment.step.answer == Answer.NO_MEMORY else "swallowed")
    return ", ".join(found)


def _coming_and_going(moment: Moment) -> Phrase:
    kind = moment.action.kind.value
    if kind == "attach":
        came = moment.payloads.peers[-1].name if len(moment.payloads.peers) > len(moment.payloads_before.peers) else ""
        return Phrase(came or "another peer", "comes" if came else "is refused")
    name = _peer(moment)
    if kind == "detach":
        lost = moment.payloads_before.peers[moment.action.place]
        parts = (*(_parts(message) for message in lost.queue), *((_parts(lost.tail),) if lost.tail else ()))
        return Phrase(name, "goes", "", "", f"{' and '.join(parts)} dropped" if parts else "")
    return Phrase(name, "recv()", _parts(moment.payloads.peers[moment.action.place].got))


OFFERS = ("a whole one", "one without a delimiter", "one without a body", "one with another id")


def _offered(moment: Moment) -> Phrase:
    delivered = moment.step is not None and moment.step.delivered is not None and moment.step.delivered >= 0
    answer = "delivered" if delivered else "discarded"
    return Phrase(_peer(moment), f"sends {OFFERS[moment.action.shape]}", answer)


def _fan(sys: fan.System, moment: Moment) -> Phrase:
    before, step, part = moment.before, moment.step, label(sys, moment.before, moment.payloads_before)
    match moment.action.kind:
        case fan.Kind.BEGIN:
            peers = moment.payloads_before.peers
            to = [peer.name for peer, matches in zip(peers, moment.action.matching, strict=False) if matches]
            return Phrase(APP, "begins a message", "", "", f"it is for {' and '.join(to) or 'nobody'}")
        case fan.Kind.COPY:
            name = moment.payloads_before.peers[before.turn].name
            if not before.copies[before.turn].matches:
                return Phrase(SOCKET, f"has nothing for {name}")
            answer = "" if step is None else _refused(moment) if step.refused is not None else step.answer.value
            return Phrase(SOCKET, f"copies {part} for {name}", answer, "", "" if step is None else _remark(moment))
        case fan.Kind.RETURN:
            return Phrase(APP, f"send({part}{'' if before.part == sys.parts - 1 else ', SNDMORE'})", "ok")
        case fan.Kind.ABORT:
            return Phrase(APP, "abort_message()", "ok", "", "" if step is None else _remark(moment))
        case _:
            return _coming_and_going(moment)


ENDS: Mapping[str, str] = {"commit": "ends the message", "drop": "drops the message", "take": "recv()"}


def _turning(moment: Moment) -> Phrase:
    step, peers = moment.step, moment.payloads_before.peers
    can = [peer.name for peer, able in zip(peers, getattr(moment.action, "can", ()), strict=False) if able]
    listed = " and ".join(can) or "nobody"
    match moment.action.kind:
        case turning.Kind.BEGIN:
            to = peers[step.place].name if step is not None and step.place >= 0 else ""
            answer = "" if to or step is None or step.way is None else step.way.value
            return Phrase(APP, f"begins a message, {listed} can take it", answer, "", f"it goes to {to}" if to else "")
        case turning.Kind.OFFER:
            of = peers[step.place].name if step is not None and step.place >= 0 else ""
            return Phrase(SOCKET, f"looks for a message, {listed} has one", "", "", f"it is {of}'s" if of else "")
        case turning.Kind.WATCH:
            return Phrase(_peer(moment), "is watched from now on")
        case turning.Kind.ATTACH | turning.Kind.DETACH:
            return _coming_and_going(moment)
        case kind:
            return Phrase(APP, ENDS[kind.value])


# --- what was expected, and what happened


def verdict(trace: Trace) -> tuple[str, ...]:
    """Two sentences, or none if the trace names no property that is known here."""
    if not trace.steps or trace.identifier is None:
        return ()
    last = trace.steps[-1]
    wanted = WANTED.get(trace.identifier)
    return () if wanted is None else (wanted, _happened(trace, last))


WANTED: Mapping[str, str] = {
    asked.ROUTE: "each message arrives only where it was addressed, and no address arrives",
    asked.ENVELOPE: "requests and replies are whole, behind their envelope, in lock step, and with the right peer",
    asked.FAN: "each subscriber gets whole messages, and misses one only by its own pipe and its own memory",
    asked.TURN: "nobody is served twice while somebody who could have been served is passed over",
    asked.WHOLE: "what a peer gets is exactly one message that the application sent",
    asked.CLEAN: "after ENOMEM the socket and its pattern are as if the message had never been begun",
    asked.NEXT: "the first message that is completed after ENOMEM is committed, whole and where it belongs",
    asked.CONSERVE: "as much memory is in use as is held, and none at rest",
    questions.TOTAL: "every step has an outcome, and no part of a state leaves its range",
    questions.DEADLOCK: "while a message is unfinished or undelivered, something can be done that changes something",
}


def _happened(trace: Trace, last: Moment) -> str:
    if last.step is None:
        return f"the last step raised {last.error}"
    kept = " and ".join(f"{peer.name}'s pipe has {_parts(peer.tail)}" for peer in last.payloads.peers if peer.tail)
    match trace.identifier:
        case asked.CONSERVE:
            of = trace.system
            holds = held(of, last.after) if isinstance(of, closed.System) else None
            known = f", {units(holds)} held" if holds is not None else ""
            return f"{units(last.after.pool.used)} in use{known}" + (f": {kept}" if kept else "")
        case asked.CLEAN:
            return kept or "the socket swallows what is sent next, or its pattern is still in the message"
        case questions.DEADLOCK:
            pool = last.after.pool
            return f"{kept or 'nothing is queued'}, and there is no memory to go on (pool: {pool.used} of {pool.limit})"
        case questions.TOTAL:
            return trace.machine.shape.escape(last.after) or "the last step has an outcome"
        case asked.TURN:
            return f"{_watched(last)} was passed over for the second time by the same peer"
    got = _got(last)
    return f"{got.name} received {_parts(got.got)}" if got is not None else phrase(trace, last).text


def _watched(last: Moment) -> str:
    place = getattr(last.before, "watched", -1)
    return last.payloads_before.peers[place].name if 0 <= place < len(last.payloads_before.peers) else "somebody"


def _got(last: Moment) -> Peer | None:
    return last.payloads.peers[last.action.place] if last.action.kind.value == "deliver" else None
