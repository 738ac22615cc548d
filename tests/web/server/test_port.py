"""Why a port cannot be had, in words that help."""

import socket

import pytest

from chatgee.errors import SettingsError
from chatgee.texts import Texts
from chatgee.web.server.port import listen, refusal

TEXTS = Texts.load()


def told(error: OSError, port: int) -> str:
    return TEXTS.of(refusal(error, "127.0.0.1", port))


def of_windows(number: int, kind: type[OSError] = OSError) -> OSError:
    """As Python on Windows raises it: errno is POSIX's, winerror is Windows' own."""
    error = kind(13 if kind is PermissionError else number, "of Windows")
    error.winerror = number  # type: ignore[attr-defined]
    return error


@pytest.mark.parametrize("port", [80, 6959, 50000])
def test_a_port_that_windows_keeps_is_looked_up_with_netsh(port: int) -> None:
    words = told(of_windows(10013, PermissionError), port)
    assert f"PORT={port}" in words
    assert "netsh int ipv4 show excludedportrange protocol=tcp" in words
    assert "1024" not in words


def test_elsewhere_a_larger_number_helps() -> None:
    words = told(PermissionError(13, "Permission denied"), 80)
    assert "1024" in words
    assert "netsh" not in words


def test_a_port_that_another_program_has_is_told_as_such() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError) as caught:
            listen("127.0.0.1", port)
    assert TEXTS.of(caught.value) == TEXTS("start.port_taken", port=port)
    assert told(of_windows(10048), 6959) == TEXTS("start.port_taken", port=6959)
