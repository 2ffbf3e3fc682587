"""At which sites a call may be refused, and how a program has it refused: for drawn programs and for bounded models.

Whether a call asks at a site in the state in which it is made, the model says: a refusal that nobody meets changes
nothing, and is taken back.
"""

from __future__ import annotations

from collections.abc import Mapping

from enomem.model.memory import Site
from enomem.model.patterns import PATTERNS
from enomem.model.policies import SendPolicy
from enomem.model.receive_policies import BOUNDED_WAIT

from ..oracle.events import Do, Event

SITES: Mapping[Do, tuple[Site, ...]] = {
    Do.CREATE: (Site.SOCKET,),
    Do.BIND: (Site.LISTENER,),
    Do.CONNECT: (Site.CONNECTION, Site.ACCEPT),
    Do.OPTION: (Site.SUBSCRIPTION,),
    Do.SEND: (Site.BODY, Site.RESERVATION, Site.SUBSCRIPTION, Site.SLOT, Site.RECEIVE_BODY),
}
"""Where a call may ask, or have somebody ask; at the other sites of spec/memory.md nobody asks under RESERVED."""
LATER = frozenset((Site.ACCEPT, Site.RECEIVE_BODY))
"""Where somebody else asks than who calls: a refusal stands until nothing is under way.

Nothing is lost then: a listener accepts later (CONNECT-5), and a reader waits and tries again (RECEIVE-2, RECEIVE-10).
"""
FOR_EVER = 10**6
"""So many refusals nobody outlasts."""
PATIENCE = BOUNDED_WAIT.longest + 1000
"""Milliseconds that are longer than any reader waits that does not wait for ever."""
SETTLED = Event(Do.SETTLE)
NO_MORE = Event(Do.REFUSE, times=0)


def sites(do: Do, kind: str, policy: SendPolicy) -> list[Site]:
    """The sites of a call of a socket of this type under this policy."""
    never = set() if policy.reserves else {Site.RESERVATION}
    if not PATTERNS[kind].subscribes:
        never.add(Site.SUBSCRIPTION)
    return [site for site in SITES.get(do, ()) if site not in never]


def refusal(site: Site, count: int = 0, times: int = 1) -> Event:
    """From now on so many allocations at a site are refused, after so many that are granted."""
    return Event(Do.REFUSE, name=site.name, count=count, times=times)


def refusing(site: Site, *calls: Event, count: int = 0) -> tuple[Event, ...]:
    """Calls that are made while there is a refusal at a site."""
    return (refusal(site, count), *calls, *((SETTLED,) if site in LATER else ()), NO_MORE)
