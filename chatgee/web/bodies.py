"""How much a request may bring. Only a backup may be large, and only from this machine.

waitress takes a body in before anybody looks at it, so a stranger's must be refused by its
headers alone.
"""

import copy
from typing import Any

from waitress.parser import HTTPRequestParser, ParsingError

from chatgee.settings.options import is_loopback
from chatgee.web import owner

BACKUP_PATH = "/status/restore"
LARGEST_BACKUP = 1024**3


class Parser(HTTPRequestParser):  # type: ignore[misc]  # waitress has no types
    """Reads one request of whoever calls from an address."""

    def __init__(self, adj: Any, address: object) -> None:
        super().__init__(adj)
        self.adj: Any = adj
        self._address = address

    def parse_header(self, header_plus: bytes) -> None:
        super().parse_header(header_plus)
        if self.chunked and "CONTENT_LENGTH" in self.headers:  # two may read two requests in it
            raise ParsingError("Content-Length beside Transfer-Encoding")
        if self.command == "POST" and self.path == BACKUP_PATH and self._is_the_owners():
            larger = copy.copy(self.adj)
            larger.max_request_body_size = LARGEST_BACKUP
            self.adj = larger

    def _is_the_owners(self) -> bool:
        """Sent by a page of ours on this machine, as far as headers tell."""
        ip = self._address[0] if isinstance(self._address, tuple) else None
        named = {name.upper().replace("-", "_") for name in owner.FORWARDED}
        host = self.headers.get("HOST", "")
        return (
            is_loopback(ip)
            and owner.is_local(host)
            and named.isdisjoint(self.headers)
            and self.headers.get("ORIGIN", f"http://{host}") == f"http://{host}"
        )
