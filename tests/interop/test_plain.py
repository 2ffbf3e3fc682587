"""PLAIN: the right password lets a peer in, a wrong one is refused with a reason, and so is another mechanism."""

import pytest

from . import talks
from .ends import End, Library
from .fixtures import Opener
from .waiting import until

USERS = {"admin": "secret", "somebody": "x" * 255}
ROLES = ("subject_serves", "subject_is_client")
WRONG = {"password": ("admin", "wrong"), "user": ("nobody", "secret")}

pytestmark = pytest.mark.parametrize("role", ROLES)


def libraries(subject: Library, peer: Library, role: str) -> tuple[Library, Library]:
    """Who serves, and who is a client."""
    return (subject, peer) if role == "subject_serves" else (peer, subject)


def server(opened: Opener, library: Library) -> End:
    """A PULL that lets in whom it knows."""
    end = opened(library, "PULL", PLAIN_SERVER=1)
    end.let_in(USERS)
    return end


def client(opened: Opener, library: Library, name: str, password: str) -> End:
    return opened(library, "PUSH", PLAIN_USERNAME=name.encode(), PLAIN_PASSWORD=password.encode(), RECONNECT_IVL=10)


@pytest.mark.parametrize("binds", ["server", "client"])
@pytest.mark.parametrize("name", USERS)
def test_the_right_password(opened: Opener, subject: Library, peer: Library, role: str, name: str, binds: str) -> None:
    a, b = libraries(subject, peer, role)
    known = client(opened, b, name, USERS[name])
    puller = server(opened, a)
    first, second = (puller, known) if binds == "server" else (known, puller)
    second.connect(first.bind())
    talks.one_way(known, puller, [[b"hello"], [b"of", b"many", b"parts"]])


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_one_is_refused(opened: Opener, subject: Library, peer: Library, role: str, what: str) -> None:
    a, b = libraries(subject, peer, role)
    puller, stranger, known = server(opened, a), client(opened, b, *WRONG[what]), client(opened, b, "admin", "secret")
    own = puller if role == "subject_serves" else stranger
    own.watch()
    where = puller.bind()
    stranger.connect(where)
    stranger.try_send([b"not this one"])
    seen = until(own.refusals, f"{own} reports that the handshake failed", own, puller, stranger)
    assert seen
    known.connect(where)
    known.send([b"but this one"], puller)
    assert puller.receive(known, stranger) == [b"but this one"]


@pytest.mark.parametrize("plain", ["only_the_server", "only_the_client"])
def test_null_and_plain_do_not_talk(opened: Opener, subject: Library, peer: Library, role: str, plain: str) -> None:
    a, b = libraries(subject, peer, role)
    puller = server(opened, a) if plain == "only_the_server" else opened(a, "PULL")
    if plain == "only_the_server":
        pusher, good = opened(b, "PUSH", RECONNECT_IVL=10), client(opened, b, "admin", "secret")
    else:
        pusher, good = client(opened, b, "admin", "secret"), opened(b, "PUSH")
    own = puller if role == "subject_serves" else pusher
    own.watch()
    where = puller.bind()
    pusher.connect(where)
    pusher.try_send([b"not this one"])
    until(own.refusals, f"{own} reports that the handshake failed", own, puller, pusher)
    good.connect(where)
    good.send([b"but this one"], puller)
    assert puller.receive(good, pusher) == [b"but this one"]
