"""Whether questions can be answered, as one machine tells the others."""

from chatgee.conversation.health import Health
from chatgee.errors import Failure


def pair() -> tuple[Health, Health, list[str]]:
    """Two machines, and what the first has told the second."""
    here, there, told = Health(), Health(), list[str]()

    def tell(text: str) -> None:
        told.append(text)
        there.heard(text)

    here.share(tell)
    return here, there, told


def test_others_hear_of_a_failure_and_of_its_end_once() -> None:
    here, there, told = pair()
    for _ in range(3):
        here.failed(Failure.WRONG_KEY)
    assert (there.last, there.trouble) == (Failure.WRONG_KEY, Failure.WRONG_KEY)
    for _ in range(3):
        here.answered()
    assert (there.last, there.trouble) == (None, None)
    assert len(told) == 2


def test_a_failure_that_passes_does_not_hide_one_that_does_not() -> None:
    here, there, _ = pair()
    here.failed(Failure.NO_CREDIT)
    here.failed(Failure.TIMEOUT)
    assert (there.last, there.trouble) == (Failure.TIMEOUT, Failure.NO_CREDIT)


def test_a_full_disk_is_nobody_elses() -> None:
    here, there, told = pair()
    assert here.failed(Failure.STORAGE)
    assert not here.failed(Failure.STORAGE), "no news"
    assert (here.trouble, there.trouble, told) == (Failure.STORAGE, None, [])
    here.heard('["wrong_key", "wrong_key"]')
    assert here.trouble == Failure.STORAGE
    here.stored()
    assert here.trouble == Failure.WRONG_KEY


def test_a_failure_that_only_a_newer_version_knows_is_none_here() -> None:
    health = Health()
    health.heard('["of_tomorrow", null]')
    assert (health.last, health.trouble) == (None, None)


def test_a_worker_that_is_missed_once_may_be_starting() -> None:
    health, seen = Health(), []
    for workers in (0, 2, 0, 0, 0, 1):
        health.counted(workers)
        seen.append(health.nobody_works)
    assert seen == [False, False, False, True, True, False]


def test_an_error_of_practice_is_no_trouble() -> None:
    health = Health()
    assert not health.failed(Failure.PRACTISED)
    assert (health.last, health.trouble) == (None, None)
