"""inet, cidr, macaddr and macaddr8: addresses of networks and of network cards.

    by_name["inet"].parse_text("10.1.2.3/8", -1)     by_name["cidr"].parse_text("10/8", -1)

A datum is bytes whose order is SQL's (network_cmp in PostgreSQL's network.c): of an address the family (2 for IPv4, 3
for IPv6), its network part, the number of that part's bits, and the whole address; of a card its 6 or 8 bytes.
"""

from __future__ import annotations

import re
import socket
from typing import Any, NamedTuple

from actors.common.errors import INVALID_TEXT_REPRESENTATION, NUMERIC_VALUE_OUT_OF_RANGE, DatabaseError
from actors.sql.types.base import WHITESPACE, Type, invalid_binary, invalid_text

FAMILY_4, FAMILY_6 = 2, 3
"""PGSQL_AF_INET and PGSQL_AF_INET6."""
SIZES = {FAMILY_4: 4, FAMILY_6: 16}


class Address(NamedTuple):
    """`value`: the whole address as an integer; `bits`: of its network part."""

    family: int
    value: int
    bits: int

    @property
    def width(self) -> int:
        return SIZES[self.family] * 8

    @property
    def host_mask(self) -> int:
        return (1 << self.width - self.bits) - 1

    @property
    def network(self) -> int:
        return self.value & ~self.host_mask


def pack(address: Address) -> bytes:
    size = SIZES[address.family]
    head = bytes((address.family,)) + address.network.to_bytes(size, "big")
    return head + bytes((address.bits,)) + address.value.to_bytes(size, "big")


def unpack(datum: bytes) -> Address:
    size = SIZES[datum[0]]
    return Address(datum[0], int.from_bytes(datum[size + 2 :], "big"), datum[size + 1])


_LENGTH = re.compile(r"\d{1,3}", re.ASCII)
_OCTETS = re.compile(r"\d{1,3}(?:\.\d{1,3}){0,3}", re.ASCII)


def _octets(text: str, least: int) -> list[int] | None:
    if _OCTETS.fullmatch(text) is None:
        return None
    octets = [int(part) for part in text.split(".")]
    return octets if len(octets) >= least and max(octets) <= 255 else None


def _classful(octets: list[int]) -> int:
    """The bits of a cidr that gives none: of its class, or as many as it has octets."""
    first = octets[0]
    bits = 32 if first >= 240 else 8 if first >= 224 else 24 if first >= 192 else 16 if first >= 128 else 8
    return max(bits, len(octets) * 8)


def _read(text: str, is_cidr: bool) -> Address | None:
    shown, slash, length = text.partition("/")
    if slash and _LENGTH.fullmatch(length) is None:
        return None
    if ":" in shown:
        try:
            value = int.from_bytes(socket.inet_pton(socket.AF_INET6, shown), "big")
        except (OSError, ValueError):
            return None
        found = Address(FAMILY_6, value, int(length) if slash else 128)
    else:
        octets = _octets(shown, 1 if is_cidr or slash else 4)
        if octets is None:
            return None
        value = int.from_bytes(bytes(octets + [0] * (4 - len(octets))), "big")
        found = Address(FAMILY_4, value, int(length) if slash else _classful(octets) if is_cidr else 32)
        if slash and not is_cidr and len(octets) * 8 < found.bits:
            return None
    return found if found.bits <= found.width else None


def parse_inet(text: str, modifier: int = -1) -> bytes:
    found = _read(text, False)
    if found is None:
        raise invalid_text("inet", text)
    return pack(found)


def parse_cidr(text: str, modifier: int = -1) -> bytes:
    found = _read(text, True)
    if found is None:
        raise invalid_text("cidr", text)
    if found.value != found.network:
        message = f'invalid cidr value: "{text}"'
        raise DatabaseError(INVALID_TEXT_REPRESENTATION, message, detail="Value has bits set to right of mask.")
    return pack(found)


def host_text(address: Address) -> str:
    """Without its length. An IPv6 address ends as IPv4 where it maps or translates one, as inet_net_ntop writes it."""
    raw = address.value.to_bytes(SIZES[address.family], "big")
    return socket.inet_ntop(socket.AF_INET if address.family == FAMILY_4 else socket.AF_INET6, raw)


def format_inet(datum: bytes, modifier: int = -1) -> str:
    address = unpack(datum)
    return host_text(address) + ("" if address.bits == address.width else f"/{address.bits}")


def format_cidr(datum: bytes, modifier: int = -1) -> str:
    address = unpack(datum)
    return f"{host_text(address)}/{address.bits}"


def network_of(datum: bytes) -> bytes:
    """As cidr: bits of the host are gone."""
    address = unpack(datum)
    return pack(address._replace(value=address.network))


