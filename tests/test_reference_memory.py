"""The memory of a context: by site, its bound, what a refusal says, and what it leaves behind: nothing."""

import errno
import threading
from collections.abc import Callable

import pytest
from reference_memory import LATER, TCP, Allocator, sites
from reference_stage import Room, events_until, eventually, fails, room

import enomem
from enomem import DISCARD, RESERVE, SNDMORE, Again, EventKind, NoMemory, Site
from enomem.model.memory import Pool
from enomem.model.reference.weights import CHUNK, CONNECTION, LISTENER, PART, SLOTS, SOCKET, TOPIC
from enomem.model.rules import Rule

# --- by site


def test_a_context_holds_nothing_at_first() -> None:
    with room(memory_limit=1 << 20) as stage:
        memory = stage.context.memory()
        assert (memory.limit, memory.used, memory.peak) == (1 << 20, 0, 0)
        assert memory.sites == dict.fromkeys(Site, 0)
    with enomem.Context() as context:
        assert context.memory().limit is None


def test_a_socket_a_listener_and_a_target_are_charged_until_they_go() -> None:
    with room() as stage:
        socket = stage.socket("PUSH")
        assert sites(stage) == {Site.SOCKET: SOCKET}
        socket.bind(TCP)
        endpoint = socket.last_endpoint
        assert sites(stage) == {Site.SOCKET: SOCKET, Site.LISTENER: LISTENER}
        socket.connect(LATER)
        assert sites(stage) == {Site.SOCKET: SOCKET, Site.LISTENER: LISTENER, Site.CONNECTION: CONNECTION}
        socket.disconnect(LATER)
        socket.unbind(endpoint)
        assert sites(stage) == {Site.SOCKET: SOCKET}
        socket.close()
        assert sites(stage) == {}
        assert stage.context.memory().peak == SOCKET + LISTENER + CONNECTION


def test_both_ends_of_a_connection_are_charged() -> None:
    with room() as stage:
        first, second = stage.pair("PULL", "PUSH")
        assert (sites(stage)[Site.CONNECTION], sites(stage)[Site.ACCEPT]) == (CONNECTION, CONNECTION)
        second.close()
        eventually(lambda: Site.ACCEPT not in sites(stage), "the other end notices")
        assert not first.closed


def test_parts_and_chunks_are_charged_while_nobody_takes_them() -> None:
    with room() as stage:
        push = stage.socket("PUSH")
        push.connect(LATER)
        push.send(b"x" * 100)
        assert sites(stage)[Site.BODY] == 100 + PART
        push.send(b"y" * 10, SNDMORE)
        assert sites(stage)[Site.BODY] == 110 + 2 * PART
        push.abort_message()
        assert sites(stage)[Site.BODY] == 100 + PART
        assert Site.SLOT not in sites(stage)
        push.send_multipart([b""] * (SLOTS - 1))
        assert sites(stage)[Site.SLOT] == CHUNK
        push.close()
        assert sites(stage) == {}


def test_a_reservation_is_charged_before_the_parts_that_use_it() -> None:
    with room(send_policy=RESERVE) as stage:
        router, dealer = stage.pair("ROUTER", "DEALER", ROUTER_MANDATORY=1)
        dealer.send(b"hello")
        address = router.recv_multipart()[0]
        # The address is no part of the message; with it the message is begun, and what is known of it reserved.
        router.send(address, SNDMORE)
        assert sites(stage)[Site.RESERVATION] > 0
        router.abort_message()
        assert Site.RESERVATION not in sites(stage)


def test_what_was_received_is_charged_until_the_application_has_it() -> None:
    with room() as stage:
        pull, push = stage.pair("PULL", "PUSH")
        push.send_multipart([b"a" * 10, b"b" * 20])
        eventually(lambda: sites(stage).get(Site.RECEIVE_BODY) == 30 + 2 * PART, "a message waits")
        assert pull.recv() == b"a" * 10
        assert sites(stage)[Site.RECEIVE_BODY] == 20 + PART
        assert pull.recv() == b"b" * 20
        assert Site.RECEIVE_BODY not in sites(stage)


