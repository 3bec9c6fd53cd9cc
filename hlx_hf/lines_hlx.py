"""The lines that an HLX model reads and continues, and how text is brought into its alphabet.

Standard library only: `save_pretrained` copies this file beside the weights, where it serves
`pipeline_hlx.py` in processes that do not have `hlx_hf`.
"""

import re
import unicodedata
from collections.abc import Container, Sequence

NOTATIONS = ("HLXL", "LC-R", "LC-T", "LC-B")
ENGLISH = "English"  # what stands in the brackets of a line that asks for English
TO_HLX = "→"
TO_ENGLISH = "←"

_QUOTED = re.compile(r'("(?:[^"\\]|\\.)*")', re.DOTALL)
_PUNCTUATION = str.maketrans("“”„‘’‚–—\n\r\t", 3 * '"' + 3 * "'" + 2 * "-" + 3 * " ")


def line_prompt(text: str, target: str) -> str:
    """The part of a line that is given to the model; what the model appends is the answer.

    Args:
        text: English or HLX, already in the alphabet.
        target: one of `NOTATIONS`, or `ENGLISH` to have HLX put into words.

    Raises:
        ValueError: `target` is neither.
    """
    if target not in NOTATIONS and target != ENGLISH:
        known = ", ".join((*NOTATIONS, ENGLISH))
        raise ValueError(f"unknown notation {target!r}; the known ones are {known}")
    arrow = TO_ENGLISH if target == ENGLISH else TO_HLX
    return f"[{target}] {text} {arrow} "


def request_prompt(request: str, target: str, alphabet: Container[str]) -> str:
    """`line_prompt` of what somebody has typed: with plain punctuation, and in the alphabet.

    Raises:
        TypeError: `request` is no text.
        ValueError: `target` is None, or unknown.
    """
    if target is None:
        raise ValueError(f"say what to translate into: notation= one of {', '.join((*NOTATIONS, ENGLISH))}")
    if not isinstance(request, str):
        raise TypeError(f"what is translated is a str, or a list of them, not {type(request).__name__}")
    return line_prompt(to_alphabet(plain_punctuation(request), alphabet), target)


def request_of(prompt: str) -> str:
    """The text that `line_prompt` has made a prompt of."""
    return prompt.partition("] ")[2].rpartition(" ")[0].rpartition(" ")[0]


def written_notation(target: str | None, learned: Sequence[str] | None) -> str | None:
    """What a model is asked for where its answer is to be in `target`.

    Args:
        target: one of `NOTATIONS`, or whatever else `line_prompt` takes or refuses.
        learned: the notations that the model has learned, all of them if None.

    Returns:
        The first notation of `learned` where `target` is none of them, or `target` itself.
    """
    return learned[0] if learned and target in NOTATIONS and target not in learned else target


def check_abstention(abstain_below: float, target: str) -> None:
    """Raises ValueError unless answers of a score below a number can be null in `target`."""
    if not 0 <= abstain_below <= 1:
        raise ValueError(f"abstain_below is a score, from 0 to 1, not {abstain_below}")
    if abstain_below and target == ENGLISH:
        raise ValueError(
            "abstain_below puts null in the place of an answer, and English has no null: ask for a notation"
        )


def check_search(num_beams: int, coverage_penalty: float) -> None:
    """Raises ValueError where a search would have no beam, or would reward words that are left unsaid."""
    if num_beams < 1:
        raise ValueError(f"num_beams must be at least 1, not {num_beams}")
    if not coverage_penalty >= 0:
        raise ValueError(f"coverage_penalty must be at least 0, not {coverage_penalty}")


def plain_punctuation(text: str) -> str:
    """Curly quotes and dashes, as phones and word processors set them, in ASCII; letters without their accents; blanks
    for ends of lines. What `"` encloses stays.

    HLX has other characters than ASCII and runes only inside of strings, so a text in a notation is left as it is.
    """
    parts = _QUOTED.split(text)  # outside, inside, outside, ...
    parts[::2] = ["".join(map(_without_accent, part.translate(_PUNCTUATION))) for part in parts[::2]]
    return "".join(parts)


def _without_accent(character: str) -> str:
    plain = unicodedata.normalize("NFKD", character)[:1]
    return plain if plain.isascii() and plain.isalpha() else character


def to_alphabet(text: str, alphabet: Container[str]) -> str:
    r"""NFKC, then every character outside `alphabet` as its `\uXXXX` escape (UTF-16 units, lower case).

    Args:
        text: any string, lone surrogates included.
        alphabet: the characters that stay; a tokenizer's `get_vocab()` serves.
    """
    return "".join(
        character if character in alphabet else _escape(character) for character in unicodedata.normalize("NFKC", text)
    )


def _escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[i : i + 4]}" for i in range(0, len(units), 4))
