"""The certificates that secure connections believe, where the owner has named their own."""

import os
import re
import ssl
from contextlib import suppress

from chatgee.errors import SettingsError


def of_the_owner() -> ssl.SSLContext | None:
    """Those of SSL_CERT_FILE or SSL_CERT_DIR; None where neither is set.

    `SettingsError` where none can be read there: every secure connection would fail.
    """
    if file := os.environ.get("SSL_CERT_FILE"):
        try:
            return ssl.create_default_context(cafile=file)
        except (OSError, ValueError) as error:
            why = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
            told = f"SSL_CERT_FILE={file}"
            raise SettingsError("certificates.file", file=told, why=why) from error
    if folders := os.environ.get("SSL_CERT_DIR"):
        if not any(map(_has_certificates, folders.split(os.pathsep))):
            raise SettingsError("certificates.folder", folder=f"SSL_CERT_DIR={folders}")
        return ssl.create_default_context(capath=folders)
    return None


def _has_certificates(folder: str) -> bool:
    """OpenSSL looks for them by names that `openssl rehash` makes."""
    with suppress(OSError, ValueError):
        return any(re.fullmatch(r"[0-9a-f]{8}\.\d+", name) for name in os.listdir(folder))
    return False
