"""No body of a service fills the memory, however long it is."""

from collections.abc import AsyncIterator

import httpx2

from chatgee.errors import UnreadableError

MOST_BYTES = 8 * 2**20
"""A stream of 30,000 tokens, an event for each of them."""
MOST_PACKED_BYTES = 2**17
"""Unpacked, it may be a thousand times as much."""


class _Bounded(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream, most: int) -> None:
        self._stream, self._left = stream, most

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._stream:
            self._left -= len(piece)
            if self._left < 0:
                raise UnreadableError
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()


async def bound(response: httpx2.Response) -> None:
    """An event hook of a client, which is called before the body is read."""
    most = MOST_PACKED_BYTES if "content-encoding" in response.headers else MOST_BYTES
    if isinstance(response.stream, httpx2.AsyncByteStream):
        response.stream = _Bounded(response.stream, most)
