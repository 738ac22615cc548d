"""From a command line to a running server, and its orderly end."""

import gc
import signal

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl+C says nothing until it is listened for
    gc.disable()  # what is imported stays: to look through it is a tenth of a start

import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path
from queue import Empty, SimpleQueue

from chatgee import app, settings
from chatgee.cluster import shared_files
from chatgee.conversation.health_changes import warning
from chatgee.desktop import terminal_screen
from chatgee.desktop.announcements import Announcements
from chatgee.doctor.case import Case, Check
from chatgee.doctor.steps import STEPS, checks
from chatgee.errors import AlreadyRunningError, ChatGeeError, EndedError
from chatgee.owner.backup import restore
from chatgee.owner.doctor_run import DoctorRun
from chatgee.owner.status import OwnerStatus
from chatgee.settings import Settings, config_check
from chatgee.subcommands import autostart
from chatgee.system import data_folder, logs, single_instance, stop_signals
from chatgee.texts import Texts
from chatgee.tunnel import Link, Tunnels
from chatgee.web.server.wsgi_server import WebServer
from chatgee.web.skill import meanwhile

ANSWERING_SECONDS = 2.0
"""How long chats that are held may still wait for their answers when the program ends."""

RELOAD, STOP, ENDED = "reload", "stop", "ended"
Events = SimpleQueue[str | Link]
"""What happens to a running program: a signal, a changed setting, news of the public address.

A queue of this kind may be used in a signal handler; an Event's lock may be held just then.
"""

log = logging.getLogger("chatgee")


def main(arguments: list[str]) -> int:
    """Run a command of run.py with its words; the exit code."""
    code = _obeyed(*(arguments or ["run"]))
    if not logs.TERMINAL.written(logs.LAST_SECONDS):
        os._exit(code)  # the interpreter itself would wait for its lines to be read
    return code


def _obeyed(name: str, *words: str) -> int:
    texts = Texts.load()
    logs.configure("info")
    try:
        ours = settings.load()
        texts = Texts.load(ours.texts_path)
        COMMANDS[name](ours, texts, [*words])
    except EndedError as error:
        log.info("%s", texts.of(error))
    except AlreadyRunningError as error:
        log.info("%s", texts.of(error))
        if error.local and terminal_screen.opens_browser(ours):
            terminal_screen.open_page(error.local).join(1)
    except ChatGeeError as error:
        log.error("%s", texts.of(error))
        return 1
    except Exception:
        log.exception("%s", texts("start.bug", file=logs.FILE))
        return 1
    return 0


def key(ours: Settings, texts: Texts, words: list[str]) -> None:
    """Show SKILL_KEY, alone of all secrets: its owner has to paste it into Kakao's page."""
    print(ours.skill_key.reveal() if ours.skill_key else texts("start.no_skill_key"))


def run(ours: Settings, texts: Texts, words: list[str]) -> None:
    """Serve until SIGTERM, SIGINT or the window's closing."""
    os.umask(0o077)  # conversations and keys are the owner's alone
    data_folder.make(ours.data_dir)
    _log(ours, texts, ours.data_dir)
    with ExitStack() as stack:
        program = Program(ours, texts, stack)
        ours, texts = _joined(ours, texts, ours.data_dir)
        while program.serve(ours, texts) == RELOAD:
            ours, texts = _reread(ours, texts, ours.data_dir)
    if program.announcements.stuck:
        os._exit(0)  # as in main(); the log's file has every line since it was logged


def worker(ours: Settings, texts: Texts, words: list[str]) -> None:
    """Work on the questions that come in elsewhere, until SIGTERM, SIGINT or the window's end."""
    os.umask(0o077)
    data_folder.make(ours.data_dir)
    _log(ours, texts, None)
    events: Events = SimpleQueue()
    with stop_signals.told(lambda: events.put(STOP)):
        ours, texts = _joined(ours, texts, None)
        while _work(ours, texts, events) == RELOAD:
            ours, texts = _reread(ours, texts, None)


def migrate(ours: Settings, texts: Texts, words: list[str]) -> None:
    """Move all that was talked to a PostgreSQL."""
    from chatgee.subcommands import migrate_to  # here: no other start needs it

    migrate_to.command(ours, texts, words)


def _work(ours: Settings, texts: Texts, events: Events) -> str | Link:
    """With these settings, until they change or the program ends; RELOAD or STOP."""
    reload, ended = (lambda: events.put(RELOAD)), (lambda: events.put(ENDED))
    with app.working(ours, texts, reload=reload, ended=ended):
        _collect_garbage_less_often()
        log.log(max(logging.INFO, log.getEffectiveLevel()), "%s", texts("start.working"))
        if _are_old(ours, texts):
            return RELOAD
        while True:
            event = _event(events)
            if event == ENDED:  # whoever has started us starts another, and others take its jobs
                raise ChatGeeError("hint.start")
            if event:
                return event


def _event(events: Events) -> str | Link | None:
    """What happens next; None now and then, since Windows delivers Ctrl+C between waits."""
    try:
        return events.get(timeout=0.2)
    except Empty:
        return None


