from enomem import Reaction, SendPolicy, Site, Unfinished

SHARES = {Site.BODY: 1}


class Mine(SendPolicy):
    def refused(self, message: Unfinished) -> Reaction:
        share = SHARES[message.site]  # wrong
        return Reaction(keep=min(message.kept, share))
