"""Pretend friends: their questions in Kakao's shape, and connections to ask them on.

HTTP is spoken by hand (content-length or until the connection closes, never chunked), so that a
question costs this process about 0.1 ms and the measuring does not disturb what is measured.
"""

import asyncio
import hashlib
import json
import time
from dataclasses import dataclass
from pathlib import Path

GIVE_UP_SECONDS = 20.0
FIRST_STRANGER = 1_000_000_000  # Numbers from here on are friends that no store was filled with.
ID_PLACE, KEY_PLACE, WORDS_PLACE = "0" * 64, "K" * 12, "W" * 12
QUESTION_FILE = Path(__file__).with_name("question.json")


@dataclass(frozen=True)
class Address:
    """Where the server under test listens."""

    port: int
    host: str = "127.0.0.1"
    path: str = "/prompt"


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back for one question; status 0 if nothing whole did."""

    asked_at: float
    seconds: float
    status: int = 0
    body: bytes = b""


def friend_id(number: int) -> str:
    """The user id of simulated friend `number`, 64 hex digits as Kakao's are."""
    return hashlib.sha256(f"bench friend {number}".encode()).hexdigest()


def question_template(address: Address) -> bytes:
    """A whole HTTP request with three places to be filled."""
    payload = json.loads(QUESTION_FILE.read_text("utf-8"))
    user = payload["userRequest"]["user"]
    user["id"] = ID_PLACE
    user["properties"].update(botUserKey=ID_PLACE, bot_user_key=ID_PLACE)
    user["properties"].update(plusfriendUserKey=KEY_PLACE, plusfriend_user_key=KEY_PLACE)
    payload["userRequest"]["utterance"] += " " + WORDS_PLACE
    body = json.dumps(payload, ensure_ascii=False).encode()
    head = (
        f"POST {address.path} HTTP/1.1\r\nhost: {address.host}:{address.port}\r\n"
        "content-type: application/json\r\nuser-agent: AHC/2.1\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Friends:
    """Questions of numbered friends, ready to send; every stranger is new."""

    def __init__(self, address: Address) -> None:
        self.template = question_template(address)
        self.next_stranger = FIRST_STRANGER

    def question(self, number: int, words: str = "") -> bytes:
        """What friend `number` asks."""
        name = friend_id(number)
        words = words or f"#{number:011d}"
        return (
            self.template.replace(ID_PLACE.encode(), name.encode())
            .replace(KEY_PLACE.encode(), name[:12].encode())
            .replace(WORDS_PLACE.encode(), words.ljust(12)[:12].encode())
        )

    def stranger(self) -> bytes:
        """The question of somebody who has never written before."""
        self.next_stranger += 1
        return self.question(self.next_stranger)


class Chat(asyncio.Protocol):
    """One connection; one question at a time."""

    def __init__(self) -> None:
        self.open = True
        self.received = bytearray()
        self.total: int | None = None
        self.done: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.received += data
        if self.total is None:
            self.total = whole_size(self.received)
        if self.total is not None and len(self.received) >= self.total:
            self.finish()

    def connection_lost(self, error: Exception | None) -> None:
        self.open = False
        self.finish()

    def finish(self) -> None:
        if says_close(self.received):
            self.open = False
        if self.done is not None and not self.done.done():
            self.ended_at = time.monotonic()
            self.done.set_result(None)

    async def ask(self, question: bytes, began: float | None = None) -> Reply:
        """Send the question and wait for all of its reply.

        Time counts from the first byte, or from `began` where it is given.
        """
        self.received.clear()
        self.total = None
        self.done = asyncio.get_running_loop().create_future()
        began = time.monotonic() if began is None else began
        if not self.open:
            return Reply(began, time.monotonic() - began)
        self.transport.write(question)
        try:
            await asyncio.wait_for(self.done, GIVE_UP_SECONDS)
        except TimeoutError:
            self.transport.abort()
            return Reply(began, GIVE_UP_SECONDS)
        status, body = split(bytes(self.received))
        return Reply(began, self.ended_at - began, status, body)


def whole_size(received: bytearray) -> int | None:
    """How long the reply will be, once its head says so."""
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return None
    _, _, rest = bytes(received[:end]).lower().partition(b"content-length:")
    return end + 4 + int(rest.split(b"\r\n", 1)[0]) if rest else None


def says_close(received: bytearray) -> bool:
    """Whether the server takes no more questions on this connection."""
    head = bytes(received).partition(b"\r\n\r\n")[0].lower()
    return b"connection: close" in head


def split(received: bytes) -> tuple[int, bytes]:
    """Status and body; (0, b"") for what is not a reply."""
    head, _, body = received.partition(b"\r\n\r\n")
    words = head.split(None, 2)
    if len(words) < 2 or not words[1].isdigit():
        return 0, b""
    return int(words[1]), body


async def connect(address: Address) -> Chat:
    """A new connection; raises OSError where the server takes none."""
    loop = asyncio.get_running_loop()
    _, chat = await loop.create_connection(Chat, address.host, address.port)
    return chat


async def ask_once(address: Address, question: bytes) -> Reply:
    """One question on a connection of its own.

    Timed from before connecting: waiting in a full queue of connections is the server's delay too.
    """
    began = time.monotonic()
    try:
        chat = await asyncio.wait_for(connect(address), GIVE_UP_SECONDS)
    except OSError:
        return Reply(began, time.monotonic() - began)
    try:
        return await chat.ask(question, began)
    finally:
        chat.transport.abort()
