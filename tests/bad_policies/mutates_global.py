from enomem import Reaction, SendPolicy, Unfinished

SEEN: list[int] = []


class Mine(SendPolicy):
    def refused(self, message: Unfinished) -> Reaction:
        if len(SEEN) > 1_000:
            return Reaction(keep=0)
        SEEN.append(message.kept)  # wrong
        return Reaction(keep=message.kept)
