"""Values of run-time parameters: what SET is given -> what SHOW answers, with PostgreSQL's units and errors."""

from __future__ import annotations

import re
from collections.abc import Callable

from actors.common.errors import FEATURE_NOT_SUPPORTED, INVALID_PARAMETER_VALUE, DatabaseError
from actors.sql.settings.parameter_table import FIXED, Definition
from actors.sql.types.time_zones import find_zone

_BOOLS = {"on": "on", "true": "on", "yes": "on", "1": "on", "t": "on", "y": "on"} | {
    "off": "off", "false": "off", "no": "off", "0": "off", "f": "off", "n": "off"
}  # fmt: skip
_NUMBER = re.compile(
    r"\s*([+-]?(?:0[xX][0-9a-fA-F]+|\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?))\s*([A-Za-z]*)\s*", re.ASCII
)
_DURATION_MS = {"": 1.0, "us": 0.001, "ms": 1.0, "s": 1e3, "min": 6e4, "h": 3.6e6, "d": 8.64e7}
_MEMORY_KB = {"": 1.0, "B": 1 / 1024, "kB": 1.0, "MB": 1024.0, "GB": 1024.0**2, "TB": 1024.0**3}
_UNITS_HINT = 'Valid units for this parameter are "us", "ms", "s", "min", "h", and "d".'
_MEMORY_HINT = 'Valid units for this parameter are "B", "kB", "MB", "GB", and "TB".'
_OWN_ENCODINGS = {"utf8": "UTF8", "unicode": "UTF8", "sqlascii": "SQL_ASCII"}
"""SQL_ASCII: bytes are passed on as they are, which UTF-8 is."""
_OTHER_ENCODINGS = frozenset(
    [
        "big5",
        "euccn",
        "eucjp",
        "eucjis2004",
        "euckr",
        "euctw",
        "gb18030",
        "gbk",
        "johab",
        "sjis",
        "mskanji",
        "shiftjis",
        "win932",
        "windows932",
        "shiftjis2004",
        "uhc",
        "win949",
        "windows949",
        "iso88595",
        "iso88596",
        "iso88597",
        "iso88598",
        "koi8",
        "koi8r",
        "koi8u",
        "latin1",
        "iso88591",
        "latin2",
        "iso88592",
        "latin3",
        "iso88593",
        "latin4",
        "iso88594",
        "latin5",
        "iso88599",
        "latin6",
        "iso885910",
        "latin7",
        "iso885913",
        "latin8",
        "iso885914",
        "latin9",
        "iso885915",
        "latin10",
        "iso885916",
        "muleinternal",
        "win866",
        "alt",
        "win874",
        "win1250",
        "win1251",
        "win1252",
        "win1253",
        "win1254",
        "win1255",
        "win1256",
        "win1257",
        "win1258",
        "abc",
        "tcvn",
        "tcvn5712",
        "vscii",
    ]
)
"""PostgreSQL's other client encodings, as it compares names: letters and digits in lower case."""
_ISOLATION_LEVELS = ("serializable", "repeatable read", "read committed", "read uncommitted")
APPLICATION_NAME_BYTES_MAX = 63


def not_supported(definition: Definition) -> DatabaseError:
    """DSQL's refusal."""
    detail = f'The only value that is supported is "{definition.default}".' if definition.use == FIXED else ""
    return DatabaseError(
        FEATURE_NOT_SUPPORTED, f'setting configuration parameter "{definition.name}" not supported', detail=detail
    )


def unsupported_isolation(level: str) -> DatabaseError:
    return DatabaseError(
        FEATURE_NOT_SUPPORTED,
        f"isolation level {level.upper()} is not supported",
        hint="The only isolation level is REPEATABLE READ.",
    )


def canonical(definition: Definition, value: str) -> str:
    """`value` as SHOW answers it. Raises 22023 where PostgreSQL would, 0A000 where only PostgreSQL could follow it."""
    if "|" in definition.kind:
        text = _choice(definition, value)
    else:
        text = _READERS[definition.kind](definition, value)
    if definition.use == FIXED and text.lower() not in (definition.values or (definition.default.lower(),)):
        raise not_supported(definition)
    return text


def milliseconds(value: str) -> int:
    """A duration as SHOW answers it, in milliseconds."""
    match = _NUMBER.fullmatch(value)
    assert match is not None
    return round(float(match[1]) * _DURATION_MS[match[2]])


def kilobytes(value: str) -> int:
    """A size as SHOW answers it."""
    match = _NUMBER.fullmatch(value)
    assert match is not None
    return round(float(match[1]) * _MEMORY_KB[match[2]])


