"""Every statement of the hot path, in words that SQLite and PostgreSQL share.

`DatabaseKind.sql` makes a driver's own of them.

What stands behind a colon is a value that comes with each use.
"""

_ROOM, _PLACE = "coalesce(room_id, user_id)", "coalesce(place, position)"
"""As the indexes have them: see `chatgee.store.schema`."""
_QUESTION = f"""
SELECT id, user_id, {_ROOM}, {_PLACE}, text, image_url, asked_at, state, shown, failure, delivery,
    broken_off, continues
FROM questions"""
"""The columns of `chatgee.questions.Question`, in its order."""

_NEW_FRIEND = """
INSERT INTO friends (id, questions, in_groups, memory_from, first_seen_at, last_seen_at)
VALUES (:user_id, {questions}, {in_groups}, 0, :now, :now)
ON CONFLICT (id) DO UPDATE SET
"""
_ANEW = """state = 'asked', answered_at = NULL, failure = NULL, said = NULL, handled = NULL,
    delivery = NULL, delivered_at = NULL"""
_NEW_NOTE = "INSERT INTO notes (name, value, version, changed_at) VALUES (:name, :value, 1, :now)"
_TALLY = """
INSERT INTO tallies_by_{unit} ({unit}, name, count) VALUES (:{unit}, :name, :count)
ON CONFLICT ({unit}, name) DO UPDATE SET count = tallies_by_{unit}.count + :count"""

