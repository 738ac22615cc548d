"""The far ends of the network in tests: small real servers that record what they receive."""

import json
import re
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PATIENCE = 10.0
"""Seconds after which a test that waits for something has failed."""


class FarEnd:
    """An HTTP server on a free port of this machine."""

    address = "127.0.0.1"

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.arrived = threading.Condition()
        self.requests: list[Any] = []
        end = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self.do_POST()

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                try:
                    status, headers, content = end.answer(self.path, dict(self.headers), body)
                    self.send_response(status)
                    for name, value in {"Content-Length": len(content), **headers}.items():
                        self.send_header(name, str(value))
                    self.end_headers()
                    self.wfile.write(content)
                except (ConnectionError, HangUp):
                    self.close_connection = True

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer((self.address, 0), Handler)
        self._server.daemon_threads = True
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def answer(
        self, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        raise NotImplementedError

    def remember(self, request: Any) -> None:
        with self.arrived:
            self.requests.append(request)
            self.arrived.notify_all()

    def wait_for(self, count: int) -> list[Any]:
        """The first `count` requests, once there are so many."""
        with self.arrived:
            enough = self.arrived.wait_for(lambda: len(self.requests) >= count, PATIENCE)
            assert enough, f"{len(self.requests)} of {count} requests came"
            return self.requests[:count]

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class HangUp(Exception):
    """Close the connection without a word."""


@dataclass(frozen=True)
class Told:
    """What a request tells the model, by its parts: a test names the one that it means."""

    system: str
    """The character, and what stands beside it."""
    memory: list[str]
    """Questions and answers by turns, oldest first."""
    question: Any
    """As it was asked, without what stands beside it."""
    now: str
    """The day and the time."""

    @classmethod
    def by(cls, request: Any) -> "Told":
        system = [one["content"] for one in request["messages"] if one["role"] == "system"]
        said = [one["content"] for one in request["messages"] if one["role"] != "system"]
        now, question = _apart(said[-1])
        return cls("\n\n".join(system), said[:-1], question, now)


NOW = re.compile(r"\((지금은 [^\n]*)\)\n\n")


def _apart(content: Any) -> tuple[str, Any]:
    """The day and the time, and the question, also of one with photos."""
    if not isinstance(content, str):
        now, question = _apart(content[0]["text"])
        return now, [{**content[0], "text": question}, *content[1:]]
    now = NOW.match(content)
    return (now[1], content[now.end() :]) if now else ("", content)


class FakeOpenAI(FarEnd):
    """Speaks Chat Completions. Answers `답: <question>` unless told otherwise."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._scripts: list[tuple[int, dict[str, str], Any]] = []
        self._gate = threading.Event()
        self._gate.set()
        self._slow: str | None = None
        self.says: Callable[[str], str] = lambda question: f"답: {question}"
        self.finish_reason: Any = "stop"
        self.tokens = 20, 10
        self.models: Any = ["gpt-6-luna", "gpt-6-sol", "text-embedding-3"]
        self.refuses: Callable[[Any], tuple[int, Any] | None] = lambda request: None
        """What a request is refused with, by its body: status and body; None where it is not."""
        self.right_key: str | None = None
        """Where it is not None, another key is refused as OpenAI refuses it."""
        self.asked_for_models = 0
        super().__init__(tls)

    @property
    def url(self) -> str:
        return f"http://{self.address}:{self.port}/v1"

    @property
    def told(self) -> Told:
        """By the last request."""
        return Told.by(self.requests[-1])

    @property
    def questions(self) -> list[str]:
        """Of every request."""
        return [Told.by(request).question for request in self.requests]

    def hold(self, only: str | None = None) -> None:
        """Think until `release`: about everything, or about questions that contain `only`."""
        self._slow = only
        self._gate.clear()

    def release(self) -> None:
        self._gate.set()

    def fails(
        self, status: int, error: dict[str, Any] | None = None, times: int = 1, **headers: str
    ) -> None:
        """The next `times` requests fail so; status 0 hangs up."""
        self._scripts += [(status, headers, {"error": error or {"message": "no"}})] * times

    def replies(self, body: Any, times: int = 1, **headers: str) -> None:
        """The next `times` requests get this body, whatever it is; bytes as they stand."""
        self._scripts += [(200, headers, body)] * times

    def close(self) -> None:
        self.release()
        super().close()

    def answer(
        self, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        refused = self._refused(headers)
        if path.endswith("/models"):
            self.asked_for_models += 1
            return refused or self._models()
        if refused:
            return refused
        request = json.loads(body)
        question = Told.by(request).question
        self.remember(request | {"path": path, "headers": headers})
        if self._slow is None or self._slow in str(question):
            self._gate.wait(PATIENCE * 3)
        refusal = self.refuses(request)
        if self._scripts or refusal:
            status, extra, content = (
                (refusal[0], {}, refusal[1]) if refusal else self._scripts.pop(0)
            )
            if status == 0:
                raise HangUp
            raw = content if isinstance(content, bytes) else json.dumps(content).encode()
            return status, {"Content-Type": "application/json", **extra}, raw
        reply = {
            "choices": [
                {
                    "message": {"role": "assistant", "content": self.says(question)},
                    "finish_reason": self.finish_reason,
                }
            ],
            "usage": {
                "prompt_tokens": self.tokens[0],
                "completion_tokens": self.tokens[1],
                "total_tokens": sum(self.tokens),
            },
        }
        return 200, {"Content-Type": "application/json"}, json.dumps(reply).encode()

    def _refused(self, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes] | None:
        given = {name.lower(): value for name, value in headers.items()}.get("authorization")
        if self.right_key is None or given == f"Bearer {self.right_key}":
            return None
        told = {"message": "Incorrect API key provided: sk-w***", "code": "invalid_api_key"}
        return 401, {"Content-Type": "application/json"}, json.dumps({"error": told}).encode()

    def _models(self) -> tuple[int, dict[str, str], bytes]:
        rows = self.models and [{"id": name, "object": "model"} for name in self.models]
        body = {"object": "list", "data": rows}
        return 200, {"Content-Type": "application/json"}, json.dumps(body).encode()


class FakeKakao(FarEnd):
    """Takes callbacks. `requests` holds (path, JSON body) as they came."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.status, self.reply = 200, {"taskId": "t", "status": "SUCCESS", "message": ""}
        super().__init__(tls)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def callback_url(self, token: str = "token:1") -> str:
        return f"http://{self.host}/v1/bots/bot!/callback/{token}"

    def answer(
        self, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        self.remember((path, json.loads(body)))
        return self.status, {"Location": "/elsewhere"}, json.dumps(self.reply).encode()


class FakeBot(FarEnd):
    """A bot behind `/prompt` that answers with whatever it is told to; status 0 hangs up."""

    def __init__(self) -> None:
        self.status, self.body = 200, b"{}"
        self.gate = threading.Event()
        self.gate.set()
        super().__init__()

    def answer(
        self, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        self.remember((path, headers, json.loads(body)))
        self.gate.wait(PATIENCE)
        if self.status == 0:
            raise HangUp
        return self.status, {"Location": "/prompt"}, self.body

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"
