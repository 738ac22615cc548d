"""What an address on a network means."""

import socket
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address

OPENAI_URL = "https://api.openai.com/v1"
"""Where a model is asked unless its owner names another place."""

HOST_OF_A_CONTAINER = {
    "host.docker.internal",
    "gateway.docker.internal",
    "host.containers.internal",
}


def is_loopback(host: str | None) -> bool:
    """Whether a host name or address means this machine, by its words alone."""
    try:
        return ip_address(host or "").is_loopback
    except ValueError:
        return host == "localhost"


def is_this_machine(host: str) -> bool:
    """Whether a program of this machine listens there, however its address is written.

    Not for what a stranger sends: names are believed, and a container's host counts as well.
    """
    if address := read_address(host):
        return address.is_loopback or address.is_unspecified or _is_ours(address)
    name = host.lower().removesuffix(".")
    own = socket.gethostname().lower()
    ours = {"localhost", "localhost.localdomain", "ip6-localhost", own, f"{own}.local"}
    return name in ours | HOST_OF_A_CONTAINER or name.endswith(".localhost")


def read_address(host: str) -> IPv4Address | IPv6Address | None:
    """As the system reads it: 127.1 and 0x7f000001 are addresses too; None for a name."""
    with suppress(ValueError):
        address = ip_address(host)
        return getattr(address, "ipv4_mapped", None) or address
    with suppress(OSError, ValueError):
        return IPv4Address(socket.inet_aton(host))
    return None


def _is_ours(address: IPv4Address | IPv6Address) -> bool:
    """Whether it is one of this machine's own: only those can be bound."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as ours:
        ours.bind((str(address), 0))
        return True
    return False
