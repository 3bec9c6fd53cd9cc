"""What can stand in a slot of the catalogue: each kind draws English and the value that it means.

Names of things come in five forms. Which of them an argument of an operation is never given in training is decided
by the catalogue, so that the split `new_pairs` can ask for just that.
"""

from . import contracts, literals, names, orders, programs
from .drawing import Draw

# Each form of a name with its share in a hundred: users; active users; user groups; userTable; brimbels.
NAME_FORMS = {"plain": 38, "adjectival": 18, "compound": 17, "identifier": 10, "invented": 17}
NUMBER_FORMS = {"digits": 70, "spelled": 30}
ONE_FORM = {"plain": 100}

KINDS: dict[str, tuple[Draw, dict[str, int]]] = {
    "thing": (names.thing, NAME_FORMS),
    "things": (names.things, NAME_FORMS),
    "noun": (names.noun, NAME_FORMS),
    "nouns": (names.nouns, NAME_FORMS),
    "property": (names.property_, NAME_FORMS),
    "reference": (names.reference, NAME_FORMS),
    "function": (names.function, NAME_FORMS),
    "number": (literals.number, NUMBER_FORMS),
    "dozen": (literals.dozen, ONE_FORM),
    "adjective": (names.adjective, ONE_FORM),
    "superlative": (orders.superlative, ONE_FORM),
    "extreme": (orders.extreme, ONE_FORM),
    "span": (orders.span, ONE_FORM),
    "integer": (literals.integer, ONE_FORM),
    "spelled": (literals.spelled_integer, ONE_FORM),
    "float": (literals.float_, ONE_FORM),
    "text": (literals.text, ONE_FORM),
    "file": (literals.file, ONE_FORM),
    "delimiter": (literals.quoted_delimiter, ONE_FORM),
    "boolean": (literals.boolean, ONE_FORM),
    "bytes": (literals.bytes_, ONE_FORM),
    "sizes": (literals.sizes, ONE_FORM),
    "literal": (literals.literal, ONE_FORM),
    "spelled_float": (literals.spelled_float, ONE_FORM),
    "items": (literals.items, ONE_FORM),
    "single": (literals.single, ONE_FORM),
    "numbers": (literals.numbers, ONE_FORM),
    "texts": (literals.texts, ONE_FORM),
    "settings": (literals.settings, ONE_FORM),
    "code_arguments": (programs.code_arguments, ONE_FORM),
    "code_parameters": (programs.code_parameters, ONE_FORM),
    "callee": (programs.callee, ONE_FORM),
    "pairs": (literals.pairs, ONE_FORM),
    "nested": (literals.nested, ONE_FORM),
    "owned": (literals.owned, ONE_FORM),
    "nested_with": (literals.nested_with, ONE_FORM),
    "list_member": (literals.list_member, ONE_FORM),
    "rows": (literals.rows, ONE_FORM),
    "code": (literals.code, ONE_FORM),
    "array_code": (literals.array_code, ONE_FORM),
    "object_code": (literals.object_code, ONE_FORM),
    "identifier": (programs.name, ONE_FORM),
    "code_name": (programs.code_name, ONE_FORM),
    "variable": (programs.variable, ONE_FORM),
    "operand": (programs.operand, ONE_FORM),
    "expression": (programs.expression, ONE_FORM),
    "computation": (programs.computation, ONE_FORM),
    "term": (programs.term, ONE_FORM),
    "own_result": (programs.own_result, ONE_FORM),
    "condition": (programs.variable, ONE_FORM),
    "bare_variable": (programs.bare_variable, ONE_FORM),
    "arguments": (programs.arguments, ONE_FORM),
    "parameters": (programs.parameters, ONE_FORM),
    "single_parameter": (programs.single_parameter, ONE_FORM),
    "call": (programs.call, ONE_FORM),
    "code_call": (programs.code_call, ONE_FORM),
    "calls": (programs.calls, ONE_FORM),
    "assignment": (programs.assignment, ONE_FORM),
    "assignments": (programs.assignments, ONE_FORM),
    "variable_settings": (programs.variable_settings, ONE_FORM),
    "statement": (programs.statement, ONE_FORM),
    "statements": (programs.statements, ONE_FORM),
    "commands": (programs.commands, ONE_FORM),
    "shaders": (programs.shaders, ONE_FORM),
    "named_shaders": (programs.named_shaders, ONE_FORM),
    "contract": (contracts.contract, ONE_FORM),
    "numbered_contract": (contracts.numbered_contract, ONE_FORM),
    "empty_contract": (contracts.empty_contract, ONE_FORM),
}
"""Each kind of slot: what draws it, and the forms that it comes in with their shares in a hundred."""

DEFAULT_KINDS = {"h": "thing", "n": "number", "s": "text", "l": "sizes"}
"""The kind of an operation's argument whose slot names none, by the letter of its signature."""
