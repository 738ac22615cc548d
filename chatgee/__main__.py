"""The command `chatgee` of a package: what run.py is in a project, where nothing is missing."""

import sys
from contextlib import suppress
from pathlib import Path

from chatgee.subcommands import commands
from chatgee.system import installation
from chatgee.texts import Texts


def main() -> int:
    word, *words = sys.argv[1:] or ["run"]
    command = commands.COMMANDS.get(word)
    if command is None:
        print(commands.usage(word), file=sys.stderr)
        return 2
    folder = Path.cwd()
    with suppress(ImportError):  # a damaged package, which is for the doctor to tell
        folder = installation.folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return commands.start(folder, [sys.executable, *command.argv(words)])
    except OSError as error:
        print(Texts.load()("start.data_unwritable", folder=folder, why=error), file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