def test_an_envelope_is_charged_until_the_reply() -> None:
    with room() as stage:
        rep, req = stage.pair("REP", "REQ")
        req.send(b"question")
        assert rep.recv() == b"question"
        assert sites(stage)[Site.RECEIVE_BODY] == PART
        rep.send(b"answer")
        eventually(lambda: sites(stage).get(Site.RECEIVE_BODY) == len(b"answer") + 2 * PART, "the answer waits")
        assert req.recv() == b"answer"
        assert Site.RECEIVE_BODY not in sites(stage)


def test_subscriptions_are_charged_at_both_ends() -> None:
    with room() as stage:
        pub, sub = stage.pair("XPUB", "SUB")
        weighs = TOPIC + 2 * len(b"topic")
        sub.subscribe(b"topic")
        assert pub.recv() == b"\1topic"
        assert sites(stage)[Site.SUBSCRIPTION] == 2 * weighs
        # A second one to the same topic is counted, and needs nothing.
        sub.subscribe(b"topic")
        sub.unsubscribe(b"topic")
        assert sites(stage)[Site.SUBSCRIPTION] == 2 * weighs
        sub.unsubscribe(b"topic")
        assert pub.recv() == b"\0topic"
        assert Site.SUBSCRIPTION not in sites(stage)


def test_the_peak_stays_when_all_is_given_back() -> None:
    with room() as stage:
        push = stage.socket("PUSH")
        push.connect(LATER)
        push.send(b"x" * 1000)
        peak = stage.context.memory().peak
        assert peak == SOCKET + CONNECTION + 1000 + PART
        push.close()
        memory = stage.context.memory()
        assert (memory.used, memory.peak) == (0, peak)


def test_books_that_do_not_add_up_are_our_bug() -> None:
    with room() as stage:
        push = stage.socket("PUSH")
        right = stage.context.pool
        stage.context.pool = Pool(right.limit, right.used + 1)
        with fails(enomem.OurBug):
            stage.context.memory()
        stage.context.pool = right
        push.close()


# --- what a refusal says


def test_no_memory_is_a_memory_error_and_an_os_error() -> None:
    with room(memory_limit=SOCKET + CONNECTION + 100) as stage:
        push = stage.socket("PUSH")
        push.connect(LATER)
        with fails(NoMemory) as raised:
            push.send(b"x" * 200)
        error = raised.value
        assert isinstance(error, MemoryError)
        assert isinstance(error, OSError)
        assert (error.errno, error.site, error.size) == (errno.ENOMEM, Site.BODY, 200 + PART)
        assert (error.rule, error.refused_by) == (Rule.SEND_5, Rule.MEM_2)
        assert str(error) == "no memory for 264 octets at BODY: the pool is full [SEND-5, MEM-2]"
        assert stage.context.memory().used <= SOCKET + CONNECTION + 100


def refusals() -> list[tuple[Site, int, Rule, Callable[[Room], object]]]:
    """Each site at which a call asks, what it asks for, the rule by which it is refused, and the call."""

    def subscribed(stage: Room) -> None:
        stage.socket("SUB").subscribe(b"topic")

    def waiting(stage: Room, *parts: bytes) -> None:
        push = stage.socket("PUSH")
        push.connect(LATER)
        push.send_multipart(parts)

    return [
        (Site.SOCKET, SOCKET, Rule.CONNECT_4, lambda stage: stage.context.socket(enomem.PAIR)),
        (Site.LISTENER, LISTENER, Rule.CONNECT_4, lambda stage: stage.socket("PULL").bind(TCP)),
        (Site.CONNECTION, CONNECTION, Rule.CONNECT_4, lambda stage: stage.socket("PULL").connect(LATER)),
        (Site.SUBSCRIPTION, TOPIC + 10, Rule.SUB_8, subscribed),
        (Site.BODY, PART + 1, Rule.SEND_5, lambda stage: waiting(stage, b"x")),
        (Site.SLOT, CHUNK, Rule.SEND_5, lambda stage: waiting(stage, *[b""] * SLOTS)),
    ]


