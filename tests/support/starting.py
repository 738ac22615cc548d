"""Runs ChatGee in processes that are forked from one that has imported it.

A start takes a second of the processor, most of it for imports; a fork takes milliseconds. What is
forked is a process like any other: it has its PID, hears signals, and ends with an exit code.

`python starting.py serve FD` forks one for each `Start` that comes over the socket FD, until that
is closed. `python starting.py once START` becomes one itself. Both find ChatGee in the working
directory.
"""

import gc
import importlib
import json
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

IMPORTED = (
    "chatgee.launch",
    "chatgee.cluster.node",
    "chatgee.cluster.tidying",
    "chatgee.model.openai_model",
    "openai.resources.chat",
)
MOST_BYTES = 100_000


@dataclass(frozen=True)
class Start:
    """What a program is started with."""

    arguments: list[str]
    environ: Mapping[str, str]
    constants: Mapping[str, object] = field(default_factory=dict)
    """Other values than the code has, by name: `chatgee.clock.NAME`."""

    def dumps(self) -> str:
        return json.dumps(asdict(self))

    def run(self) -> int:
        """As run.py would have it done; the exit code."""
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        gc.disable()
        for name, value in self.constants.items():
            module, _, constant = name.rpartition(".")
            getattr(importlib.import_module(module), constant)  # it is still there
            setattr(importlib.import_module(module), constant, value)
        from chatgee import launch
        from chatgee.subcommands import doctor

        if self.arguments[:1] == ["doctor"]:
            return doctor.main([*self.arguments[1:]])
        return launch.main([*self.arguments])


def serve(control: socket.socket) -> Start | None:
    """None when `control` was closed; in a process that was forked, what it has to run."""
    for name in IMPORTED:
        importlib.import_module(name)
    gc.freeze()
    with selectors.DefaultSelector() as events:
        events.register(control, selectors.EVENT_READ)
        while True:
            for key, _ in events.select():
                if key.fileobj is not control:
                    events.unregister(key.fileobj)
                    _tell_end(*key.data)
                    continue
                told, files, *_ = socket.recv_fds(control, MOST_BYTES, 2)
                if not told:
                    return None
                if not (pid := os.fork()):
                    start = Start(**json.loads(told))
                    _stand_alone(start, *files)
                    return start
                os.close(files[1])
                pid_file = os.pidfd_open(pid)
                events.register(pid_file, selectors.EVENT_READ, (pid, pid_file, files[0]))


def _stand_alone(start: Start, answer: int, output: int) -> None:
    """In a session and an environment of its own, and heard by who has asked for it."""
    os.setsid()
    os.environ.clear()
    os.environ.update(start.environ)
    time.tzset()
    os.write(answer, b"%d" % os.getpid())
    os.dup2(output, 1)
    os.dup2(output, 2)


def _tell_end(pid: int, pid_file: int, answer: int) -> None:
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(pid_file)
    try:
        os.write(answer, b"%d" % code)
    except BrokenPipeError:
        pass  # nobody wants to know
    os.close(answer)


def main(how: str, what: str) -> int:
    sys.path[0] = os.getcwd()
    start = Start(**json.loads(what)) if how == "once" else serve(socket.socket(fileno=int(what)))
    return start.run() if start else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
