"""Starts ChatGee: `python run.py`.

Finds a Python that has what requirements.txt asks for, or makes one (once, in `.venv`), and
hands over to chatgee.launch. Uses the standard library alone, and only syntax that Python 3.8
can read, so that an old Python gets a sentence instead of a SyntaxError.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import IO

PROJECT = Path(__file__).resolve().parent
LOG = PROJECT / "data" / "install.log"
STAMP = "chatgee-ready.txt"  # tells what was installed; without it the work was cut short
OLDEST_PYTHON = (3, 11)
WINDOWS = sys.platform == "win32"
BASE = getattr(sys, "_base_executable", None) or sys.executable  # we may run inside our own

# What the owner reads; what to do about a failure is in chatgee/system/install_troubles.toml.
WAITING = "다른 창에서 ChatGee를 준비하고 있어요. 끝날 때까지 기다릴게요."
MAKING = "1/2 ChatGee만의 파이썬 환경을 만들고 있어요: {folder}"
INSTALLING = "2/2 필요한 패키지를 설치하고 있어요. 처음에는 몇 분 걸릴 수 있어요."
DOING = {"Collecting": "찾는 중", "Downloading": "받는 중", "Installing": "설치 중"}
READY = "\n준비를 마쳤어요."
STOPPED = "멈췄어요. 다시 실행하면 이어서 준비해요."
DETAILS = "\n자세한 내용은 이 파일에 있어요: {log}"
INCOMPLETE = """ChatGee의 파일이 모자라요. 압축 파일을 연 채로 켜셨다면 압축을 먼저 모두 풀고,
새로 생긴 폴더에서 다시 실행해 주세요."""
ONCE_MORE = "ChatGee의 파이썬 환경이 망가져서 새로 만들어야 해요. 한 번 더 실행해 주세요."
OLD_PYTHON = """파이썬 3.11 이상이 필요해요. 지금 파이썬은 {version}이에요.
https://www.python.org/downloads/ 에서 새 파이썬을 설치하고 다시 실행해 주세요."""
FOREIGN = """{folder} 폴더가 이미 있는데 ChatGee가 만든 것이 아니라서 그대로 두었어요.
그 폴더의 이름을 바꾸거나 다른 곳으로 옮기고 다시 실행해 주세요."""


class Trouble(Exception):
    """Something the owner can mend; its text is what they read."""


def main(words: Sequence[str]) -> int:
    speak_utf8()
    if sys.version_info < OLDEST_PYTHON:
        return refuse(OLD_PYTHON.format(version=sys.version.split()[0]), 1)
    if not all((PROJECT / name).exists() for name in ("chatgee/launch.py", "requirements.txt")):
        return refuse(INCOMPLETE, 1)
    from chatgee.subcommands import commands  # here: an old Python could not read it

    command = commands.COMMANDS.get(words[0] if words else "run")
    if command is None:
        return refuse(commands.usage(words[0]), 2)
    try:
        python = python_with(("requirements.txt", *command.needs))
        return commands.start(PROJECT, [python, *command.argv(words[1:])])
    except KeyboardInterrupt:
        return refuse(STOPPED, 130)
    except (Trouble, OSError) as error:
        return refuse(str(error) if isinstance(error, Trouble) else why(str(error)), 1)


def python_with(needs: Sequence[str]) -> str:
    """The Python to use: this one if it has what is needed, else the environment's."""
    from chatgee.system import installed_packages  # here, like the commands above

    if installed_packages.is_shared(os.environ, PROJECT / "config.env"):
        needs = tuple(dict.fromkeys((*needs, "requirements-cluster.txt")))
    env, files = environment_folder(), [PROJECT / name for name in needs]
    if not inside(env) and all(map(installed_packages.installed, installed_packages.lines(files))):
        return sys.executable
    if not ready(env, needs):
        with alone():
            if not ready(env, needs):  # a second start has waited, and may find it done
                prepare(env, needs)
    return str(python_of(env))


# The environment: a folder of ours, with a stamp that tells what is in it


def environment_folder() -> Path:
    local = os.environ.get("LOCALAPPDATA")
    if not (WINDOWS and local and in_onedrive(PROJECT, os.environ)):
        return PROJECT / ".venv"
    # OneDrive would upload its thousands of files, and lock them meanwhile.
    short = hashlib.sha256(str(PROJECT).lower().encode()).hexdigest()[:10]
    return Path(local) / "ChatGee" / f"venv-{short}"


def in_onedrive(project: PurePath, environ: Mapping[str, str]) -> bool:
    names = ("OneDrive", "OneDriveConsumer", "OneDriveCommercial")
    roots = [type(project)(environ[name]) for name in names if environ.get(name)]
    named = any(part.lower().startswith("onedrive") for part in project.parts)
    return named or any(root in (project, *project.parents) for root in roots)


def python_of(env: Path) -> Path:
    if WINDOWS:  # a Python from the Microsoft Store sees another LOCALAPPDATA than the rest
        return Path(os.path.realpath(env)) / "Scripts" / "python.exe"
    return env / "bin" / "python"


def inside(env: Path) -> bool:
    return os.path.realpath(sys.prefix) == os.path.realpath(env)


def ready(env: Path, needs: Sequence[str]) -> bool:
    """Whether the environment can be used as it is; starts no process to find out."""
    return whole(env) and set(marks(env, needs)) <= set(stamped(env)[0].split())


