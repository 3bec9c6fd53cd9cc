"""The tables of contract ids and operations, and what is said of a value that does not fit them."""

import pytest

from hlx_hf.contracts import ARGUMENT_TYPES, CONTRACTS, OPERATIONS, operation_of, schema_problem
from hlx_hf.formats import Contract, Handle, loads

FITTING = [
    "42",
    '[{x: &h_a}, "filter"]',
    "{14: {@0: -1}}",
    "{21: {@0: null}}",
    '{100: {@0: "main", @1: [{103: {@0: "x", @1: 1}}, {1000: {@0: "undo", @1: &h_edit}}]}}',
    '{100: {@0: "empty", @1: []}}',
    '{104: {@0: "f", @1: ["x", "y"], @2: {101: {@0: "add", @1: {102: {@0: "x"}}, @2: 0.5}}}}',
    '{106: {@0: true, @1: {105: {@0: "go", @1: []}}, @2: null}}',
    '{900: {@0: &h_sky, @1: "main", @2: "fragment"}}',
    '{902: {@0: "sky", @1: [&h_a, &h_b]}}',
    '{1000: {@0: "search", @1: &h_a}}',
    '{1000: {@0: "search", @1: &h_a, @2: "text"}}',
    '{1000: {@0: "dispatch", @1: &h_a, @2: [1, 2, 3]}}',
    '{1000: {@0: "set", @1: &h_a, @2: 0, @3: &h_b}}',
    '{1000: {@0: "write", @1: "a.txt", @2: &h_a}}',
    '{1000: {@0: "pipeline", @1: {1000: {@0: "open", @1: &h_a}}, @2: {1000: {@0: "close", @1: &h_a}}}}',
]

BROKEN = {
    "{99: {}}": "contract id 99 has no meaning",
    "{14: {}}": "has the fields @0, not no fields",
    "{14: {@1: 42}}": "has the fields @0, not the fields @1",
    "{14: {@0: 42, @1: 43}}": "has the fields @0, not the fields @0, @1",
    "{14: {@0: true}}": "its value, an int, not true",
    "{14: {@0: 42.0}}": "its value, an int, not 42.0",
    "{15: {@0: 42}}": "its value, a float, not 42",
    "{22: {@0: 1}}": "its value, a bool, not 1",
    '{104: {@0: "f", @1: [&h_x], @2: 1}}': "its parameters, an array of strings, not [&h_x]",
    '{100: {@0: "main", @1: [1]}}': "its statements, an array of contracts, not [1]",
    '{900: {@0: &h_sky, @1: "main", @2: "pixel"}}': 'its stage, "compute" or "vertex" or "fragment", not "pixel"',
    '{901: {@0: "filter", @1: &h_sky}}': 'its pattern, "map" or "reduce" or "scan", not "filter"',
    "{1000: {}}": "has the fields @0",
    "{1000: {@0: &h_open, @1: &h_a}}": "its name, a string, not &h_open",
    '{1000: {@0: "opne", @1: &h_a}}': 'there is no operation "opne"; did you mean "open"?',
    '{1000: {@0: "open"}}': '"open" takes (a handle), not ()',
    '{1000: {@0: "open", @1: "a"}}': '"open" takes (a handle), not ("a")',
    '{1000: {@0: "open", @2: &h_a}}': "has the fields @0, @1, not the fields @0, @2",
    '{1000: {@0: "copy", @1: &h_a, @2: &h_b, @3: &h_c}}': "takes (a handle) or (a handle, a handle), not",
    '{1000: {@0: "limit", @1: &h_a, @2: true}}': "takes (a handle, an int), not (&h_a, true)",
    '{1000: {@0: "dispatch", @1: &h_a, @2: [1, 2.0]}}': "takes (a handle, an array of ints), not",
    '{1000: {@0: "sort", @1: &h_a, @2: &h_b, @3: &h_up}}': "takes &h_asc or &h_desc last, not &h_up",
    '{1000: {@0: "pipeline", @1: {1000: {@0: "open", @1: &h_a}}}}': "takes (a contract, a contract, ...), not",
    '{1000: {@0: "pipeline", @1: {14: {@0: 1}}, @2: {14: {@0: 2}}}}': "every step",
}


def test_every_id_and_operation_is_in_the_tables():
    assert list(CONTRACTS) == [14, 15, 16, 20, 21, 22, *range(100, 108), 900, 901, 902, 1000]
    assert len(OPERATIONS) == 70
    assert {kind for signatures in OPERATIONS.values() for signature in signatures for kind in signature} == {
        *ARGUMENT_TYPES,
        ...,
    }


def test_an_operation_may_take_two_lists_of_arguments():
    assert OPERATIONS["search"] == (("h",), ("h", "s"))
    assert OPERATIONS["copy"] == (("h",), ("h", "h"))
    assert [name for name, signatures in OPERATIONS.items() if len(signatures) > 1] == ["copy", "search"]


@pytest.mark.parametrize("text", FITTING)
def test_a_value_that_fits_has_no_problem(text):
    assert schema_problem(loads(text, "HLXL")) is None


@pytest.mark.parametrize(("text", "problem"), BROKEN.items())
def test_a_value_that_does_not_fit_is_told_why(text, problem):
    assert problem in schema_problem(loads(text, "HLXL"))


@pytest.mark.parametrize(
    "text",
    [
        "[1, {x: {99: {}}}]",
        '{103: {@0: "x", @1: {99: {}}}}',
        '{100: {@0: "main", @1: [{14: {@0: 1}}, {99: {}}]}}',
        '{104: {@0: "f", @1: [], @2: [{99: {}}]}}',
        "{106: {@0: true, @1: null, @2: {99: {}}}}",
        "{107: {@0: true, @1: {99: {}}}}",
        '{1000: {@0: "pipeline", @1: {1000: {@0: "open", @1: &h_a}}, @2: {1000: {@0: "close", @1: {99: {}}}}}}',
    ],
)
def test_a_contract_inside_another_value_is_looked_at(text):
    assert "99" in schema_problem(loads(text, "HLXL"))


def test_a_long_value_is_cut_in_the_message():
    problem = schema_problem(Contract(14, {0: "x" * 10_000}))
    assert len(problem) < 200
    assert problem.endswith("...")


def test_operation_of_is_the_name_of_a_contract_1000_alone():
    assert operation_of(Contract(1000, {0: "filter", 1: Handle("users"), 2: Handle("active")})) == "filter"
    assert operation_of(Contract(1000, {0: "unheard_of"})) == "unheard_of"
    assert operation_of(Contract(1000, {})) is None
    assert operation_of(Contract(1000, {0: 5})) is None
    assert operation_of(Contract(105, {0: "print", 1: []})) is None
    assert operation_of("filter") is None
