"""Which proxy leads where, as other programs read the same variables."""

import socket
from typing import Any

import pytest

from chatgee.errors import SettingsError
from chatgee.settings import config_check, load
from chatgee.system import proxies
from chatgee.system.addresses import is_loopback, is_this_machine
from chatgee.system.proxies import proxy_for
from chatgee.texts import Texts

TEXTS = Texts.load()
AFAR = "https://api.example.test/v1"
LAN = "http://10.1.2.3:11434/v1"


def url_of(url: str = AFAR) -> str | None:
    proxy = proxy_for(url)
    return proxy.url if proxy else None


def refusal(url: str = AFAR) -> str:
    with pytest.raises(SettingsError) as caught:
        proxy_for(url)
    return TEXTS.of(caught.value)


# --- which variable -------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
def test_a_variable_is_read_in_capitals_or_not(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "http://proxy.test:3128")
    found = proxy_for(AFAR)
    assert found
    assert (found.url, found.told) == ("http://proxy.test:3128", f"{name}=http://proxy.test:3128")


def test_each_kind_of_address_has_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://one.test:1")
    assert (url_of(LAN), url_of(AFAR)) == ("http://one.test:1", None)
    monkeypatch.setenv("ALL_PROXY", "socks5://two.test:1")  # as tools for it set all three
    monkeypatch.setenv("HTTPS_PROXY", "http://three.test:1")
    assert (url_of(LAN), url_of(AFAR)) == ("http://one.test:1", "http://three.test:1")


def test_small_letters_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://one.test:1")
    monkeypatch.setenv("https_proxy", "http://two.test:1")
    assert url_of() == "http://two.test:1"


def test_what_the_system_is_set_to_counts_where_the_environment_is_silent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = {"https": "http://one.test:1"}  # as urllib reads Windows' registry
    monkeypatch.setattr(proxies, "getproxies", lambda: found)
    told = proxy_for(AFAR)
    assert told
    assert told.told == "http://one.test:1"
    found["https"] = "socks4://one.test:1"
    assert refusal().startswith("socks4://one.test:1: ")


# --- this machine, and NO_PROXY -------------------------------------------------------------

OURS = ["127.0.0.1", "127.9.9.9", "127.1", "0x7f.1", "2130706433", "localhost", "LOCALHOST",
        "localhost.", "my.localhost", "0.0.0.0", "::1", "::", "::ffff:127.0.0.1",
        "host.docker.internal", "host.containers.internal"]  # fmt: skip


@pytest.mark.parametrize("host", OURS)
def test_this_machine_is_known_however_it_is_written(
    monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "socks5://nobody.test:1")
    place = f"[{host}]" if ":" in host else host
    assert is_this_machine(host)
    assert url_of(f"http://{place}:1234/v1") is None
    assert url_of(f"https://{place}/v1") is None


def test_so_are_its_own_name_and_its_own_addresses() -> None:
    assert is_this_machine(socket.gethostname().upper())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_way_out:
        try:
            any_way_out.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("no network at all")
        assert is_this_machine(any_way_out.getsockname()[0])


OTHERS = ["192.0.2.1", "8.8.8.8", "example.com", "localhost.example.com", "notlocalhost",
          "2001:db8::1", "127.0.0.1.example.com"]  # fmt: skip


@pytest.mark.parametrize("host", OTHERS)
def test_no_other_is(host: str) -> None:
    assert not is_this_machine(host)


def test_what_a_stranger_sends_is_judged_by_stricter_rules() -> None:
    assert not any(map(is_loopback, ("host.docker.internal", "0.0.0.0", "my.localhost")))


EXCEPTED = [
    (AFAR, "*"), (AFAR, "localhost, *"), (AFAR, "example.test"), (AFAR, ".example.test"),
    (AFAR, "*.example.test"), (AFAR, "API.EXAMPLE.TEST"), (AFAR, "api.example.test:443"),
    (AFAR, "other.test example.test"), (AFAR, "https://api.example.test"),
    (LAN, "10.1.2.3"), (LAN, "10.0.0.0/8"), (LAN, "10.1.2.3:11434"), (LAN, "10.1.2.3/32"),
    ("http://[fd00::1]/v1", "fd00::1"), ("http://[fd00::1]/v1", "[fd00::1]"),
    ("http://[fd00::1]:80/v1", "[fd00::1]:80"), ("http://[fd00::1]/v1", "fd00::/8"),
]  # fmt: skip


@pytest.mark.parametrize(("url", "entry"), EXCEPTED)
@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
def test_what_no_proxy_names_is_gone_to_directly(
    monkeypatch: pytest.MonkeyPatch, url: str, entry: str, name: str
) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://proxy.test:1")
    monkeypatch.setenv(name, entry)
    assert url_of(url) is None


