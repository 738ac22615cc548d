"""What a friend may press or type instead of a question: one table.

Engine, owner's pages and tests read it. A row more is all that a command needs which answers with
a sentence; the sentences themselves stand in texts.ko.toml.
"""

from dataclasses import dataclass
from enum import Enum, auto

from chatgee.kakao.messages import same_words
from chatgee.texts import Texts


class Does(Enum):
    """What comes of a command."""

    SAY = auto()  # its reply and nothing else
    SHOW_HELP = auto()  # the cards of the texts
    FORGET = auto()  # the model is no longer reminded of what was; then its reply
    FETCH = auto()  # the newest answer that the friend has not seen
    READ_ON = auto()  # in a group the rest of what was shown last; else the same
    ASK_AGAIN = auto()  # the last question that failed
    ASK_REST = auto()  # the rest of the newest answer that was cut


@dataclass(frozen=True)
class Command:
    """One row."""

    button: str
    """The key of its label, whose words a friend may also type, with or without the emoji."""
    reply: str = ""
    """The key of the sentence that answers it, where one does."""
    does: Does = Does.SAY

    @property
    def in_menu(self) -> bool:
        """Whether it stands in the chat's menu; else in our replies alone, where it has a use."""
        return self.does not in (Does.FETCH, Does.READ_ON, Does.ASK_AGAIN, Does.ASK_REST)


HELP = Command("button.help", does=Does.SHOW_HELP)
COMMANDS = (
    HELP,
    Command("button.reset", "reply.reset", Does.FORGET),
    Command("button.fetch", does=Does.FETCH),
    Command("button.more", does=Does.READ_ON),
    Command("button.again", does=Does.ASK_AGAIN),
    Command("button.rest", does=Does.ASK_REST),
    Command("button.rest_of_held", does=Does.ASK_REST),
    Command("button.unseen", does=Does.FETCH),
)
MENU = tuple(one.button for one in COMMANDS if one.in_menu)


def meant(words: str, texts: Texts) -> Command | None:
    """The command that a friend means by these words; None where it is a question."""
    return next((one for one in COMMANDS if same_words(words, texts(one.button))), None)
