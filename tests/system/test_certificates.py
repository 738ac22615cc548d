"""Certificates of the owner's own, and variables that name none."""

import ssl
from pathlib import Path

import pytest

from chatgee.errors import SettingsError
from chatgee.system import certificates
from chatgee.texts import Texts
from tests.support.proxy import certified

TEXTS = Texts.load()


def refusal() -> str:
    with pytest.raises(SettingsError) as caught:
        certificates.of_the_owner()
    return TEXTS.of(caught.value)


def test_without_a_variable_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.setenv(name, "")
    assert certificates.of_the_owner() is None


def test_those_of_a_file_are_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, _ = certified(tmp_path, "127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    found = certificates.of_the_owner()
    assert found
    assert found.verify_mode == ssl.CERT_REQUIRED
    assert len(found.get_ca_certs()) == 1


def test_a_file_that_has_none_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {name: tmp_path / name for name in ("empty", "words", "damaged", "folder", "nowhere")}
    wrong["empty"].touch()
    wrong["words"].write_text("no certificate", "utf-8")
    wrong["damaged"].write_text(
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "utf-8"
    )
    wrong["folder"].mkdir()
    for file in wrong.values():
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
        assert f"SSL_CERT_FILE={file}" in refusal()


def test_a_folder_is_named_that_has_none_openssl_would_find(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    certified(tmp_path, "127.0.0.1")  # school.pem, which is not what `openssl rehash` calls it
    for folder in (tmp_path, tmp_path / "empty", tmp_path / "nowhere", tmp_path / "school.pem"):
        monkeypatch.setenv("SSL_CERT_DIR", str(folder))
        assert f"SSL_CERT_DIR={folder}" in refusal()


def test_one_of_several_folders_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, _ = certified(tmp_path, "127.0.0.1")
    (tmp_path / "hashed").mkdir()
    file.rename(tmp_path / "hashed" / "0123abcd.0")
    monkeypatch.setenv("SSL_CERT_DIR", f"{tmp_path / 'nowhere'}:{tmp_path / 'hashed'}")
    assert certificates.of_the_owner()
