"""Files of deviations that are known, in one format: TOML tables ``[[deviation]]``, a target and a version."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .errors import UsageError

BESIDE = {"target", "version"}


def read(named: Path, shipped: Path) -> tuple[Path, Sequence[Any]]:
    """A file, or the one of that name in the folder ``shipped`` ("pyzmq"): its path, and its tables as they stand.

    UsageError if it cannot be read, is not TOML, or has something else in it.
    """
    path = named
    if not named.exists() and (shipped / f"{named}.toml").exists():
        path = shipped / f"{named}.toml"
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        names = ", ".join(sorted(file.stem for file in shipped.glob("*.toml")))
        raise UsageError(f"{named} cannot be read ({error.strerror}); shipped are: {names}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path} is not TOML: {error}") from None
    entries = data.get("deviation", [])
    if not isinstance(entries, list) or set(data) - BESIDE - {"deviation"}:
        raise UsageError(f"{path}: deviations are tables [[deviation]]; beside them a target and a version may stand")
    return path, entries
