"""A simulated OpenAI that answers every question after a fixed delay.

It must cost next to nothing, since it shares the machine with the server being measured: HTTP is
read by hand, the reply is made once, and waiting is one timer per question. It knows only
`POST …/chat/completions`, not streamed, and `GET /seen`, which tells what it was asked.
A question that contains `WARM_UP` is answered at once, whatever the delay.
"""

import argparse
import asyncio
import json
import time
from dataclasses import asdict, dataclass

from processes import raise_file_limit

WARM_UP = "warm-up"
MARK = "모의 답변입니다."  # The generator tells an answer by it.
SENTENCE = (
    "봄에는 벚꽃이 피고 여름에는 바다가 푸르며, 가을에는 단풍이 들고 겨울에는 눈이 내립니다. "
)
ANSWER = (MARK + " " + SENTENCE * 6)[:300]
MESSAGE_MARK = b'"role"'


@dataclass
class Seen:
    """What was asked so far, warm-up aside."""

    questions: int = 0
    messages: int = 0
    most_at_once: int = 0
    last_at: float = 0.0  # When the last question was here, by time.monotonic().


def completion(answer: str) -> bytes:
    """The JSON of a chat completion that says `answer`."""
    body = {
        "id": "chatcmpl-bench",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": "bench",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": answer, "refusal": None},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 400, "completion_tokens": 180, "total_tokens": 580},
    }
    return json.dumps(body, ensure_ascii=False).encode()


def http(status: str, body: bytes) -> bytes:
    """A whole HTTP response with a JSON body."""
    kind = "content-type: application/json"
    head = f"HTTP/1.1 {status}\r\n{kind}\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


COMPLETION = http("200 OK", completion(ANSWER))
NO_STREAM = http("400 Bad Request", b'{"error":{"message":"the far end does not stream"}}')


class Caller(asyncio.Protocol):
    """One connection from an openai client; questions come one after another."""

    waiting = 0  # Questions under way, over all connections.

    def __init__(self, delay: float, seen: Seen) -> None:
        self.delay = delay
        self.seen = seen
        self.received = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.received += data
        while request := self.take_request():
            self.answer(*request)

    def take_request(self) -> tuple[bytes, bytes] | None:
        """Head and body of the next request, if all of it is here."""
        end = self.received.find(b"\r\n\r\n")
        if end < 0:
            return None
        head = bytes(self.received[:end]).lower()
        _, _, rest = head.partition(b"content-length:")
        size = int(rest.split(b"\r\n", 1)[0]) if rest else 0
        total = end + 4 + size
        if len(self.received) < total:
            return None
        body = bytes(self.received[end + 4 : total])
        del self.received[:total]
        return head, body

    def answer(self, head: bytes, body: bytes) -> None:
        if head.startswith(b"get /seen"):
            self.transport.write(http("200 OK", json.dumps(asdict(self.seen)).encode()))
        elif b'"stream":true' in body or b'"stream": true' in body:
            self.transport.write(NO_STREAM)
        elif WARM_UP.encode() in body:
            self.transport.write(COMPLETION)
        else:
            self.answer_later(body)

    def answer_later(self, body: bytes) -> None:
        Caller.waiting += 1
        self.seen.questions += 1
        self.seen.last_at = time.monotonic()
        self.seen.messages += body.count(MESSAGE_MARK)
        self.seen.most_at_once = max(self.seen.most_at_once, Caller.waiting)
        if self.delay:
            asyncio.get_running_loop().call_later(self.delay, self.send)
        else:
            self.send()

    def send(self) -> None:
        Caller.waiting -= 1
        if not self.transport.is_closing():
            self.transport.write(COMPLETION)


async def serve(port: int, delay: float) -> None:
    """Answer until the process is ended."""
    seen = Seen()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Caller(delay, seen), "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before each answer")
    options = parser.parse_args()
    raise_file_limit()
    asyncio.run(serve(options.port, options.delay))


if __name__ == "__main__":
    main()
