"""A port of this machine: taking it, and how many may call there."""

import errno
import os
import socket
import sys
from contextlib import suppress

from chatgee.errors import SettingsError

MOST_CONNECTIONS, LEAST_CONNECTIONS = 8192, 16
OTHER_FILES = 1200
"""Room for the database, the log, and a connection to the model for each answer in the making."""

WSAEACCES = 10013
"""https://learn.microsoft.com/windows/win32/winsock/windows-sockets-error-codes-2"""


def connections() -> int:
    """How many may be open: as many as the system gives, less what we need ourselves.

    Without room for one more file, waitress would try to take the next caller for ever.
    """
    if sys.platform == "win32":
        return MOST_CONNECTIONS
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_CONNECTIONS + OTHER_FILES
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    with suppress(ValueError, OSError):  # macOS has a limit of its own beside this one
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(LEAST_CONNECTIONS, min(MOST_CONNECTIONS, soft - min(OTHER_FILES, soft // 2)))


def listen(host: str, port: int) -> socket.socket:
    """Take a port, 0 for a free one; `SettingsError` where it cannot be had."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    if os.name == "posix":  # elsewhere the option would let two programs share the port
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise refusal(error, host, port) from error
    return listener


def refusal(error: OSError, host: str, port: int) -> SettingsError:
    """Why the system did not give a port.

    Windows has no ports for the administrator alone: it forbids those that it keeps for others
    (Hyper-V, WSL, Docker), and those that a program has for itself alone.
    """
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return SettingsError("start.host_unknown", host=host)
    if getattr(error, "winerror", None) == WSAEACCES:
        return SettingsError("start.port_reserved", port=port)
    forbidden = isinstance(error, PermissionError)
    return SettingsError("start.port_forbidden" if forbidden else "start.port_taken", port=port)


def reachable(host: str) -> str:
    """A host that stands for every address of this machine is none to go to."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"[{host}]" if ":" in host else host