def _invalid(definition: Definition, value: str, hint: str = "", detail: str = "") -> DatabaseError:
    message = f'invalid value for parameter "{definition.name}": "{value}"'
    return DatabaseError(INVALID_PARAMETER_VALUE, message, hint=hint, detail=detail)


def _same(definition: Definition, value: str) -> str:
    return value


def _bool(definition: Definition, value: str) -> str:
    known = _BOOLS.get(value.strip().lower())
    if known is None:
        raise DatabaseError(INVALID_PARAMETER_VALUE, f'parameter "{definition.name}" requires a Boolean value')
    return known


def _choice(definition: Definition, value: str) -> str:
    lower, choices = value.strip().lower(), definition.kind.split("|")
    if lower in choices:
        return lower
    if "on" in choices and lower in _BOOLS:
        return _BOOLS[lower]
    raise _invalid(definition, value, hint=f"Available values: {', '.join(choices)}.")


def _counted(definition: Definition, value: str, units: dict[str, float], hint: str) -> int:
    """A number with a unit, in the base unit, within the parameter's range."""
    match = _NUMBER.fullmatch(value)
    if match is None or match[2] not in units:
        raise _invalid(definition, value, hint=hint if match is not None and len(units) > 1 else "")
    number = match[1]
    amount = float(int(number, 16)) if "x" in number.lower() else float(number)
    if not abs(amount * units[match[2]]) < 2**31:
        raise _invalid(definition, value, hint="Value exceeds integer range.")
    return round(amount * units[match[2]])


def _ranged(definition: Definition, count: int, unit: str) -> int:
    if definition.low <= count <= definition.high:
        return count
    shown, low, high = f"{count}{unit}", f"{definition.low}{unit}", f"{definition.high}{unit}"
    message = f'{shown} is outside the valid range for parameter "{definition.name}" ({low} .. {high})'
    raise DatabaseError(INVALID_PARAMETER_VALUE, message)


def _integer(definition: Definition, value: str) -> str:
    return str(_ranged(definition, _counted(definition, value, {"": 1.0}, ""), ""))


def _milliseconds(definition: Definition, value: str) -> str:
    count = _ranged(definition, _counted(definition, value, _DURATION_MS, _UNITS_HINT), " ms")
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1000)):
        if count and count % size == 0:
            return f"{count // size}{unit}"
    return f"{count}ms" if count else "0"


def _memory(definition: Definition, value: str) -> str:
    count = _ranged(definition, _counted(definition, value, _MEMORY_KB, _MEMORY_HINT), " kB")
    for unit, size in (("TB", 1 << 30), ("GB", 1 << 20), ("MB", 1 << 10)):
        if count and count % size == 0:
            return f"{count // size}{unit}"
    return f"{count}kB"


def _encoding(definition: Definition, value: str) -> str:
    name = "".join(filter(str.isalnum, value)).lower()
    if name in _OTHER_ENCODINGS:
        raise DatabaseError(FEATURE_NOT_SUPPORTED, f"conversion between {value.upper()} and UTF8 is not supported")
    if name not in _OWN_ENCODINGS:
        raise _invalid(definition, value)
    return _OWN_ENCODINGS[name]


def _name(definition: Definition, value: str) -> str:
    """Printable ASCII, as PostgreSQL keeps application names: other bytes as \\x and two digits."""
    clipped = value.encode()[:APPLICATION_NAME_BYTES_MAX]
    return "".join(chr(byte) if 32 <= byte < 127 else f"\\x{byte:02x}" for byte in clipped)[:APPLICATION_NAME_BYTES_MAX]


def _isolation(definition: Definition, value: str) -> str:
    lower = value.strip().lower()
    if lower not in _ISOLATION_LEVELS:
        raise _invalid(definition, value, hint=f"Available values: {', '.join(_ISOLATION_LEVELS)}.")
    if lower != "repeatable read":
        raise unsupported_isolation(value)
    return lower


def _time_zone(definition: Definition, value: str) -> str:
    found = find_zone(value)
    if found is None:
        raise _invalid(definition, value)
    return found[0]


_READERS: dict[str, Callable[[Definition, str], str]] = {
    "string": _same,
    "bool": _bool,
    "integer": _integer,
    "milliseconds": _milliseconds,
    "memory": _memory,
    "encoding": _encoding,
    "name": _name,
    "isolation": _isolation,
    "timezone": _time_zone,
}
