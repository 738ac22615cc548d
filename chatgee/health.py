"""Whether questions can be answered, as far as the last ones told."""

from chatgee.errors import Failure


class Health:
    """Remembers a failure that does not pass by itself, until an answer succeeds."""

    def __init__(self) -> None:
        self.trouble: Failure | None = None

    def answered(self) -> None:
        self.trouble = None

    def failed(self, failure: Failure) -> None:
        if failure.permanent:
            self.trouble = failure
