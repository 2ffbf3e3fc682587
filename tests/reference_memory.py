"""What the tests of memory share: an allocator that refuses, and what a context holds."""

from reference_stage import Room

from enomem import Site

LATER = "inproc://later"
TCP = "tcp://127.0.0.1:*"


class Allocator:
    """Refuses what it is told to refuse, and remembers what it was asked."""

    def __init__(self, *sites: Site) -> None:
        self.sites = set(sites)
        self.asked: list[tuple[Site, int]] = []

    def __call__(self, site: Site, size: int) -> bool:
        self.asked.append((site, size))
        return site not in self.sites


def sites(stage: Room) -> dict[Site, int]:
    """What is held, where there is any."""
    return {site: size for site, size in stage.context.memory().sites.items() if size}
