"""Defects of the application that sends, or of the binding that sends for it."""

from dataclasses import replace

from enomem.model.application import Application, Recovery, answered, recovered
from enomem.model.policies import DISCARD
from enomem.model.send import Answer

from .harness import Mutant

ANSWERED, RECOVERED = "enomem.model.system:answered", "enomem.model.system:recovered"


def goes_on_after_reset(
    app: Application, recovery: Recovery, answer: Answer, last: bool, numbered: bool
) -> Application:
    return app if answer == Answer.GONE else answered(app, recovery, answer, last, numbered)


def restart_forgotten(app: Application, recovery: Recovery, answer: Answer, last: bool, numbered: bool) -> Application:
    return app if answer == Answer.NO_MEMORY else answered(app, recovery, answer, last, numbered)


def skips_a_part_after_frame(app: Application, recovery: Recovery, numbered: bool) -> Application:
    """Only the failed part's message is given up, not its place: the next message begins in its middle."""
    return replace(recovered(app, recovery, numbered), part=app.part)


def never_aborts(recovery: Recovery) -> bool:
    return False


MUTANTS = (
    Mutant("goes on after ECONNRESET", "The rest is sent of a message whose beginning went with its peer.",
           {ANSWERED: goes_on_after_reset}, DISCARD, Recovery.RESTART, "SAFE-WHOLE"),
    Mutant("restart forgotten", "The failed part is sent again after ENOMEM, though the rest was discarded.",
           {ANSWERED: restart_forgotten}, DISCARD, Recovery.RESTART, "SAFE-NEXT"),
    Mutant("next message from the middle", "After its own failed allocation the application begins in mid-message.",
           {RECOVERED: skips_a_part_after_frame}, DISCARD, Recovery.NEXT, "SAFE-NEXT"),
    Mutant("no abort after its own ENOMEM", "The application leaves its unfinished message and sends another.",
           {"enomem.model.system:must_abort": never_aborts}, DISCARD, Recovery.NEXT, "SAFE-WHOLE"),
)  # fmt: skip
