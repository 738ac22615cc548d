"""The status: what the owner sees at a glance, and what it remembers."""

from pathlib import Path

import pytest

from chatgee import settings
from chatgee.conversation.health import Health
from chatgee.conversation.model_limits import ModelLimits
from chatgee.errors import Failure, TunnelError
from chatgee.owner.status import OwnerStatus
from chatgee.texts import Texts
from chatgee.tunnel import Link

FIRST, SECOND = "https://first.lhr.life", "https://second.lhr.life"
TEXTS = Texts.load()


@pytest.fixture
def status(tmp_path: Path) -> OwnerStatus:
    status = opened(tmp_path)
    status.started(settings.load({}, tmp_path / "none"), "gpt-6-luna", Health(), ModelLimits())
    return status


def opened(folder: Path) -> OwnerStatus:
    return OwnerStatus(folder / "board.json", "http://127.0.0.1:6959")


def next_step(status: OwnerStatus) -> str:
    """The texts key of what is left to do."""
    step = status.glance(TEXTS).next_step
    return next(key for key, words in TEXTS.sentences.items() if words == step)


def test_the_next_step_leads_from_nothing_to_a_working_channel(status: OwnerStatus) -> None:
    assert next_step(status) == "next.address"
    status.linked(Link("ngrok", FIRST))
    assert next_step(status) == "next.skill"
    status.called(tester=True)
    assert next_step(status) == "next.deploy"
    status.called(tester=False)
    assert next_step(status) == "next.nothing"
    assert status.glance(TEXTS).next_page == ""


def test_the_steps_are_ticked_as_kakaos_calls_come_in(status: OwnerStatus) -> None:
    def states() -> str:
        return " ".join(step.state for step in status.glance(TEXTS).steps)

    assert states() == "done now later later"
    status.linked(Link("localhost.run", FIRST))
    assert states() == "done done now later"
    status.called(tester=True)
    assert states() == "done done done now"
    status.called(tester=False)
    assert states() == "done done done done"
    status.linked(Link("localhost.run", SECOND))
    assert states() == "done done now later"


def test_a_refused_call_is_told_until_one_gets_through(status: OwnerStatus) -> None:
    assert [status.refused("page.wrong_key") for _ in range(2)] == [True, False]
    assert "SKILL_KEY" in (status.glance(TEXTS).complaint or "")
    status.called(tester=True)
    assert status.glance(TEXTS).complaint is None


def test_practice_without_an_address_is_for_trying_and_then_for_a_key(tmp_path: Path) -> None:
    glance = opened(tmp_path).glance(TEXTS)
    assert (next_step(opened(tmp_path)), glance.next_page) == ("next.try", "/local_test")
    states = [(step.name, step.state) for step in glance.steps]
    assert states[:2] == [("model", "now"), ("address", "later")]


def test_practice_is_left_last(tmp_path: Path) -> None:
    status = opened(tmp_path)
    status.linked(Link("ngrok", FIRST))
    assert [step.state for step in status.glance(TEXTS).steps] == ["done", "now", "later", "later"]
    status.called(tester=False)
    assert next_step(status) == "next.key"
    last = status.glance(TEXTS).steps[-1]
    assert (last.name, last.state) == ("model", "now")


def test_a_model_that_cannot_answer_comes_first(status: OwnerStatus) -> None:
    status.linked(Link("ngrok", FIRST))
    status.health.failed(Failure.WRONG_KEY)
    glance = status.glance(TEXTS)
    assert next_step(status) == "next.model"
    assert (glance.model.state, "OPENAI_API_KEY" in glance.model.text) == ("bad", True)


def test_without_a_worker_the_owner_is_told_to_start_one(status: OwnerStatus) -> None:
    status.called(tester=False)
    status.health.counted(0)
    status.health.counted(0)
    assert next_step(status) == "next.worker"
    glance = status.glance(TEXTS)
    assert (glance.model.state, glance.next_page) == ("bad", "/manual/scale")
    assert "python run.py worker" in glance.model.text
    assert [one.state for one in glance.steps if one.name == "model"] == ["now"]


def test_a_failure_that_passes_is_shown_until_the_next_answer(status: OwnerStatus) -> None:
    status.health.failed(Failure.TIMEOUT)
    assert status.glance(TEXTS).model.state == "wait"
    status.health.answered()
    assert status.glance(TEXTS).model.state == "good"


def test_another_address_is_told_until_kakao_calls_it(status: OwnerStatus, tmp_path: Path) -> None:
    status.linked(Link("localhost.run", FIRST))
    status.called(tester=False)
    assert status.glance(TEXTS).old_skill_url is None
    status.linked(Link("localhost.run"))
    status.linked(Link("localhost.run", SECOND))
    assert status.glance(TEXTS).old_skill_url == f"{FIRST}/prompt"
    assert next_step(status) == "next.new_address"
    status.called(tester=True)  # it was saved, and is not deployed yet
    assert status.glance(TEXTS).old_skill_url == f"{FIRST}/prompt"
    assert next_step(status) == "next.deploy_again"
    status.called(tester=False)
    assert status.glance(TEXTS).old_skill_url is None


def test_an_address_that_changed_between_two_starts_is_told(
    status: OwnerStatus, tmp_path: Path
) -> None:
    status.linked(Link("localhost.run", FIRST))
    status.called(tester=False)
    again = opened(tmp_path)
    again.linked(Link("localhost.run", SECOND))
    assert again.glance(TEXTS).old_skill_url == f"{FIRST}/prompt"
    once_more = opened(tmp_path)  # and it is not forgotten by starting once more
    once_more.linked(Link("localhost.run", "https://third.lhr.life"))
    assert once_more.glance(TEXTS).old_skill_url == f"{FIRST}/prompt"
    assert once_more.glance(TEXTS).kakao.state == "good"


def test_an_address_that_kakao_never_called_is_no_change(status: OwnerStatus) -> None:
    status.linked(Link("localhost.run", FIRST))
    status.linked(Link("localhost.run", SECOND))
    assert status.glance(TEXTS).old_skill_url is None
    assert next_step(status) == "next.skill"


def test_the_old_address_that_comes_back_is_no_change(status: OwnerStatus) -> None:
    status.called(tester=False)
    for address in (FIRST, SECOND, FIRST):
        status.linked(Link("localhost.run", address))
    assert status.glance(TEXTS).old_skill_url is None


def test_trouble_with_the_tunnel_is_told_in_its_own_words(status: OwnerStatus) -> None:
    status.linked(Link("ngrok", None, TunnelError("tunnel.no_token")))
    tunnel = status.glance(TEXTS).tunnel
    assert next_step(status) == "next.tunnel"
    assert (tunnel.state, tunnel.text) == ("bad", TEXTS("tunnel.no_token"))


def test_a_file_that_was_cut_short_is_a_first_start(tmp_path: Path) -> None:
    (tmp_path / "board.json").write_text('{"address": "https://fi', "utf-8")
    assert opened(tmp_path).remembered.address is None
