"""A stand-in for ngrok's agent: the same command line, log and API, and HTTP that really passes.

A program of its own, which knows the standard library alone. What it shall do stands in
`agent.json` beside the script that starts it; what it did, line by line, in `runs.jsonl`.
SIGUSR1 takes its network away, SIGUSR2 gives it back.
"""

import json
import os
import re
import signal
import sys
import threading
import time
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

HERE = Path(sys.argv[1])
ARGUMENTS = sys.argv[2:]
TOLD: dict[str, Any] = json.loads((HERE / "agent.json").read_text("utf-8"))
CONFIG = Path(ARGUMENTS[ARGUMENTS.index("--config") + 1])
NAME = f"https://run-{os.getpid()}.ngrok-free.dev"
NETWORK = {signal.SIGUSR1, signal.SIGUSR2}
ENDPOINTS: list[dict[str, Any]] = []


def say(level: str, message: str, **fields: str) -> None:
    shown = "".join(f" {name}={json.dumps(text)}" for name, text in fields.items())
    print(f't={time.time()} lvl={level} msg="{message}"{shown}', flush=True)


def refuse(code: int, token: str) -> str:
    """As ngrok words it: with the token."""
    return (
        f"failed: what you specified is not valid.\r\nYour authtoken: {token}\r\nERR_NGROK_{code}"
    )


class Api(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.reply(200, {"endpoints": ENDPOINTS})

    def do_POST(self) -> None:
        wanted = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        say("info", "start", pg=self.path)
        if code := TOLD.get("endpoint_code"):
            details = {"err": refuse(code, "?")}
            self.reply(502, {"error_code": 103, "status_code": 502, "details": details})
            return
        made = {
            "name": wanted["name"],
            "uri": f"/api/endpoints/{wanted['name']}",
            "url": wanted.get("url", NAME),
            "upstream": wanted["upstream"],
        }
        ENDPOINTS.append(made)
        record(edge=EDGE.server_address[1], url=made["url"])
        self.reply(201, made)

    def reply(self, status: int, content: dict[str, Any]) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class Edge(BaseHTTPRequestHandler):
    """What the world reaches; known by its Host, as at ngrok."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        (endpoint,) = [one for one in ENDPOINTS if urlsplit(one["url"]).netloc == self.host()]
        inner = HTTPConnection(urlsplit(endpoint["upstream"]["url"]).netloc, timeout=10)
        added = {"For": self.client_address[0], "Proto": "https", "Host": self.host()}
        forwarded = {f"X-Forwarded-{name}": text for name, text in added.items()}
        inner.request("POST", self.path, body, {**dict(self.headers), **forwarded})
        answer = inner.getresponse()
        content = answer.read()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.headers["Content-Type"])
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        inner.close()

    def host(self) -> str:
        return str(self.headers["Host"])

    def log_message(self, *_: object) -> None:
        pass


def record(**what: object) -> None:
    with (HERE / "runs.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps({"pid": os.getpid(), **what}) + "\n")


def token() -> str:
    """Where the agent looks for it: its environment, its file."""
    written = re.search(r'authtoken: "(.+)"', CONFIG.read_text("utf-8"))
    assert written
    assert written[1] == os.environ["NGROK_AUTHTOKEN"]
    return written[1]


def network(number: int) -> None:
    if number == signal.SIGUSR1:
        say("eror", "session closed, starting reconnect loop", obj="csess", err="EOF")
    else:
        say("info", "client session established", obj="csess")


def serve(server: ThreadingHTTPServer) -> None:
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()


def main() -> None:
    assert ARGUMENTS[:4] == ["start", "--none", "--log", "stdout"], ARGUMENTS
    signal.pthread_sigmask(signal.SIG_BLOCK, NETWORK)  # in every thread, so that none is missed
    if TOLD.get("stubborn"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    record(arguments=ARGUMENTS, token=token(), mode=CONFIG.stat().st_mode & 0o777)
    if TOLD.get("ends"):
        sys.exit(1)
    if not TOLD.get("silent"):
        serve(api := ThreadingHTTPServer(("127.0.0.1", 0), Api))
        serve(EDGE)
        say("info", "open config file", path="챗지", err="nil")
        say("info", "starting web service", obj="web", addr=f"127.0.0.1:{api.server_address[1]}")
        if code := TOLD.get("session_code"):
            error = refuse(code, os.environ["NGROK_AUTHTOKEN"])
            say("eror", "failed to reconnect session", obj="csess", err=error)
            say("crit", "command failed", err=error)
            sys.exit(1)
        say("info", "tunnel session started", obj="tunnels.session")
        say("info", "client session established", obj="csess")
    while True:
        network(signal.sigwait(NETWORK))


EDGE = ThreadingHTTPServer(("127.0.0.1", 0), Edge)
if __name__ == "__main__":
    main()
