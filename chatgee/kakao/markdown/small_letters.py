"""Raised and lowered letters, where Unicode has them."""

_UP = "0123456789+-=()abcdefghijklmnoprstuvwxyz", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻ"
_DOWN = "0123456789+-=()aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ"
RAISED, LOWERED = dict(zip(*_UP, strict=True)), dict(zip(*_DOWN, strict=True))
RAISED["−"], LOWERED["−"] = "⁻", "₋"


def raised(text: str) -> str:
    """As an exponent: `^(…)` where there are no such letters."""
    return {"TM": "™", "SM": "℠"}.get(text, _small(text, RAISED, "^"))


def lowered(text: str) -> str:
    """As an index: `_(…)` where there are no such letters."""
    return _small(text, LOWERED, "_")


def _small(text: str, letters: dict[str, str], mark: str) -> str:
    if all(letter in letters for letter in text):
        return "".join(letters[letter] for letter in text)
    if not any(letter.isalnum() for letter in text) or text.startswith("["):
        return text  # a sign, or the number of a source
    return f"{mark}{text}" if len(text) == 1 else f"{mark}({text})"
