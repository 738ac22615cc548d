"""Whether questions can be answered, as far as the last ones told."""

from chatgee.errors import Failure


class Health:
    """Remembers failures until an answer succeeds."""

    def __init__(self) -> None:
        self.last: Failure | None = None
        """Why the last question has no answer."""
        self.trouble: Failure | None = None
        """A failure that does not pass by itself."""

    def answered(self) -> None:
        self.last = self.trouble = None

    def stored(self) -> None:
        """A question could be written down."""
        if self.trouble == Failure.STORAGE:
            self.last = self.trouble = None

    def failed(self, failure: Failure) -> bool:
        """Whether it is news."""
        news = failure != self.last
        self.last = failure
        if failure.permanent:
            self.trouble = failure
        return news
