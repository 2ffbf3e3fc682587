"""The library's own tests can ask its sockets part by part, too."""

from enomem.checks.targets.target import Said, Target


def test_a_message_arrives_whole(enomem_target: Target) -> None:
    first, second = enomem_target.create("PAIR"), enomem_target.create("PAIR", {"SNDHWM": 5})
    assert enomem_target.connect(second, enomem_target.bind(first)) is Said.OK
    assert enomem_target.send(second, b"hello", more=True) is Said.OK
    assert enomem_target.send(second, b"world", wait=5000) is Said.OK
    got = enomem_target.receive(first, wait=5000)
    assert (got.part, got.more) == (b"hello", True)
    assert enomem_target.receive(first).part == b"world"