class Program:
    """What stays while the settings change: the socket, the public address, the screen."""

    def __init__(self, ours: Settings, texts: Texts, stack: ExitStack) -> None:
        """Everything is closed with `stack`, the last that was opened first."""
        self._events: Events = SimpleQueue()
        stack.enter_context(stop_signals.told(lambda: self._events.put(STOP)))
        place = stack.enter_context(single_instance.only(ours.data_dir))
        self._server = WebServer(ours.host, ours.port)
        place.tell(self._server.local)
        self._place = place
        self._status = OwnerStatus(ours.data_dir / "board.json", self._server.local)
        self._tunnels = Tunnels(self._server.port, self._events.put)
        self.announcements = Announcements(self._status, place, texts)
        stack.callback(self._tunnels.close)
        stack.callback(self.announcements.end)
        self._server.start(meanwhile(texts), ours.reply_seconds)
        stack.callback(self._server.stop)

    def serve(self, ours: Settings, texts: Texts) -> str:
        """With these settings, until they change or the program ends; RELOAD or STOP."""
        if restore.finish(ours):
            texts = Texts.load(ours.texts_path)
        _report_config(texts, ours)
        server, status = self._server, self._status
        with app.running(
            ours,
            texts,
            status,
            requests=server.requests,
            reload=self._reload,
            doctor_run=_doctor_run(ours, texts),
        ) as bot:
            _collect_garbage_less_often()
            self._place.tell_secret(bot.secret)
            server.serve(bot.wsgi)
            bot.prepare()
            self.announcements.begin(ours, texts)
            self._tunnels.use(ours)
            if _are_old(ours, texts):
                self._reload()
            event = self._next()
            if event == STOP:
                self.announcements.end()
                _wind_down(server, bot, texts)
            else:
                server.pause()
                bot.waiters.release()  # who is held gets the button, and the answer afterwards
                _wait(lambda: not server.inside(), 1.0)
        return event

    def _reload(self) -> None:
        self._events.put(RELOAD)

    def _next(self) -> str:
        """Wait for RELOAD or STOP; tell the owner of everything else meanwhile."""
        while True:
            event = _event(self._events)
            if event is None:
                self.announcements.wait()
            elif isinstance(event, Link):
                self.announcements.linked(event)
            else:
                return event


def _joined(ours: Settings, texts: Texts, log_folder: Path | None) -> tuple[Settings, Texts]:
    """With what the owner has decided for all machines, where there are several."""
    if ours.shared_path is None:
        return ours, texts
    shared_files.join(ours, settings.CONFIG, warning(texts))
    return _reread(ours, texts, log_folder)


def _reread(ours: Settings, texts: Texts, log_folder: Path | None) -> tuple[Settings, Texts]:
    """The settings as they are now; the old ones where the new cannot be used.

    What the program holds on to stays as it was: its socket and its folder with everything in it.
    """
    try:
        ours = _loaded(ours)
    except ChatGeeError as error:
        log.error("%s", texts.of(error))
    texts = Texts.load(ours.texts_path)
    _log(ours, texts, log_folder)
    return ours, texts


def _log(ours: Settings, texts: Texts, folder: Path | None) -> None:
    told = partial(texts, "start.lines_kept" if folder else "start.lines_lost", file=logs.FILE)
    logs.configure(ours.log_level, ours.secrets, folder, told, partial(texts, "start.times"))


def _loaded(ours: Settings) -> Settings:
    held = {name: getattr(ours, name) for name in settings.HELD}
    return replace(settings.load(), **held)


def _are_old(ours: Settings, texts: Texts) -> bool:
    """Whether another program of this machine has written the files since we read them.

    `SharedFiles` tells what is written once we are running; it knows nothing of what was before.
    """
    if ours.shared_path is None:
        return False
    try:
        new = _loaded(ours)
    except ChatGeeError:
        return False
    return (new, Texts.load(new.texts_path)) != (ours, texts)


def _doctor_run(ours: Settings, texts: Texts) -> DoctorRun:
    """The doctor, who sees the settings that are used, and what is wrong in config.env by now."""

    def look() -> Iterator[Check]:
        _, wrong = settings.load_usable()
        return checks(Case(ours, wrong, texts, settings.CONFIG))

    return DoctorRun(tuple(STEPS), look)


def _collect_garbage_less_often() -> None:
    """What the start made stays, what a question makes is no cycle (measured: 9 % faster).

    It stays until the settings change: what was made with the old ones is collected at once, which
    takes 0.1 s (measured: frozen as well, 40 changes took a process from 64 to 103 MB, now to 69).
    """
    if gc.get_freeze_count():
        gc.unfreeze()
        gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)
    gc.enable()  # see the top


def _report_config(texts: Texts, ours: Settings) -> None:
    overruled = config_check.overruled(settings.CONFIG, ours.shared_path)
    for key, values in chain(config_check.mistakes(), overruled, config_check.weak(ours)):
        log.warning("%s", texts(key, **values))
    for error in config_check.no_way_out(ours):
        log.warning("%s", texts.of(error))
    prompt = ours.system_prompt_file
    if prompt and not prompt.is_file():
        log.warning("%s", texts("settings.no_prompt", file=prompt))
    for problem in texts.problems:
        log.warning("%s", problem)


def _wind_down(server: WebServer, chatgee: app.ChatGee, texts: Texts) -> None:
    """Let what is held be answered, or at least be told so, before everything closes."""
    log.info("%s", texts("start.stopping"))
    server.stop_listening()
    _wait(lambda: not server.unanswered(), ANSWERING_SECONDS)
    chatgee.waiters.close()
    _wait(lambda: not server.unanswered(), 1.0)
    server.stop()


def _wait(condition: Callable[[], bool], seconds: float) -> None:
    until = time.monotonic() + seconds
    while not condition() and time.monotonic() < until:
        time.sleep(0.02)


COMMANDS = {
    "run": run,
    "key": key,
    "autostart": autostart.command,
    "migrate-to": migrate,
    "worker": worker,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
