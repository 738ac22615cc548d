"""Which proxy leads to an address: by the environment, or by what the system is set to.

Decided here for every call, since HTTP clients read the same variables in different ways. None
leads to this machine, whatever the variables say.
"""

import os
import re
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from urllib.parse import quote, unquote, urlsplit
from urllib.request import getproxies, getproxies_environment

from chatgee.errors import SettingsError
from chatgee.system.addresses import is_this_machine, read_address

PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Proxy:
    url: str = field(repr=False)
    """With the name and the password, written so that every HTTP client sends them as UTF-8."""
    told: str
    """Without them, and with the variable, where it is not one of the system's own settings."""


def proxy_for(url: str) -> Proxy | None:
    """None where none leads there; `SettingsError` for one that cannot be used."""
    address = urlsplit(url)
    host = address.hostname or ""
    if not host or is_this_machine(host):
        return None
    found = getproxies()
    kind = next((kind for kind in (address.scheme, "all") if found.get(kind)), None)
    if kind is None or _is_excepted(url, host, found.get("no", "")):
        return None
    return _read(_variable(kind), found[kind].strip())


def _variable(kind: str) -> str:
    """As it stands in the environment, where small letters come first; empty where it does not."""
    wanted = f"{kind}_proxy"
    names = [name for name, value in os.environ.items() if value and name.lower() == wanted]
    return wanted if wanted in names else next(iter(names), "")


def _is_excepted(url: str, host: str, no_proxy: str) -> bool:
    if getproxies_environment():
        return any(_fits(entry, host, url) for entry in re.split(r"[\s,]+", no_proxy) if entry)
    from requests.utils import should_bypass_proxies  # knows where Windows and macOS keep theirs

    return bool(should_bypass_proxies(url, None))


def _fits(entry: str, host: str, url: str) -> bool:
    """Whether NO_PROXY means this host, by an entry as curl, Go, requests or httpx read it.

    `*`, a name and all below it (`example.com`, `.example.com`, `*.example.com`), an address, a
    network (`10.0.0.0/8`), each also with a port.
    """
    entry = entry.lower().removeprefix("http://").removeprefix("https://")
    if entry == "*":
        return True
    if (address := read_address(host)) and (network := _network(entry)):
        return address in network
    match = re.fullmatch(r"(\[.*\]|[^:]*):(\d+)", entry)
    name, port = match.groups() if match else (entry, "")
    if port and port != str(urlsplit(url).port or PORTS[urlsplit(url).scheme]):
        return False
    if address:
        return read_address(name.strip("[]")) == address
    name, host = name.removeprefix("*").strip("."), host.lower().rstrip(".")
    return bool(name) and (host == name or host.endswith(f".{name}"))


def _network(entry: str) -> IPv4Network | IPv6Network | None:
    with suppress(ValueError):
        return ip_network(entry, strict=False) if "/" in entry else None
    return None


def _read(name: str, value: str) -> Proxy:
    """Of a variable; without a scheme it is http, as for other programs."""
    try:
        parts = urlsplit(value if "://" in value else f"http://{value}")
        host, port = parts.hostname or "", parts.port
        host.encode("idna")
    except ValueError:
        raise SettingsError(
            "proxy.malformed", proxy=name
        ) from None  # its words have the value, and a password
    user, password = (unquote(part or "") for part in (parts.username, parts.password))
    odd = parts.path.strip("/") or parts.query or parts.fragment  # a / or # in a password
    if odd or not re.fullmatch(r"[\w.:%-]+", host) or port == 0 or ":" in user:
        raise SettingsError("proxy.malformed", proxy=name)
    place = f"[{host}]" if ":" in host else host
    place = f"{place}:{port or PORTS.get(parts.scheme, 1080)}"
    shown = f"{parts.scheme}://{'*****@' if user or password else ''}{place}"
    told = f"{name}={shown}" if name else shown
    if parts.scheme not in PORTS:
        kind = "socks" if parts.scheme.startswith("socks") else "scheme"
        raise SettingsError(f"proxy.{kind}", proxy=told)
    known = f"{_quoted(user)}:{_quoted(password)}@" if user or password else ""
    return Proxy(f"{parts.scheme}://{known}{place}", told)


def _quoted(word: str) -> str:
    """HTTP clients write it as Latin-1 once they have read it."""
    return quote(word.encode().decode("latin-1"), safe="")