def _binary_reader(name: str) -> Any:
    def read(data: bytes, modifier: int = -1) -> bytes:
        if len(data) < 4 or data[0] not in SIZES:
            raise invalid_binary(f'invalid address family in external "{name}" value')
        size = SIZES[data[0]]
        if data[1] > size * 8:
            raise invalid_binary(f'invalid bits in external "{name}" value')
        if data[3] != size or len(data) != size + 4:
            raise invalid_binary(f'invalid length in external "{name}" value')
        address = Address(data[0], int.from_bytes(data[4:], "big"), data[1])
        if name == "cidr" and address.value != address.network:
            raise invalid_binary('invalid external "cidr" value')
        return pack(address)

    return read


def _binary_writer(is_cidr: int) -> Any:
    def write(datum: bytes, modifier: int = -1) -> bytes:
        size = SIZES[datum[0]]
        return bytes((datum[0], datum[size + 1], is_cidr, size)) + datum[size + 2 :]

    return write


_DIGITS = r"[0-9a-fA-F]"
_FORMS_6 = [
    re.compile(pattern)
    for pattern in (
        rf"({_DIGITS}{{1,2}}):" * 5 + rf"({_DIGITS}{{1,2}})",
        rf"({_DIGITS}{{1,2}})-" * 5 + rf"({_DIGITS}{{1,2}})",
        rf"({_DIGITS}{{2}})({_DIGITS}{{2}})({_DIGITS}{{2}})[:-]({_DIGITS}{{2}})({_DIGITS}{{2}})({_DIGITS}{{2}})",
        rf"({_DIGITS}{{2}})({_DIGITS}{{2}})([.-])({_DIGITS}{{2}})({_DIGITS}{{2}})\3({_DIGITS}{{2}})({_DIGITS}{{2}})",
        rf"({_DIGITS}{{2}})" * 6,
    )
]
_PAIRS = re.compile(rf"{_DIGITS}{{2}}(?:[:.-]?{_DIGITS}{{2}})+")


def parse_macaddr(text: str, modifier: int = -1) -> bytes:
    stripped = text.strip(WHITESPACE)
    for form in _FORMS_6:
        match = form.fullmatch(stripped)
        if match is not None:
            return bytes(int(group, 16) for group in match.groups() if group not in (".", "-"))
    if re.fullmatch(r"[0-9a-fA-F]+(?:(?::[0-9a-fA-F]+){5}|(?:-[0-9a-fA-F]+){5})", stripped):
        raise DatabaseError(NUMERIC_VALUE_OUT_OF_RANGE, f'invalid octet value in "macaddr" value: "{text}"')
    raise invalid_text("macaddr", text)


def widened(card: bytes) -> bytes:
    """A macaddr as macaddr8: FF FE stands in its middle (EUI-48 as EUI-64)."""
    return card[:3] + b"\xff\xfe" + card[3:]


def parse_macaddr8(text: str, modifier: int = -1) -> bytes:
    stripped = text.strip(WHITESPACE)
    digits = re.sub(r"[:.-]", "", stripped)
    separators = {character for character in stripped if character in ":.-"}
    if len(digits) not in (12, 16) or len(separators) > 1 or _PAIRS.fullmatch(stripped) is None:
        raise invalid_text("macaddr8", text)
    raw = bytes.fromhex(digits)
    return raw if len(raw) == 8 else widened(raw)


def format_macaddr(datum: bytes, modifier: int = -1) -> str:
    return datum.hex(":")


def narrowed(datum: bytes) -> bytes:
    """A macaddr8 as macaddr. Raises 22003 unless FF FE stands in its middle."""
    if datum[3:5] != b"\xff\xfe":
        message = "macaddr8 data out of range to convert to macaddr"
        hint = "Only addresses that have FF and FE as values in the 4th and 5th bytes from the left, for example "
        hint += "xx:xx:xx:ff:fe:xx:xx:xx, are eligible to be converted from macaddr8 to macaddr."
        raise DatabaseError(NUMERIC_VALUE_OUT_OF_RANGE, message, hint=hint)
    return datum[:3] + datum[5:]


def _card_reader(sizes: tuple[int, ...]) -> Any:
    def read(data: bytes, modifier: int = -1) -> bytes:
        if len(data) not in sizes:
            raise invalid_binary()
        return bytes(data) if len(data) == sizes[-1] else widened(bytes(data))

    return read


def _same(datum: bytes, modifier: int = -1) -> bytes:
    return datum


TYPES = (
    Type(
        "inet", "inet", 869, 1041, -1, "I", parse_inet, format_inet,
        _binary_reader("inet"), _binary_writer(0), preferred=True,
    ),
    Type("cidr", "cidr", 650, 651, -1, "I", parse_cidr, format_cidr, _binary_reader("cidr"), _binary_writer(1)),
    Type("macaddr", "macaddr", 829, 1040, 6, "U", parse_macaddr, format_macaddr, _card_reader((6,)), _same),
    Type("macaddr8", "macaddr8", 774, 775, 8, "U", parse_macaddr8, format_macaddr, _card_reader((6, 8)), _same),
)  # fmt: skip