STATEMENTS = {
    # The friend has one row more; returns its position, and its place in the private chat.
    "count_question": f"""
{_NEW_FRIEND.format(questions=1, in_groups=":in_group")}
    questions = friends.questions + 1, in_groups = friends.in_groups + :in_group,
    last_seen_at = :now
RETURNING questions, questions - in_groups""",
    # The same for a group; returns the place in it.
    "count_in_group": """
INSERT INTO rooms (id, questions, memory_from, last_asked_at) VALUES (:room_id, 1, 0, :now)
ON CONFLICT (id) DO UPDATE SET questions = rooms.questions + 1, last_asked_at = :now
RETURNING questions""",
    # Until the end of the transaction nobody else asks for this friend: limits are exact.
    "last_seen": "SELECT questions, last_seen_at FROM friends WHERE id = :user_id FOR UPDATE",
    # The same for a friend whom nobody knows yet.
    "meet": f"""
{_NEW_FRIEND.format(questions=0, in_groups=0)} questions = friends.questions
RETURNING questions, last_seen_at""",
    "never_met": "DELETE FROM friends WHERE id = :user_id AND questions = 0",
    "insert_question": """
INSERT INTO questions (id, user_id, position, room_id, place, text, image_url, asked_at,
    continues, state)
VALUES (:id, :user_id, :position, :group, :place, :text, :image_url, :now, :continues, 'asked')""",
    "has_earlier": f"""
SELECT 1 FROM questions
WHERE {_ROOM} = :room_id AND delivered_at IS NULL AND delivery IS NULL AND {_PLACE} < :place
LIMIT 1""",
    "questions_of": "SELECT coalesce(max(questions), 0) FROM friends WHERE id = :user_id",
    # By positions, of which every asking takes one: a failed question that is asked again keeps
    # its row. Where all rows from before are gone, the first that is left tells.
    "count_since": """
SELECT questions - coalesce(
    (SELECT position FROM questions WHERE user_id = :user_id AND asked_at < :since
     ORDER BY position DESC LIMIT 1),
    CASE WHEN first_seen_at >= :since THEN 0
         ELSE coalesce((SELECT min(position) - 1 FROM questions WHERE user_id = :user_id),
                       questions) END)
FROM friends WHERE id = :user_id""",
    # Of everyone together.
    "used_on": """
SELECT answers, prompt_tokens, completion_tokens FROM usage WHERE day = :day AND user_id = ''""",
    "count_waiting": """
SELECT count(*) FROM questions WHERE answered_at IS NULL AND state = 'asked'""",
    # The worker's side.
    "next": f"""
{_QUESTION} WHERE {_ROOM} = :room_id AND delivered_at IS NULL AND state = 'asked'
ORDER BY {_PLACE} LIMIT 1""",
    "memory": f"""
SELECT text, answer, asked_at FROM questions
WHERE {_ROOM} = :room_id AND state = 'answered' AND {_PLACE} < :place
    AND {_PLACE} > coalesce((SELECT memory_from FROM friends WHERE id = :room_id),
                            (SELECT memory_from FROM rooms WHERE id = :room_id))
ORDER BY {_PLACE} DESC LIMIT :limit""",
    # Back to the question that the friend asked, also where that is forgotten by now. A place is
    # smaller each time, so that nothing from outside makes it go round in a circle.
    "continued": f"""
WITH RECURSIVE cut (place, text, answer, asked_at, continues) AS (
    SELECT {_PLACE}, text, answer, asked_at, continues FROM questions
    WHERE id = :id AND {_ROOM} = :room_id AND state = 'answered'
    UNION ALL
    SELECT coalesce(one.place, one.position), one.text, one.answer, one.asked_at,
        one.continues
    FROM questions AS one JOIN cut ON one.id = cut.continues
    WHERE coalesce(one.room_id, one.user_id) = :room_id AND one.state = 'answered'
        AND coalesce(one.place, one.position) < cut.place)
SELECT place, text, answer, asked_at FROM cut ORDER BY place""",
    "fill": """
UPDATE questions SET state = :to_state, answer = :answer, shown = :shown, failure = :failure,
    said = :said, broken_off = :broken_off, answered_at = :now
WHERE id = :id AND state = 'asked'""",
    "add_usage": """
INSERT INTO usage (day, user_id, answers, prompt_tokens, completion_tokens)
VALUES (:day, :user_id, :answers, :prompt_tokens, :completion_tokens)
ON CONFLICT (day, user_id) DO UPDATE SET answers = usage.answers + :answers,
    prompt_tokens = usage.prompt_tokens + :prompt_tokens,
    completion_tokens = usage.completion_tokens + :completion_tokens""",
    # The friend's side.
    "question": f"{_QUESTION} WHERE id = :id AND {_ROOM} = :room_id",
    # As it stands until the end of the transaction, whatever other programs do.
    "question_alone": f"{_QUESTION} WHERE id = :id AND {_ROOM} = :room_id FOR UPDATE",
    "is_known": "SELECT id FROM questions WHERE id = :id AND state != 'asked'",
    "held": f"""
{_QUESTION}
WHERE {_ROOM} = :room_id AND delivered_at IS NULL AND delivery IS NULL AND state != 'asked'
    AND id != :id AND {_PLACE} < :before
ORDER BY {_PLACE} LIMIT :limit""",
    "newest_answer": f"""
SELECT id FROM questions WHERE {_ROOM} = :room_id AND delivered_at IS NULL AND delivery IS NULL
ORDER BY state = 'asked', {_PLACE} DESC LIMIT 1""",
    # Of an answer that was cut; it was asked after it. Another's that failed is not in the way.
    "rest": f"""
{_QUESTION} WHERE {_ROOM} = :room_id AND {_PLACE} > :place AND continues = :id
    AND (state != 'failed' OR user_id = :user_id)
ORDER BY {_PLACE} LIMIT 1""",
    "newest_cut": f"""
SELECT id FROM questions AS cut
WHERE {_ROOM} = :room_id AND broken_off = 1 AND NOT EXISTS (
    SELECT 1 FROM questions AS rest
    WHERE coalesce(rest.room_id, rest.user_id) = :room_id
        AND coalesce(rest.place, rest.position) > coalesce(cut.place, cut.position)
        AND rest.continues = cut.id AND rest.state = 'answered'
        AND rest.delivered_at IS NOT NULL)
ORDER BY {_PLACE} DESC LIMIT 1""",
    "last": f"""
{_QUESTION} WHERE {_ROOM} = :room_id AND user_id = :user_id ORDER BY {_PLACE} DESC LIMIT 1""",
    "leave_unread": """
UPDATE questions SET more_from = :more_from, more_chars = :more_chars, more_at = :now
WHERE id = :id""",
    "unread": """
SELECT id, more_from, more_chars FROM questions WHERE room_id = :room_id AND more_from IS NOT NULL
ORDER BY more_at DESC, place DESC LIMIT 2""",
    "claim": """
UPDATE questions SET delivery = :how, claimed_at = :now
WHERE id = :id AND delivery IS NULL AND state != 'asked'""",
    "confirm": """
UPDATE questions SET delivered_at = :now
WHERE id = :id AND delivered_at IS NULL AND delivery IS NOT NULL
RETURNING asked_at, state, delivery, user_id""",
    "let_go": "UPDATE questions SET delivery = NULL WHERE id = :id AND delivered_at IS NULL",
    # Of one that has failed, as `question_alone` has told.
    "ask_again": f"""
UPDATE questions SET {_ANEW}, position = :position, place = :place, asked_at = :now
WHERE id = :id""",
    # The owner's side, who knows nobody's room.
    "failed_alone": f"{_QUESTION} WHERE id = :id AND state = 'failed' FOR UPDATE",
    "ask_in_place": f"UPDATE questions SET {_ANEW} WHERE id = :id",
    "handle": "UPDATE questions SET handled = :handled WHERE id = :id AND state = 'failed'",
    "forget": "UPDATE friends SET memory_from = questions - in_groups WHERE id = :room_id",
    "forget_in_group": "UPDATE rooms SET memory_from = questions WHERE id = :room_id",
    "forget_everyone": """
UPDATE friends SET memory_from = questions - in_groups
WHERE memory_from < questions - in_groups""",
    "forget_in_groups": "UPDATE rooms SET memory_from = questions WHERE memory_from < questions",
    "promise": """
UPDATE questions SET callback_url = :url, promised_at = :now WHERE id = :id AND state = 'asked'""",
    "promised": """
SELECT callback_url FROM questions WHERE id = :id AND callback_url IS NOT NULL""",
    "use_callback": """
UPDATE questions SET callback_url = NULL WHERE id = :id AND callback_url IS NOT NULL""",
    "tally_hour": _TALLY.format(unit="hour"),
    "tally_day": _TALLY.format(unit="day"),
    # What several programs remember together.
    "note": "SELECT name, value, version, changed_at FROM notes WHERE name = :name",
    "notes": """
SELECT name, value, version, changed_at FROM notes WHERE name LIKE :prefix || '%'
ORDER BY changed_at, name""",
    "new_note": f"{_NEW_NOTE} ON CONFLICT (name) DO NOTHING",
    "write_note": f"""
{_NEW_NOTE} ON CONFLICT (name) DO UPDATE SET
    value = :value, version = notes.version + 1, changed_at = :now""",
    "change_note": """
UPDATE notes SET value = :value, version = version + 1, changed_at = :now
WHERE name = :name AND version = :version""",
    "trim_notes": """
DELETE FROM notes
WHERE name LIKE :prefix || '%' AND (changed_at < :before OR name NOT IN (
    SELECT name FROM notes WHERE name LIKE :prefix || '%'
    ORDER BY changed_at DESC, name LIMIT :most))
RETURNING name""",
    "drop_note": "DELETE FROM notes WHERE name = :name",
    # Starting again, and cleaning up.
    "let_all_go": """
UPDATE questions SET delivery = NULL
WHERE delivered_at IS NULL AND delivery IS NOT NULL AND coalesce(claimed_at, 0) < :before""",
    "unanswered": f"""
SELECT {_ROOM} FROM questions
WHERE answered_at IS NULL AND state = 'asked' AND asked_at < :before
ORDER BY asked_at, {_PLACE}""",
    "promises": f"""
SELECT id, {_ROOM}, promised_at FROM questions
WHERE delivered_at IS NULL AND callback_url IS NOT NULL""",
    "drop_promises": """
UPDATE questions SET callback_url = NULL
WHERE delivered_at IS NULL AND callback_url IS NOT NULL AND promised_at < :before""",
    "purge_questions": """
DELETE FROM questions WHERE id IN (
    SELECT id FROM questions WHERE asked_at < :before AND state != 'asked' LIMIT :limit)""",
    "purge_friends": """
DELETE FROM friends
WHERE last_seen_at < :before AND NOT EXISTS (SELECT 1 FROM questions WHERE user_id = friends.id)""",
    "purge_rooms": f"""
DELETE FROM rooms
WHERE last_asked_at < :before AND NOT EXISTS (SELECT 1 FROM questions WHERE {_ROOM} = rooms.id)""",
    "purge_usage": "DELETE FROM usage WHERE day < :day AND user_id != ''",
    "delete_questions": """
DELETE FROM questions WHERE id IN (
    SELECT id FROM questions WHERE user_id = :user_id LIMIT :limit)""",
    "delete_usage": "DELETE FROM usage WHERE user_id = :user_id",
    # What the owner has written of a friend, unless it is not as it was any more.
    "describe": """
UPDATE friends SET nickname = nullif(:nickname, ''), note = nullif(:note, ''),
    labels = nullif(:labels, '')
WHERE id = :user_id AND coalesce(nickname, '') = :was_nickname AND coalesce(note, '') = :was_note
    AND coalesce(labels, '') = :was_labels""",
    "delete_friend": "DELETE FROM friends WHERE id = :user_id",
}
