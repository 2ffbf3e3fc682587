"""Loading the receive policy that a user names: a built-in one, or one of their own in a file."""

from __future__ import annotations

from difflib import get_close_matches

from enomem.model.receive_policies import RECEIVE_POLICIES, ReceivePolicy

from .errors import UsageError

BUILT_IN = {policy.name: policy for policy in RECEIVE_POLICIES}


def load_receive_policy(text: str) -> ReceivePolicy:
    """The receive policy that ``text`` names, in any case of letters; UsageError if there is none."""
    if text.upper() in BUILT_IN:
        return BUILT_IN[text.upper()]
    near = get_close_matches(text.upper(), BUILT_IN, 1)
    hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(BUILT_IN)}"
    raise UsageError(f"there is no receive policy {text!r}; {hint}")
