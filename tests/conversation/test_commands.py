"""Every row of the table of commands: what comes of it, and that nobody pays for it."""

import pytest

from chatgee.conversation.commands import COMMANDS, Command, Does, meant
from chatgee.texts import Texts
from tests.support.bot import TEXTS, Bot
from tests.support.far_ends import FakeOpenAI
from tests.support.visitor import ask

MENU = [one for one in COMMANDS if one.in_menu]
SAYING = [one for one in COMMANDS if one.does == Does.SAY or one.reply]


def name(command: Command) -> str:
    return command.button


@pytest.mark.parametrize("command", MENU, ids=name)
def test_what_the_menu_says_is_answered_without_the_model(
    bot: Bot, fake_openai: FakeOpenAI, command: Command
) -> None:
    shown = bot.friend().says(TEXTS(command.button))
    assert shown.body == bot.friend("another").says(" ".join(TEXTS(command.button)) + "!").body
    assert not fake_openai.requests


@pytest.mark.parametrize("command", SAYING, ids=name)
def test_a_command_that_says_a_sentence_says_its_own(bot: Bot, command: Command) -> None:
    assert bot.friend().says(TEXTS(command.button)).bubbles == [TEXTS(command.reply)]


@pytest.mark.parametrize("command", COMMANDS, ids=name)
def test_each_is_meant_by_its_own_words_and_no_other_is(command: Command) -> None:
    assert meant(TEXTS(command.button), TEXTS) == command


def test_a_command_is_meant_as_its_owner_calls_it() -> None:
    renamed = Texts({**TEXTS.sentences, "button.help": "도움"}, TEXTS.cards)
    assert meant("도움!", renamed) == COMMANDS[0]
    assert meant("사용설명서", renamed) is None


def test_the_owner_finds_each_in_the_simulator_and_among_the_sentences(bot: Bot) -> None:
    simulator, sentences = (ask(bot, path).text for path in ("/local_test", "/settings/texts"))
    for command in MENU:
        assert f"data-say>{TEXTS(command.button)}<" in simulator
        assert f'name="{command.button}" value="{TEXTS(command.button)}"' in sentences
    assert sentences.count(TEXTS("sentences.menu_note")) == len(MENU)


def test_the_words_of_a_button_that_has_nothing_to_fetch_are_a_question(
    bot: Bot, fake_openai: FakeOpenAI
) -> None:
    fetching = [TEXTS(one.button) for one in COMMANDS if not one.in_menu]
    for number, words in enumerate(fetching):
        bot.friend(f"friend-{number}").says(words)
    assert fake_openai.questions == fetching
