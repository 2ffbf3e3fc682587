"""Loading the receive policy that a user names: a built-in one, or one of their own in a file, which is guarded.

``enomem check --receive-policy ./mine.py:Mine``. As of a send policy (`file`, `guard`), every answer is
checked before a machine sees it, and symbols must be answered as numbers are.
"""

from __future__ import annotations

from functools import partial
from itertools import product
from typing import Any

from enomem.model.memory import Site
from enomem.model.receive_policies import FOR_EVER, NO_BOUND, RECEIVE_POLICIES, ReceivePolicy, Stall, Unread

from ..errors import Diverges, Nondeterministic, NotSymbolic
from ..symbolic import terms
from ..symbolic.explore import explore
from ..symbolic.symbols import Boolean, Integer, form_of, is_symbol
from ..symbolic.terms import Form, add, at_most_zero, conjunction
from .file import made, place_of
from .guard import OfAFile, PolicyRange
from .source import PolicyError, Watch, read

BUILT_IN = {policy.name: policy for policy in RECEIVE_POLICIES}
SHOWN = "decide from the reader's size, half, used, limit and site alone"
NUMBERS = ("size", "half", "used", "limit")
GRID = (0, 1, 2, 5)
"""Up to how many units are asked for, held, used and there in all, when a policy is rehearsed."""


class GuardedReceive(OfAFile, ReceivePolicy):
    """A user's receive policy, every answer of which is checked before the machines see it."""

    shown = "reader"
    numbers = "size, half, used and limit"
    remembers = SHOWN

    def refused(self, reader: Unread) -> Stall:
        """The user's answer: of the right type, within range, and the same whenever it is asked for."""
        plain = not any(map(is_symbol, (reader.size, reader.half, reader.used, reader.limit, reader.site)))
        stall, line = self._ask(reader)
        if plain and self._ask(reader)[0] != stall:
            raise self._file.fault(line, "answered the same question in two different ways", SHOWN)
        if not _from_to(form_of(stall.longest), FOR_EVER, self.longest):
            what = f"answered {stall.longest}" if plain else "answered a wait"
            advice = "make 'longest' the longest wait that it answers"
            place = (self._file.path, line)
            raise PolicyRange(place, f"{what} outside {FOR_EVER}..longest, which is {self.longest}", advice)
        return stall

    def _read_attributes(self) -> None:
        def attributes() -> tuple[Any, Any, Any]:
            return self._user.name, self._user.longest, self._user.refused

        watch = Watch(self._file.path)
        name, longest, refused = self._file.run(attributes, "when its attributes were read", self._line, watch)
        self._check_name(name, BUILT_IN)
        if type(longest) is not int or not 0 <= longest <= NO_BOUND:
            shown = longest if type(longest) is int else f"of type {type(longest).__name__}"
            raise self._wrong("longest", f"is {shown}", "write its longest wait in milliseconds, an int from 0 on")
        wanted = "write 'def refused(self, reader: Unread) -> Stall:'"
        self._check_method(refused, type(self._user).refused is ReceivePolicy.refused, wanted)
        self.name, self.longest = name, longest

    def _ask(self, reader: Unread) -> tuple[Stall, int]:
        """The user's answer, and the line at which it was given."""
        watch = Watch(self._file.path)
        try:
            answer = self._file.run(lambda: self._user.refused(reader), "in answer to a reader", self._line, watch)
        finally:
            self._executed |= watch.executed
        self._check_unchanged()
        line = watch.last or self._line
        if type(answer) is not Stall:
            what = "None" if answer is None else f"a value of type {type(answer).__name__}"
            advice = "end every way through 'refused' with 'return Stall(...)'"
            raise self._file.fault(line, f"answered {what} instead of a Stall", advice)
        if type(answer.longest) not in (int, Integer):
            given = type(answer.longest).__name__
            raise self._file.fault(line, f"answered longest of type {given}", "make it int")
        return answer, line


def _from_to(value: Form, least: int, most: int) -> Boolean:
    """Is ``value`` between these, both ends included?"""
    above = at_most_zero(add(Form(least), value, -1))
    return Boolean(conjunction(above, at_most_zero(add(value, Form(most), -1))))


def load_receive_policy(text: str) -> ReceivePolicy:
    """The receive policy that ``text`` names: a built-in one in any case of letters, or ``PATH:NAME``.

    Raises UsageError if anything is wrong with the file, the policy, or its answers to a few readers.
    """
    if text.upper() in BUILT_IN:
        return BUILT_IN[text.upper()]
    path, name = place_of(text, BUILT_IN, "receive policy")
    file = read(path, SHOWN)
    policy = GuardedReceive(file, made(file, name, ReceivePolicy))
    policy.source = text
    _rehearse(policy)
    return policy


def _rehearse(policy: GuardedReceive) -> None:
    """Ask about some readers, with numbers and with symbols: both must be answered alike."""
    for site in (Site.RECEIVE_BODY, Site.RECEIVE_SLOT):
        # With numbers first: what is wrong then is told with plain numbers.
        answers = {
            (size, half, used, limit): policy.refused(Unread(size, half, used, limit, site)).longest
            for size, half, used, limit in product(GRID, repeat=4)
        }
        size, half, used, limit = (Integer(terms.variable(name)) for name in NUMBERS)
        try:
            # Symbols stand for numbers.
            ask = partial(_longest, policy, Unread(size, half, used, limit, site))  # type: ignore[arg-type]
            paths = list(explore(ask, dict.fromkeys(NUMBERS, (0, max(GRID)))))
        except (Diverges, Nondeterministic) as error:
            raise policy.blame(error) from None
        except NotSymbolic as error:
            advice = "compare what is shown with '==', '<' and the like, and only with ints and each other"
            raise policy.fault(f"{error}, but a check shows the policy symbols", advice) from None
        for path in paths:
            if path.error is not None:
                raise path.error
        for values, answer in answers.items():
            named = dict(zip(NUMBERS, values, strict=True))
            # `_longest` returns a form.
            told = [terms.evaluate(path.value, named) for path in paths if terms.holds(path.condition, named)]  # type: ignore[arg-type]
            if told != [answer]:
                shown = ", ".join(f"{name} {value}" for name, value in named.items())
                what = f"answers symbols otherwise than numbers ({shown})"
                raise policy.fault(what, "compare values with '==', '<' and the like, and nothing else")


def _longest(policy: GuardedReceive, reader: Unread) -> Form:
    return form_of(policy.refused(reader).longest)


__all__ = ["BUILT_IN", "GuardedReceive", "PolicyError", "load_receive_policy"]