@pytest.mark.parametrize(("site", "size", "rule", "call"), refusals(), ids=lambda value: getattr(value, "name", ""))
def test_a_refusal_names_its_site_its_size_and_its_rule(
    site: Site, size: int, rule: Rule, call: Callable[[Room], object]
) -> None:
    allocator = Allocator(site)
    with room(allocator=allocator) as stage:
        with fails(NoMemory) as raised:
            call(stage)
        error = raised.value
        assert (error.site, error.size, error.rule, error.refused_by) == (site, size, rule, Rule.MEM_3)
        assert allocator.asked[-1] == (site, size)
        assert site not in sites(stage)


def test_a_refused_reservation_names_all_that_it_wanted() -> None:
    with room(send_policy=RESERVE, allocator=Allocator(Site.RESERVATION)) as stage:
        push = stage.socket("PUSH")
        push.connect(LATER)
        with fails(NoMemory) as raised:
            push.send_multipart([b"a", b"b"])
        error = raised.value
        assert (error.site, error.rule, error.size) == (Site.RESERVATION, Rule.SEND_16, 2 + 2 * PART + CHUNK)


def test_a_reservation_that_the_pool_could_never_hold_is_refused_at_once() -> None:
    with room(send_policy=RESERVE, memory_limit=SOCKET + CONNECTION + CHUNK + 500) as stage:
        push = stage.socket("PUSH")
        push.connect(LATER)
        with fails(NoMemory) as raised:
            push.send(bytes(1 << 20))
        assert (raised.value.rule, raised.value.refused_by) == (Rule.SEND_16, Rule.MEM_2)
        push.send(b"small")


# --- the allocator


def test_the_allocator_is_asked_for_each_allocation_and_is_right() -> None:
    allocator = Allocator()
    with room(allocator=allocator) as stage:
        pull, push = stage.pair("PULL", "PUSH")
        push.send_multipart([b"a", b"bb"])
        assert pull.recv_multipart() == [b"a", b"bb"]
    assert [site for site, _ in allocator.asked if site in (Site.SOCKET, Site.LISTENER)] == [
        Site.SOCKET, Site.LISTENER, Site.SOCKET,
    ]  # fmt: skip
    assert [size for site, size in allocator.asked if site == Site.BODY] == [PART + 1, PART + 2]
    assert (Site.RECEIVE_BODY, 2 * PART + 3) in allocator.asked
    assert all(size > 0 for _, size in allocator.asked)


def test_what_the_pool_has_not_is_refused_without_the_allocator() -> None:
    allocator = Allocator()
    with room(allocator=allocator, memory_limit=SOCKET + CONNECTION) as stage:
        push = stage.socket("PUSH")
        push.connect(LATER)
        allocator.asked.clear()
        with fails(NoMemory) as raised:
            push.send(b"x")
        assert raised.value.refused_by == Rule.MEM_2
        assert allocator.asked == []


# --- what a refusal leaves behind


def test_a_refused_socket_leaves_nothing() -> None:
    allocator = Allocator(Site.SOCKET)
    with room(allocator=allocator) as stage:
        with fails(NoMemory):
            stage.context.socket(enomem.PUSH)
        assert stage.used == 0
        assert stage.context.cores == set()
        allocator.sites = set()
        stage.socket("PUSH").close()


def test_a_refused_listener_leaves_the_port_free() -> None:
    allocator = Allocator()
    with room(allocator=allocator) as stage:
        probe = stage.bound("PULL")
        endpoint = probe.last_endpoint
        probe.close()
        allocator.sites = {Site.LISTENER}
        pull = stage.socket("PULL")
        with fails(NoMemory):
            pull.bind(endpoint)
        assert pull.last_endpoint == ""
        allocator.sites = set()
        other = stage.socket("PULL")
        other.bind(endpoint)


