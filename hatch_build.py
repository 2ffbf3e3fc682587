"""Build hook: before an editable install needs the links ``src/enomem/{model,checks,spec}``, they are there.

Git keeps the links, a source distribution does not. The wheel itself is made without them.
"""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PARTS = ("model", "checks", "spec")


def link_parts(root: Path) -> None:
    """Make each missing ``src/enomem/<part>`` a link to ``<part>``; what is there already stays."""
    for part in PARTS:
        link = root / "src" / "enomem" / part
        if link.is_file():
            raise OSError(f"{link} is a file, not a link: clone again with `git clone -c core.symlinks=true`")
        if not link.is_dir():
            link.symlink_to(Path("..", "..", part), target_is_directory=True)


class LinkParts(BuildHookInterface[Any]):
    """Runs before a wheel is built; only an editable one needs the links."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Link the parts, if this is an editable install."""
        if version == "editable":
            link_parts(Path(self.root))
