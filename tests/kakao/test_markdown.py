"""Promises of chatgee.kakao.markdown: what a friend reads of a model's Markdown."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chatgee.kakao.markdown import to_plain

CODE = "```python\ndef f(x):\n\n    # **주석** $x$ `y`\n    return x ** 2\n```"
MARKS = [
    *r"> ¦- ¦* ¦1. ¦  ¦    ¦# ¦```¦~~~¦|¦|-|-|¦---¦$¦$$¦\[¦\]¦\(¦\)¦[¦]¦](¦(¦)¦![".split("¦"),
    *r"**¦*¦_¦__¦~~¦`¦<¦<b>¦<br>¦\¦&amp;¦===¦- [ ] ¦[1]: ¦{¦}¦^¦://¦@¦가¦나다¦1".split("¦"),
    *[r"\begin{align}", "\n", "\n\n", " ", "\t", "\r\n", "\0", "\ufeff", "\ud800"],
]


@pytest.mark.parametrize(
    ("markdown", "plain"),
    [
        ("# 제목", "제목"),
        ("앞\n\n## 제목 ##\n\n뒤", "앞\n\n제목\n\n뒤"),
        ("## 제목\n바로 뒤", "제목\n바로 뒤"),
        ("제목\n===\n\n뒤", "제목\n\n뒤"),
        ("첫 줄\n둘째 줄  \n셋째 줄\\\n넷째 줄", "첫 줄\n둘째 줄\n셋째 줄\n넷째 줄"),
        ("가\n\n\n\n나", "가\n\n나"),
        ("가\n\n---\n\n나", "가\n\n———\n\n나"),
        ("> 인용\n> 둘째\n>\n> > 안쪽", "│ 인용\n│ 둘째\n\n│ │ 안쪽"),
        ("a &lt; b &amp;&amp; c<br>d<br/>e", "a < b && c\nd\ne"),
        ("<b>태그</b> <div class='x_y_z'>", "<b>태그</b> <div class='x_y_z'>"),
        (r"\*별표\* 1\. 가", "*별표* 1. 가"),
    ],
)
def test_blocks_read_as_plain_text(markdown, plain):
    assert to_plain(markdown) == plain


@pytest.mark.parametrize(
    ("markdown", "plain"),
    [
        ("**굵게** *기울임* ***둘 다*** ~~취소~~", "굵게 기울임 둘 다 취소"),
        ('**"따옴표"**는 **"인용"**을', '"따옴표"는 "인용"을'),
        ("**(괄호)**은 그는**“말”**했다", "(괄호)은 그는“말”했다"),
        ('__"x"__는 __강조__는 _가_를', '"x"는 강조는 가를'),
        ("**가**나**다****라**", "가나다라"),
        ("**바깥 *안쪽* 바깥**", "바깥 안쪽 바깥"),
        ("**`코드`**는 **[글](http://a.b)**을", "코드는 글 (http://a.b)을"),
    ],
)
def test_marks_of_emphasis_vanish_also_before_korean_particles(markdown, plain):
    assert to_plain(markdown) == plain


@pytest.mark.parametrize(
    "text",
    [
        "2*3*4",
        "a * b * c",
        "5 ** 2 ** 3",
        "x**2 + y**2 = f(x)**2 + 3**2",
        "가로*세로*높이",
        "snake_case_name _앞만",
        "__init__ 그리고 __name__",
        "**닫지 않음",
        "별점 5개* 그리고 *.txt *.py",
        "^_^ ㅠ_ㅠ 1~2명, 3~~4명",
        "https://a.b/c_d_e_(f)*",
    ],
)
def test_stars_and_underscores_that_mark_nothing_stay(text):
    assert to_plain(text) == text


@pytest.mark.parametrize(
    ("markdown", "plain"),
    [
        ("- 가\n* 나\n\n  뒤", "• 가\n• 나\n\n  뒤"),
        ("- 가\n  - 나\n    - 다\n- 라", "• 가\n  ◦ 나\n    ▪ 다\n• 라"),
        ("3. 가\n4. 나", "3. 가\n4. 나"),
        ("1. 가\n1. 나\n1. 다", "1. 가\n2. 나\n3. 다"),
        ("1. 가\n3. 나", "1. 가\n3. 나"),
        ("2) 가\n   - 나", "2) 가\n  ◦ 나"),
        ("1. 가\n\n2. 나", "1. 가\n\n2. 나"),
        ("- [ ] 할 일\n- [x] 한 일", "☐ 할 일\n☑ 한 일"),
        ("글\n- 가\n\n뒤", "글\n• 가\n\n뒤"),
    ],
)
def test_lists_keep_their_numbers_levels_and_spacing(markdown, plain):
    assert to_plain(markdown) == plain


def test_a_table_is_one_line_a_row():
    table = "| 이름 | 값 |\n|---|--:|\n| **사과** | 1 |\n| 배 | a \\| `b|c` |"
    assert to_plain(table) == "• 이름: 사과 · 값: 1\n• 이름: 배 · 값: a | b|c"


def test_no_cell_and_no_heading_of_a_table_is_lost():
    assert to_plain("|가|나|\n|-|-|\n|1||3|") == "가 · 나\n• 가: 1 · 3"
    assert to_plain("|가|나|\n|-|-|") == "가 · 나"
    assert to_plain(f"|{'긴' * 50}|\n|-|\n|1|") == f"{'긴' * 50}\n• 1"


@pytest.mark.parametrize(
    ("markdown", "plain"),
    [
        ("[문서](https://a.b/c_d_e)를", "문서 (https://a.b/c_d_e)를"),
        ("[https://a.b](https://a.b) <https://c.d>", "https://a.b https://c.d"),
        ("[a.b](https://a.b/)", "https://a.b/"),
        ("[글](<a b> '제목') [괄호](http://a/b_(c))", "글 (제목: a b) 괄호 (http://a/b_(c))"),
        ("![고양이](http://a/b.png) ![](http://c)", "고양이 (http://a/b.png) http://c"),
        ("[![그림](u)](v) [메일](mailto:a@b.c)", "그림 (u) (v) 메일 (a@b.c)"),
        ("[1] [x](y", "[1] [x](y"),
        ("[참고]: 조심하세요\n\n[^1]: 각주", "[참고]: 조심하세요\n\n[^1]: 각주"),
    ],
)
def test_links_are_text_and_address(markdown, plain):
    assert to_plain(markdown) == plain


def test_code_is_shown_as_it_is():
    code = CODE.removeprefix("```python\n").removesuffix("\n```")
    assert to_plain(f"앞\n\n{CODE}\n\n뒤") == f"앞\n\n{code}\n\n뒤"
    assert to_plain("- 가\n  " + CODE.replace("\n", "\n  ")) == f"• 가\n{code}"
    assert to_plain("    a  **b**\n\n    c") == "a  **b**\n\nc"
    assert to_plain("`**a** $b$ &amp; <br>`") == "**a** $b$ &amp; <br>"
    assert to_plain("```\n닫지 않음\n# 끝") == "닫지 않음\n# 끝"


@pytest.mark.parametrize(
    ("markdown", "plain"),
    [
        (r"\(\frac{a}{b}\)와 $x^2$는", "a/b와 x²는"),
        (r"\[ x = \frac{-b \pm \sqrt{b^2 - 4ac}}{2a} \]", "x = (-b ± √(b² - 4ac))/(2a)"),
        ("$$\na\n- b\n= c\n$$", "a\n- b\n= c"),
        ("- 식:\n  $$\\sum_{i=1}^{n} i$$", "• 식:\n  ∑ᵢ₌₁ⁿ i"),
        (r"$e^{-x^2} \leq \sqrt[3]{2} \dfrac12$", "e^(-x²) ≤ ³√2 1/2"),
        (r"$\text{속도} \cdot \left(50%\right) \tag{1}$", "속도 · (50%) (1)"),
        ("\\begin{align}\na &= b \\\\\n&= c\n\\end{align}", "a = b\n= c"),
        (r"$\gcd(a, 30^\circ)$", "gcd(a, 30°)"),
    ],
)
def test_formulas_are_readable(markdown, plain):
    assert to_plain(markdown) == plain


@pytest.mark.parametrize(
    "text",
    [
        "$5",
        "$5 and $10",
        "가격은 $5에서 $10",
        "$5와 10$ 사이",
        "US$5, US$10",
        "$HOME과 $PATH, $A/$B",
        r"$\unknown{a}{b}$",
        r"$\frac{a$",
        r"$a } b {^2$",
    ],
)
def test_money_and_what_is_not_understood_stay_as_written(text):
    assert to_plain(text) == text


def test_formulas_beyond_the_limit_stay_as_written():
    plain = to_plain("$x^2$ " * 2_000)
    assert plain.startswith("x² x²")
    assert plain.endswith("$x^2$")


def test_unwanted_characters_are_cleaned():
    assert to_plain("\ufeff가\0\x1b나\u200b\r\n다\u2028라\t마") == "가나\n다\n라\t마"
    assert to_plain("\ud83d\ude00 \ud800") == "😀 \ufffd"
    assert to_plain("👩‍👩‍👧‍👦") == "👩‍👩‍👧‍👦"


@pytest.mark.parametrize("text", ["", "\n \n", "\0", "```", "**", "#", "[]()"])
def test_next_to_nothing_is_no_trouble(text):
    assert isinstance(to_plain(text), str)


@settings(deadline=None)
@given(st.one_of(st.text(), st.lists(st.sampled_from(MARKS), max_size=60).map("".join)))
@example("\ud800\udc00\udc00")
def test_anything_becomes_text_that_can_be_sent(markdown):
    plain = to_plain(markdown)
    plain.encode("utf-8")
    assert plain == plain.rstrip()
    assert "\r" not in plain
    assert "\0" not in plain


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(MARKS), st.integers(0, 3)), max_size=40))
def test_no_word_is_lost(marks):
    words = [f"낱말{n}번" for n in range(len(marks))]
    markdown = "".join(f"{m * n} {word} " for (m, n), word in zip(marks, words, strict=True))
    plain = to_plain(markdown)
    assert [word for word in words if word not in plain] == []


@pytest.mark.parametrize(
    "piece",
    [
        *("[", "*", "`", "$", "|", "<", "![", "\\(", "\\[", "**a ", "`a", "[a](", "[]", "[[]", "&"),
        *("> ", "- ", "- a\n", "1. a\n", "> > a\n>> > b\n", "|a|b|\n|-|-|\n", "$$\n", "\\[\n"),
        *("\\(\\frac{", "\\begin{align}\n", '[a](b "', "<a ", "__a", "{", "$a$ ", "a\n", "\t- a\n"),
    ],
)
def test_hostile_text_comes_out_in_the_end(piece):
    assert to_plain(piece * (20_000 // len(piece))) is not None


def test_deep_nesting_loses_nothing():
    for nested in ("> " * 300 + "끝", "- " * 300 + "끝", "> - " * 300 + "끝"):
        assert to_plain(nested).endswith("끝")
    assert to_plain("\n".join("  " * n + f"- {n}번" for n in range(100))).endswith("99번")


def test_beyond_the_limit_lines_stay_as_written():
    plain = to_plain("- 가\n" * 20_000)
    assert plain.startswith("• 가\n")
    assert plain.endswith("- 가")


def test_several_threads_get_the_same_answer():
    markdown = "\n\n".join(
        ["# 제목", "**가** $x^2$", "- 나\n  - 다", CODE, "> 라", "|a|\n|-|\n|b|"]
    )
    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(to_plain, [markdown] * 100))) == 1
