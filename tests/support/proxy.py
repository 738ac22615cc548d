"""A proxy of this machine, which records who wants to go where, and a certificate for there."""

import select
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.far_ends import PATIENCE

AFAR = "model.example.test"
"""Where nobody is: only our proxy knows a way there."""


class RecordingProxy:
    """Leads every address to one port of this machine, or refuses with a reply of its own."""

    def __init__(self, leads_to: int, reply: bytes | None, tls: ssl.SSLContext | None) -> None:
        self.leads_to, self.reply, self._tls = leads_to, reply, tls
        self.heads: list[bytes] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http{'s' if self._tls else ''}://127.0.0.1:{self.port}"

    def close(self) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                caller, _ = self._socket.accept()
                threading.Thread(target=self._lead, args=(caller,), daemon=True).start()

    def _lead(self, caller: socket.socket) -> None:
        with suppress(OSError):
            caller.settimeout(PATIENCE)
            with self._tls.wrap_socket(caller, server_side=True) if self._tls else caller as inside:
                self._lead_on(inside)

    def _lead_on(self, caller: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            if not (more := caller.recv(65536)):
                return
            head += more
        self.heads.append(head)
        if self.reply is not None:
            caller.sendall(self.reply)
            return
        with socket.create_connection(("127.0.0.1", self.leads_to), PATIENCE) as there:
            if head.startswith(b"CONNECT "):
                caller.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                there.sendall(head)
            _pass_on(caller, there)


def _pass_on(one: socket.socket, other: socket.socket) -> None:
    to = {one: other, other: one}
    while True:
        ready = select.select([*to], [], [], PATIENCE)[0]
        if not ready:
            return
        for source in ready:
            if not (data := source.recv(65536)):
                return
            to[source].sendall(data)


@contextmanager
def proxy(
    leads_to: int = 1, reply: bytes | None = None, tls: ssl.SSLContext | None = None
) -> Iterator[RecordingProxy]:
    made = RecordingProxy(leads_to, reply, tls)
    try:
        yield made
    finally:
        made.close()


def certified(folder: Path, *names: str) -> tuple[Path, ssl.SSLContext]:
    """A file with an authority's certificate, and what a server needs that it vouches for."""
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca_name, name = (
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, word)]) for word in ("school", names[0])
    )
    authority = (
        _begun(ca_name, ca_name, ca_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(ca_key, hashes.SHA256())
    )
    alternatives = x509.SubjectAlternativeName([_general(one) for one in names])
    signed = (
        _begun(name, ca_name, key)
        .add_extension(alternatives, critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    ours, theirs = folder / "school.pem", folder / "server.pem"
    ours.write_bytes(authority.public_bytes(pem))
    theirs.write_bytes(secret + signed.public_bytes(pem))
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(theirs)
    return ours, tls


def _begun(
    name: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    made = x509.CertificateBuilder(issuer, name, key.public_key(), x509.random_serial_number())
    now = datetime.now(UTC)
    return made.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)
