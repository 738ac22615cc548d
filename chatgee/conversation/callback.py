"""Answers that come after Kakao's five seconds: one POST to the address that Kakao gave.

The address is input from outside. It is used only on hosts that the owner allows, as it stands
(requests would rewrite its percent-signs), without redirects, in bounded time and size.
"""

import asyncio
import json
import re
import ssl
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chatgee.conversation.callback_refusals import check
from chatgee.errors import CallbackError, SettingsError, StoreError
from chatgee.system import certificates
from chatgee.system.addresses import is_loopback
from chatgee.system.proxies import proxy_for

if TYPE_CHECKING:
    import aiohttp

TOTAL_SECONDS = 8.0
CLOSING_SECONDS = 1.0
REPLY_BYTES = 64 * 1024
AT_ONCE = 32
HEADERS = {"Content-Type": "application/json; charset=utf-8"}

Taker = Callable[[bytes], dict[str, Any] | None]
"""Answers as Kakao would; None where the address was never given out."""

_URL = re.compile(r"(https?)://([a-z0-9.-]+)(?::(\d{1,5}))?(/[!-~]*)?", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True)
class CallbackHosts:
    """Where callbacks may go: names for https; loopback as `host:port`, also for plain http."""

    names: tuple[str, ...]
    is_ours: Callable[[str], bool] = lambda url: False
    """Whether it is an address that this program gave out itself, to a simulated friend."""

    def allow(self, url: str) -> bool:
        if self.is_ours(url):
            return True
        match = _URL.fullmatch(url)
        if match is None or "\\" in url:
            return False
        scheme, host, port = match[1].lower(), match[2].lower(), match[3]
        if port and f"{host}:{port}" in self.names:
            return is_loopback(host)
        return scheme == "https" and host in self.names and port in (None, "443")


class Callbacks:
    """Posts to Kakao. For one asyncio loop."""

    def __init__(
        self, hosts: CallbackHosts, by_hand: Callable[[str], Taker | None] = lambda url: None
    ) -> None:
        """`by_hand` knows who takes what is meant for an address to which nobody can post."""
        self._hosts, self._by_hand = hosts, by_hand
        self._session: aiohttp.ClientSession | None = None
        self._under_way: set[asyncio.Task[None]] = set()

    async def finish(self, delivery: Coroutine[Any, Any, None]) -> None:
        """Run it to its end, also where the caller is cancelled: what Kakao has taken is noted."""
        task = asyncio.create_task(delivery)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        await asyncio.shield(task)

    async def post(self, url: str, body: bytes) -> None:
        """Send the JSON of a SkillResponse; `CallbackError` unless Kakao took it.

        The address comes out of the store, into which a backup or another program may have put it:
        it is looked at here once more.
        """
        if take := self._by_hand(url):
            await _hand_over(take, body)
            return
        if not self._hosts.allow(url):
            raise CallbackError("callback.elsewhere")
        import aiohttp
        from yarl import URL

        as_it_stands = URL(url, encoded=True)
        try:
            proxy = proxy_for(url)
            async with self._connect().post(
                as_it_stands,
                data=body,
                headers=HEADERS,
                allow_redirects=False,
                proxy=proxy.url if proxy else None,
            ) as reply:
                check(reply.status, await reply.content.read(REPLY_BYTES))
        except SettingsError as error:
            raise CallbackError(error.key, **error.values) from error
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise CallbackError("callback.unreachable", why=type(error).__name__) from error

    async def close(self) -> None:
        """Deliveries that are under way get a moment more."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=CLOSING_SECONDS)
        if self._session:
            await self._session.close()

    def _connect(self) -> "aiohttp.ClientSession":
        """Import and connect at the first callback, which most bots never need."""
        if self._session is None:
            import aiohttp
            import certifi

            tls = certificates.of_the_owner()
            # Some systems' Pythons know no certificates of their own.
            tls = tls or ssl.create_default_context(cafile=certifi.where())
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=tls, limit=AT_ONCE),
                timeout=aiohttp.ClientTimeout(total=TOTAL_SECONDS),
            )
        return self._session


async def _hand_over(take: Taker, body: bytes) -> None:
    try:
        answer = await asyncio.to_thread(take, body)
    except StoreError as error:
        raise CallbackError("callback.unreachable", why=type(error).__name__) from error
    check(200 if answer else 404, json.dumps(answer).encode())
