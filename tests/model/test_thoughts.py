"""Promises of chatgee.model.thoughts: what a model thought is nobody's answer."""

import pytest

from chatgee.model.thoughts import without_thoughts

ANSWER = "안녕하세요! 무엇을 도와드릴까요?"


@pytest.mark.parametrize(
    "said",
    [
        f"<think>\n인사했다.\n</think>\n\n{ANSWER}",
        f"<think></think>{ANSWER}",
        f"<think/>\n{ANSWER}",
        f"<THINKING type='deep'>인사했다.</THINKING>\n{ANSWER}",
        f"<thought>인사</thought><reasoning>답하자</reasoning>{ANSWER}",
        f"<thinking>가<reflection>나</reflection>다</thinking><output>{ANSWER}</output>",
        f"<think>가<think>나</think>다</think>{ANSWER}",
        f"<think>인사</thinking>{ANSWER}",
        f"<think>인사</think>\n<answer>{ANSWER}</answer>",
        f"<seed:think>인사</seed:think>{ANSWER}",
        f"<mm:think>인사</mm:think>{ANSWER}",
        f"[THINK]인사[/THINK]{ANSWER}",
        f"◁think▷인사◁/think▷{ANSWER}",
        f"<|START_THINKING|>인사<|END_THINKING|><|START_RESPONSE|>{ANSWER}<|END_RESPONSE|>",
        f"<|begin_of_thought|>가<|end_of_thought|>\n<|begin_of_solution|>{ANSWER}"
        "<|end_of_solution|>",
        f"<|inner_prefix|>인사<|inner_suffix|>{ANSWER}",
        f"<|channel>thought\n인사<channel|>{ANSWER}<turn|>",
        f"<unused94>thought\n인사<unused95>{ANSWER}",
        f'<details type="reasoning" done="true">\n> 인사\n</details>\n{ANSWER}',
        f"인사했다.\n[BEGIN FINAL RESPONSE]\n{ANSWER}\n[END FINAL RESPONSE]",
        f"Here is my thought process: hm\nHere is my response: {ANSWER}",
        f"Thinking...\nhm\n...done thinking.\n\n{ANSWER}",
    ],
)
def test_what_was_thought_is_left_out(said: str) -> None:
    assert without_thoughts(said).strip() == ANSWER


@pytest.mark.parametrize(
    "said",
    [
        f"<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>{ANSWER}"
        "<|return|>",
        f"hm<|end|><|start|>assistant<|channel|>final<|message|>{ANSWER}",
        "<|channel|>analysis<|message|>hm<|end|><|channel|>final <|constrain|>json<|message|>"
        + ANSWER,
        f"<|channel|>commentary to=functions.a <|constrain|>json<|message|>{{}}<|call|><|start|>"
        f"assistant<|channel|>final<|message|>{ANSWER}",
        f"analysisWe need to greet.assistantfinal{ANSWER}",
        f"<|think|>hm<|end|><|begin|>assistant<|content|>{ANSWER}<|flush|>",
        f"<|im_start|>assistant/think\nhm<|im_end|>\n<|im_start|>assistant\n{ANSWER}<|im_end|>",
        f"hm<|im_end|>\n<|im_start|>assistant\n{ANSWER}<|im_end|><|endofturn|>",
    ],
    ids=range(8),
)
def test_of_a_models_channels_the_last_is_the_answer(said: str) -> None:
    assert without_thoughts(said) == ANSWER


@pytest.mark.parametrize("end", ["</think>", "\n</think>\n\n", "</thinking>", "[/THINK]"])
def test_all_that_stands_before_a_lone_end_was_thought(end: str) -> None:
    assert without_thoughts(f"인사했다.\n\n답하자.{end}{ANSWER}") == ANSWER


@pytest.mark.parametrize(
    "said",
    [
        *("<think>\n끝나지 않은 생각", "<think>생각</think>", "생각\n</think>\n\n", "[THINK]생각"),
        *("<|channel|>analysis<|message|>We need", "analysisWe need", "◁think▷생각"),
        "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>",
        *("<|im_start|>assistant\n<think>생각", "<seed:think>생각", "<|channel>thought\n생각"),
        *("<|im_end|>", "<think>`</think>`가 무엇인지"),
    ],
)
def test_a_thought_alone_is_an_empty_answer(said: str) -> None:
    assert without_thoughts(said) == ""


