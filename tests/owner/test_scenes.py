"""Where a friend sees each sentence, as the page of sentences shows it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from chatgee.conversation.commands import MENU
from chatgee.kakao.messages import Promise
from chatgee.owner.texts_editor import KEYS, scenes
from chatgee.texts import Texts
from tests.support.kakao_side import check

OURS = Texts.load()


def shown(key: str, texts: Texts, limits: Mapping[str, int] | None = None) -> dict[str, Any]:
    template = scenes.of(key, texts, limits or {}).template
    check({"version": "2.0", "template": template})
    return template


@pytest.mark.parametrize("key", KEYS)
def test_every_sentence_has_a_scene_in_which_it_is_seen(key: str) -> None:
    words = "새로 지은 말"
    texts = replace(OURS, sentences={**OURS.sentences, key: words})
    template = str(shown(key, texts))
    if key in MENU:
        assert scenes.of(key, texts, {}).said == words
    else:
        assert words in template


def test_the_scene_of_a_limit_tells_the_owners_own() -> None:
    assert "질문 7개를" in str(shown("limit.day", OURS, {"day": 7}))


@pytest.mark.parametrize("chars", [400, 1000])
def test_the_scene_of_a_long_answer_has_bubbles_as_long_as_the_owner_chose(chars: int) -> None:
    outputs = scenes.of("button.more", OURS, {}, chars).template["outputs"]
    longest = max(len(one["simpleText"]["text"]) for one in outputs)
    assert chars - 200 < longest <= chars


def test_the_scene_of_the_cards_is_their_carousel() -> None:
    (output,) = shown("card", OURS)["outputs"]
    assert [one["title"] for one in output["carousel"]["items"]] == [c.title for c in OURS.cards]


def test_a_promise_is_seen_as_a_bubble() -> None:
    scene = scenes.of("reply.callback_waiting", OURS, {})
    assert isinstance(scene.reply, Promise)
    words = {"text": OURS("reply.callback_waiting")}
    assert scene.template == {"outputs": [{"simpleText": words}]}
