"""The socket types: one file each, and what they share."""

from dataclasses import fields

from .dealer import Dealer
from .pair import Pair
from .pattern import AnyPattern
from .pub import Pub
from .pull import Pull
from .push import Push
from .rep import Rep
from .req import Req
from .router import Router
from .sub import Sub
from .xpub import Xpub
from .xsub import Xsub

PATTERNS: dict[str, type[AnyPattern]] = {
    kind.name: kind for kind in (Pair, Pub, Sub, Req, Rep, Dealer, Router, Pull, Push, Xpub, Xsub)
}
"""Every socket type by its name, in the order of libzmq's numbers."""


def make(name: str, **options: bool) -> AnyPattern:
    """The socket type of this name with these options; options that it does not have are left out."""
    kind = PATTERNS[name]
    own = {field.name for field in fields(kind)}
    return kind(**{option: value for option, value in options.items() if option in own})
