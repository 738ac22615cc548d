"""Where a friend sees each sentence: what they did, and our reply, as `/prompt` would give it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from chatgee.conversation.commands import COMMANDS, HELP, Command, Does
from chatgee.conversation.replies import UNSEEN, Replies
from chatgee.errors import Failure
from chatgee.kakao.markdown import to_plain
from chatgee.kakao.messages import BUBBLE_CHARS, Promise, Reply, render
from chatgee.model.practice_model import PracticeModel
from chatgee.questions import Question, State
from chatgee.store import Claimed
from chatgee.texts import Texts

ANOTHER = "another"
"""The id of a question that waits beside the one that is answered."""


@dataclass(frozen=True)
class Scene:
    said: str
    """What the friend wrote or pressed; empty where nothing can be seen of it."""
    reply: Reply | Promise

    @property
    def template(self) -> dict[str, Any]:
        """Of the SkillResponse; a promise's words are shown as a bubble."""
        reply = Reply((self.reply.text,)) if isinstance(self.reply, Promise) else self.reply
        template: dict[str, Any] = render(reply)["template"]
        return template


def of(
    key: str, texts: Texts, limits: Mapping[str, int], bubble_chars: int = BUBBLE_CHARS
) -> Scene:
    """A situation in which a friend sees the sentence under `key`, or `card` for the cards.

    `limits` are the owner's, by the sentence's name, and so is `bubble_chars`.
    """
    group, _, name = key.partition(".")
    stage = _Stage(texts, bubble_chars)
    for command in COMMANDS:
        if command.in_menu and key in (command.button, command.reply):
            return stage.command(command)
    match group:
        case "card":
            return stage.command(HELP)
        case "button":
            return stage.button(name)
        case "group":
            return stage.in_group(name)
        case "limit":
            return stage.asked(stage.replies.sentence(key, limit=limits.get(name) or 10))
        case "failure":
            return stage.asked(stage.failed(Failure(name)))
        case "practice":
            return stage.practice(key)
    return stage.reply(key)


class _Stage:
    def __init__(self, texts: Texts, bubble_chars: int) -> None:
        self.texts, self.replies = texts, Replies(texts, bubble_chars=bubble_chars)

    # --- situations -------------------------------------------------------------------------

    def asked(self, reply: Reply | Promise, said: str = "question") -> Scene:
        return Scene(self.example(said), reply)

    def pressed(self, button: str, reply: Reply) -> Scene:
        return Scene(self.texts(f"button.{button}"), reply)

    def command(self, command: Command) -> Scene:
        replies, shows_help = self.replies, command.does == Does.SHOW_HELP
        reply = replies.help() if shows_help else replies.sentence(command.reply)
        return Scene(self.texts(command.button), reply)

    def button(self, name: str) -> Scene:
        long = self.question(shown=to_plain(PracticeModel(self.texts).long()))
        match name:
            case "fetch":
                return self.asked(self.replies.not_yet(long.id))
            case "more":
                return self.asked(self.replies.compose(Claimed(long)))
            case "again":
                return self.asked(self.failed(Failure.SERVER))
            case "unseen":
                return self.held(self.question(), unseen=ANOTHER)
            case "rest":
                return self.asked(self.replies.compose(Claimed(self.cut())))
            case "rest_of_held":
                return self.held(self.cut())
        return self.held(long)

    def in_group(self, name: str) -> Scene:
        scene = self.button("fetch") if name == "to_type" else self.reply(f"reply.{name}")
        if isinstance(scene.reply, Reply):
            return replace(scene, reply=self.replies.in_words(scene.reply))
        return scene

    def reply(self, key: str) -> Scene:
        replies, plain = self.replies, self.question()
        for medium, sentence in UNSEEN.items():
            if key == sentence:
                return self.asked(replies.sentence(key), medium)
        match key.removeprefix("reply."):
            case "greeting":
                return self.asked(replies.compose(Claimed(self.question(first=True)), beside=True))
            case "notice":
                return self.asked(Replies(self.texts, 1).compose(Claimed(plain), beside=True))
            case "not_yet":
                return self.asked(replies.not_yet(plain.id))
            case "callback_waiting":
                return self.asked(Promise(self.texts(key)))
            case "callback_late" | "no_worker":
                late = Claimed(self.question(State.ASKED))
                return self.asked(replies.compose(late, waiting=key))
            case "held":
                return self.held(plain)
            case "photo_question":
                return self.held(self.question(text=self.texts(key)))
            case "rest_question":
                return self.held(self.question(text=self.texts(key)))
            case "broken_off":
                return self.asked(replies.compose(Claimed(self.cut())))
            case "no_more":
                return self.pressed("more", replies.compose(Claimed(plain), page=2))
            case "unknown_question":
                return self.pressed("fetch", replies.sentence(key))
            case "empty":
                return Scene("", replies.sentence(key))
        return self.asked(replies.sentence(key))

    def practice(self, key: str) -> Scene:
        said, texts = self.example("question"), self.texts
        match key.removeprefix("practice."):
            case "answer":
                words = texts(key, question=said)
            case "slow":
                words = texts(key, seconds=7, question=said)
            case "photo":
                said, words = self.example("photo"), texts(key)
            case _:
                words = PracticeModel(texts).long()
        answered = self.question(shown=to_plain(words))
        return Scene(said, self.replies.compose(Claimed(answered)))

    # --- what they are made of --------------------------------------------------------------

    def example(self, name: str) -> str:
        return self.texts(f"sentences.example_{name}")

    def failed(self, failure: Failure) -> Reply:
        return self.replies.compose(Claimed(self.question(State.FAILED, failure=failure)))

    def held(self, one: Question, unseen: str | None = None) -> Scene:
        """The friend asks something else, and is given the answer that was late."""
        now = self.question(text=self.example("next"), shown=self.example("next_answer"))
        return Scene(now.text, self.replies.compose(Claimed(now, (one,), unseen=unseen)))

    def cut(self) -> Question:
        return replace(self.question(), broken_off=True)

    def question(
        self,
        state: State = State.ANSWERED,
        first: bool = False,
        text: str | None = None,
        shown: str | None = None,
        failure: Failure | None = None,
    ) -> Question:
        return Question(
            id="example",
            user_id="friend",
            room_id="friend",
            place=1 if first else 2,
            text=text or self.example("question"),
            image_urls=(),
            asked_at=0.0,
            state=state,
            shown=(shown or self.example("answer")) if state == State.ANSWERED else None,
            failure=failure,
            delivery=None,
        )
