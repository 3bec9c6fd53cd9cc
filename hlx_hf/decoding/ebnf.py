"""A grammar written down in the EBNF of xgrammar: what of it is context-free.

The texts of a notation are among those of its EBNF, which also takes keys that stand twice, floats of too many digits,
and what else only context rules out.
"""

from __future__ import annotations

from .symbols import Either, OneOf, Pending, Repeat, Rule, Symbol, Text


def ebnf(root: Pending) -> str:
    """The grammar of the texts that are `root`, one rule a line."""
    rules: dict[str, str] = {}
    return "\n".join([f"root ::= {_sequence(root, rules)}", *(f"{name} ::= {body}" for name, body in rules.items())])


def _sequence(pending: Pending, rules: dict[str, str]) -> str:
    return " ".join(_symbol(symbol, rules) for symbol in pending) or '""'


def _symbol(symbol: Symbol, rules: dict[str, str]) -> str:
    if symbol.context_free is not None:
        return f"({_sequence(symbol.context_free, rules)})"
    match symbol:
        case Text():
            return '"' + "".join("\\" + c if c in '"\\' else c for c in symbol.text) + '"'
        case OneOf():
            return "[" + "".join("\\" + c if c in "\\]^-[" else c for c in sorted(symbol.characters)) + "]"
        case Either():
            return "(" + " | ".join(_sequence(option, rules) for option in symbol.options) + ")"
        case Repeat():
            return f"({_sequence(symbol.body, rules)})*"
        case Rule():
            if symbol.name not in rules:
                rules[symbol.name] = ""  # a rule may contain itself
                rules[symbol.name] = _sequence(symbol.build_context_free(), rules)
            return symbol.name
    raise TypeError(f"{type(symbol).__name__} is no symbol of a grammar")
