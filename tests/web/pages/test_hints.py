"""Settings that a sentence names: called what their field is called, and one press away."""

import requests

from tests.support.bot import Bot
from tests.support.far_ends import PATIENCE, FakeOpenAI

LINK = '<a href="/settings#option-{}">{}</a>'
EVIL = "<b>model"


def home(bot: Bot, fake_openai: FakeOpenAI) -> str:
    """After an answer that failed because of the model's name."""
    fake_openai.fails(404)
    bot.friend().says("안녕")
    return requests.get(bot.url, timeout=PATIENCE).text


def test_a_setting_leads_to_its_field_with_the_name_of_the_field(
    stopped_bot: Bot, fake_openai: FakeOpenAI
) -> None:
    with stopped_bot.open(OPENAI_MODEL="gpt-6-luna") as bot:
        page = home(bot, fake_openai)
        settings = requests.get(bot.url + "/settings", timeout=PATIENCE).text
    place = "모델 서버의 주소(OPENAI_BASE_URL)"
    assert LINK.format("OPENAI_BASE_URL", place) + "을 확인해" in page
    assert LINK.format("OPENAI_MODEL", "모델(OPENAI_MODEL=gpt-6-luna)") + " 모델을" in page
    assert 'id="option-OPENAI_BASE_URL"' in settings


def test_what_others_wrote_stays_text(stopped_bot: Bot, fake_openai: FakeOpenAI) -> None:
    with stopped_bot.open(OPENAI_MODEL=EVIL) as bot:
        page = home(bot, fake_openai)
    assert LINK.format("OPENAI_MODEL", "모델(OPENAI_MODEL)") + "=&lt;b&gt;model" in page
    assert EVIL not in page
