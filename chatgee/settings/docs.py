"""config.example.env and docs/settings.md, made from the table of settings.

`python -m chatgee.settings.docs` writes both; a test keeps them equal to the table.
"""

from collections.abc import Iterator

from chatgee.settings import BY_HAND, GROUPS, OPTIONS, OWN
from chatgee.system.installation import PROJECT

RESTART = "다시 켜야 바뀌어요."
HAND = "화면에서는 바꿀 수 없고 직접 적어요."


def about(name: str) -> str:
    """What an option is for, where it is changed, and whether a running program takes it up."""
    known = OPTIONS[name].metadata
    told = [known["about"], HAND * known["by_hand"], RESTART * known["restart"]]
    return " ".join(filter(None, told))


def _groups() -> Iterator[tuple[str, list[str]]]:
    for group in GROUPS:
        yield group, [name for name, row in OPTIONS.items() if row.metadata["group"] == group]


def example_env() -> str:
    """The text of config.example.env: every option, all of them commented out."""
    lines = [
        "# ChatGee 설정이에요. config.env로 복사한 뒤, 바꿀 줄 앞의 # 을 지우고 고쳐 주세요.",
        "# 이 파일을 고친 뒤에는 ChatGee를 다시 켜 주세요. 설명은 docs/settings.md에도 있어요.",
    ]
    for group, members in _groups():
        lines += ["", f"## {group}"]
        for name in members:
            lines += ["", f"# {about(name)}", f"#{name}={OPTIONS[name].metadata['shown']}"]
    return "\n".join(lines) + "\n"


def reference() -> str:
    """The text of docs/settings.md."""
    own, hand = (
        ", ".join(f"`{name}`" for name in OPTIONS if name in names) for names in (OWN, BY_HAND)
    )
    lines = [
        "# 설정",
        "",
        "브라우저의 `설정`에서 바꾸면 다음 질문부터 바로 바뀌어요. "
        f"‘{RESTART}’라고 적힌 것만 ChatGee를 다시 켜야 해요.",
        "",
        "모두 `config.env`에 `이름=값`으로 적거나, 같은 이름의 환경 변수로 줄 수도 있어요.",
        "환경 변수가 먼저, 그다음이 `config.env`, 없으면 기본값이에요.",
        "상대 경로는 ChatGee 폴더를 기준으로 해요.",
        "`config.env`를 직접 고쳤으면 언제나 다시 켜 주세요.",
        "",
        f"{hand}는 파일의 위치나 연결할 곳을 정해요. 주인의 화면에 들어온 사람이 이 컴퓨터의 다른 "
        "파일에 손댈 수 없도록 화면에서는 바꿀 수 없고, `config.env`나 환경 변수에만 적어요.",
        "",
        "여러 컴퓨터가 `DATABASE_URL`로 한 PostgreSQL을 함께 쓰면, 설정 화면에서 바꾼 것은 "
        "데이터베이스에 있어서 모든 컴퓨터에서 바뀌어요. 이때 `config.env`는 처음 켠 컴퓨터의 것만 "
        f"한 번 읽고, 그 뒤로는 컴퓨터마다 따로 정하는 {own}만 읽어요. "
        "환경 변수는 언제나 먼저예요.",
    ]
    for group, members in _groups():
        lines += ["", f"## {group}", "", "| 이름 | 기본값 | 설명 |", "| --- | --- | --- |"]
        for name in members:
            known = OPTIONS[name].metadata
            shown = "없음" if OPTIONS[name].default is None else f"`{known['shown']}`"
            hint = f" 예: `{known['example']}`" if known["example"] else ""
            lines.append(f"| `{name}` | {shown} | {about(name)}{hint} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    (PROJECT / "config.example.env").write_text(example_env(), encoding="utf-8", newline="\n")
    (PROJECT / "docs" / "settings.md").write_text(reference(), encoding="utf-8", newline="\n")
