"""The HTTP client below openai's, and what a proxy on its way to the model says."""

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from chatgee.errors import ChatGeeError, Failure, ModelError, SettingsError
from chatgee.system import certificates
from chatgee.system.addresses import OPENAI_URL
from chatgee.system.proxies import proxy_for

if TYPE_CHECKING:
    import httpx2

BY_PROXIES = {403, 407, 502, 503, 504}
"""What they answer in place of a server that they do not reach, or not for us."""


def made(address: str | None, seconds: float) -> "httpx2.AsyncClient":
    """For this model's server alone; `ModelError` where the environment leads to none.

    The environment is read here: aiohttp and httpx read it each in their own way, and end in an
    error of their own at what they do not know, also where it concerns other addresses.
    """
    import openai

    from chatgee.model.bounded_bodies import bound

    url = address or OPENAI_URL
    try:
        proxy = proxy_for(url)
        secure = any(one.startswith("https:") for one in (url, proxy.url if proxy else ""))
        trusted = (certificates.of_the_owner() or True) if secure else False
    except SettingsError as error:
        said = " ".join(map(str, error.values.values()))
        raise ModelError(Failure.ENVIRONMENT, said=said, about=error) from error
    return openai.DefaultAioHttpClient(
        timeout=seconds,
        follow_redirects=False,  # a server sends us nowhere else
        trust_env=False,
        proxy=proxy.url if proxy else None,
        verify=trusted,
        event_hooks={"response": [bound]},
    )


def by_proxy(error: Exception, told: ModelError, address: str | None) -> ModelError:
    """What is said of a failure, with the name of a proxy that stands in between."""
    status = _status(error)
    if status is None and told.failure != Failure.NETWORK:
        return told
    if not (proxy := proxy_for(address or OPENAI_URL)):
        return told
    if status is None:
        about = ChatGeeError("proxy.unreachable", proxy=proxy.told)
        return ModelError(Failure.NETWORK, said=proxy.told, about=about)
    why = f"{status} {HTTPStatus(status).phrase}"
    about = ChatGeeError("proxy.refused", proxy=proxy.told, why=why)
    return ModelError(Failure.NETWORK, said=f"{proxy.told} {why}", about=about)


def _status(error: BaseException | None) -> int | None:
    """With which a proxy has refused the call; None where it has not."""
    import openai

    if isinstance(error, openai.APIStatusError) and _is_proxys(error):
        return error.status_code
    while error is not None:
        if type(error).__name__ == "ClientHttpProxyError":  # aiohttp's, after a CONNECT
            status = int(getattr(error, "status", 0))
            return status if status in set(HTTPStatus) else HTTPStatus.BAD_GATEWAY
        error = error.__cause__ or error.__context__
    return None


def _is_proxys(error: Any) -> bool:
    """Of an unencrypted call it answers in the server's place, with a page of its own."""
    plain = error.request.url.scheme == "http"
    return plain and error.status_code in BY_PROXIES and not isinstance(error.body, dict)
