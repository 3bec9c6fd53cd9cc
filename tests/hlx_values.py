"""HLX values for tests: hypothesis strategies, and an exact comparison (1 is not 1.0 is not True, -0.0 is not 0.0)."""

from hypothesis import strategies as st

from hlx_hf import Contract, Handle

names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,11}", fullmatch=True)
strings = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(
    ["", " ", '"', "\\", "\n\t\r\b\f", "\x00\x1f\x7f", "é€", "😀", "🜊14🜁0 42🜂", "→←", "C", "null", "\\u0041"]
)
ints = st.integers(-(2**63), 2**64 - 1) | st.sampled_from(
    [0, -1, 127, 128, -128, -129, 255, 256, 32767, 32768, 2**31, 2**63 - 1, 2**63, 2**64 - 1, -(2**63)]
)
floats = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from(
    [-0.0, 0.5, 100.0, 1e-7, 1.5e16, 1e16, 1e22, 5e-324, 1.7976931348623157e308]
)
atoms = st.none() | st.booleans() | ints | floats | strings | st.binary(max_size=12) | names.map(Handle)
keys = names | strings | st.sampled_from(["C", "T", "_", "null", "14"])


def _containers(children: st.SearchStrategy) -> st.SearchStrategy:
    fields = st.dictionaries(st.integers(0, 255), children, max_size=4).map(lambda d: dict(sorted(d.items())))
    return (
        st.lists(children, max_size=4)
        | st.dictionaries(keys, children, max_size=4)
        | st.builds(Contract, st.integers(0, 65535), fields)
    )


values = st.recursive(atoms, _containers, max_leaves=20)


def exact(value: object) -> str:
    """A text that two values share exactly when they are the same HLX value."""
    return repr(value)
