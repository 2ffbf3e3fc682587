from enomem import Reaction, SendPolicy, Unfinished


class Mine(SendPolicy):
    def refused(self, message: Unfinished) -> Reaction:
        if message.last:
            return Reaction(keep=message.kept - 1)  # wrong
        return Reaction(keep=0)
