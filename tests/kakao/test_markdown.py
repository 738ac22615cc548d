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
    *r"<li>¦</ul>¦<td>¦<sup>¦</sup>¦<p>¦【1†¦】¦[^1]¦[cite: 1]¦\ue200".split("¦"),
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
        ("<b>태그</b> <div class='x_y_z'>", "태그 <div class='x_y_z'>"),
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
        ("[참고]: 조심하세요\n\n[^1]: 각주", "[참고]: 조심하세요\n\n¹ 각주"),
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


@pytest.mark.parametrize(
    ("html", "plain"),
    [
        (
            "<b>굵게</b> <strong>강조</strong> <i>기</i> <u>밑</u> <mark>표</mark>",
            "굵게 강조 기 밑 표",
        ),
        ("<font color='red'>빨강</font> <span style=\"a:b\">글</span>", "빨강 글"),
        ("<kbd>Ctrl</kbd>+<kbd>C</kbd> <code>a_b_c</code>", "Ctrl+C a_b_c"),
        ("m<sup>2</sup> H<sub>2</sub>O 10<sup>-3</sup> x<sub>i</sub>", "m² H₂O 10⁻³ xᵢ"),
        (
            "x<sup>가나</sup> x<sup>가</sup> a<sub>Q1</sub> 글<sup>[1]</sup>",
            "x^(가나) x^가 a_(Q1) 글[1]",
        ),
        ("상표<sup>TM</sup> 등록<sup>®</sup>", "상표™ 등록®"),
        ("<b><i>엇갈린</b></i> <B>큰</B>", "엇갈린 큰"),
        ("앞<!-- 주석\n<b>둘</b> -->뒤", "앞뒤"),
        ("a&nbsp;b &amp; &lt;b&gt; &quot;말&quot; &#39;", 'a b & <b> "말" \''),
        ('<a href="https://a.b/c_d_e">문서</a>를', "문서 (https://a.b/c_d_e)를"),
        ('<a href="https://a.b">https://a.b</a> <a href="#위">위로</a>', "https://a.b 위로"),
        ('<img src="https://a.b/c.png" alt="고양이" width=10>', "고양이 (https://a.b/c.png)"),
        ('<img src="data:image/png;base64,AA" alt="점">', "점"),
        ("<q>말</q> <ruby>漢<rp>(</rp><rt>한</rt><rp>)</rp></ruby>", "“말” 漢(한)"),
    ],
)
def test_html_within_a_line_is_its_words(html, plain):
    assert to_plain(html) == plain


@pytest.mark.parametrize(
    ("html", "plain"),
    [
        ("앞<hr>뒤", "앞\n\n———\n\n뒤"),
        ("<h3>제목</h3>글<center>가운데</center>", "제목\n\n글\n\n가운데"),
        ("<p>하나</p><p>둘<br>셋</p>", "하나\n\n둘\n셋"),
        ("<p>하나<p>둘</p>", "하나\n\n둘"),
        ("<div>\n    <h3>제목</h3>\n    <p>글</p>\n</div>", "제목\n\n글"),
        ("<details open><summary>더 보기</summary>\n\n- 하나\n  - 둘\n\n</details>\n끝",
         "더 보기\n\n• 하나\n  ◦ 둘\n\n끝"),
        ("<ul><li>가</li><li>나<ul><li>다</li></ul></li></ul>", "• 가\n• 나\n  ◦ 다"),
        ("<ul>\n  <li>가\n  <li><b>나</b>\n</ul>", "• 가\n• 나"),
        ("<ul><li>가</li><li>잘린", "• 가\n• 잘린"),
        ('<ol start="3">\n<li>가</li>\n<li>나</li>\n</ol>\n뒤', "3. 가\n4. 나\n\n뒤"),
        ("<ul><li><input type='checkbox' checked> 한 일</li></ul>", "☑ 한 일"),
        ("<table><tr><th>이름</th><th>값</th></tr><tr><td>사과</td><td>1|2</td></tr></table>",
         "• 이름: 사과 · 값: 1|2"),
        ("<table>\n<tr><td>가</td><td>나<br>다</td></tr>\n</table>", "• 가 · 나 / 다"),
        ("| 가 | 나 |\n|---|---|\n| <b>x</b><br>y | <ul><li>1</li><li>2</li></ul> |",
         "• 가: x / y · 나: • 1 / • 2"),
        ("<blockquote>인용<br>둘</blockquote>", "│ 인용\n│ 둘"),
        ("<pre><code>a &lt; b\n\n  c</code></pre>", "a < b\n\n  c"),
        ("<dl><dt>가</dt><dd>나</dd></dl>", "가\n\n나"),
    ],
)  # fmt: skip
def test_html_blocks_are_what_markdown_has_for_them(html, plain):
    assert to_plain(html) == plain


