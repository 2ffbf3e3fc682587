from enomem import Reaction, SendPolicy, Unfinished


class Mine(SendPolicy):
    def __init__(self, most: int) -> None:  # wrong
        self.most = most

    def refused(self, message: Unfinished) -> Reaction:
        return Reaction(keep=min(message.kept, self.most))
