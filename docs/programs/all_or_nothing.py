"""Send a message whose second part gets no memory, then another one: python all_or_nothing.py enomem | zmq."""

import importlib
import resource
import sys
from pathlib import Path

library = importlib.import_module(sys.argv[1])
big = bytes(256 << 20)
context = library.Context(memory_limit=1 << 20) if sys.argv[1] == "enomem" else library.Context()
puller, pusher = context.socket(library.PULL), context.socket(library.PUSH)
puller.bind("tcp://127.0.0.1:0")
pusher.connect(puller.getsockopt(library.LAST_ENDPOINT).rstrip(b"\0").decode())
if sys.argv[1] != "enomem":
    # libzmq has no limit of its own: the process gets one, 64 MiB above what it has now.
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + (64 << 20), -1))

try:
    pusher.send_multipart([b"A1", big])
except library.ZMQError as error:
    print(f"send_multipart([A1, big]): errno {error.errno}")
pusher.send_multipart([b"B1", b"B2"])
print(f"received: {puller.recv_multipart()}")

resource.setrlimit(resource.RLIMIT_AS, (-1, -1))  # libzmq needs memory to close
context.destroy(linger=0)
