"""Where a peer is known not to do what the specification asks: case id -> reason.

A case is named as pytest names it, without the folder: ``test_pairs.py::test_name[parameters]``. It is run all the same
and must fail; once the peer is mended it succeeds, the run turns red, and the line has to go. Nothing here excuses
enomem: a defect of our own is mended, not listed.
"""

from itertools import product


def cases(name: str, *choices: tuple[str, ...]) -> list[str]:
    """Every case of a test whose parameters are among these."""
    return [f"{name}[{'-'.join(chosen)}]" for chosen in product(*choices)]


SUBSCRIBERS = ("SUB", "XSUB")
KNOWN: list[tuple[str, list[str]]] = [
    (
        "pyomq 0.21: REP takes the last empty part for the delimiter, not the first, and loses what is before it",
        [
            f"test_pairs.py::test_a_pair_talks[pyomq-{kind}_{role}_REP-empty]"
            for kind in ("REQ", "DEALER")
            for role in ("binds", "connects")
        ],
    ),
    (
        "pyomq 0.21: a client of PLAIN that binds says in its greeting that it is the server",
        cases(
            "test_plain.py::test_the_right_password",
            ("pyomq",), ("admin", "somebody"), ("client",), ("subject_serves",),
        ),
    ),
    (
        "pyomq 0.21: ROUTER without ROUTER_HANDOVER takes a second peer of the same routing id in",
        cases("test_routing_ids.py::test_without_handover_the_first_holder_of_an_id_keeps_it", ("pyomq",), ("peer",)),
    ),
    (
        "pyomq 0.21: PROBE_ROUTER sends nothing",
        cases("test_routing_ids.py::test_a_probe_makes_a_peer_known", ("pyomq",), ("DEALER", "ROUTER"), ("subject",)),
    ),
    (
        "pyomq 0.21: REQ_RELAXED and REQ_CORRELATE are taken and do nothing",
        cases("test_routing_ids.py::test_a_correlated_request_is_answered", ("pyomq",), ("REP",)),
    ),
    (
        "pyomq 0.21: a SUB that subscribes before it binds never sends its subscription",
        cases(
            "test_subscriptions.py::test_subscribed_before_the_connection",
            ("pyomq",), ("PUB", "XPUB"), ("SUB",), ("subscriber_binds",), ("subject_publishes",),
        ),
    ),
    (
        "pyomq 0.21: XPUB tells its application of every subscription and cancellation, verbose or not",
        cases(
            "test_subscriptions.py::test_xpub_is_told_of_the_first_and_the_last",
            ("pyomq",), SUBSCRIBERS, ("0", "1"), ("subject_subscribes",),
        ),
    ),
    (
        "libzmq 4.3.5: XSUB passes on each subscription but only the last cancellation, so a publisher that counts them"
        " as RFC 37 has it never forgets the topic",
        cases("test_subscriptions.py::test_subscriptions_are_counted", ("pyzmq",), ("XSUB",), ("subject_publishes",)),
    ),
]  # fmt: skip
DEVIATIONS: dict[str, str] = {case: reason for reason, found in KNOWN for case in found}
