from enomem import SendPolicy, Unfinished


class Mine(SendPolicy):
    def refused(self, message: Unfinished) -> int:
        return 0 if message.last else message.kept  # wrong
