from enomem import Reaction, SendPolicy, Unfinished

SHARE = 1 / len("")  # wrong


class Mine(SendPolicy):
    def refused(self, message: Unfinished) -> Reaction:
        return Reaction(keep=0 if message.kept < SHARE else message.kept)
