"""Friends, questions and memory, on the disk.

Every method hands its work to the database's one thread and returns a Future, done once it is on
the disk; it fails with `StoreError`, and then nothing was changed.
"""

from collections.abc import Sequence

from chatgee.questions import Delivery, Question, State, Turn, Usage
from chatgee.store import days
from chatgee.store.database_session import Row, Session
from chatgee.store.notes import Notes
from chatgee.store.results import Asked, Claimed, Due, Limits, Outcome, SpentToday
from chatgee.store.rows import as_question, question_of, value_of
from chatgee.store.tallies import used
from chatgee.store.upkeep import lasting, transaction

__all__ = ["Asked", "Claimed", "Due", "Limits", "Outcome", "SpentToday", "Store"]

NO_LIMITS = Limits()


class Store(Notes):
    """Safe from any thread."""

    # --- asking ---------------------------------------------------------------------------

    @transaction
    def ask(
        self,
        db: Session,
        question_id: str,
        user_id: str,
        text: str,
        image_url: str | None = None,
        limits: Limits = NO_LIMITS,
    ) -> Asked:
        """Write down the friend's next question, unless a limit is reached."""
        now = self.now()
        seen = self._seen(db, user_id, now)
        if refusal := self._refusal(db, user_id, limits, now):
            db.change("never_met", user_id=user_id)
            return Asked(refusal=refusal)
        position = self._line_up(db, user_id, seen, now)
        db.change(
            "insert_question",
            id=question_id,
            user_id=user_id,
            position=position,
            text=text,
            image_url=image_url,
            now=now,
        )
        earlier = db.one("has_earlier", user_id=user_id, position=position) is not None
        return Asked(position, earlier)

    def _seen(self, db: Session, user_id: str, now: float) -> float | None:
        """When the friend asked before; until the end of the transaction, nobody else can."""
        known = db.one("last_seen", user_id=user_id)
        questions, seen_at = known or db.one("meet", user_id=user_id, now=now) or (0, None)
        return seen_at if questions else None

    def _line_up(self, db: Session, user_id: str, seen_at: float | None, now: float) -> int:
        """The position of one question more at the end of the friend's questions."""
        db.tallies.asked(now, seen_at)
        db.news.asked.append(user_id)
        return value_of(db.one("count_question", user_id=user_id, now=now))

    def _refusal(
        self, db: Session, user_id: str, limits: Limits, now: float
    ) -> tuple[str, int] | None:
        if limits == NO_LIMITS:
            return None

        def asked_since(moment: float) -> int:
            return value_of(db.one("count_since", user_id=user_id, since=moment))

        if (
            limits.strangers
            and value_of(db.one("questions_of", user_id=user_id)) >= limits.strangers
        ):
            return "limit.stranger", limits.strangers
        if limits.per_minute and asked_since(now - 60) >= limits.per_minute:
            return "limit.minute", limits.per_minute
        if limits.per_day and asked_since(days.midnight(now)) >= limits.per_day:
            return "limit.day", limits.per_day
        if limits.tokens_per_day and self._promised(db, now) >= limits.tokens_per_day:
            return "limit.tokens", limits.tokens_per_day
        return None

    def _promised(self, db: Session, now: float) -> float:
        """Tokens that today has cost, with what the questions that wait will probably cost."""
        spent = self._spent(db, now)
        waiting = value_of(db.one("count_waiting")) if spent.mean else 0
        return spent.tokens + waiting * (spent.mean or 0)

    def _spent(self, db: Session, now: float) -> SpentToday:
        names = (days.day_name(now), days.day_name(now - 86400))
        today, before = (db.one("used_on", day=day) or (0, 0, 0) for day in names)
        for calls, sent, written in (today, before):
            if calls:
                return SpentToday(sum(today[1:]), (sent + written) / calls, written / calls)
        return SpentToday(sum(today[1:]))

    @transaction
    def spent(self, db: Session) -> SpentToday:
        return self._spent(db, self.now())

    @transaction
    def ask_again(
        self, db: Session, question_id: str, user_id: str, limits: Limits = NO_LIMITS
    ) -> Asked | None:
        """Put a failed question at the end again, as `ask` does; None where it did not fail."""
        question = question_of(db.one("question_alone", id=question_id, user_id=user_id))
        if question is None or question.state != State.FAILED:
            return None
        now = self.now()
        seen = self._seen(db, user_id, now)
        if refusal := self._refusal(db, user_id, limits, now):
            return Asked(refusal=refusal)
        position = self._line_up(db, user_id, seen, now)
        db.change("ask_again", id=question_id, user_id=user_id, position=position, now=now)
        return Asked(position)

    @transaction
    def forget(self, db: Session, user_id: str) -> None:
        """Start the friend's memory anew; what is in the making will not enter it either."""
        db.change("forget", user_id=user_id)

    # --- answering ------------------------------------------------------------------------

    @transaction
    def next(self, db: Session, user_id: str, turns: int) -> Due | None:
        """The friend's oldest question without an answer, with the last `turns` before it."""
        question = question_of(db.one("next", user_id=user_id))
        if question is None:
            return None
        rows = db.all("memory", user_id=user_id, position=question.position, limit=turns)
        return Due(question, tuple(Turn(*row) for row in reversed(rows)))

    @lasting
    def fill(self, db: Session, question: Question, outcome: Outcome) -> None:
        """Write down what became of a question, and what it cost."""
        now = self.now()
        state = State.FAILED if outcome.failure else State.ANSWERED
        changed = db.change(
            "fill",
            id=question.id,
            to_state=state.value,
            answer=outcome.answer,
            shown=outcome.shown,
            failure=outcome.failure and outcome.failure.value,
            now=now,
        )
        if changed:
            db.news.answered.append(question.id)
        if changed and outcome.failure:
            db.tallies.failed(question.asked_at, outcome.failure)
        elif changed:
            db.tallies.answered(question.asked_at, outcome.seconds)
        if outcome.usage:
            db.tallies.spent(question.asked_at, outcome.model, outcome.usage)
            db.tallies.used(now, outcome.usage)
            if changed:  # of a friend who was deleted meanwhile, nothing comes back
                db.change("add_usage", **used(now, question.user_id, outcome.usage))

    @transaction
    def spend(self, db: Session, model: str, usage: Usage) -> None:
        """Count tokens that were used for no friend."""
        now = self.now()
        db.tallies.spent(now, model, usage)
        db.tallies.used(now, usage)

    @transaction
    def find(self, db: Session, question_id: str, user_id: str) -> Question | None:
        """The friend's question as it stands."""
        return question_of(db.one("question", id=question_id, user_id=user_id))

    @transaction
    def known_of(self, db: Session, ids: Sequence[str]) -> list[str]:
        """Those of which is known by now what became."""
        found = (db.one("is_known", id=one) for one in ids)
        return [row[0] for row in found if row]

    # --- delivering -----------------------------------------------------------------------

    @transaction
    def claim(
        self, db: Session, question_id: str, user_id: str, how: Delivery, held: int = 0
    ) -> Claimed | None:
        """Claim an answer, with up to `held` earlier ones that nobody has delivered.

        None where the friend has no such question. A question still in the making, and an answer
        that was delivered before, come back unclaimed.
        """
        question = question_of(db.one("question_alone", id=question_id, user_id=user_id))
        if question is None:
            return None
        return self._claim(db, question, how, held)

    def _claim(self, db: Session, question: Question, how: Delivery, held: int) -> Claimed:
        mine = []
        now = self.now()
        if db.change("claim", id=question.id, how=how.value, now=now):
            mine.append(question.id)
        rows: Sequence[Row] = ()
        if held:
            rows = db.all(
                "held",
                id=question.id,
                user_id=question.user_id,
                before=question.position,
                limit=held + 1,
            )
        found = [as_question(row) for row in rows]
        # Another program may have been quicker with one of them.
        taken = [
            one
            for one in found[:held]
            if db.change("claim", id=one.id, how=Delivery.HELD.value, now=now)
        ]
        mine += [one.id for one in taken]
        unseen = found[held].id if len(found) > held else None
        return Claimed(question, taken, tuple(mine), unseen)

    @lasting
    def confirm(self, db: Session, ids: Sequence[str]) -> None:
        """Claimed answers are on their way: nobody else needs to announce them."""
        for one in ids:
            sent = db.one("confirm", id=one, now=self.now())
            if sent and sent[1] == State.ANSWERED:
                db.tallies.delivered(sent[0], Delivery(sent[2]))

    @lasting
    def let_go(self, db: Session, ids: Sequence[str]) -> None:
        """Claimed answers could not be sent: they are held again."""
        for one in ids:
            db.change("let_go", id=one)

    @transaction
    def newest_answer(self, db: Session, user_id: str) -> str | None:
        """The id of the newest answer that nobody has claimed, else of the newest in the making."""
        row = db.one("newest_answer", user_id=user_id)
        return row[0] if row else None

    @transaction
    def last_failed(self, db: Session, user_id: str) -> str | None:
        """The id of the friend's last question, if it failed."""
        last = question_of(db.one("last", user_id=user_id))
        return last.id if last and last.state == State.FAILED else None

    # --- callbacks ------------------------------------------------------------------------

    @transaction
    def promise(self, db: Session, question_id: str, user_id: str, url: str) -> bool:
        """Keep a callback address for a question in the making; False where it is answered."""
        now = self.now()
        promised = bool(db.change("promise", id=question_id, url=url, now=now))
        if promised:
            db.news.promised.append((question_id, user_id, now))
        return promised

    @lasting
    def break_promise(self, db: Session, question_id: str) -> None:
        """The callback address of a question is not used: Kakao never heard of the promise."""
        db.change("use_callback", id=question_id)

    @transaction
    def use_callback(
        self, db: Session, question_id: str, user_id: str, held: int
    ) -> tuple[str, Claimed] | None:
        """Take the callback address of a question, which works once, and claim as `claim` does.

        None where there is no address, or nothing left to say by it: the answer was delivered.
        """
        question = question_of(db.one("question_alone", id=question_id, user_id=user_id))
        promised = db.one("promised", id=question_id)
        if promised is None or question is None:
            return None
        db.change("use_callback", id=question_id)
        if question.delivery is not None:
            return None
        return promised[0], self._claim(db, question, Delivery.CALLBACK, held)
