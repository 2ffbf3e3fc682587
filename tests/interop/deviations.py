"""Where a peer is known not to do what the specification asks: case id -> reason.

A case is named as pytest names it, without the folder: ``test_pairs.py::test_name[parameters]``. It is run all the same
and must fail; once the peer is mended it succeeds, the run turns red, and the line has to go, or to say up to which
version it is true. Nothing here excuses enomem: a defect of our own is mended, not listed.
"""

from importlib.metadata import PackageNotFoundError, version
from itertools import product

Cases = list[str]


def older(package: str, than: tuple[int, int]) -> bool:
    """Is the package older than that version (major, minor), or not there at all?"""
    try:
        major, minor = version(package).split(".")[:2]
    except PackageNotFoundError:
        return True
    return (int(major), int(minor)) < than


def cases(name: str, *choices: tuple[str, ...]) -> Cases:
    """Every case of a test whose parameters are among these."""
    return [f"{name}[{'-'.join(chosen)}]" for chosen in product(*choices)]


SUBSCRIBERS = ("SUB", "XSUB")
PYOMQ: list[tuple[str, Cases]] = [
    (
        "ROUTER without ROUTER_HANDOVER takes a second peer of the same routing id in",
        cases("test_routing_ids.py::test_without_handover_the_first_holder_of_an_id_keeps_it", ("pyomq",), ("peer",)),
    ),
    (
        "PROBE_ROUTER sends nothing",
        cases("test_routing_ids.py::test_a_probe_makes_a_peer_known", ("pyomq",), ("DEALER", "ROUTER"), ("subject",)),
    ),
    (
        "REQ_RELAXED and REQ_CORRELATE are taken and do nothing",
        cases("test_routing_ids.py::test_a_correlated_request_is_answered", ("pyomq",), ("REP",)),
    ),
    (
        "a SUB that subscribes before it binds never sends its subscription",
        cases(
            "test_subscriptions.py::test_subscribed_before_the_connection",
            ("pyomq",), ("PUB", "XPUB"), ("SUB",), ("subscriber_binds",), ("subject_publishes",),
        ),
    ),
    (
        "XPUB tells its application of every subscription and cancellation, verbose or not",
        cases(
            "test_subscriptions.py::test_xpub_is_told_of_the_first_and_the_last",
            ("pyomq",), SUBSCRIBERS, ("0", "1"), ("subject_subscribes",),
        ),
    ),
]  # fmt: skip
PYOMQ_BEFORE_0_27: list[tuple[str, Cases]] = [
    (
        "REP takes the last empty part for the delimiter, not the first, and loses what is before it",
        [
            f"test_pairs.py::test_a_pair_talks[pyomq-{kind}_{role}_REP-empty]"
            for kind in ("REQ", "DEALER")
            for role in ("binds", "connects")
        ],
    ),
]  # fmt: skip
LIBZMQ: list[tuple[str, Cases]] = [
    (
        "XSUB passes on each subscription but only the last cancellation, so a publisher that counts them"
        " as RFC 37 has it never forgets the topic",
        cases("test_subscriptions.py::test_subscriptions_are_counted", ("pyzmq",), ("XSUB",), ("subject_publishes",)),
    ),
]  # fmt: skip

TABLES = {"pyomq": PYOMQ + (PYOMQ_BEFORE_0_27 if older("pyomq", (0, 27)) else []), "libzmq": LIBZMQ}
DEVIATIONS: dict[str, str] = {
    case: f"{who}: {reason}" for who, table in TABLES.items() for reason, found in table for case in found
}
