"""The way to the model, by a proxy or not, and what is told where it is closed."""

import asyncio
import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatgee.errors import Failure, ModelError
from chatgee.model.openai_model import OpenAIModel
from chatgee.questions import Prompt
from chatgee.texts import Texts
from tests.support.far_ends import FakeOpenAI
from tests.support.proxy import AFAR, certified, proxy

TEXTS = Texts.load()
PLAIN, SECURE = f"http://{AFAR}/v1", f"https://{AFAR}/v1"
PASSWORD = "pass-word-of-kim"
NAMES = [
    name for kind in ("HTTP", "HTTPS", "ALL") for name in (f"{kind}_PROXY", f"{kind.lower()}_proxy")
]


async def asked(url: str, seconds: float) -> str:
    model = OpenAIModel("gpt-test", "sk-1234567890", url, seconds)
    await model.prepare()
    try:
        return (await model.answer(Prompt("질문"))).text
    finally:
        await model.close()


def ask(url: str, seconds: float = 5.0) -> str:
    return asyncio.run(asked(url, seconds))


def refusal(url: str, failure: Failure, seconds: float = 5.0) -> str:
    """What the owner is told in place of an answer."""
    with pytest.raises(ModelError) as caught:
        ask(url, seconds)
    error = caught.value
    assert error.failure == failure
    assert error.about
    told = TEXTS.of(error.about)
    assert PASSWORD not in f"{error!r} {error.said} {told}"
    return told


