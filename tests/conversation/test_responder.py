"""What the model is told, whoever asks: the whole request, as it is sent."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from chatgee.web import owner
from tests.support.bot import Bot
from tests.support.far_ends import PATIENCE, FakeOpenAI

pytestmark = pytest.mark.usefixtures("unhurried")

CHARACTER = "너는 꽃집의 안내원이야."
FIRST, SECOND = "이름이 뭐예요?", "다시요?"


def friend(bot: Bot) -> None:
    chat = bot.friend()
    chat.says(FIRST)
    chat.says(SECOND)


def simulated_friend(bot: Bot) -> None:
    doing = {"friend": "desk-friend0001", "way": "friend", "how": "text", "extra": {}}
    doing |= {"callback": False, "photo": ""}
    for words in (FIRST, SECOND):
        url, headers = bot.url + "/local_test/send", {owner.TOKEN_HEADER: owner.TOKEN}
        sent = requests.post(url, json=doing | {"words": words}, headers=headers, timeout=PATIENCE)
        assert sent.json()["status"] == 200


def owner_who_tries(bot: Bot) -> None:
    turns = [[FIRST, f"답: {FIRST}"]]
    form = {"csrf": owner.TOKEN, "prompt": CHARACTER, "question": SECOND}
    form |= {"turns": json.dumps(turns)}
    tried = requests.post(bot.url + "/settings/character/try", data=form, timeout=PATIENCE)
    assert tried.json()["answer"] == f"답: {SECOND}"


def sent(fake_openai: FakeOpenAI) -> str:
    """The last request's body, with everything in its order."""
    request = dict(fake_openai.requests[-1])
    del request["path"], request["headers"]
    return json.dumps(request, ensure_ascii=False)


@pytest.mark.parametrize("who", [friend, simulated_friend, owner_who_tries])
def test_the_model_is_told_the_same_whoever_asks(
    bot: Bot, fake_openai: FakeOpenAI, tmp_path: Path, who: Callable[[Bot], None]
) -> None:
    (tmp_path / "system_prompt.txt").write_text(CHARACTER + "\n", "utf-8")
    who(bot)
    assert sent(fake_openai) == (
        '{"model": "gpt-6-luna", "messages": ['
        f'{{"role": "system", "content": "{CHARACTER}"}}, '
        f'{{"role": "user", "content": "{FIRST}"}}, '
        f'{{"role": "assistant", "content": "답: {FIRST}"}}, '
        f'{{"role": "user", "content": "{SECOND}"}}]}}'
    )
