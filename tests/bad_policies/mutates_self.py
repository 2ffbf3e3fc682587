from enomem import Reaction, SendPolicy, Unfinished


class Mine(SendPolicy):
    def __init__(self) -> None:
        self.count = 0

    def refused(self, message: Unfinished) -> Reaction:
        if self.count > 1_000:
            return Reaction(keep=0)
        self.count += 1  # wrong
        return Reaction(keep=message.kept)
