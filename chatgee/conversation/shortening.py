"""Ever less of a prompt, for a model that was told too much."""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import replace

from chatgee.conversation.daily_tokens import size_of
from chatgee.questions import Prompt

END_CHARS = 200
"""By so many a cut answer gets shorter, and no shorter than these: nobody could go on from less."""


def without_oldest_turn(prompt: Prompt) -> Prompt:
    return replace(prompt, memory=prompt.memory[1:])


def with_the_end_of_what_it_continues(prompt: Prompt) -> Prompt:
    """Of the answer that was cut last, below what the friend had asked at first."""
    if not prompt.continued:
        return prompt
    first, said = prompt.continued[0], prompt.continued[-1].answer
    end = said[-max(len(said) - END_CHARS, END_CHARS) :]
    return replace(prompt, continued=(replace(first, answer=end),))


Part = Callable[[Prompt], Prompt]

LEFT_OUT: tuple[Part, ...] = (without_oldest_turn, with_the_end_of_what_it_continues)
"""One after the other, in this order, each until there is nothing more that it could leave out.

The character is what goes last: without it the answer would be another bot's.
"""


def shorter(prompt: Prompt) -> list[Prompt]:
    """Itself, and with one part less each, down to the character and the question."""
    found = [prompt]
    for left_out in LEFT_OUT:
        found += _without(left_out, found[-1])
    return found


def _without(left_out: Part, prompt: Prompt) -> list[Prompt]:
    """Ever less of one part; none where nothing is left of it."""
    found = []
    while (less := left_out(prompt)) != prompt:
        found.append(prompt := less)
    return found


def within(prompts: Sequence[Prompt], tokens: float) -> Prompt:
    """The first that is not larger, else the last; each is smaller than the one before."""
    place = bisect_left(prompts, -tokens, key=lambda one: -size_of(one))
    return prompts[min(place, len(prompts) - 1)]


def next_shorter(prompt: Prompt, tokens: float | None) -> Prompt | None:
    """What to ask instead of a prompt that was too much; None where it is the question alone.

    As much is left out as leaves `tokens`, else half of the first part that can be.
    """
    whole, *less = shorter(prompt)
    if not less:
        return replace(whole, system="") if whole.system else None
    if tokens is not None:
        return within(less, tokens)
    steps = next(filter(None, (_without(left_out, prompt) for left_out in LEFT_OUT)))
    return steps[len(steps) // 2]