def whole(env: Path) -> bool:
    """Whether nothing was taken away, by an antivirus program or by another Python's installer."""
    try:
        settings = (env / "pyvenv.cfg").read_text("utf-8", "replace")
        names = stamped(env)[1].split()
    except OSError:
        return False
    told = dict(re.findall(r"^(\w+) = (.+)$", settings, re.M))
    base, ours = told.get("executable", ""), "{}.{}.".format(*sys.version_info)
    if base == os.path.realpath(BASE) and not told.get("version", "").startswith(ours):
        return False  # another Python has taken the place of the one it was made of
    startable = os.access(python_of(env), os.X_OK) and os.path.exists(base)
    return startable and set(names) <= set(packages(env))


def stamped(env: Path) -> list[str]:
    """The stamp's two lines: marks of what was asked for, names of what it brought."""
    return [*(env / STAMP).read_text("utf-8", "replace").splitlines(), "", ""][:2]


def packages(env: Path) -> list[str]:
    lib = "Lib" if WINDOWS else "lib/python*"
    return [path.name for path in env.glob(f"{lib}/site-packages/*")]


def marks(env: Path, needs: Sequence[str]) -> list[str]:
    """pyvenv.cfg stands for the Python that the environment is of."""
    files = [env / "pyvenv.cfg", *(PROJECT / name for name in needs)]
    return [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]


def prepare(env: Path, needs: Sequence[str]) -> None:
    LOG.write_text(f"{time.ctime()}, Python {sys.version}, {sys.platform}\n", "utf-8")
    if not (whole(env) and starts(env)):
        make(env)
    install(env, needs)
    say(READY)


def starts(env: Path) -> bool:
    argv = [str(python_of(env)), "-c", "import pip"]
    try:
        return subprocess.run(argv, capture_output=True).returncode == 0
    except OSError:
        return False


def make(env: Path) -> None:
    if WINDOWS and inside(env):  # which therefore cannot be moved
        (env / STAMP).unlink(missing_ok=True)  # so that ChatGee.bat takes another Python
        raise Trouble(ONCE_MORE)
    say(MAKING.format(folder=env))
    clear(env)
    list(lines_of([BASE, "-m", "venv", "--without-pip", str(env)]))
    # A step of its own, since venv hides why it failed.
    list(lines_of([str(python_of(env)), "-m", "ensurepip", "--default-pip"]))
    (env / STAMP).touch()


def clear(env: Path) -> None:
    """Takes a broken environment away, but never a folder that is not one."""
    if not env.exists():
        return
    empty = env.is_dir() and not any(path.is_file() for path in env.rglob("*"))
    if not (empty or (env / "pyvenv.cfg").is_file()):
        raise Trouble(FOREIGN.format(folder=env))
    env.rename(env.with_name(f"{env.name}.old-{os.getpid()}"))  # all of it, or nothing
    for old in env.parent.glob(f"{env.name}.old-*"):
        shutil.rmtree(old, ignore_errors=True)


def install(env: Path, needs: Sequence[str]) -> None:
    say(INSTALLING)
    options = ["--disable-pip-version-check", "--no-input", "--prefer-binary", "--progress-bar=off"]
    files = [word for name in needs for word in ("-r", str(PROJECT / name))]
    for line in lines_of([str(python_of(env)), "-m", "pip", "install", *options, *files]):
        show(line)
        if line.startswith("Installing collected packages"):
            (env / STAMP).unlink()  # cut short from here on, it is made anew
    lines = [" ".join(marks(env, needs)), " ".join(packages(env))]
    (env / STAMP).write_text("\n".join(lines), "utf-8")


@contextmanager
def alone() -> Iterator[None]:
    """Of two starts at once the second waits here, even for the pip of a killed first."""
    LOG.parent.mkdir(exist_ok=True)
    with LOG.with_suffix(".lock").open("a") as lock:
        os.set_inheritable(lock.fileno(), True)
        if not taken(lock):
            say(WAITING)
            while not taken(lock):
                time.sleep(0.2)
        yield


def taken(lock: IO[str]) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(lock.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:
        pass  # a network drive that knows no locks: go on rather than wait for ever
    return True


# Other programs, and the owner


def lines_of(argv: Sequence[str]) -> Iterator[str]:
    """What a program prints, line by line, kept in the log too; Trouble if it fails."""
    program = subprocess.Popen(
        argv,
        env={**os.environ, "PYTHONUTF8": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        close_fds=False,  # so that it holds the lock
    )
    text = ""
    with program, LOG.open("a", encoding="utf-8") as log:
        for line in program.stdout or ():
            log.write(line)
            text += line
            yield line
    if program.returncode:
        raise Trouble(why(text))


def show(line: str) -> None:
    """pip's line in short: on a terminal each over the last one."""
    start = r"\s*(Collecting|Downloading|Installing) (?:collected packages: |\S*/)?"
    found = re.match(start + r"([^<>=!~;(]+)", line)
    if found:
        text = f"    {DOING[found[1]]}: {found[2].strip():<50.50}"
        say(f"\r{text}", end="") if sys.stdout.isatty() else say(text.rstrip())


def why(text: str) -> str:
    """The sentence for a failure, from what was said about it."""
    from chatgee.system import install_troubles  # here: a ZIP's preview may have run.py alone

    details = DETAILS.format(log=LOG) if LOG.exists() else ""
    return install_troubles.remedy(text, environment_folder()) + details


def say(text: str, end: str = "\n") -> None:
    print(text, end=end, flush=True)


def refuse(sentence: str, code: int) -> int:
    print("\n" + sentence, file=sys.stderr, flush=True)
    return code


def speak_utf8() -> None:
    """Whatever code page the console has, Korean must not end in an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
