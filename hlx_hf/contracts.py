"""The contract ids and the operations that HLX gives a meaning to, and whether a value uses them rightly.

The notations read and write any contract id; a meaning is a matter of this table alone.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from types import EllipsisType, NoneType
from typing import Any, Literal, get_args, get_origin

from .formats import Contract, Handle, Value, dumps
from .hints import nearest_hint

OPERATION = 1000
PIPELINE = "pipeline"


@dataclass(frozen=True)
class ContractSchema:
    """What a contract id means, and its fields: names in index order, each with the type of its value."""

    meaning: str
    fields: dict[str, Any]


CONTRACTS = {
    14: ContractSchema("int literal", {"value": int}),
    15: ContractSchema("float literal", {"value": float}),
    16: ContractSchema("string literal", {"value": str}),
    20: ContractSchema("handle literal", {"value": Handle}),
    21: ContractSchema("null literal", {"value": NoneType}),
    22: ContractSchema("bool literal", {"value": bool}),
    100: ContractSchema("code block", {"name": str, "statements": list[Contract]}),
    101: ContractSchema("arithmetic expression", {"operator": str, "left": Any, "right": Any}),
    102: ContractSchema("variable reference", {"name": str}),
    103: ContractSchema("assignment", {"name": str, "value": Any}),
    104: ContractSchema("function definition", {"name": str, "parameters": list[str], "body": Any}),
    105: ContractSchema("function call", {"name": str, "arguments": list[Any]}),
    106: ContractSchema("conditional", {"condition": Any, "then": Any, "else": Any}),
    107: ContractSchema("loop", {"condition": Any, "body": Any}),
    900: ContractSchema(
        "shader module", {"shader": Handle, "entry_point": str, "stage": Literal["compute", "vertex", "fragment"]}
    ),
    901: ContractSchema("compute kernel", {"pattern": Literal["map", "reduce", "scan"], "data": Handle}),
    902: ContractSchema("pipeline layout", {"name": str, "shaders": list[Handle]}),
    OPERATION: ContractSchema("operation", {"name": str}),  # its arguments follow, as OPERATIONS has them
}

ARGUMENT_TYPES = {"h": Handle, "s": str, "n": int, "l": list[int], "step": Contract}

SORT_ORDERS = (Handle("asc"), Handle("desc"))
ITEMS = Handle("items")  # what a request leaves unnamed

UNSAID: dict[tuple[str, int], tuple[Handle, ...]] = {
    ("sort", 3): SORT_ORDERS,
    ("aggregate", 1): tuple(map(Handle, "average max median min sum total".split())),
}
"""What an argument, by its operation and index, can be without a request that names it: "add up the prices"."""

Signature = tuple[str | EllipsisType, ...]

# The operations that take each list of arguments; an operation in two rows takes either.
_OPERATIONS_BY_SIGNATURE: dict[Signature, str] = {
    ("h",): "compute execute process navigate open close refresh scroll zoom focus select copy paste undo redo show "
    "concat flatten reverse unique trim length clear sync present backward collate search",
    ("h", "h"): "filter transform aggregate validate copy merge join group map reduce contains append remove delete "
    "upload download render train infer evaluate forward optimize embed tokenize decode generate sample",
    ("h", "h", "h"): "sort replace update",
    ("h", "s"): "search split save load",
    ("h", "n"): "limit skip get bind batch",
    ("h", "n", "h"): "set",
    ("h", "l"): "dispatch",
    ("s",): "read",
    ("s", "h"): "write",
    ("step", "step", ...): PIPELINE,  # two steps or more
}

OPERATIONS: dict[str, tuple[Signature, ...]] = {}
"""Each operation's name to the lists of arguments it takes, as keys of `ARGUMENT_TYPES`."""

_WORKED_ON = {"aggregate": 2, "map": 2, "write": 2}  # all others have it first

for _signature, _names in _OPERATIONS_BY_SIGNATURE.items():
    for _name in _names.split():
        OPERATIONS[_name] = (*OPERATIONS.get(_name, ()), _signature)

_WORDS = {
    NoneType: "null",
    bool: "a bool",
    int: "an int",
    float: "a float",
    str: "a string",
    Handle: "a handle",
    Contract: "a contract",
    list[int]: "an array of ints",
    list[str]: "an array of strings",
    list[Handle]: "an array of handles",
    list[Contract]: "an array of contracts",
    list[Any]: "an array",
}


