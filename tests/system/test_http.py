"""A call over HTTP: bounded in time and size, whatever the far end does, and why one failed."""

import gc
import gzip
import ipaddress
import itertools
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from chatgee.system.http import MOST_BYTES, HttpReply, Lost, send
from tests.support.far_ends import PATIENCE

OK = b"HTTP/1.1 200 OK\r\n"
NO_BODY = OK + b"Content-Length: 0\r\n\r\n"
ENDLESS = OK + b"\r\n"
LIMIT = 0.1
"""Seconds that a call may take where the far end would take for ever."""
ENOUGH = 5.0
"""Within which it must have come to its end, on a machine that has much to do."""


def has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")


class End:
    """Says what it is told to, byte by byte, to whoever connects; `heads` are the requests."""

    def __init__(
        self,
        said: Callable[[], Iterable[bytes]],
        host: str = "127.0.0.1",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._server = socket.create_server((host, 0), family=family)
        self._said, self._tls = said, tls
        self.port = self._server.getsockname()[1]
        self.heads: list[bytes] = []
        self.over = threading.Event()
        self.done = threading.Event()
        """Set where all is said, or the other side has hung up."""
        self._threads = [threading.Thread(target=self._serve)]
        self._threads[0].start()

    def _serve(self) -> None:
        while True:
            phone, _ = self._server.accept()
            if self.over.is_set():
                phone.close()
                return
            self._threads.append(threading.Thread(target=self._speak, args=(phone,)))
            self._threads[-1].start()

    def _speak(self, phone: socket.socket) -> None:
        with suppress(OSError), phone:
            talk = self._tls.wrap_socket(phone, server_side=True) if self._tls else phone
            with talk:
                talk.settimeout(PATIENCE)
                self.heads.append(talk.recv(65536))
                for piece in self._said():
                    talk.sendall(piece)
                    if self.over.is_set():
                        break
        self.done.set()

    def close(self) -> None:
        self.over.set()
        with suppress(OSError):
            socket.create_connection(self._server.getsockname()[:2], timeout=1).close()
        for thread in self._threads:
            thread.join()
        self._server.close()


@contextmanager
def end(*said: bytes, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> Iterator[End]:
    made = End(lambda: said, host, tls)
    try:
        yield made
    finally:
        made.close()


@contextmanager
def dripping(first: bytes, piece: bytes, pause: float = 0.02) -> Iterator[End]:
    """Never at an end; without a pause, as fast as it can."""
    made = End(lambda: itertools.chain([first], drops()))

    def drops() -> Iterator[bytes]:
        while not made.over.wait(pause) if pause else not made.over.is_set():
            yield piece

    try:
        yield made
    finally:
        made.close()


def asked(port: int, host: str = "127.0.0.1", seconds: float = PATIENCE) -> HttpReply:
    return send("POST", f"http://{host}:{port}/prompt", seconds, b"{}")


def lost(port: int, seconds: float = PATIENCE) -> str:
    """Why, and within which time."""
    started = time.monotonic()
    with pytest.raises(Lost) as caught:
        asked(port, seconds=seconds)
    assert time.monotonic() - started < ENOUGH
    return caught.value.kind


# --- time -----------------------------------------------------------------------------------

DRIPS = {
    "status": (b"HTTP/1.", b"1"),
    "headers": (OK, b"X-A: b\r\n"),
    "one header": (OK + b"X-A: ", b"b"),
    "body": (ENDLESS, b"x"),
    "body of a length": (OK + b"Content-Length: 9999\r\n\r\n", b"x"),
    "chunks": (OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    "a redirect's body": (b"HTTP/1.1 302 Found\r\nLocation: /prompt\r\n\r\n", b"x"),
}


@pytest.mark.parametrize("where", DRIPS)
def test_a_drip_holds_nobody_beyond_the_limit(where: str) -> None:
    """Each byte comes in time, and the whole never."""
    with dripping(*DRIPS[where]) as far:
        assert lost(far.port, LIMIT) == "timeout"


def test_nor_does_one_who_says_nothing_at_all() -> None:
    with dripping(b"", b"", pause=0.1) as far:
        assert lost(far.port, LIMIT) == "timeout"


def test_nor_one_who_goes_on_announcing_an_answer() -> None:
    with dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n") as far:
        assert lost(far.port, LIMIT) == "timeout"


def test_whose_body_drips_is_hung_up_on() -> None:
    """The thread that is left alone ends as well."""
    with dripping(ENDLESS, b"x") as far:
        lost(far.port, LIMIT)
        assert far.done.wait(PATIENCE)


# --- size -----------------------------------------------------------------------------------


def test_of_an_endless_body_the_beginning_is_read() -> None:
    with dripping(ENDLESS, b"x" * 10_000, pause=0) as far:
        assert asked(far.port).body == b"x" * MOST_BYTES


def test_of_endless_chunks_too() -> None:
    with dripping(
        OK + b"Transfer-Encoding: chunked\r\n\r\n", b"3e8\r\n" + b"x" * 1000 + b"\r\n", pause=0
    ) as far:
        assert asked(far.port).body == b"x" * MOST_BYTES


def test_endless_headers_are_no_answer() -> None:
    with dripping(OK, b"X-A: b\r\n", pause=0) as far:
        assert lost(far.port) == "broken"


def test_nor_is_an_endless_header() -> None:
    with dripping(OK + b"X-A: ", b"b" * 1000, pause=0) as far:
        assert lost(far.port) == "broken"


def test_what_is_packed_is_not_asked_for_and_does_not_swell() -> None:
    bomb = gzip.compress(bytes(5_000_000))
    length = str(len(bomb)).encode()
    head = OK + b"Content-Encoding: gzip\r\nContent-Length: " + length + b"\r\n\r\n"
    with end(head, bomb) as far:
        assert asked(far.port).body == bomb
        assert b"accept-encoding: identity" in far.heads[0].lower()


# --- what is answered -----------------------------------------------------------------------


@pytest.mark.parametrize("where", ["/prompt", "//[", "http://[::1", "http://", "\xff", ""])
def test_a_redirect_is_an_answer_and_is_not_followed(where: str) -> None:
    head = f"HTTP/1.1 308 Gone There\r\nLocation: {where}\r\nContent-Length: 0\r\n\r\n"
    with end(head.encode("latin-1")) as far:
        assert asked(far.port).status == 308
        assert len(far.heads) == 1


def test_the_body_of_a_redirect_has_its_end_as_well() -> None:
    with dripping(b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", b"x" * 10_000, pause=0) as far:
        assert len(asked(far.port).body) == MOST_BYTES


NONSENSE = {
    "no HTTP": b"hello\r\n\r\n",
    "no status": b"HTTP/1.1 abc\r\n\r\n",
    "nothing": b"",
    "a chunk of no length": OK + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
    "half a chunk": OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab",
    "half a body": OK + b"Content-Length: 9\r\n\r\nab",
}


@pytest.mark.parametrize("name", NONSENSE)
def test_nonsense_is_no_answer(name: str) -> None:
    with end(NONSENSE[name]) as far:
        assert lost(far.port) == "broken"


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_two_lengths_are_no_answer() -> None:
    """urllib3 leaves this connection to the garbage collector."""
    with end(OK + b"Content-Length: 2, 3\r\n\r\nabc") as far:
        assert lost(far.port) == "broken"
    gc.collect()


def test_an_address_that_is_none_is_no_answer() -> None:
    for url in ("http://", "prompt", "ftp://127.0.0.1/", "http://[::1/", "http://127.0.0.1:99999/"):
        with pytest.raises(Lost):
            send("POST", url, PATIENCE)


def test_a_name_and_a_password_in_an_address_are_not_sent() -> None:
    with end(NO_BODY) as far:
        asked(far.port, "boss:pass-word@127.0.0.1")
    assert b"authorization" not in far.heads[0].lower()


def test_nor_those_that_the_owner_has_for_a_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login boss password pass-word\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with end(NO_BODY) as far:
        asked(far.port)
    assert b"authorization" not in far.heads[0].lower()


# --- proxies --------------------------------------------------------------------------------

NAMES = ["http_proxy", "HTTP_PROXY"]
AFAR = "http://bot.example.test/prompt"


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[End]:
    with end(NO_BODY) as made:
        monkeypatch.delenv("REQUEST_METHOD", raising=False)
        yield made


@pytest.mark.parametrize("name", NAMES)
def test_a_proxy_of_the_environment_is_used_for_others(
    proxy: End, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
    assert send("HEAD", AFAR, PATIENCE).status == 200
    assert proxy.heads[0].startswith(f"HEAD {AFAR} HTTP/1.1\r\n".encode())


@pytest.mark.parametrize("name", ["https_proxy", "HTTPS_PROXY"])
def test_also_for_what_is_encrypted(proxy: End, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
    with pytest.raises(Lost):
        send("HEAD", "https://bot.example.test/prompt", PATIENCE)
    assert proxy.heads[0].startswith(b"CONNECT bot.example.test:443 HTTP/1.")


@pytest.mark.parametrize("none", ["no_proxy", "NO_PROXY"])
@pytest.mark.parametrize("name", NAMES)
def test_but_not_where_the_environment_says_so(
    proxy: End, monkeypatch: pytest.MonkeyPatch, name: str, none: str
) -> None:
    monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
    monkeypatch.setenv(none, "other.test, example.test")
    with pytest.raises(Lost) as caught:
        send("HEAD", AFAR, PATIENCE)
    assert (caught.value.kind, proxy.heads) == ("dns", [])


@pytest.mark.parametrize("name", [*NAMES, "ALL_PROXY"])
@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("localhost", "127.0.0.1"),
        ("LOCALHOST", "127.0.0.1"),
        ("127.1.2.3", "127.1.2.3"),
        pytest.param("[::1]", "::1", marks=needs_ipv6),
    ],
)
def test_no_proxy_leads_to_this_machine(
    proxy: End, monkeypatch: pytest.MonkeyPatch, name: str, host: str, address: str
) -> None:
    if sys.platform == "darwin" and address == "127.1.2.3":
        pytest.skip("macOS has 127.0.0.1 alone")
    monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
    with end(NO_BODY, host=address) as far:
        assert asked(far.port, host).status == 200
    assert proxy.heads == []


def test_a_proxy_for_all_that_is_none_for_http_is_left_out(
    proxy: End, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
    monkeypatch.setenv("all_proxy", "socks5h://127.0.0.1:1")
    assert send("HEAD", AFAR, PATIENCE).status == 200
    monkeypatch.delenv("http_proxy")
    with pytest.raises(Lost) as caught:  # rather than go around the owner's only way out
        send("HEAD", AFAR, PATIENCE)
    assert caught.value.kind == "proxy"


def test_a_proxy_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with pytest.raises(Lost) as caught:
        send("HEAD", AFAR, PATIENCE)
    assert caught.value.kind == "proxy"


# --- certificates ---------------------------------------------------------------------------


def context(folder: Path) -> ssl.SSLContext:
    """A certificate that nobody has signed but itself, for this machine."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now).not_valid_after(now + timedelta(days=1))
    signed = made.add_extension(names, critical=False).sign(key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file = folder / "both.pem"
    file.write_bytes(secret + signed.public_bytes(pem))
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(file)
    return tls


def test_a_certificate_that_nobody_knows_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the environment believes it: ours are those of certifi."""
    with end(NO_BODY, tls=context(tmp_path)) as far:
        for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            monkeypatch.setenv(name, str(tmp_path / "both.pem"))
        with pytest.raises(Lost) as caught:
            send("HEAD", f"https://127.0.0.1:{far.port}", PATIENCE)
    assert caught.value.kind == "tls"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_any_certificate_will_do_to_read_a_clock(tmp_path: Path, host: str) -> None:
    """Of another host, too: without a word on the terminal about it."""
    said = OK + b"Date: Mon, 30 Nov 2026 00:00:00 GMT\r\nContent-Length: 0\r\n\r\n"
    with end(said, tls=context(tmp_path)) as far:
        reply = send("HEAD", f"https://{host}:{far.port}", PATIENCE, trusting=True)
    assert reply.offset is not None
