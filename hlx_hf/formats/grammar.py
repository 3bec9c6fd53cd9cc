r"""The patterns of a notation's tokens, made from its row of the notation table.

Every pattern is possessive, so that no input makes it backtrack.
"""

import re
from functools import cache

from .notations import ContractSyntax, Notation
from .values import NAME

BLANK = r"[ \t\n]*+"
NO_WORD = "(?![0-9A-Za-z_])"  # a word ends here
DIGITS = r"-?[0-9]++(?![0-9A-Za-z_.])"
FLOAT = rf"-?[0-9]++\.[0-9]++(?:[eE][+-]?[0-9]++)?+{NO_WORD}"
# An escape stands where the canonical text has one: \u neither for printable ASCII nor for what has a short form.
ESCAPE = (
    r'\\(?:["\\/bfnrt]'
    r"|u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|u(?![dD][89a-fA-F]|00[2-6]|007[0-9a-eA-E]|000[89aAcCdD])[0-9a-fA-F]{4})"
)
STRING = rf'"(?:[^"\\\x00-\x1f\ud800-\udfff]++|{ESCAPE})*+'
BYTE_ESCAPE = r'\\(?:["\\]|x(?![2-6]|7[0-9a-e])[0-9a-f]{2})'
QUOTED_BYTES = rf"(?:[ !#-\[\]-~]++|{BYTE_ESCAPE})*+"
HEX_BYTES = f"[0-9a-f]*+{NO_WORD}"


@cache
def lexeme_pattern(written: str) -> str:
    """What reads a lexeme of the table: its characters, blanks free between them."""
    return BLANK + BLANK.join(re.escape(character) for character in written if character != " ")


@cache
class Grammar:
    """The patterns of one notation."""

    def __init__(self, notation: Notation):
        contract, array, mapping = notation.contract, notation.array, notation.object
        key = NAME if notation.reserved_key is None else f"(?!{notation.reserved_key}{NO_WORD}){NAME}"
        quoted = notation.bytes.endswith('"')
        kinds = {
            "contract": re.escape(contract.open) + self._lookahead(contract, notation),
            "array": re.escape(array.open),
            "object": re.escape(mapping.open),
            "string": STRING + '"',
            "bytes": re.escape(notation.bytes) + (QUOTED_BYTES + '"' if quoted else HEX_BYTES),
            "handle": re.escape(notation.handle) + NAME,
            "float": FLOAT,
            "int": f"-?0x[0-9a-fA-F]++{NO_WORD}" if notation.hex_ints else DIGITS,
            "null": re.escape(notation.null) + NO_WORD,
            "true": re.escape(notation.true) + NO_WORD,
            "false": re.escape(notation.false) + NO_WORD,
        }
        self.value = BLANK + "(?:" + "|".join(f"(?P<{kind}>{pattern})" for kind, pattern in kinds.items()) + ")"
        self.key = f'{BLANK}(?:(?P<name>{key})|(?P<string>{STRING}"))'
        self.index = f"{BLANK}(?P<index>{DIGITS})"
        # the longest beginning of a quoted text that is well-formed, which an error stands right behind
        self.well_formed = f"{BLANK}(?:(?P<string>{STRING})" + (
            f"|(?P<bytes>{re.escape(notation.bytes)}{QUOTED_BYTES}))" if quoted else ")"
        )

    @staticmethod
    def _lookahead(contract: ContractSyntax, notation: Notation) -> str:
        """What tells a contract from the array or object that opens alike; a text may end before it is all there."""
        if contract.open not in (notation.array.open, notation.object.open):
            return ""
        if contract.head:
            *start, last = contract.head
            return f"(?={BLANK}{BLANK.join(start)}{BLANK}(?:{last}|\\Z))"
        return f"(?={BLANK}-?[0-9]++{BLANK}(?:{re.escape(contract.after_id[0])}|\\Z))"
