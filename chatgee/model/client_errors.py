"""Our errors for whatever the openai package and the HTTP client below it raise."""

import logging
from collections.abc import Collection
from http import HTTPStatus
from typing import TYPE_CHECKING

from chatgee.errors import Failure, ModelError, SystemRoleRefused, UnreadableError
from chatgee.model import context_size, refusals, system_role
from chatgee.model.error_bodies import Reason, reason_in
from chatgee.model.said import said

if TYPE_CHECKING:
    import openai

log = logging.getLogger(__name__)


def translated(error: Exception, secrets: Collection[str] = ()) -> ModelError:
    """For what a call has raised."""
    import httpx2
    import openai

    if isinstance(error, ModelError):  # ours, by what reads the body
        return error
    if isinstance(error.__cause__, httpx2.DecodingError):  # packed otherwise than it says
        return UnreadableError()
    if isinstance(error, openai.APIConnectionError):
        # Over aiohttp a refused connection arrives as a time-out as well.
        timed_out = isinstance(error, openai.APITimeoutError) and _timed_out(error)
        return ModelError(Failure.TIMEOUT if timed_out else Failure.NETWORK)
    if isinstance(error, openai.APIStatusError):
        reason = reason_in(error.response.content)
        return _refused(error.status_code, reason, secrets, _retry_after(error))
    if isinstance(error, openai.APIError):
        return ModelError(Failure.SERVER)
    if isinstance(error, UnicodeEncodeError):  # letters in the key that no header can hold
        return ModelError(Failure.WRONG_KEY)
    # The client lets much of aiohttp's through: a port that speaks TLS or another protocol, broken
    # framing, an address that is none. By its kind alone: its words hold what came.
    log.info("model: %s", type(error).__name__)
    return ModelError(Failure.NETWORK)


def in_a_good_reply(body: bytes, secrets: Collection[str] = ()) -> ModelError | None:
    """For what stands in a reply of status 200 in place of an answer; None where no error does."""
    reason = reason_in(body)
    if not (reason.is_error or reason.is_page):
        return None
    told = _refused(reason.status or HTTPStatus.OK.value, reason, secrets)
    unknown = told.failure == Failure.SERVER and reason.status is None
    return UnreadableError(body, told.said) if unknown else told


def _refused(
    status: int, reason: Reason, secrets: Collection[str], retry_after: float | None = None
) -> ModelError:
    failure = refusals.failure_of(status, reason)
    log.debug("model: status %s, %s", status, failure)
    shown = said(reason, status, secrets)
    if failure in {Failure.REJECTED, Failure.SERVER} and system_role.is_refused(reason.told):
        return SystemRoleRefused(shown)
    wait = refusals.told_wait(reason) if retry_after is None else retry_after
    return ModelError(failure, wait, said=shown, share=_share(failure, reason))


def _share(failure: Failure, reason: Reason) -> float | None:
    """Also of a single request that is more than a whole minute may hold: no waiting cures it."""
    too_large = failure == Failure.RATE_LIMIT and "too large" in reason.told
    if failure == Failure.TOO_LONG or too_large:
        return context_size.share_that_fits(reason.told)
    return None


def _timed_out(error: BaseException) -> bool:
    """Whether a connection was made and then nothing came."""
    cause: BaseException | None = error
    while cause is not None:
        name = type(cause).__name__
        if "Connect" in name or "Disconnect" in name or isinstance(cause, ConnectionError):
            return False
        cause = cause.__cause__ or cause.__context__
    return True


def _retry_after(error: "openai.APIStatusError") -> float | None:
    try:
        return float(error.response.headers.get("retry-after", ""))
    except ValueError:
        return None
