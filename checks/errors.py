"""Errors, by whose fault they are. The command line turns each into one sentence and an exit code."""


class UsageError(Exception):
    """The caller's fault: a bad bound, an unknown identifier, a policy file that cannot be used. Exit code 2."""


class Inconclusive(Exception):
    """No verdict: too large for memory, or stopped. Exit code 3."""


class OurFault(Exception):
    """A defect of enomem itself: engines that disagree, a trace that does not replay. Exit code 4."""


Place = tuple[str, int] | None


class NotSymbolic(BaseException):
    """Something was done to a symbol that no symbol can answer as a number would.

    No ``except`` of the function under exploration may swallow it, so it is no Exception.
    """


class Diverges(Exception):
    """A function does not end when it is run on symbols."""

    def __init__(self, place: Place) -> None:
        super().__init__("the function does not end when it is run on symbols")
        self.place = place


class Nondeterministic(Exception):
    """A function did two different things with the same input."""

    def __init__(self, place: Place) -> None:
        super().__init__("the function did two different things with the same input")
        self.place = place
