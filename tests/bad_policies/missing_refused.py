from enomem import Reaction, SendPolicy, Unfinished


class Mine(SendPolicy):  # wrong
    name = "MINE"

    def refuse(self, message: Unfinished) -> Reaction:
        return Reaction(keep=message.kept)
