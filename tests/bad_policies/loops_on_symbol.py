from enomem import Reaction, SendPolicy, Unfinished


class Mine(SendPolicy):
    def refused(self, message: Unfinished) -> Reaction:
        half = 0
        while 2 * half < message.kept:  # wrong
            half += 1
        return Reaction(keep=half)
