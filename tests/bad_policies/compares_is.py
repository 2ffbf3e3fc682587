from enomem import Reaction, SendPolicy, Site, Unfinished


class Mine(SendPolicy):
    def refused(self, message: Unfinished) -> Reaction:
        if message.site is Site.BODY:  # wrong
            return Reaction(keep=message.kept)
        return Reaction(keep=0)
