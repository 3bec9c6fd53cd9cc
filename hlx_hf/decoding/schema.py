"""What kind of contract an answer is to be, and the grammar of such contracts alone."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from ..contracts import ARGUMENT_TYPES, CONTRACTS, OPERATION, OPERATIONS, PIPELINE, SORT_ORDERS, UNSAID, Signature
from ..formats import Contract, Handle
from ..formats.values import MAX_DEPTH, MAX_FIELD_INDEX
from ..hints import nearest_hint
from .lazy import LazyProperty
from .numbers import NATURAL, number
from .rules import Rules
from .symbols import INFINITE, Either, Pending, Repeat, Rule, Symbol, length, sequence


@dataclass(frozen=True)
class Schema:
    """What is known of the contract that a model is to answer with; the tables of `hlx_hf.contracts` say the rest.

    Args:
        id: of the contract, one of `CONTRACTS`.
        operation: the name of the operation that it is, one of `OPERATIONS`.
        kinds: of the operation's arguments, as keys of `ARGUMENT_TYPES`: ("h", "h") for two handles.

    Raises:
        ValueError: a part is unknown, or two of them do not go together.
    """

    id: int | None = None
    operation: str | None = None
    kinds: Signature | None = None

    def __post_init__(self):
        if self.kinds is not None:
            object.__setattr__(self, "kinds", tuple(self.kinds))  # a list has no hash
        if self.id is not None and self.id not in CONTRACTS:
            raise ValueError(
                f"contract id {self.id} has no meaning; the known ids are {', '.join(map(str, CONTRACTS))}"
            )
        if self.id not in (None, OPERATION) and (self.operation, self.kinds) != (None, None):
            raise ValueError(f"operation and kinds are parts of contract {OPERATION}, not of {self.id}")
        if self.operation not in (None, *OPERATIONS):
            raise ValueError(f"there is no operation {self.operation!r}{nearest_hint(self.operation, OPERATIONS)}")
        if not self.operations:
            known = " or ".join(map(str, OPERATIONS.get(self.operation, ())))
            what = f"the operation {self.operation!r} takes {known}, not" if known else "no operation takes"
            raise ValueError(f"{what} {self.kinds}")

    @property
    def ids(self) -> list[int]:
        """The contracts that fit."""
        if self.id is not None:
            return [self.id]
        return list(CONTRACTS) if (self.operation, self.kinds) == (None, None) else [OPERATION]

    @property
    def operations(self) -> list[tuple[str, Signature]]:
        """The operations that fit, each with a list of arguments; `...` at its end is any number of the kind before."""
        return [
            (name, self.kinds or signature)
            for name, signatures in OPERATIONS.items()
            for signature in signatures
            if self.operation in (None, name) and (self.kinds is None or _takes(signature, self.kinds))
        ]


def _takes(signature: Signature, kinds: Signature) -> bool:
    if signature[-1] is not ...:
        return kinds == signature
    *fixed, last = signature[:-1]
    return kinds[: len(fixed)] == tuple(fixed) and len(kinds) > len(fixed) and set(kinds[len(fixed) :]) == {last}


class SchemaRules:
    """The grammar of the contracts of a schema, in the notation of `rules`.

    A `depth` is how many containers stand around what is asked for.
    """

    def __init__(self, schema: Schema, rules: Rules):
        self.schema = schema
        self.rules = rules
        self._steps: dict[int, Rule] = {}
        self._lists: dict[tuple[Signature, tuple, int], Pending] = {}  # of arguments; most operations share one
        self._any_operation = Schema(id=OPERATION).operations

    @property
    def root(self) -> Pending:
        """A whole text."""
        return self.contracts(0)

    def contracts(self, depth: int) -> Pending:
        """One of the contracts that fit."""
        return (Either(*(self._contract(contract_id, depth) for contract_id in self.schema.ids)),)

    def _contract(self, contract_id: int, depth: int) -> Pending:
        if contract_id == OPERATION:
            return self._operation(self.schema.operations, depth)
        types = CONTRACTS[contract_id].fields.values()
        fields = [
            part for index, type_ in enumerate(types) for part in self._field(index, self._type(type_, depth + 1))
        ]
        return sequence(self._opening(contract_id), *fields, self.rules.notation.contract.close)

    def _operation(self, operations: list[tuple[str, Signature]], depth: int) -> Pending:
        calls = [
            (*self.rules.literal(name), *self._arguments(name, signature, depth + 1)) for name, signature in operations
        ]
        return sequence(self._opening(OPERATION), *self._field(0, (Either(*calls),)))

    def _arguments(self, name: str, signature: Signature, depth: int) -> Pending:
        """What follows the name of an operation."""
        unsaid = tuple(UNSAID.get((name, index), ()) for index, _ in enumerate(signature, 1))
        key = (signature, unsaid, depth)
        if key not in self._lists:
            self._lists[key] = self._list(*key)
        return self._lists[key]

    def _list(self, signature: Signature, unsaid: tuple[tuple[Handle, ...], ...], depth: int) -> Pending:
        """Arguments of a signature, in their fields, and what closes the contract."""
        fixed = [kind for kind in signature if kind is not ...]
        values = [self._step(depth) if kind == "step" else self._type(ARGUMENT_TYPES[kind], depth) for kind in fixed]
        for index, names in enumerate(unsaid):
            literals = map(self.rules.literal, names)
            if names == SORT_ORDERS:  # which an order has to be
                values[index] = (Either(*literals),)
            elif names and self.rules.names is not None:
                values[index] = (Either(values[index], *literals),)
        fields = [part for index, value in enumerate(values, 1) for part in self._field(index, value)]
        if fixed == list(signature):
            return sequence(*fields, self.rules.notation.contract.close)
        return sequence(*fields, self._more(len(values) + 1, values[-1]))

    def _more(self, index: int, value: Pending) -> Rule:
        """Any number of such values, in fields from `index` on."""
        syntax = self.rules.notation.contract
        close = sequence(syntax.close)

        def build() -> Pending:
            if index > MAX_FIELD_INDEX:
                return close
            return (Either(close, (*self._field(index, value), self._more(index + 1, value))),)

        def context_free() -> Pending:
            mark = syntax.separator + syntax.mark
            return (Repeat(*sequence(mark, *NATURAL, syntax.after_index, *value)), *close)

        return Rule("more", build, length(close), context_free)

    def _step(self, depth: int) -> Pending:
        """An operation within a pipeline; none fits where no container may stand any more."""
        if depth not in self._steps:
            # a pipeline is never the shortest operation, and would not come to an end here
            short = [(name, signature) for name, signature in self._any_operation if name != PIPELINE]
            shortest = length(self._operation(short, depth)) if depth < MAX_DEPTH else INFINITE
            self._steps[depth] = Rule("step", lambda: self._operation(self._any_operation, depth), shortest)
        return (self._steps[depth],)

    def _type(self, type_: Any, depth: int) -> Pending:
        """A value of a type of the tables."""
        rules = self.rules
        if get_origin(type_) is list:
            (item,) = get_args(type_)
            return rules.array(*self._type(item, depth + 1)) if depth < MAX_DEPTH else (Either(),)
        if get_origin(type_) is Literal:
            return (Either(*map(rules.literal, get_args(type_))),)
        if type_ is NoneType:
            return rules.literal(None)
        if type_ is bool:
            return (Either(rules.literal(True), rules.literal(False)),)
        if type_ in (int, float):
            return (number(rules.notation, (type_,)),)
        if type_ is Contract:
            return (rules.contract(depth),)
        return ({str: rules.string, Handle: rules.handle, Any: rules.value(depth)}[type_],)

    def _opening(self, contract_id: int) -> str:
        syntax = self.rules.notation.contract
        return f"{syntax.open}{syntax.head}{contract_id}{syntax.after_id}"

    def _field(self, index: int, value: Pending) -> Pending:
        syntax = self.rules.notation.contract
        separator = syntax.separator if index else ""
        return sequence(f"{separator}{syntax.mark}{index}{syntax.after_index}", *value)


class MeaningfulRules(Rules):
    """The grammar of a notation, where contracts of the ids that the tables know are as the tables have them.

    Those of other ids hold anything.
    """

    @LazyProperty
    def _known(self) -> SchemaRules:
        return SchemaRules(Schema(), self)

    def contract(self, depth: int) -> Symbol:
        any_contract = super().contract
        if depth >= MAX_DEPTH:
            return any_contract(depth)
        # made when it is needed, since the tables have contracts in contracts
        return Rule("contract", lambda: (any_contract(depth),), self._shortest_contract)

    def _contract(self, depth: int, excluded: Container[int] = ()) -> Pending:
        return (Either(self._known.contracts(depth), super()._contract(depth, CONTRACTS)),)

    @LazyProperty
    def _shortest_contract(self) -> float:
        return length(super()._contract(0))
