"""Everything that can go wrong, by name.

ChatGeeError             has a sentence in the texts file: `key`, filled with `values`
├── SettingsError        a setting that cannot be used
├── AlreadyRunningError  another program has the folder
├── EndedError           the program was told to end while it waited
├── TunnelError          no public address could be had
├── StoreError           the database cannot be read or written just now
├── CallbackError        Kakao did not take a callback
└── ModelError           the model gave no answer; `failure` says why
    ├── UnreadableError  it gave something else, and would give it again
    └── SystemRoleRefused  it takes no message of the role `system`
RemoteError              for developers, in English: `why`
└── PayloadError         a request that is not a skill request

Whoever calls a foreign library translates its exceptions into these, with the cause kept.
"""

from enum import StrEnum


class ChatGeeError(Exception):
    """An error with a sentence for its reader under `key` in the texts file."""

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key, values)
        self.key = key
        self.values = values

    def __str__(self) -> str:
        return " ".join([self.key, *(f"{name}={value!r}" for name, value in self.values.items())])


class SettingsError(ChatGeeError):
    """A setting that cannot be used; names the setting, its value and the remedy."""


class AlreadyRunningError(ChatGeeError):
    """Another ChatGee works in DATA_DIR; `local` is its address where it is known."""

    def __init__(self, local: str | None) -> None:
        super().__init__("start.already_running" if local else "start.already_starting", url=local)
        self.local = local


class EndedError(ChatGeeError):
    """The program was told to end while it waited for something else to begin."""

    def __init__(self) -> None:
        super().__init__("start.stopping")


class TunnelError(ChatGeeError):
    """No public address could be had.

    `permanent`: it stays so until the owner changes something.
    """

    def __init__(self, key: str, permanent: bool = False, **values: object) -> None:
        super().__init__(key, **values)
        self.permanent = permanent


class StoreError(ChatGeeError):
    """The database cannot be read or written just now; nothing was changed."""


class CallbackError(ChatGeeError):
    """Kakao did not take the answer; the callback address is used up all the same."""


class RemoteError(Exception):
    """Something that the other side sent; no owner or friend reads of it."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class PayloadError(RemoteError):
    """The body of a request is not a Kakao skill request."""


class Failure(StrEnum):
    """Why a question has no answer; each has a sentence for the friend and a hint for the owner."""

    WRONG_KEY = "wrong_key"
    NO_CREDIT = "no_credit"
    UNKNOWN_MODEL = "unknown_model"
    ENVIRONMENT = "environment"
    MODEL_ACCESS = "model_access"
    NOT_LOADED = "not_loaded"
    WRONG_ADDRESS = "wrong_address"
    ACCOUNT_BLOCKED = "account_blocked"
    RATE_LIMIT = "rate_limit"
    TIMEOUT = "timeout"
    NETWORK = "network"
    SERVER = "server"
    LOADING = "loading"
    REJECTED = "rejected"
    REFUSED = "refused"
    TOO_LONG = "too_long"
    PHOTO = "photo"
    EMPTY = "empty"
    DAILY_LIMIT = "daily_limit"
    STORAGE = "storage"
    PRACTISED = "practised"
    """What the practice model fails with when it is told to: nothing is wrong."""
    BUG = "bug"

    @property
    def permanent(self) -> bool:
        """Whether it stays until the owner changes something, for every question alike."""
        return self in {
            Failure.WRONG_KEY,
            Failure.NO_CREDIT,
            Failure.UNKNOWN_MODEL,
            Failure.ENVIRONMENT,
            Failure.MODEL_ACCESS,
            Failure.NOT_LOADED,
            Failure.WRONG_ADDRESS,
            Failure.ACCOUNT_BLOCKED,
            Failure.STORAGE,
        }


class ModelError(ChatGeeError):
    """The model gave no answer.

    `retry_after` is the wait in seconds that the service asked for, None where it named none.
    `tokens` were paid all the same: of the prompt, and of what was said.
    `said` are the service's own words, fit to be shown to the owner.
    `about` has a sentence for the owner that tells more exactly than the failure's hint.
    `share` is the part of what was sent that would have had room, None where nobody said so.
    """

    def __init__(
        self,
        failure: Failure,
        retry_after: float | None = None,
        tokens: tuple[int, int] | None = None,
        said: str | None = None,
        about: ChatGeeError | None = None,
        share: float | None = None,
    ) -> None:
        super().__init__(f"failure.{failure}")
        self.failure = failure
        self.retry_after = retry_after
        self.tokens = tokens
        self.said = said
        self.about = about
        self.share = share

    @property
    def too_much(self) -> bool:
        """Whether a shorter prompt may be answered; some services call that a rate limit."""
        return self.failure == Failure.TOO_LONG or self.share is not None


class UnreadableError(ModelError):
    """A service said that all is well, and then nothing that is an answer.

    It would be so the next time, and may be paid for each time. `body` is for whoever looks for
    the reason in it.
    """

    def __init__(self, body: bytes = b"", said: str | None = None) -> None:
        super().__init__(Failure.SERVER, said=said)
        self.body = body


class SystemRoleRefused(ModelError):
    """The model takes no message of the role `system`."""

    def __init__(self, said: str | None = None) -> None:
        super().__init__(Failure.REJECTED, said=said)
