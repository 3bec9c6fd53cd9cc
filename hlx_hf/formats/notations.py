"""The four text notations, as one table that the reader and the writer share.

A lexeme stands here as it is written in canonical text. When a text is read, blanks are free between
the tokens of a lexeme, and each character of `": {"` or `"}}"` is a token.
"""

from dataclasses import dataclass

from ..lines_hlx import NOTATIONS


@dataclass(frozen=True)
class ContractSyntax:
    """`open head ID after_id`, fields of `mark INDEX after_index VALUE`, `separator` between them, `close`."""

    open: str
    head: str
    after_id: str
    mark: str
    after_index: str
    separator: str
    close: str


@dataclass(frozen=True)
class ListSyntax:
    """Items between `open` and `close`, `separator` between them."""

    open: str
    separator: str
    close: str


@dataclass(frozen=True, eq=False)  # a row of the table below is itself alone, and quick to look up in a cache
class Notation:
    """How one notation writes each kind of value; strings and floats are written alike in all four."""

    null: str
    true: str
    false: str
    bytes: str  # what bytes begin with; hex digits follow, or quoted text where it ends in a quote
    handle: str  # what stands in front of a handle's name
    contract: ContractSyntax
    array: ListSyntax
    object: ListSyntax
    colon: str  # between a key and its value
    hex_ints: bool = False
    reserved_key: str | None = None  # a key that needs quotes though it is a name
    wraps_root: bool = False  # a whole text that is no contract stands in one more pair of array brackets


NOTATION_TABLE = dict(
    zip(
        NOTATIONS,
        (
            Notation(  # HLXL
                null="null",
                true="true",
                false="false",
                bytes='b"',
                handle="&h_",
                contract=ContractSyntax("{", "", ": {", "@", ": ", ", ", "}}"),
                array=ListSyntax("[", ", ", "]"),
                object=ListSyntax("{", ", ", "}"),
                colon=": ",
            ),
            Notation(  # LC-R
                null="∅",
                true="⊤",
                false="⊥",
                bytes="⊠",
                handle="⟁",
                contract=ContractSyntax("🜊", "", "", "🜁", " ", "", "🜂"),
                array=ListSyntax("🜃", ", ", "🜄"),
                object=ListSyntax("◇", ", ", "◆"),
                colon=": ",
            ),
            Notation(  # LC-T
                null="NULL",
                true="TRUE",
                false="FALSE",
                bytes="#",
                handle="@",
                contract=ContractSyntax("{", "C:", "", ",", "=", "", "}"),
                array=ListSyntax("[", ",", "]"),
                object=ListSyntax("{", ",", "}"),
                colon=":",
                reserved_key="C",
            ),
            Notation(  # LC-B
                null="_",
                true="T",
                false="F",
                bytes="#",
                handle="&",
                contract=ContractSyntax("[", "", "|", "", ":", "|", "]"),
                array=ListSyntax("[", ",", "]"),
                object=ListSyntax("{", ",", "}"),
                colon=":",
                hex_ints=True,
                wraps_root=True,
            ),
        ),
        strict=True,
    )
)


def _glyphs(notation: Notation) -> str:
    contract, array, mapping = notation.contract, notation.array, notation.object
    lexemes = (notation.null, notation.true, notation.false, notation.bytes, notation.handle)
    brackets = (contract.open, contract.mark, contract.close, array.open, array.close, mapping.open, mapping.close)
    return "".join(lexemes + brackets)


GLYPHS = _glyphs(NOTATION_TABLE["LC-R"])
"""The twelve characters of LC-R that are not ASCII, in the order of their token ids."""


def get_notation(name: str) -> Notation:
    """The notation of that name.

    Raises:
        ValueError: there is none; the message lists the four.
    """
    try:
        return NOTATION_TABLE[name]
    except (KeyError, TypeError):
        raise ValueError(f"unknown notation {name!r}; the known ones are {', '.join(NOTATIONS)}") from None