@pytest.mark.parametrize(
    "said",
    [
        *(f"{ANSWER}{end}" for end in ("<|im_end|>", "<|endoftext|>", "<|eot_id|>", "</s>")),
        *(f"{ANSWER}{end}" for end in ("<end_of_turn>", "<｜end▁of▁sentence｜>", "[|endofturn|]")),
        *(
            f"{ANSWER}{end}"
            for end in ("<eos>", "<|return|>", "<|eot|>", "<|im_end|>\n<|endoftext|>")
        ),
        *(f"{head}{ANSWER}" for head in ("<|im_start|>assistant\n", "<s>", "<|assistant|>\n")),
        *(f"{head}{ANSWER}" for head in ("assistant\n\n", "Assistant: ", "### Response:\n")),
        *(
            f"{head}{ANSWER}"
            for head in ("<start_of_turn>model\n", "[|assistant|]", "<｜Assistant｜>")
        ),
        f"<|start_header_id|>assistant<|end_header_id|>\n\n{ANSWER}<|eot_id|>",
        f"<|begin_of_box|>{ANSWER}<|end_of_box|>",
        f"[INST] 질문 [/INST] {ANSWER}</s>",
        f"{ANSWER}<|im_end|>\n<|im_start|>user\n다음 질문<|im_end|>\n<|im_start|>assistant\n답",
        f"{ANSWER}<|im_end|>\n<|im_start|>assistant\n",
        f"{ANSWER}\n<|user|>\n다음 질문",
        f"{ANSWER}</s>[INST] 다음 질문 [/INST] 다음 답",
        f"{ANSWER}\n### Human: 다음 질문",
    ],
)
def test_the_marks_of_a_models_template_are_left_out_and_what_it_says_for_others(said: str) -> None:
    assert without_thoughts(said).strip() == ANSWER


@pytest.mark.parametrize(
    "said",
    [
        "`<think>`와 `</think>` 사이에 생각을 적어요.",
        "이렇게 답해요.\n\n```\n<think>\n생각\n</think>\n답\n```\n\n어때요?",
        "- 예:\n  ~~~xml\n  <think>생각</think>\n  ~~~",
        'JSON에는 "<think>"와 "</think>"를 넣어요.',
        "모델은 <think> 뒤에 생각해요.",
        "`<|im_end|>`는 끝을 뜻해요.",
        "```\n<|im_start|>user\n안녕<|im_end|>\n```",
        "analysis는 분석이라는 뜻이에요.",
        "값이 <s>만원</s>에서 내렸어요.",
        "<details><summary>더 보기</summary>내용</details>",
        "List<String>, a < b, [1] <이름> 3 |> f",
        " 앞의 빈칸도 그대로예요.\n",
    ],
)
def test_who_writes_about_the_marks_keeps_them(said: str) -> None:
    assert without_thoughts(said) == said


def test_code_within_and_after_a_thought_is_told_apart() -> None:
    code = "```py\nprint('</think>')\n```"
    assert without_thoughts(f"<think>\n```\n닫지 않음\n</think>\n\n{ANSWER}") == ANSWER
    assert without_thoughts(f"<think>\n{code}\n`</think>`\n</think>\n{code}") == code
    assert without_thoughts(f"앞\n<think>생각</think>\n{code}") == f"앞\n\n{code}"


@pytest.mark.parametrize(
    "piece",
    [
        *(
            "<think>",
            "x <think>",
            "</think>",
            "x</s>",
            "`",
            "```x\n",
            "<|",
            '"<',
            "<details reasoning>",
        ),
        *(
            " ",
            "# ",
            "<|im_start|>assistant\n",
            "<|channel|>",
            "analysis",
            "assistant\n",
            "[/THINK]",
        ),
    ],
)
def test_hostile_text_is_read_in_the_end(piece: str) -> None:
    assert without_thoughts(piece * (20_000 // len(piece))) is not None
