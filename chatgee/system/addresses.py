"""What an address on a network means, by its words alone."""

from ipaddress import ip_address


def is_loopback(host: str | None) -> bool:
    """Whether a host name or address means this machine."""
    try:
        return ip_address(host or "").is_loopback
    except ValueError:
        return host == "localhost"