def operation_of(value: Value) -> str | None:
    """The name of the operation that `value` is, known or not; None if it is no operation."""
    name = value.fields.get(0) if isinstance(value, Contract) and value.id == OPERATION else None
    return name if isinstance(name, str) else None


def make_pipeline(steps: Iterable[Contract]) -> Contract:
    """The operation that runs others in their order."""
    return Contract(OPERATION, {0: PIPELINE, **dict(enumerate(steps, start=1))})


def worked_on(operation: str) -> int:
    """The index of the argument that an operation works on, and that a later step of a pipeline goes on with."""
    return _WORKED_ON.get(operation, 1)


def schema_problem(value: Value, other_ids: bool = False) -> str | None:
    """Why `value`, or a contract anywhere in it, does not fit the tables, in one sentence; None if it fits.

    Args:
        value: any value.
        other_ids: whether contracts of ids that the tables do not know are no problem.
    """
    if isinstance(value, Contract):
        if not (other_ids and value.id not in CONTRACTS) and (problem := _contract_problem(value)):
            return problem
        parts = value.fields.values()
    elif isinstance(value, dict):
        parts = value.values()
    elif isinstance(value, list):
        parts = value
    else:
        parts = ()
    return next(filter(None, (schema_problem(part, other_ids) for part in parts)), None)


def _contract_problem(contract: Contract) -> str | None:
    if contract.id not in CONTRACTS:
        return f"contract id {contract.id} has no meaning; the known ids are {', '.join(map(str, CONTRACTS))}"
    schema = CONTRACTS[contract.id]
    what = f"contract {contract.id} ({schema.meaning})"
    present = list(contract.fields)
    # an operation has its name, and then as many arguments as its signature will tell
    wanted = list(range(max(1, len(present)) if contract.id == OPERATION else len(schema.fields)))
    if present != wanted:
        return f"{what} has {_fields(wanted)}, not {_fields(present)}"
    for index, (name, type_) in enumerate(schema.fields.items()):
        if not _fits(contract.fields[index], type_):
            return f"@{index} of {what} is its {name}, {_words(type_)}, not {_text(contract.fields[index])}"
    return _operation_problem(*contract.fields.values()) if contract.id == OPERATION else None


def _operation_problem(name: str, *arguments: Value) -> str | None:
    if name not in OPERATIONS:
        return f"there is no operation {_text(name)}{nearest_hint(name, OPERATIONS, _text)}"
    if not any(_matches(arguments, signature) for signature in OPERATIONS[name]):
        taken = " or ".join(map(_signature_words, OPERATIONS[name]))
        return f"the operation {_text(name)} takes {taken}, not ({', '.join(map(_text, arguments))})"
    if name == "sort" and arguments[2] not in SORT_ORDERS:
        orders = " or ".join(map(_text, SORT_ORDERS))
        return f"the operation {_text(name)} takes {orders} last, not {_text(arguments[2])}"
    if name == PIPELINE and not all(map(operation_of, arguments)):
        return f"every step of the operation {_text(name)} is itself an operation"
    return None


def _matches(arguments: tuple[Value, ...], signature: Signature) -> bool:
    if signature[-1] is ...:
        *fixed, repeated = signature[:-1]
        signature = (*fixed, repeated, *[repeated] * (len(arguments) - len(fixed) - 1))
    return len(arguments) == len(signature) and all(
        _fits(argument, ARGUMENT_TYPES[kind]) for argument, kind in zip(arguments, signature, strict=True)
    )


def _fits(value: Value, type_: Any) -> bool:
    if type_ is Any:
        return True
    if get_origin(type_) is Literal:
        return value in get_args(type_)
    if get_origin(type_) is list:
        (item_type,) = get_args(type_)
        return isinstance(value, list) and all(_fits(item, item_type) for item in value)
    return type(value) is type_  # exactly, since True is an int to Python


# How a problem is told.


def _words(type_: Any) -> str:
    if get_origin(type_) is Literal:
        return " or ".join(map(_text, get_args(type_)))
    return _WORDS[type_]


def _signature_words(signature: Signature) -> str:
    return "(" + ", ".join("..." if kind is ... else _words(ARGUMENT_TYPES[kind]) for kind in signature) + ")"


def _fields(indices: list[int]) -> str:
    return "the fields " + ", ".join(f"@{index}" for index in indices) if indices else "no fields"


def _text(value: Value) -> str:
    text = dumps(value, "HLXL")
    return text if len(text) <= 60 else text[:57] + "..."
