"""What is no answer and no refusal either: a port that speaks something else, or breaks off."""

import asyncio
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, suppress

import pytest

from chatgee.errors import Failure, ModelError
from chatgee.model.openai_model import OpenAIModel
from chatgee.owner.setup import checks
from chatgee.questions import Prompt
from tests.support.far_ends import PATIENCE

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
FAILED = b"HTTP/1.1 500 Oh\r\nContent-Type: application/json\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
WORDS = {
    "an alert of TLS": b"\x15\x03\x01\x00\x02\x02\x46",
    "HTTP 2": b"\x00\x00\x12\x04\x00\x00\x00\x00\x00",
    "SSH": b"SSH-2.0-OpenSSH_9.6\r\n",
    "a database": b"\x00\xff\xfe5.7.1\x00\r\n\r\n",
    "nothing": b"",
    "no header's end": OK,
    "a chunk of no length": OK + CHUNKED + b"ZZ\r\nabc\r\n",
    "a failure's chunk of no length": FAILED + CHUNKED + b"ZZ\r\nabc\r\n",
    "half a chunk": OK + CHUNKED + b'f\r\n{"cho',
    "half a body": OK + b'Content-Length: 100\r\n\r\n{"cho',
    "half a failure": FAILED + b'Content-Length: 100\r\n\r\n{"cho',
    "no length": OK + b"Content-Length: many\r\n\r\n{}",
    "two lengths": OK + b"Content-Length: 2\r\nContent-Length: 5\r\n\r\n{}",
    "no header": OK + b"Bad\x00Header: x\r\nContent-Length: 2\r\n\r\n{}",
    "a header too long": OK + b"X: " + b"a" * 100_000 + b"\r\nContent-Length: 2\r\n\r\n{}",
    "no status": b"HTTP/1.1 what OK\r\nContent-Length: 2\r\n\r\n{}",
    "a status below all": b"HTTP/1.1 99 OK\r\nContent-Length: 2\r\n\r\n{}",
}
QUESTION = re.compile(rb'"role": ?"user", ?"content": ?"([^"]+)"')


class Speaking:
    """A port that hears a request out, says its words and hangs up.

    To a question that is a name of `WORDS` it says those.
    """

    def __init__(self, words: bytes = b"") -> None:
        self.words = words
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/v1"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                caller, _ = self._listener.accept()
                threading.Thread(target=self._answer, args=(caller,), daemon=True).start()

    def _answer(self, caller: socket.socket) -> None:
        with caller, suppress(OSError):
            caller.settimeout(PATIENCE)
            heard = caller.recv(65_536)
            while heard.startswith(b"POST") and not heard.endswith(b"}"):
                heard += caller.recv(65_536)
            asked = QUESTION.search(heard)
            caller.sendall(WORDS.get(asked[1].decode(), self.words) if asked else self.words)
            caller.shutdown(socket.SHUT_WR)
            while caller.recv(65_536):
                pass

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@pytest.fixture(scope="module")
def heard() -> Iterator[dict[str, list[str]]]:
    """What becomes of a question and of a look for models, by what the port says."""

    async def ask_all() -> dict[str, list[str]]:
        model = OpenAIModel("gpt-test", "sk-key", end.url, PATIENCE)
        calls = [model.answer(Prompt(name)) for name in WORDS]
        answers = await asyncio.gather(*calls, return_exceptions=True)
        told = {name: [str(one)] for name, one in zip(WORDS, answers, strict=True)}
        for name, end.words in WORDS.items():
            found = await asyncio.gather(model.models(), return_exceptions=True)
            told[name].append(str(found[0]))
        await model.close()
        return told

    with closing(Speaking()) as end:
        yield asyncio.run(ask_all())


@pytest.mark.parametrize("name", WORDS)
def test_what_speaks_no_http_is_the_network(heard: dict[str, list[str]], name: str) -> None:
    assert heard[name] == [f"failure.{Failure.NETWORK}"] * 2


@pytest.mark.parametrize(
    "address", ["http://a..b/v1", f"http://{'a' * 70}.com/v1", "http://x\u200b.com/v1"]
)
def test_an_address_that_cannot_be_is_the_network(address: str) -> None:
    assert name_of(OpenAIModel("gpt-test", "sk-key", address, 5.0)) == Failure.NETWORK


def test_a_port_of_http_that_is_asked_for_tls_is_the_network() -> None:
    with closing(Speaking(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")) as end:
        address = end.url.replace("http:", "https:")
        model = OpenAIModel("gpt-test", "sk-key", address, 1.0)
        assert name_of(model) == Failure.NETWORK


@pytest.mark.parametrize("key", ["sk-키", "sk-\u201ckey\u201d"])
def test_a_key_that_no_request_can_hold_is_a_wrong_key(key: str) -> None:
    assert name_of(OpenAIModel("gpt-test", key, "http://127.0.0.1:9/v1", 5.0)) == Failure.WRONG_KEY


def test_set_up_looks_for_servers_where_something_else_listens() -> None:
    with closing(Speaking(b"SSH-2.0-OpenSSH_9.6\r\n")) as end:
        assert checks.find([("LM Studio", end.url)]) == []


def name_of(model: OpenAIModel) -> Failure:
    async def ask() -> None:
        try:
            await model.models()
        finally:
            await model.close()

    with pytest.raises(ModelError) as caught:
        asyncio.run(ask())
    return caught.value.failure
