"""The agent of ngrok as a file, fetched by pyngrok, and its API on this machine."""

import json
import logging
import os
import shutil
import ssl
from functools import cache
from http.client import HTTPException
from pathlib import Path
from threading import Lock
from typing import Any

from chatgee.errors import TunnelError
from chatgee.settings import Settings
from chatgee.system.http import send
from chatgee.texts import Texts

DOWNLOAD_SILENCE_SECONDS = 20.0

log = logging.getLogger("chatgee.tunnel")

_installing = Lock()


class NgrokRefusal(Exception):
    """The agent answered with another status than 2xx."""

    def __init__(self, status: int, body: str) -> None:
        super().__init__(status)
        self.status, self.body = status, body


def installed(settings: Settings) -> Path:
    """The agent, fetched if it is not there yet; `TunnelError` where it cannot be had.

    Its place is pyngrok's own, in the owner's home. There it outlives a ChatGee that is unpacked
    anew, OneDrive does not upload it, and a virus scanner that was told to allow it finds it
    again. PYNGROK_NGROK_PATH names another place. A home with a Korean name does no harm: nobody
    reads the path but Python, which speaks Unicode to Windows.
    """
    from pyngrok import conf

    file = Path(conf.PyngrokConfig().ngrok_path)
    with _installing:
        if not file.exists():
            _fetch(file, settings)
    return file


def _fetch(file: Path, settings: Settings) -> None:
    from pyngrok import installer
    from pyngrok.exception import PyngrokError

    _say_downloading(settings.texts_path)
    installer._print_progress_enabled = False  # it writes over our lines, in English
    # Beside its place: a download that is cut off must not look like an agent.
    unfinished = file.parent / ".unfinished"
    try:
        installer.install_ngrok(
            str(unfinished / file.name), context=_tls(), timeout=DOWNLOAD_SILENCE_SECONDS
        )
        os.replace(unfinished / file.name, file)
    except (PyngrokError, OSError, HTTPException, ValueError) as error:  # also a malformed proxy
        raise TunnelError("tunnel.no_agent") from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def ask(url: str, seconds: float, told: dict[str, object] | None = None) -> dict[str, Any]:
    """What the agent answers to a GET, or to a POST of `told`.

    `NgrokRefusal` for another status than 2xx; `Lost` or `ValueError` where nothing sensible comes.
    """
    data = None if told is None else json.dumps(told).encode()
    method = "GET" if told is None else "POST"
    reply = send(method, url, seconds, data, {"Content-Type": "application/json"})
    if reply.status // 100 != 2:
        raise NgrokRefusal(reply.status, reply.body.decode(errors="replace"))
    answer = json.loads(reply.body)
    if not isinstance(answer, dict):
        raise ValueError("the agent's answer is no object")
    return answer


def address_of(endpoint: dict[str, Any]) -> str:
    """The public address in the agent's description of an endpoint; empty where there is none."""
    address = endpoint.get("url") or endpoint.get("public_url") or ""
    return address.rstrip("/") if str(address).startswith(("https://", "http://")) else ""


@cache
def _say_downloading(texts: Path) -> None:
    """Once, however often it is tried."""
    log.info("%s", Texts.load(texts)("tunnel.downloading"))


def _tls() -> ssl.SSLContext:
    import certifi

    trusted = ssl.create_default_context()  # a school's own certificates are only in the system
    trusted.load_verify_locations(certifi.where())
    return trusted
