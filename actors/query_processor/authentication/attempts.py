"""`Attempts`: how many wrong attempts to connect an address may make.

    if attempts.may_try(address, now_s): ...verify..., and attempts.failed(address, now_s) where that fails

Each address has a bucket of BURST attempts (of the cluster's rate each query processor has its share), which fills at
the rate again. While it is empty nothing from that address is looked at: guessing is hopeless anyhow, but neither the
log nor the processor is to be filled by it. Attempts that succeed cost nothing. IPv6 addresses count by their /64,
which is one customer's. Of addresses that fail, the ADDRESSES_MAX that have failed last are remembered.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict

BURST = 20
ADDRESSES_MAX = 4096
NETWORK_BITS = 64


class Attempts:
    """`per_minute`: 0 lifts the limit. Times are in seconds, from any clock that does not go back."""

    def __init__(self, per_minute: float) -> None:
        self._per_s = per_minute / 60
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        """Source -> attempts that it had left, and when."""

    def may_try(self, address: str, now_s: float) -> bool:
        return not self._per_s or self._available(source_of(address), now_s) >= 1

    def failed(self, address: str, now_s: float) -> None:
        if not self._per_s:
            return
        source = source_of(address)
        self._left[source] = max(self._available(source, now_s) - 1, 0.0), now_s
        self._left.move_to_end(source)
        if len(self._left) > ADDRESSES_MAX:
            self._left.popitem(last=False)

    def _available(self, source: str, now_s: float) -> float:
        left, since_s = self._left.get(source, (float(BURST), now_s))
        return min(left + (now_s - since_s) * self._per_s, float(BURST))


def source_of(address: str) -> str:
    """Whose attempts these are. "" where the address is not known: all those are one."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((int(parsed), NETWORK_BITS), strict=False).network_address)