@pytest.mark.parametrize(
    ("url", "entry"),
    [
        (AFAR, "ample.test"), (AFAR, "api.example.test:80"), (AFAR, ""), (AFAR, ",,"),
        (AFAR, "other.api.example.test"), (LAN, "192.168.0.0/16"), (LAN, "10.1.2.3:1"),
        (LAN, "10.1.2.30"), (LAN, "10.0.0.0/99"), ("http://[fd00::1]/v1", "fe80::/10"),
    ],
)  # fmt: skip
def test_what_it_does_not_name_is_not(
    monkeypatch: pytest.MonkeyPatch, url: str, entry: str
) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://proxy.test:1")
    monkeypatch.setenv("NO_PROXY", entry)
    assert url_of(url) == "http://proxy.test:1"


# --- what stands in it ----------------------------------------------------------------------

PASSWORD = "pass-word-of-kim"


@pytest.mark.parametrize(
    ("value", "url"),
    [
        ("proxy.test:8080", "http://proxy.test:8080"),
        (" http://proxy.test:8080/ ", "http://proxy.test:8080"),
        ("proxy.test", "http://proxy.test:80"),
        ("https://proxy.test", "https://proxy.test:443"),
        ("HTTP://PROXY.test:1", "http://proxy.test:1"),
        ("http://[::1]:3128", "http://[::1]:3128"),
        ("kim:pa@ss@proxy.test:1", "http://kim:pa%40ss@proxy.test:1"),
        ("http://kim:p%40ss@proxy.test:1", "http://kim:p%40ss@proxy.test:1"),
        ("http://kim@proxy.test:1", "http://kim:@proxy.test:1"),
    ],
)
def test_a_proxy_is_read_as_other_programs_read_it(
    monkeypatch: pytest.MonkeyPatch, value: str, url: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", value)
    assert url_of() == url


MALFORMED = [
    "http://", "http://:8080", "://proxy.test", "http://proxy.test:99999", "http://proxy.test:0",
    "http://proxy.test:port", "http://[::1", "http://a..b", f"http://{'a' * 64}.test",
    "http://<address>:80", "http://pro xy:80", "http:/proxy.test:80", "//proxy.test:80",
    f"http://kim:{PASSWORD}/@proxy.test:80", f"http://kim:1#{PASSWORD}@proxy.test:80",
    f"http://kim:1?{PASSWORD}@proxy.test:80", f"http://kim:{PASSWORD}",
    f"http://ki%3Am:{PASSWORD}@proxy.test:80", "http://proxy.test:80/path", "\\\\proxy\\x",
]  # fmt: skip


@pytest.mark.parametrize("value", MALFORMED)
def test_what_is_none_is_refused_by_its_name_and_never_shown(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", value)
    assert refusal() == TEXTS("proxy.malformed", proxy="HTTPS_PROXY")


@pytest.mark.parametrize(
    ("scheme", "key"),
    [
        *((one, "proxy.socks") for one in ("socks", "socks4", "socks4a", "socks5", "socks5h")),
        *((one, "proxy.scheme") for one in ("ftp", "quic", "direct")),
    ],
)
def test_a_kind_that_we_do_not_speak_is_refused_by_its_name(
    monkeypatch: pytest.MonkeyPatch, scheme: str, key: str
) -> None:
    monkeypatch.setenv("ALL_PROXY", f"{scheme}://kim:{PASSWORD}@proxy.test:1")
    assert refusal() == TEXTS(key, proxy=f"ALL_PROXY={scheme}://*****@proxy.test:1")
    assert refusal(LAN) == refusal()


def test_a_password_is_in_nothing_that_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://kim:{PASSWORD}@proxy.test:1")
    found = proxy_for(AFAR)
    assert found
    assert PASSWORD in found.url
    assert PASSWORD not in f"{found!r} {found.told}"


# --- what the owner is told at the start ----------------------------------------------------


def way_out(monkeypatch: pytest.MonkeyPatch, **environ: Any) -> list[str]:
    ours = load({"OPENAI_API_KEY": "sk-1234567890"} | environ)
    return [error.key for error in config_check.no_way_out(ours)]


def test_only_what_stands_in_the_way_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://proxy.test:1")
    assert way_out(monkeypatch) == ["proxy.socks"]
    local = {"OPENAI_BASE_URL": "http://127.0.0.1:1234/v1", "CALLBACK": "off"}
    assert way_out(monkeypatch, **local) == []
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.test:1")
    assert way_out(monkeypatch) == []


def test_variables_of_other_programs_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FTP_PROXY", "nonsense://")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere.pem")
    assert way_out(monkeypatch) == []
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere.pem")
    assert way_out(monkeypatch) == ["certificates.file"]
