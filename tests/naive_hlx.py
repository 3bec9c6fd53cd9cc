"""A second writer of HLX, for tests: made from the tables of the language by hand, sharing no code with the package."""

from hlx_hf import Contract, Handle

SHORT = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\b": "\\b", "\f": "\\f", '"': '\\"', "\\": "\\\\"}
WORDS = {
    "HLXL": ("null", "true", "false"),
    "LC-R": ("∅", "⊤", "⊥"),
    "LC-T": ("NULL", "TRUE", "FALSE"),
    "LC-B": ("_", "T", "F"),
}
ARRAYS = {"HLXL": ("[", ", ", "]"), "LC-R": ("🜃", ", ", "🜄"), "LC-T": ("[", ",", "]"), "LC-B": ("[", ",", "]")}
OBJECTS = {"HLXL": ("{", ", ", "}"), "LC-R": ("◇", ", ", "◆"), "LC-T": ("{", ",", "}"), "LC-B": ("{", ",", "}")}
HANDLES = {"HLXL": "&h_", "LC-R": "⟁", "LC-T": "@", "LC-B": "&"}
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"


def text(value: object, notation: str) -> str:
    written = nested(value, notation)
    if notation == "LC-B" and not isinstance(value, Contract):
        return "[" + written + "]"
    return written


def nested(value: object, notation: str) -> str:
    if value is None:
        return WORDS[notation][0]
    if value is True:
        return WORDS[notation][1]
    if value is False:
        return WORDS[notation][2]
    if isinstance(value, int):
        return integer(value, notation)
    if isinstance(value, float):
        return decimal(value)
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, bytes):
        return octets(value, notation)
    if isinstance(value, Handle):
        return HANDLES[notation] + value.name
    if isinstance(value, list):
        before, between, after = ARRAYS[notation]
        return before + between.join(nested(item, notation) for item in value) + after
    if isinstance(value, dict):
        before, between, after = OBJECTS[notation]
        colon = ": " if notation in ("HLXL", "LC-R") else ":"
        return before + between.join(key(k, notation) + colon + nested(v, notation) for k, v in value.items()) + after
    return contract(value, notation)


def contract(value: Contract, notation: str) -> str:
    fields = [(index, nested(item, notation)) for index, item in value.fields.items()]
    if notation == "HLXL":
        return "{%d: {%s}}" % (value.id, ", ".join(f"@{i}: {v}" for i, v in fields))  # noqa: UP031
    if notation == "LC-R":
        return f"🜊{value.id}" + "".join(f"🜁{i} {v}" for i, v in fields) + "🜂"
    if notation == "LC-T":
        return "{" + ",".join([f"C:{value.id}", *(f"{i}={v}" for i, v in fields)]) + "}"
    return f"[{value.id}|" + "|".join(f"{i}:{v}" for i, v in fields) + "]"


def key(name: str, notation: str) -> str:
    bare = name != "" and name[0] in LETTERS and all(c in LETTERS + "0123456789" for c in name)
    return name if bare and not (notation == "LC-T" and name == "C") else quoted(name)


def quoted(value: str) -> str:
    out = ""
    for character in value:
        if character in SHORT:
            out += SHORT[character]
        elif " " <= character <= "~":
            out += character
        elif ord(character) < 0x10000:
            out += f"\\u{ord(character):04x}"
        else:
            rest = ord(character) - 0x10000
            out += f"\\u{0xD800 + rest // 0x400:04x}\\u{0xDC00 + rest % 0x400:04x}"
    return f'"{out}"'


def octets(value: bytes, notation: str) -> str:
    if notation != "HLXL":
        return ("⊠" if notation == "LC-R" else "#") + "".join(f"{byte:02x}" for byte in value)
    out = ""
    for byte in value:
        character = chr(byte)
        out += "\\" + character if character in '"\\' else character if " " <= character <= "~" else f"\\x{byte:02x}"
    return f'b"{out}"'


def integer(value: int, notation: str) -> str:
    if notation != "LC-B":
        return str(value)
    pairs = (max(value.bit_length(), 1) + 7) // 8
    return ("-" if value < 0 else "") + "0x" + abs(value).to_bytes(pairs, "big").hex()


def decimal(value: float) -> str:
    digits = repr(value)
    if "e" not in digits:
        return digits
    mantissa, exponent = digits.split("e")
    sign = "-" if exponent[0] == "-" else ""
    return (mantissa if "." in mantissa else mantissa + ".0") + "e" + sign + exponent.lstrip("+-0")
