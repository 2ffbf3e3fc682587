"""Refuse the second part of a message, as if its allocation had failed, and send the message again."""

import enomem

asked = 0


def allocator(site: enomem.Site, _size: int) -> bool:
    """Say no once: to the second part that is sent."""
    global asked
    asked += site == enomem.Site.BODY
    return asked != 2


context = enomem.Context(allocator=allocator)
puller, pusher = context.socket(enomem.PULL), context.socket(enomem.PUSH)
puller.bind("tcp://127.0.0.1:0")
pusher.connect(puller.last_endpoint)

try:
    pusher.send(b"again", enomem.SNDMORE)
    pusher.send(b"or", enomem.SNDMORE)
except enomem.NoMemory as error:
    print(f"refused at {error.site.name}: {error}")
pusher.send_multipart([b"again", b"and", b"whole"])
print(f"received: {puller.recv_multipart()}")

puller.close()
pusher.close()
print(f"octets held at the end: {context.memory().used}")
context.term()
