"""The line of waiting reservations: first come, first served.

A sender's ``place`` is 0 while it does not wait, 1 when it is next. Nobody overtakes: whoever asks while others
wait goes to the end of the line, even if its memory is there (SEND-14).
"""


def join(waiting: int) -> int:
    """The place of one who joins a line in which ``waiting`` others wait."""
    return waiting + 1


def waits(place: int) -> bool:
    """Does a sender at ``place`` stand in line?"""
    return place > 0


def next_up(place: int) -> bool:
    """Is a sender at ``place`` the one to be served next?"""
    return place == 1


def moved_up(place: int) -> int:
    """The place of a sender after the first in line was served."""
    return place - 1 if place > 0 else place


def left(place: int, gone: int) -> int:
    """The place of a sender after the one at ``gone`` left the line unserved: those behind it move up."""
    return place - 1 if place > gone else place
