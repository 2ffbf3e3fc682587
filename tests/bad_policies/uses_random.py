import random  # wrong

from enomem import Reaction, SendPolicy, Unfinished


class Mine(SendPolicy):
    def refused(self, message: Unfinished) -> Reaction:
        return Reaction(keep=random.randint(0, message.kept))