def test_a_refused_connection_leaves_no_pipe() -> None:
    allocator = Allocator(Site.CONNECTION)
    with room(allocator=allocator) as stage:
        push = stage.socket("PUSH")
        with fails(NoMemory):
            push.connect(LATER)
        with fails(Again):
            push.send(b"to nobody", enomem.DONTWAIT)
        with fails(enomem.SocketError):
            push.disconnect(LATER)


def test_who_is_turned_away_comes_again_and_the_listener_goes_on() -> None:
    allocator = Allocator(Site.ACCEPT)
    with room(allocator=allocator) as stage, enomem.Context() as outside:
        pull = stage.bound("PULL")
        pull.monitor_events()
        push = outside.socket(enomem.PUSH)
        push.linger, push.reconnect_ivl = 0, 1
        push.connect(pull.last_endpoint)
        push.send(b"patience")
        event = events_until(pull, EventKind.ACCEPT_FAILED)[-1]
        assert (event.rule, event.value, event.reason) == (Rule.CONNECT_5, errno.ENOMEM, "no memory")
        assert Site.ACCEPT not in sites(stage)
        allocator.sites = set()
        assert pull.recv() == b"patience"


def test_a_refused_subscription_is_heard_of_nowhere() -> None:
    allocator = Allocator()
    with room(allocator=allocator) as stage, enomem.Context() as outside:
        pub = outside.socket(enomem.XPUB)
        pub.linger, pub.rcvtimeo = 0, 3000
        pub.bind(TCP)
        sub = stage.socket("SUB")
        sub.connect(pub.last_endpoint)
        sub.subscribe(b"first")
        assert pub.recv() == b"\1first"
        allocator.sites = {Site.SUBSCRIPTION}
        with fails(NoMemory):
            sub.subscribe(b"second")
        # It is not there to be cancelled, and the next one is the next that the publisher hears of.
        sub.unsubscribe(b"second")
        allocator.sites = set()
        sub.subscribe(b"third")
        assert pub.recv() == b"\1third"
        pub.send(b"second")
        pub.send(b"third")
        assert sub.recv() == b"third"


def test_the_policy_is_discard_if_nothing_is_said() -> None:
    with enomem.Context() as context:
        assert context.policy == DISCARD


# --- an allocator that raises


def raising(site: Site, times: int) -> Callable[[Site, int], bool]:
    """An allocator that raises so often where it is asked for this site, and else says yes."""
    left = [ZeroDivisionError("the application's own")] * times

    def allocator(asked: Site, _size: int) -> bool:
        if asked == site and left:
            raise left.pop()
        return True

    return allocator


def test_an_allocator_that_raises_has_refused_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[threading.ExceptHookArgs] = []
    with room(allocator=raising(Site.BODY, 1)) as stage:
        monkeypatch.setattr(threading, "excepthook", told.append)
        pull, push = stage.pair("PULL", "PUSH")
        with fails(NoMemory) as refused:
            push.send_multipart([b"a", b"b"])
        assert (refused.value.site, refused.value.refused_by) == (Site.BODY, Rule.MEM_3)
        assert [hook.exc_type for hook in told] == [ZeroDivisionError]
        push.send(b"c")
        assert pull.recv() == b"c"


def test_an_allocator_that_raises_in_the_io_thread_stalls_one_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[threading.ExceptHookArgs] = []
    with room(allocator=raising(Site.RECEIVE_BODY, 2)) as stage:
        monkeypatch.setattr(threading, "excepthook", told.append)
        pull, push = stage.pair("PULL", "PUSH")
        pull.monitor_events()
        push.send(b"c")
        assert pull.recv() == b"c"
        assert [hook.exc_type for hook in told] == [ZeroDivisionError] * 2
        events_until(pull, EventKind.RESUMED)
