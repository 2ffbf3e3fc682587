"""An adapter that goes wrong in the way that its argument names; it knows nothing of enomem."""

import json
import os
import sys

HELLO = {"protocol": 1, "target": "bad", "version": "1", "cans": ["PEERS", "MEMORY"], "types": ["PUSH"]}
GOOD = {"said": "ok", "socket": 0, "met": True, "octets": 0, "part": "", "more": False, "endpoint": "tcp://here:1"}
HELLOS: dict[str, object] = {
    "garbage at first": "Hello, world!",
    "a list at first": [],
    "another version": {**HELLO, "protocol": 99},
    "an unknown can": {**HELLO, "cans": ["FLY"]},
    "no types": {name: value for name, value in HELLO.items() if name != "types"},
}
ANSWERS: dict[str, object] = {
    "garbage": "?!",
    "another call's": {"id": 99, **GOOD},
    "an unknown word": {**GOOD, "said": "EWHATEVER"},
    "no word": {name: value for name, value in GOOD.items() if name != "said"},
    "no number": {**GOOD, "socket": "first"},
    "no octets": {**GOOD, "part": "xyz"},
    "a fault": {"fault": "RuntimeError: out of luck"},
}


def write(value: object) -> None:
    sys.stdout.write(f"{value if isinstance(value, str) else json.dumps(value)}\n")
    sys.stdout.flush()


def main(way: str) -> None:
    if way == "dies at first":
        sys.exit("no such library")
    if way == "hangs at first":
        sys.stdin.read()
    write(HELLOS.get(way, HELLO))
    for line in sys.stdin:
        call = json.loads(line)
        if way == "hangs":
            sys.stdin.read()
        elif way == "dies":
            os.write(2, b"a last word\n")
            os.abort()
        elif way == "ends":
            sys.exit(3)
        elif way == "closes its output":
            os.close(1)
            sys.stdin.read()
        elif way == "stops in the middle":
            os.write(1, b'{"id":1')
            os._exit(0)
        elif way == "answers twice":
            write({"id": call["id"], **GOOD})
            write({"id": call["id"], **GOOD})
        else:
            answer = ANSWERS.get(way, GOOD)
            write({"id": call["id"], **answer} if isinstance(answer, dict) else answer)


main(sys.argv[1])
