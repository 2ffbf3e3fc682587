"""A checkout as children see it: on their path, with the entry points that an installation would have written."""

import os
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def python_path(folder: Path) -> str:
    """A PYTHONPATH with enomem on it, whose pytest plugin is found; what has to be written is written to ``folder``."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    information = folder / "enomem-0.dist-info"
    information.mkdir(parents=True, exist_ok=True)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: enomem\nVersion: 0\n")
    lines = [
        line
        for group, points in project["entry-points"].items()
        for line in (f"[{group}]", *(f"{name} = {place}" for name, place in points.items()))
    ]
    (information / "entry_points.txt").write_text("\n".join(lines) + "\n")
    return os.pathsep.join(filter(None, (str(ROOT / "src"), os.environ.get("PYTHONPATH"), str(folder))))
