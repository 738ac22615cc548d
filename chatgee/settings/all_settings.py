"""Every option, in one table: the fields of `Settings`.

An error names the setting, its value and the remedy. `chatgee.settings.docs` makes the owner's
pages from the same table.
"""

from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any, get_args

from chatgee.errors import SettingsError
from chatgee.settings.value_parsers import (
    POSTGRESQL,
    ROOT,
    OneOf,
    Refused,
    Secret,
    count,
    database_url,
    http_url,
    names,
    number,
    option,
    password,
    place,
    public_url,
    secret,
    web_name,
    word,
)

SHARED = "shared.env"
"""In DATA_DIR; see `chatgee.cluster.shared_files`."""

PROMPT = "system_prompt.txt"
OWNERS_FILES = ("texts.toml", PROMPT, "prices.toml")
"""In DATA_DIR, and a page's to write: every backup has them, and machines together share them."""

GROUPS = MODEL, PUBLIC, KAKAO, LIMITS, HERE = (
    "대답하는 모델",
    "바깥에서 들어오는 주소",
    "카카오톡에 답하는 방식",
    "사용량과 기억 (0은 제한 없음)",
    "이 컴퓨터에서",
)


@dataclass(frozen=True)
class Settings:
    """What the owner decided; a field's name in capitals is the setting's name."""

    openai_api_key: Secret | None = option(
        None,
        secret,
        MODEL,
        "platform.openai.com에서 받은 키예요. 없으면 연습용 모델이 답해요.",
        "sk-...",
    )
    openai_base_url: str | None = option(
        None,
        http_url,
        MODEL,
        "OpenAI와 같은 방식으로 말하는 다른 서버의 주소예요(LM Studio, Ollama 등).",
        "http://127.0.0.1:1234/v1",
    )
    openai_model: str = option("gpt-6-luna", str, MODEL, "대답할 모델의 이름이에요.")
    openai_timeout_seconds: float = option(
        55.0,
        partial(number, least=1, most=600),
        MODEL,
        "모델의 답을 기다리는 시간(초)이에요.",
        advanced=True,
    )
    system_prompt_file: Path | None = option(
        None,
        place,
        MODEL,
        "챗봇의 성격을 적은 파일이에요. 없으면 기본 성격을 써요.",
        "data/system_prompt.txt",
        advanced=True,
        by_hand=True,
    )
    max_concurrent_answers: int = option(
        1000,
        count,
        MODEL,
        "모델에게 한꺼번에 물어보는 질문 수예요. 0은 제한 없음이에요.",
        advanced=True,
    )

    tunnel: str = option(
        "auto",
        OneOf("auto", "ngrok", "localhost.run", "none"),
        PUBLIC,
        "바깥 주소를 만드는 방법이에요(auto, ngrok, localhost.run, none). "
        "auto는 NGROK_AUTHTOKEN이 있으면 ngrok, 없으면 localhost.run이에요. "
        "localhost.run은 가입 없이 쓰지만 주소가 몇 시간마다 바뀌어요.",
    )
    ngrok_authtoken: Secret | None = option(
        None, secret, PUBLIC, "dashboard.ngrok.com에서 받은 토큰이에요.", "2abc..."
    )
    ngrok_domain: str | None = option(
        None,
        web_name,
        PUBLIC,
        "ngrok이 준 고정 주소예요. 적어 두면 주소가 바뀌지 않아요.",
        "name.ngrok-free.dev",
    )
    public_url: str | None = option(
        None,
        public_url,
        PUBLIC,
        "이미 바깥 주소가 있으면 적어요. 터널을 만들지 않아요.",
        "https://bot.example.com",
        advanced=True,
    )

    skill_key: Secret | None = option(
        None,
        secret,
        KAKAO,
        "적어 두면 카카오 스킬의 헤더 X-ChatGee-Key에 같은 값이 있어야 답해요. "
        "12글자 이상으로 정해요.",
        "abcd-1234-efgh-5678",
        least_chars=12,
    )
    reply_seconds: float = option(
        4.0,
        partial(number, least=0.1, most=4.7),
        KAKAO,
        "이 시간(초) 안에 답이 없으면 기다려 달라고 해요. 카카오의 한계는 5초예요.",
    )
    callback: str = option(
        "auto",
        OneOf("auto", "always", "off"),
        KAKAO,
        "AI 챗봇 콜백이에요. auto는 늦을 때만, always는 언제나, off는 쓰지 않아요.",
    )
    callback_seconds: float = option(
        50.0,
        partial(number, least=1, most=58),
        KAKAO,
        "콜백을 이 시간(초)까지 써요. 카카오의 한계는 1분이에요.",
        advanced=True,
    )
    callback_hosts: tuple[str, ...] = option(
        ("bot-api.kakao.com",),
        names,
        KAKAO,
        "콜백을 보내도 되는 곳이에요. 쉼표로 나눠요.",
        advanced=True,
        by_hand=True,
    )
    bubble_chars: int = option(
        1000,
        partial(number, least=400, most=1000, whole=True),
        KAKAO,
        "답의 말풍선 하나에 담는 글자 수예요. 긴 답은 나누어 보여 줘요. "
        "카카오톡은 500글자쯤부터 나머지를 ‘전체 보기’ 뒤에 접어 두니, 펼쳐 보이려면 500으로 해요.",
    )
    notice_every: int = option(
        0,
        count,
        KAKAO,
        "질문 몇 번마다 알림을 보여 줄지예요. 0은 보여 주지 않아요. "
        "알림의 글은 ‘친구가 보는 말’(data/texts.toml)에서 고쳐요.",
    )

    questions_per_minute: int = option(0, count, LIMITS, "한 친구가 1분에 할 수 있는 질문 수예요.")
    questions_per_day: int = option(0, count, LIMITS, "한 친구가 하루에 할 수 있는 질문 수예요.")
    daily_token_limit: int = option(
        0,
        count,
        LIMITS,
        "모두 합쳐 하루에 쓸 수 있는 토큰 수예요. 많아도 5분의 1이나 답 하나만큼만 넘어요.",
    )
    free_questions_for_strangers: int = option(
        0, count, LIMITS, "채널을 추가하지 않은 사람이 해 볼 수 있는 질문 수예요."
    )
    memory_turns: int = option(
        20, count, LIMITS, "기억하는 지난 질문과 답의 수예요(많아도 1000개)."
    )
    memory_chars: int = option(
        12_000, count, LIMITS, "기억하는 지난 이야기의 글자 수예요.", advanced=True
    )
    keep_days: int = option(0, count, LIMITS, "질문과 답을 며칠 동안 둘지예요. 지나면 지워요.")

    host: str = option(
        "127.0.0.1",
        word,
        HERE,
        "연결을 받는 주소예요. 도커에서는 0.0.0.0으로 해요.",
        restart=True,
        advanced=True,
    )
    port: int = option(
        6959, partial(count, most=65535), HERE, "연결을 받는 포트예요.", restart=True, advanced=True
    )
    open_browser: str = option(
        "auto",
        OneOf("auto", "always", "off"),
        HERE,
        "켤 때 브라우저로 안내 페이지를 열지예요. auto는 화면이 있는 컴퓨터에서만 열어요.",
        own=True,
    )
    admin_password: Secret | None = option(
        None,
        password,
        HERE,
        "정해 두면 다른 곳에서도 바깥 주소의 /login에서 주인의 화면에 들어올 수 있어요. "
        "10글자 이상으로, 다른 데 쓰지 않는 것으로 정해요.",
        "change-me",
    )
    data_dir: Path = option(
        ROOT / "data",
        place,
        HERE,
        "대화를 두는 폴더예요.",
        restart=True,
        advanced=True,
        by_hand=True,
    )
    database_url: Secret | None = option(
        None,
        database_url,
        HERE,
        "데이터베이스의 주소예요(PostgreSQL 등). 없으면 DATA_DIR 안의 SQLite예요.",
        "postgresql+psycopg://chatgee:PASSWORD@db.example.com/chatgee",
        restart=True,
        advanced=True,
        by_hand=True,
    )
    log_level: str = option(
        "info",
        OneOf("debug", "info", "warning", "error"),
        HERE,
        "기록의 자세함이에요(debug, info, warning, error). debug는 대화 내용까지 남겨요.",
        own=True,
    )

    @property
    def system_prompt_path(self) -> Path:
        return self.system_prompt_file or self.data_dir / PROMPT

    @property
    def texts_path(self) -> Path:
        """The owner's own sentences, on top of ours."""
        return self.data_dir / "texts.toml"

    @property
    def owners_files(self) -> dict[str, Path]:
        """By the names of OWNERS_FILES; SYSTEM_PROMPT_FILE may lead outside of DATA_DIR."""
        beside = {name: self.data_dir / name for name in OWNERS_FILES}
        return beside | {PROMPT: self.system_prompt_path}

    @property
    def sqlalchemy_url(self) -> str:
        beside = f"sqlite:///{self.data_dir / 'chatgee.db'}"
        return self.database_url.reveal() if self.database_url else beside

    @property
    def shared_path(self) -> Path | None:
        """The settings of all machines together, as the database has them; None for one alone."""
        return self.data_dir / SHARED if self.sqlalchemy_url.startswith(POSTGRESQL) else None

    @property
    def practice(self) -> bool:
        """Whether there is no model to ask, so that the practice model answers."""
        return not (self.openai_api_key or self.openai_base_url)

    @property
    def secrets(self) -> tuple[str, ...]:
        values = (getattr(self, row.name) for row in fields(self))
        return tuple(part for one in values if isinstance(one, Secret) for part in one.parts)


OPTIONS = {row.name.upper(): row for row in fields(Settings)}
SECRETS = frozenset(name for name, row in OPTIONS.items() if Secret in get_args(row.type))
"""Options that are written and never shown, whichever parser makes them."""
HELD = tuple(name.lower() for name, row in OPTIONS.items() if row.metadata["restart"])
"""Fields of `Settings` that a running program keeps as they were when it started."""
BY_HAND = frozenset(name for name, row in OPTIONS.items() if row.metadata["by_hand"])
"""Options that stand in config.env or the environment, and that no page and no restore changes."""
OWN = frozenset(name for name, row in OPTIONS.items() if row.metadata["own"])
"""Options that each machine has for itself, where several work together."""


def parse(name: str, text: str) -> Any:
    """The value that an option's text means; `SettingsError` where it means none."""
    text = text.strip()
    try:
        return OPTIONS[name].metadata["parse"](text)
    except Refused as refused:
        shown = "*****" if name in SECRETS else text
        raise SettingsError(refused.key, name=name, value=shown, **refused.values) from None


def is_example(name: str, text: str) -> bool:
    """Whether a secret is still the one that config.example.env shows."""
    return name in SECRETS and text.strip() == OPTIONS[name].metadata["example"]
