"""From a command line to a running server, and its orderly end."""

import gc
import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from queue import SimpleQueue
from types import FrameType

from chatgee import app, config_check, logs, settings, tunnel
from chatgee.errors import ChatGeeError
from chatgee.practice import PracticeModel
from chatgee.settings import Settings
from chatgee.texts import Texts
from chatgee.web.server import Server

ANSWERING_SECONDS = 2.0
"""How long chats that are held may still wait for their answers when the program ends."""

log = logging.getLogger("chatgee")


def main(arguments: list[str]) -> int:
    """Run a command of run.py; the exit code."""
    commands: dict[str, Callable[[Settings, Texts], None]] = {"run": run, "key": key}
    texts = Texts.load()
    logs.configure("info")
    try:
        ours = settings.load()
        texts = Texts.load(ours.texts_path)
        commands[arguments[0] if arguments else "run"](ours, texts)
    except ChatGeeError as error:
        log.error("%s", texts(error.key, **error.values))
        return 1
    return 0


def key(ours: Settings, texts: Texts) -> None:
    """Show SKILL_KEY, alone of all secrets: its owner has to paste it into Kakao's page."""
    print(ours.skill_key.reveal() if ours.skill_key else texts("start.no_skill_key"))


def run(ours: Settings, texts: Texts) -> None:
    """Serve until SIGTERM, SIGINT or the window's closing."""
    logs.configure(ours.log_level, ours.secrets)
    stop = _until_stopped()
    os.umask(0o077)  # conversations and keys are the owner's alone
    _report_config(texts, ours)
    _make_folder(ours.data_dir)
    if ours.practice and sys.stdin and sys.stdin.isatty():
        _make_config(texts)
    with ExitStack() as stack:
        server = Server(ours.host, ours.port)
        chatgee = stack.enter_context(app.running(ours, texts, requests=server.requests))
        _collect_garbage_less_often()
        server.start(chatgee.wsgi)
        chatgee.prepare()
        links = _open_tunnel(stack, ours, server.port, stop)
        # After the tunnel, so before it closes: the last answers go out through it.
        stack.callback(_wind_down, server, chatgee, texts)
        first = links.get()
        _announce(ours, texts, first)
        if chatgee.model.name == PracticeModel.name:
            log.warning("%s", texts("hint.practice"))
        _tell(first, texts, f"http://{server.host}:{server.port}")
        while stop.empty():
            while not links.empty():
                _tell(links.get(), texts)
            time.sleep(0.2)  # Windows delivers Ctrl+C only between waits


def _collect_garbage_less_often() -> None:
    """What the start made stays, what a question makes is no cycle (measured: 9 % faster)."""
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)


def _until_stopped() -> "SimpleQueue[int]":
    """Gets the number of the signal that ends the program.

    A queue of this kind may be used in a signal handler; an Event's lock may be held just then.
    """
    stop: SimpleQueue[int] = SimpleQueue()

    def handle(number: int, frame: FrameType | None) -> None:
        stop.put(number)

    for name in ("SIGINT", "SIGTERM", "SIGBREAK", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), handle)
    return stop


def _report_config(texts: Texts, ours: Settings) -> None:
    for key, values in config_check.mistakes():
        log.warning("%s", texts(key, **values))
    prompt = ours.system_prompt_file
    if prompt and not prompt.is_file():
        log.warning("%s", texts("settings.no_prompt", file=prompt))
    for problem in texts.problems:
        log.warning("%s", problem)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        trial = folder / ".trial"
        trial.write_bytes(b"")
        trial.unlink()
    except OSError as error:
        raise ChatGeeError(
            "start.data_unwritable", folder=folder, why=error.strerror or error
        ) from error


def _make_config(texts: Texts) -> None:
    """A config.env to fill in, for the owner who sits before the screen and has none yet."""
    with suppress(OSError), settings.CONFIG.open("x", encoding="utf-8") as file:
        os.chmod(settings.CONFIG, 0o600)
        file.write((settings.ROOT / "config.example.env").read_text(encoding="utf-8"))
        log.info("%s", texts("start.config_made", file=settings.CONFIG.name))


def _open_tunnel(
    stack: ExitStack, ours: Settings, port: int, stop: "SimpleQueue[int]"
) -> "SimpleQueue[tunnel.Link]":
    """Gets every Link, the first of them now, unless the program is to end already."""
    links: SimpleQueue[tunnel.Link] = SimpleQueue()
    first = stack.enter_context(tunnel.opened(ours, port, links.put, first_wait=0))
    if first.trouble and first.trouble.key == "tunnel.opening":
        _wait(lambda: not (links.empty() and stop.empty()), tunnel.FIRST_WAIT)
    if links.empty():
        links.put(first)
    return links


def _announce(ours: Settings, texts: Texts, link: tunnel.Link) -> None:
    if link.address is None:
        log.warning("%s", texts("start.local_only"))
        if ours.tunnel == "auto" and ours.ngrok_authtoken is None:
            log.warning("%s", texts("start.no_token"))
    elif ours.skill_key is None:
        log.warning("%s", texts("start.skill_key_missing"))


def _tell(link: tunnel.Link, texts: Texts, local: str | None = None) -> None:
    if link.trouble:
        log.warning("%s", texts(link.trouble.key, **link.trouble.values))
    if address := link.address or local:
        # Whatever LOG_LEVEL is: without this line nobody can use what was started.
        level = max(logging.INFO, log.getEffectiveLevel())
        log.log(level, "skill url: %s/prompt", address)


def _wind_down(server: Server, chatgee: app.ChatGee, texts: Texts) -> None:
    """Let what is held be answered, or at least be told so, before everything closes."""
    log.info("%s", texts("start.stopping"))
    server.stop_listening()
    _wait(lambda: not server.requests(), ANSWERING_SECONDS)
    chatgee.bell.close()
    _wait(lambda: not server.requests(), 1.0)
    time.sleep(0.05)  # the last bytes leave the sockets
    server.stop()


def _wait(condition: Callable[[], bool], seconds: float) -> None:
    until = time.monotonic() + seconds
    while not condition() and time.monotonic() < until:
        time.sleep(0.02)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