@pytest.mark.parametrize(
    "text",
    [
        *("3 < 5 > 2", "a<b", "a<b>c", "if a<b and c>d", "x <b", "</b>만", "<b>만"),
        *("List<String>", "Map<String, List<a>>", "vector<int>", "<T>", "std::map<a, b>"),
        *("<이름>님", "git clone <주소>", "<title> 태그", "<h1>은 제목이에요.", "1 <- 2 -> 3 <3"),
        "<!DOCTYPE html>\n<html>\n<body>\n<b>글</b>\n</body>\n</html>",
    ],
)
def test_what_only_looks_like_html_stays(text):
    assert to_plain(text) == text


def test_html_in_code_stays():
    code = "<b>x</b>\n\n\n<sup>2</sup> 【1†source】"
    assert to_plain(f"```html\n{code}\n```") == code
    assert to_plain(f"<details>\n<summary>코드</summary>\n\n```\n{code}\n```\n\n</details>") == (
        f"코드\n\n{code}"
    )
    assert (
        to_plain("`<b>x</b>`와 ``<br>``, `citeturn0search0`") == "<b>x</b>와 <br>, citeturn0search0"
    )
    assert to_plain("예:\n\n    <b>x</b>") == "예:\n\n<b>x</b>"
    assert to_plain("<a@b.c> <https://a.b>") == "a@b.c https://a.b"


@pytest.mark.parametrize(
    ("cited", "plain"),
    [
        ("맞아요【4:0†source】. 또【7†L1-L9】, 또【3:1†source†L2】.", "맞아요. 또, 또."),
        ("맞아요【1†자료.pdf】.", "맞아요 (자료.pdf)."),
        ("맞아요 \ue200cite\ue202turn0search0\ue202turn1view2\ue201.", "맞아요."),
        ("맞아요 \ue200filecite\ue202turn0file1\ue202L1-L4\ue201.", "맞아요."),
        ("맞아요citeturn0search0turn0news1. \ue200\ue202", "맞아요."),
        (r"맞아요\ue200cite\ue202turn0search0\ue201.", "맞아요."),
        ('\ue200entity\ue202["company","삼성전자","설명"]\ue201는', "삼성전자는"),
        ("\ue200url\ue202네이버\ue202https://naver.com\ue201", "네이버 https://naver.com"),
        ("맞아요 :contentReference[oaicite:0]{index=0}.", "맞아요."),
        ("맞아요[oaicite:3]. 또【turn0search1】", "맞아요. 또"),
        ('맞아요:antCitation[]{citations="a-b"}. <co: 1>글</co: 1>', "맞아요. 글"),
        ('<cite index="1-2">글</cite>', "글"),
        ("네 [cite_start]맞아요[cite: 1, 2]. 또 [cite: 3-5]", "네 맞아요. 또"),
        ("[span_0](start_span)맞아요[span_0](end_span).", "맞아요."),
        ("맞아요[citation:3][citation:5]. 또[[citation:1]][ref_1]", "맞아요. 또"),
        ("맞아요[^1^]. 또[^2^][3]", "맞아요. 또"),
        ("맞아요%[1]%.", "맞아요."),
        ('맞아요<grok:render id="a"><argument name="b">0</argument></grok:render>.', "맞아요."),
        ("글[^1]과 말[^참고]\n\n[^1]: 각주예요\n[^참고]: 둘",
         "글¹과 말[참고]\n\n¹ 각주예요\n[참고] 둘"),
        ("없는 각주[^3].", "없는 각주."),
    ],
)  # fmt: skip
def test_the_sources_that_services_mark_are_named_or_left_out(cited, plain):
    assert to_plain(cited) == plain


@pytest.mark.parametrize(
    "text", ["[1] [2][3]", "【공지】 【1】", "[4:0]", "정규식 [^0-9] [^1]", "†"]
)
def test_marks_that_may_be_anything_stay(text):
    assert to_plain(text) == text


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
        *(
            "<b>",
            "<b>x</b>",
            "<ul><li>",
            "<td>",
            "<!--",
            "<a href=",
            "|<b>\n",
            "[^1]",
            "\ue200",
            "[cite: ",
        ),
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
