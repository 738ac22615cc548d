"""The board: what the owner sees at a glance, and what it remembers."""

from pathlib import Path

import pytest

from chatgee import settings
from chatgee.conversation.health import Health
from chatgee.errors import Failure, TunnelError
from chatgee.owner.status import Board
from chatgee.texts import Texts
from chatgee.tunnel import Link

FIRST, SECOND = "https://first.lhr.life", "https://second.lhr.life"
TEXTS = Texts.load()


@pytest.fixture
def board(tmp_path: Path) -> Board:
    board = opened(tmp_path)
    board.started(settings.load({}, tmp_path / "none"), "gpt-6-luna", Health())
    return board


def opened(folder: Path) -> Board:
    return Board(folder / "board.json", "http://127.0.0.1:6959")


def next_step(board: Board) -> str:
    """The texts key of what is left to do."""
    step = board.glance(TEXTS).next_step
    return next(key for key, words in TEXTS.sentences.items() if words == step)


def test_the_next_step_leads_from_nothing_to_a_working_channel(board: Board) -> None:
    assert next_step(board) == "next.address"
    board.linked(Link("ngrok", FIRST))
    assert next_step(board) == "next.skill"
    board.called(tester=True)
    assert next_step(board) == "next.deploy"
    board.called(tester=False)
    assert next_step(board) == "next.nothing"
    assert board.glance(TEXTS).next_page == ""


def test_the_steps_are_ticked_as_kakaos_calls_come_in(board: Board) -> None:
    def states() -> str:
        return " ".join(step.state for step in board.glance(TEXTS).steps)

    assert states() == "done now later later"
    board.linked(Link("localhost.run", FIRST))
    assert states() == "done done now later"
    board.called(tester=True)
    assert states() == "done done done now"
    board.called(tester=False)
    assert states() == "done done done done"
    board.linked(Link("localhost.run", SECOND))
    assert states() == "done done now later"


def test_a_refused_call_is_told_until_one_gets_through(board: Board) -> None:
    assert [board.refused("page.wrong_key") for _ in range(2)] == [True, False]
    assert "SKILL_KEY" in (board.glance(TEXTS).complaint or "")
    board.called(tester=True)
    assert board.glance(TEXTS).complaint is None


def test_practice_is_left_last(tmp_path: Path) -> None:
    board = opened(tmp_path)
    board.linked(Link("ngrok", FIRST))
    board.called(tester=False)
    assert next_step(board) == "next.key"


def test_a_model_that_cannot_answer_comes_first(board: Board) -> None:
    board.linked(Link("ngrok", FIRST))
    board.health.failed(Failure.WRONG_KEY)
    glance = board.glance(TEXTS)
    assert next_step(board) == "next.model"
    assert (glance.model.state, "OPENAI_API_KEY" in glance.model.text) == ("bad", True)


def test_without_a_worker_the_owner_is_told_to_start_one(board: Board) -> None:
    board.called(tester=False)
    board.health.counted(0)
    board.health.counted(0)
    assert next_step(board) == "next.worker"
    glance = board.glance(TEXTS)
    assert (glance.model.state, glance.next_page) == ("bad", "/manual/scale")
    assert "python run.py worker" in glance.model.text
    assert [one.state for one in glance.steps if one.name == "model"] == ["now"]


def test_a_failure_that_passes_is_shown_until_the_next_answer(board: Board) -> None:
    board.health.failed(Failure.TIMEOUT)
    assert board.glance(TEXTS).model.state == "wait"
    board.health.answered()
    assert board.glance(TEXTS).model.state == "good"


def test_another_address_is_told_until_kakao_calls_it(board: Board, tmp_path: Path) -> None:
    board.linked(Link("localhost.run", FIRST))
    board.called(tester=False)
    assert board.glance(TEXTS).old_skill_url is None
    board.linked(Link("localhost.run"))
    board.linked(Link("localhost.run", SECOND))
    assert board.glance(TEXTS).old_skill_url == f"{FIRST}/prompt"
    assert next_step(board) == "next.new_address"
    board.called(tester=True)  # it was saved, and is not deployed yet
    assert board.glance(TEXTS).old_skill_url == f"{FIRST}/prompt"
    assert next_step(board) == "next.deploy_again"
    board.called(tester=False)
    assert board.glance(TEXTS).old_skill_url is None


def test_an_address_that_changed_between_two_starts_is_told(board: Board, tmp_path: Path) -> None:
    board.linked(Link("localhost.run", FIRST))
    board.called(tester=False)
    again = opened(tmp_path)
    again.linked(Link("localhost.run", SECOND))
    assert again.glance(TEXTS).old_skill_url == f"{FIRST}/prompt"
    once_more = opened(tmp_path)  # and it is not forgotten by starting once more
    once_more.linked(Link("localhost.run", "https://third.lhr.life"))
    assert once_more.glance(TEXTS).old_skill_url == f"{FIRST}/prompt"
    assert once_more.glance(TEXTS).kakao.state == "good"


def test_an_address_that_kakao_never_called_is_no_change(board: Board) -> None:
    board.linked(Link("localhost.run", FIRST))
    board.linked(Link("localhost.run", SECOND))
    assert board.glance(TEXTS).old_skill_url is None
    assert next_step(board) == "next.skill"


def test_the_old_address_that_comes_back_is_no_change(board: Board) -> None:
    board.called(tester=False)
    for address in (FIRST, SECOND, FIRST):
        board.linked(Link("localhost.run", address))
    assert board.glance(TEXTS).old_skill_url is None


def test_trouble_with_the_tunnel_is_told_in_its_own_words(board: Board) -> None:
    board.linked(Link("ngrok", None, TunnelError("tunnel.no_token")))
    tunnel = board.glance(TEXTS).tunnel
    assert next_step(board) == "next.tunnel"
    assert (tunnel.state, tunnel.text) == ("bad", TEXTS("tunnel.no_token"))


def test_a_file_that_was_cut_short_is_a_first_start(tmp_path: Path) -> None:
    (tmp_path / "board.json").write_text('{"address": "https://fi', "utf-8")
    assert opened(tmp_path).memo.address is None
