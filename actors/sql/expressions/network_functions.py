"""Operators and functions of inet, cidr, macaddr and macaddr8 (PostgreSQL's network.c, mac.c and mac8.c)."""

from __future__ import annotations

from collections.abc import Callable

from actors.common.errors import INVALID_PARAMETER_VALUE, NUMERIC_VALUE_OUT_OF_RANGE, DatabaseError
from actors.sql.expressions.registry import register
from actors.sql.types.network import (
    FAMILY_4,
    Address,
    format_cidr,
    format_inet,
    host_text,
    narrowed,
    network_of,
    pack,
    unpack,
    widened,
)


def _contains(outer: bytes, inner: bytes) -> bool:
    """Whether the network of `inner` lies in that of `outer`, or is it."""
    one, other = unpack(outer), unpack(inner)
    return one.family == other.family and one.bits <= other.bits and one.network == other.value & ~one.host_mask


def _bits_of(datum: bytes) -> int:
    return unpack(datum).bits


def _overlap(one: bytes, other: bytes) -> bool:
    return _contains(one, other) or _contains(other, one)


def _same_family(one: Address, other: Address, word: str) -> None:
    if one.family != other.family:
        raise DatabaseError(INVALID_PARAMETER_VALUE, f"cannot {word} inet values of different sizes")


def _combined(word: str, combine: Callable[[int, int], int]) -> Callable[[bytes, bytes], bytes]:
    def combined(left: bytes, right: bytes) -> bytes:
        one, other = unpack(left), unpack(right)
        _same_family(one, other, word)
        return pack(Address(one.family, combine(one.value, other.value), max(one.bits, other.bits)))

    return combined


def _complement(datum: bytes) -> bytes:
    address = unpack(datum)
    return pack(address._replace(value=address.value ^ (1 << address.width) - 1))


def _plus(datum: bytes, amount: int) -> bytes:
    address = unpack(datum)
    value = address.value + amount
    if not 0 <= value < 1 << address.width:
        raise DatabaseError(NUMERIC_VALUE_OUT_OF_RANGE, "result is out of range")
    return pack(address._replace(value=value))


def _difference(left: bytes, right: bytes) -> int:
    one, other = unpack(left), unpack(right)
    if one.family != other.family:
        raise DatabaseError(INVALID_PARAMETER_VALUE, "cannot subtract inet values of different sizes")
    result = one.value - other.value
    if not -(2**63) <= result < 2**63:
        raise DatabaseError(NUMERIC_VALUE_OUT_OF_RANGE, "result is out of range")
    return result


def _longest_zeros(words: list[int]) -> range:
    """The run of zeros that is left out; a run counts on over one that was not longer (inet_cidr_ntop.c)."""
    best, start, length = range(0), 0, 0
    for place, word in enumerate([*words, 1]):
        if not word:
            start, length = place if not length else start, length + 1
        elif length > len(best):
            best, length = range(start, start + length), 0
    return best


