"""Where a tunnel keeps its files, and where it leads."""

from pathlib import Path

from chatgee.errors import TunnelError
from chatgee.settings import Settings

EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}


def folder_of(settings: Settings) -> Path:
    """The tunnel's folder in DATA_DIR, made if need be.

    Programs are started in it and told plain names of files: so no space, no percent sign and
    no Korean letter of its path has to get through anybody's command line.
    """
    folder = settings.data_dir / "tunnel"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise TunnelError("tunnel.folder", folder=folder, why=error.strerror or error) from error
    return folder


def host_of(settings: Settings) -> str:
    """Where on this machine we can be reached; not `localhost`, which may mean IPv6 alone."""
    host = EVERYWHERE.get(settings.host, settings.host)
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def upstream(settings: Settings, port: int) -> str:
    return f"http://{host_of(settings)}:{port}"
