"""The way to Kakao for a callback, through a proxy and with the owner's certificates."""

import asyncio
from pathlib import Path

import pytest

from chatgee.conversation.callback import CallbackHosts, Callbacks
from chatgee.errors import CallbackError
from tests.support.far_ends import FakeKakao
from tests.support.proxy import AFAR, certified, proxy

PASSWORD = "pass-word-of-kim"


async def posted(url: str) -> None:
    callbacks = Callbacks(CallbackHosts((AFAR, url.split("/")[2])))
    try:
        await callbacks.post(url, b"{}")
    finally:
        await callbacks.close()


def test_a_callback_goes_through_the_proxy_with_the_owners_certificates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, tls = certified(tmp_path, AFAR)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    kakao = FakeKakao(tls)
    with proxy(kakao.port) as between:
        monkeypatch.setenv("ALL_PROXY", between.url.replace("//", f"//kim:{PASSWORD}@"))
        asyncio.run(posted(f"https://{AFAR}/callback/token:1"))
    kakao.close()
    assert kakao.requests == [("/callback/token:1", {})]
    assert between.heads[0].startswith(f"CONNECT {AFAR}:443 ".encode())
    assert b"Proxy-Authorization: Basic " in between.heads[0]


def test_none_leads_to_this_machine(fake_kakao: FakeKakao, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1")
    asyncio.run(posted(fake_kakao.callback_url()))
    assert len(fake_kakao.requests) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ALL_PROXY", f"socks5://kim:{PASSWORD}@127.0.0.1:1"),
        ("HTTPS_PROXY", f"http://kim:{PASSWORD}/@127.0.0.1:1"),
        ("HTTPS_PROXY", f"http://kim:{PASSWORD}@127.0.0.1:1"),
        ("SSL_CERT_FILE", "/nowhere.pem"),
    ],
)
def test_where_there_is_no_way_the_callback_was_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(CallbackError) as caught:
        asyncio.run(posted(f"https://{AFAR}/callback/token:1"))
    assert PASSWORD not in str(caught.value)