def _abbreviated_v6(address: Address) -> str:
    """The words that the mask reaches, at least two."""
    if not address.bits:
        return "::/0"
    count = max((address.bits + 15) // 16, 2)
    raw = address.value.to_bytes(16, "big")
    words = [int.from_bytes(raw[at : at + 2], "big") for at in range(0, 2 * count, 2)]
    zeros = _longest_zeros(words)
    mapped = len(zeros) == 6 or (len(zeros) == 5 and words[5:6] == [0xFFFF])
    mapped = mapped or (len(zeros) == 7 and raw[14] != 0 and raw[15] != 1)
    as_v4 = len(zeros) != count and zeros.start == 0 and mapped
    text = ""
    for place, word in enumerate(words):
        if place in zeros:
            text += (":" if place == zeros.start else "") + (":" if place == count - 1 else "")
        elif as_v4 and place > 5:
            text += f"{':' if place == 6 else '.'}{word >> 8}"
            text += f".{word & 255}" if place != 7 or address.bits > 120 else ""
        else:
            text += (":" if text else "") + f"{word:x}"
    return f"{text}/{address.bits}"


def _abbreviated_cidr(datum: bytes) -> str:
    """Without the octets or words that are only zeros behind the mask (inet_cidr_ntop)."""
    address = unpack(datum)
    if address.family != FAMILY_4:
        return _abbreviated_v6(address)
    octets = host_text(address).split(".")
    return f"{'.'.join(octets[: max(1, (address.bits + 7) // 8)])}/{address.bits}"


def _with_length(datum: bytes, bits: int, is_cidr: bool) -> bytes:
    address = unpack(datum)
    bits = address.width if bits == -1 else bits
    if not 0 <= bits <= address.width:
        raise DatabaseError(INVALID_PARAMETER_VALUE, f"invalid mask length: {bits}")
    changed = address._replace(bits=bits)
    return pack(changed._replace(value=changed.network) if is_cidr else changed)


def _broadcast(datum: bytes) -> bytes:
    address = unpack(datum)
    return pack(address._replace(value=address.value | address.host_mask))


def _mask(datum: bytes) -> bytes:
    address = unpack(datum)
    value = (1 << address.width) - 1 - address.host_mask
    return pack(Address(address.family, value, address.width))


def _host_mask(datum: bytes) -> bytes:
    address = unpack(datum)
    return pack(Address(address.family, address.host_mask, address.width))


def _merged(left: bytes, right: bytes) -> bytes:
    """The smallest network that has both."""
    one, other = unpack(left), unpack(right)
    if one.family != other.family:
        raise DatabaseError(INVALID_PARAMETER_VALUE, "cannot merge addresses from different families")
    differing = (one.value ^ other.value).bit_length()
    bits = min(one.bits, other.bits, one.width - differing)
    return network_of(pack(one._replace(bits=bits)))


def _register_addresses() -> None:
    register("<<", "inet inet", "bool", lambda one, other: _contains(other, one) and _bits_of(one) > _bits_of(other))
    register("<<=", "inet inet", "bool", lambda one, other: _contains(other, one))
    register(">>", "inet inet", "bool", lambda one, other: _contains(one, other) and _bits_of(other) > _bits_of(one))
    register(">>=", "inet inet", "bool", _contains)
    register("&&", "inet inet", "bool", _overlap)
    register("~", "inet", "inet", _complement)
    register("&", "inet inet", "inet", _combined("AND", lambda one, other: one & other))
    register("|", "inet inet", "inet", _combined("OR", lambda one, other: one | other))
    register("+", "inet int8", "inet", _plus)
    register("+", "int8 inet", "inet", lambda amount, datum: _plus(datum, amount))
    register("-", "inet int8", "inet", lambda datum, amount: _plus(datum, -amount))
    register("-", "inet inet", "int8", _difference)
    register("abbrev", "inet", "text", format_inet)
    register("abbrev", "cidr", "text", _abbreviated_cidr)
    register("broadcast", "inet", "inet", _broadcast)
    register("cidr", "inet", "cidr", network_of)
    register("family", "inet", "int4", lambda datum: 4 if datum[0] == FAMILY_4 else 6)
    register("host", "inet", "text", lambda datum: host_text(unpack(datum)))
    register("hostmask", "inet", "inet", _host_mask)
    register("inet_merge", "inet inet", "cidr", _merged)
    register("inet_same_family", "inet inet", "bool", lambda one, other: one[0] == other[0])
    register("masklen", "inet", "int4", _bits_of)
    register("netmask", "inet", "inet", _mask)
    register("network", "inet", "cidr", network_of)
    register("set_masklen", "inet int4", "inet", lambda datum, bits: _with_length(datum, bits, False))
    register("set_masklen", "cidr int4", "cidr", lambda datum, bits: _with_length(datum, bits, True))
    register("text", "inet", "text", format_cidr)
    register("inet_out", "inet", "text", format_inet)
    register("inet_out", "cidr", "text", format_cidr)


def _bytewise(combine: Callable[[int, int], int]) -> Callable[[bytes, bytes], bytes]:
    return lambda one, other: bytes(map(combine, one, other))


def _register_cards() -> None:
    for name, size in (("macaddr", 6), ("macaddr8", 8)):
        register("~", name, name, lambda datum: bytes(255 - byte for byte in datum))
        register("&", f"{name} {name}", name, _bytewise(lambda one, other: one & other))
        register("|", f"{name} {name}", name, _bytewise(lambda one, other: one | other))
        register("trunc", name, name, lambda datum, size=size: datum[:3] + bytes(size - 3))
    register("macaddr", "macaddr8", "macaddr", narrowed)
    register("macaddr8", "macaddr", "macaddr8", widened)
    register("macaddr8_set7bit", "macaddr8", "macaddr8", lambda datum: bytes((datum[0] | 2,)) + datum[1:])


_register_addresses()
_register_cards()
