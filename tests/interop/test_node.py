"""One pair with the npm package ``zeromq``: libzmq again, in another's hands. Skipped, with the reason, without it."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from children import child

from . import matrix, talks
from .ends import ANYWHERE, Library
from .fixtures import Opener

CACHE = Path(os.environ.get("ENOMEM_NODE", Path.home() / ".cache" / "enomem" / "node"))
"""Where ``npm install --prefix ~/.cache/enomem/node zeromq`` has put it."""

ECHO = """
const { Dealer } = require("zeromq");
const [role, endpoint] = process.argv.slice(-2);
(async () => {
  const dealer = new Dealer({ linger: 0 });
  if (role === "binds") await dealer.bind(endpoint); else dealer.connect(endpoint);
  console.log(dealer.lastEndpoint);
  for await (const parts of dealer) await dealer.send(parts.reverse());
})();
"""
"""Sends every message back, its parts in reverse order."""


@pytest.fixture(scope="session")
def node() -> list[str]:
    """The command that runs a script with ``zeromq`` at hand."""
    program = shutil.which("node")
    if program is None:
        pytest.skip("node is not installed")
    environment = {**os.environ, "NODE_PATH": str(CACHE / "node_modules")}
    tried = subprocess.run([program, "-e", "require('zeromq')"], env=environment, capture_output=True, text=True)
    if tried.returncode:
        pytest.skip(f"the npm package is not installed: npm install --prefix {CACHE} zeromq")
    return ["env", f"NODE_PATH={environment['NODE_PATH']}", program, "-e", ECHO]


@pytest.fixture(params=["node_connects", "node_binds"])
def echo(request: pytest.FixtureRequest, node: list[str], opened: Opener, subject: Library) -> Iterator[talks.End]:
    """A DEALER of ours with the echo at its other end."""
    own = opened(subject, "DEALER")
    role = request.param.removeprefix("node_")
    where = ANYWHERE if role == "binds" else own.bind()
    with child([*node, role, where]) as process:
        assert process.stdout is not None
        where = process.stdout.readline().strip()
        if role == "binds":
            own.connect(where)
        yield own


@pytest.mark.parametrize("shape", matrix.SHAPES)
def test_node_echoes_every_shape(echo: talks.End, shape: str) -> None:
    for message in matrix.SHAPES[shape]:
        echo.send(message)
        talks.expect(echo.receive(), [*reversed(message)])
