"""A target whose machines have a defect, beside a model that has none: the defect is there only during its calls."""

from collections.abc import Callable
from typing import Any

from mutants import Mutant, PatternMutant, applied

from enomem.checks.targets.reference import Reference


class Mutated:
    """The stepped reference socket, which does everything in its calls, with a defect in all of them."""

    def __init__(self, mutant: Mutant | PatternMutant) -> None:
        self._target = Reference(stepped=True)
        self._mutant = mutant

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._target, name)
        return self._with(found) if callable(found) else found

    def _with(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def called(*arguments: Any, **options: Any) -> Any:
            with applied(self._mutant):
                return call(*arguments, **options)

        return called
