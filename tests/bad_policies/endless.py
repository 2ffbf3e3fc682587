from enomem import Reaction, SendPolicy, Unfinished


class Mine(SendPolicy):
    def refused(self, message: Unfinished) -> Reaction:
        keep = message.kept
        while True:  # wrong
            keep = max(keep - 1, 0)
        return Reaction(keep=keep)