@pytest.fixture
def secure_openai(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeOpenAI]:
    """Known by a certificate that SSL_CERT_FILE vouches for."""
    file, tls = certified(tmp_path, AFAR, "127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    end = FakeOpenAI(tls)
    yield end
    end.close()


# --- a model of this machine ----------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0"])
def test_no_proxy_leads_to_a_model_of_this_machine(
    fake_openai: FakeOpenAI, monkeypatch: pytest.MonkeyPatch, name: str, host: str
) -> None:
    with proxy(reply=b"HTTP/1.1 502 Bad Gateway\r\n\r\n") as between:
        monkeypatch.setenv(name, between.url)
        assert ask(f"http://{host}:{fake_openai.port}/v1") == "답: 질문"
    assert between.heads == []


def test_nor_does_it_mind_what_would_stop_others(
    fake_openai: FakeOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://")
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "[[nonsense")
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere.pem")
    monkeypatch.setenv("SSL_CERT_DIR", "/nowhere")
    assert ask(fake_openai.url) == "답: 질문"


# --- a model elsewhere ----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_a_proxy_leads_to_one_elsewhere(
    fake_openai: FakeOpenAI, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    with proxy(fake_openai.port) as between:
        monkeypatch.setenv(name, between.url.removeprefix("http://"))
        assert ask(PLAIN) == "답: 질문"
    assert between.heads[0].startswith(f"POST {PLAIN}/chat/completions HTTP/1.1\r\n".encode())


def test_also_where_all_is_encrypted(
    secure_openai: FakeOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    with proxy(secure_openai.port) as between:
        monkeypatch.setenv("HTTPS_PROXY", between.url.replace("//", f"//김:{PASSWORD}@"))
        assert ask(SECURE) == "답: 질문"
    head = between.heads[0].decode()
    assert head.startswith(f"CONNECT {AFAR}:443 HTTP/1.1\r\n")
    known = base64.b64encode(f"김:{PASSWORD}".encode()).decode()
    assert f"Proxy-Authorization: Basic {known}\r\n" in head


def test_also_by_a_proxy_that_is_itself_spoken_to_over_tls(
    fake_openai: FakeOpenAI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, tls = certified(tmp_path, "127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with proxy(fake_openai.port, tls=tls) as between:
        monkeypatch.setenv("HTTP_PROXY", between.url)
        assert ask(PLAIN) == "답: 질문"
    assert len(between.heads) == 1


def test_what_no_proxy_names_is_asked_directly(
    secure_openai: FakeOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    with proxy() as between:
        monkeypatch.setenv("HTTPS_PROXY", between.url)
        monkeypatch.setenv("NO_PROXY", "example.test")
        with pytest.raises(ModelError) as caught:  # nobody knows the name
            ask(SECURE, 1)
    assert (caught.value.failure, caught.value.about) == (Failure.NETWORK, None)
    assert between.heads == []


# --- proxies that cannot be used ------------------------------------------------------------


@pytest.mark.parametrize("url", [PLAIN, SECURE])
@pytest.mark.parametrize("scheme", ["socks4", "socks5", "socks5h", "ftp"])
def test_a_kind_that_we_do_not_speak_is_refused(
    monkeypatch: pytest.MonkeyPatch, url: str, scheme: str
) -> None:
    monkeypatch.setenv("ALL_PROXY", f"{scheme}://kim:{PASSWORD}@proxy.test:1")
    told = refusal(url, Failure.ENVIRONMENT)
    assert told.startswith(f"ALL_PROXY={scheme}://*****@proxy.test:1: ")


@pytest.mark.parametrize("value", ["http://", "http://h:99999", f"http://kim:{PASSWORD}/@h:1"])
def test_what_is_no_address_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("HTTPS_PROXY", value)
    assert refusal(SECURE, Failure.ENVIRONMENT).startswith("HTTPS_PROXY: ")


REPLY = "HTTP/1.1 {} Odd Words\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\n<p/>"


@pytest.mark.parametrize("status", [403, 407, 502, 503, 504])
@pytest.mark.parametrize("url", [PLAIN, SECURE])
def test_a_proxy_that_refuses_is_named(
    monkeypatch: pytest.MonkeyPatch, url: str, status: int
) -> None:
    with proxy(reply=REPLY.format(status).encode()) as between:
        kind = "HTTPS_PROXY" if url == SECURE else "HTTP_PROXY"
        monkeypatch.setenv(kind, between.url.replace("//", f"//kim:{PASSWORD}@"))
        told = refusal(url, Failure.NETWORK, 0.3)
    assert told.startswith(f"{kind}=http://*****@127.0.0.1:{between.port}: ")
    assert f"({status} " in told


@pytest.mark.parametrize("url", [PLAIN, SECURE])
@pytest.mark.parametrize("place", ["127.0.0.1:1", "proxy.example.test:1"])
def test_so_is_one_that_is_not_there(monkeypatch: pytest.MonkeyPatch, url: str, place: str) -> None:
    monkeypatch.setenv("ALL_PROXY", f"http://{place}")
    told = refusal(url, Failure.NETWORK, 0.3)
    assert told == TEXTS("proxy.unreachable", proxy=f"ALL_PROXY=http://{place}")


def test_so_is_one_that_hangs_up(monkeypatch: pytest.MonkeyPatch) -> None:
    with proxy(reply=b"") as between:
        monkeypatch.setenv("ALL_PROXY", between.url)
        assert refusal(SECURE, Failure.NETWORK, 0.3).startswith(f"ALL_PROXY={between.url}: ")


def test_a_refusal_of_the_service_itself_is_not_the_proxys(
    fake_openai: FakeOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_openai.fails(403, {"message": "Forbidden"})
    with proxy(fake_openai.port) as between:
        monkeypatch.setenv("HTTP_PROXY", between.url)
        with pytest.raises(ModelError) as caught:
            ask(PLAIN)
    assert (caught.value.failure, caught.value.about) == (Failure.WRONG_KEY, None)


# --- certificates ---------------------------------------------------------------------------


def test_the_owners_own_certificates_are_believed(secure_openai: FakeOpenAI) -> None:
    assert ask(f"https://127.0.0.1:{secure_openai.port}/v1") == "답: 질문"


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_a_variable_that_names_none_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for place in (tmp_path, tmp_path / "nowhere"):
        monkeypatch.setenv(name, str(place))
        assert refusal(SECURE, Failure.ENVIRONMENT).startswith(f"{name}={place}: ")


def test_variables_of_other_programs_change_nothing(
    secure_openai: FakeOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT"):
        monkeypatch.setenv(name, "/nowhere.pem")
    assert ask(f"https://127.0.0.1:{secure_openai.port}/v1") == "답: 질문"
