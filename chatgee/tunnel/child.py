"""A program that we start, that is listened to, and that does not outlive us."""

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from threading import Condition, Thread

from chatgee.tunnel import windows_job

TERMINATE_SECONDS = 1.0
LONGEST_LINE = 10_000
"""Characters; a far end that never ends its line must not fill our memory."""


class Child:
    """A running program, its output read line by line as UTF-8 whatever the system's encoding.

    It gets no Ctrl+C of ours and no window of its own: the questions that are held at the end
    are still answered through it, and then `end` ends it. `OSError` where it cannot be started.
    """

    def __init__(
        self,
        command: list[str],
        folder: Path,
        environ: dict[str, str],
        heard: Callable[[str], None],
        ended: Callable[[], None],
    ) -> None:
        if not os.access(command[0], os.X_OK):  # the tether could not tell us
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), command[0])
        self._process = subprocess.Popen(
            [*_tether(), *command],
            cwd=folder,
            env=environ,
            stdin=subprocess.PIPE,  # held open: the end of its input would end ssh's command
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=os.name == "posix",
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        windows_job.add(self._process)
        self._heard, self._ended = heard, ended
        self._silent = False
        self._news = Condition()
        # It is read until its end: a full pipe would stop the program.
        self._reader = Thread(target=self._listen, name="tunnel-output", daemon=True)
        self._reader.start()

    @property
    def running(self) -> bool:
        return not self._silent and self._process.poll() is None

    def wait_for(self, found: Callable[[], object], seconds: float) -> bool:
        """Whether it came true in time; False at once where the program ends first."""
        with self._news:
            self._news.wait_for(lambda: found() or self._silent, seconds)
            return bool(found())

    def end(self) -> None:
        """At most two seconds; may be called twice, and from any thread."""
        for stop in (self._process.terminate, self._process.kill):
            with suppress(OSError):  # it is gone
                stop()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(TERMINATE_SECONDS)
                break
        self._reader.join(TERMINATE_SECONDS)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe and not self._reader.is_alive():
                with suppress(OSError):
                    pipe.close()

    def _listen(self) -> None:
        output = self._process.stdout
        assert output
        for line in iter(lambda: output.readline(LONGEST_LINE), ""):
            with self._news:
                self._heard(line.strip())
                self._news.notify_all()
        with self._news:
            self._silent = True
            self._news.notify_all()
        self._ended()


@cache
def _tether() -> list[str]:
    """On Linux, what makes a program end with us even where we are killed.

    The signal comes when the thread that started it ends: ours lives as long as the tunnel.
    """
    command = ["setpriv", "--pdeathsig", "TERM"]
    if sys.platform != "linux" or not shutil.which("setpriv"):
        return []
    known = subprocess.run([*command, "true"], capture_output=True, check=False)
    return command if known.returncode == 0 else []  # BusyBox has another setpriv
