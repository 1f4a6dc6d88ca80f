"""Links between regions that stand on one machine: what goes over them comes later, and they can be cut
(docs/regions.md).

    [regions]
    zones = {a = "east", b = "west", c = "north"}
    delay_ms = {"east west" = 37.5, "east north" = 37.5, "north west" = 37.5}          one way

    az-a's bus                                                                  az-b's bus
    FarLink.send -> line --37.5 ms--> socket a.az-a.sock .. b.az-b.sock --> a plain Link
    FarLink      <- line <--37.5 ms-- socket                            <-- its answers

The side that opens a link delays both directions; the one that accepts it knows nothing of that. Bytes wait in a line
for each direction, in their order, and one timer fires for the first of them: no task and no timer for a message. A
link carries nothing for its first two round trips, which the handshakes of TCP and TLS take.

A link is chosen when it is made: within a region, and where `delay_ms` is not set, it is a plain one and nothing here
runs. A process's socket names its zone (endpoints.py), so that a link's ends are known before anybody has told who
is where.

A cut link holds what is under way, as a network does that has lost its route, and breaks where that lasts for
BREAKS_S; a new one stands, and carries nothing. Which pairs of regions are cut, a file beside the sockets says
(region_cuts.py), and every process hears when it changes (file_watch.py).
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from random import random
from typing import TYPE_CHECKING, cast

from actors.common.settings import Regions
from actors.runtime.distances import Distances
from actors.runtime.endpoints import Endpoint, parse_address
from actors.runtime.file_watch import FileWatch
from actors.runtime.region_cuts import Pairs, cuts_path, cuts_text, pairs_of, read_cuts
from actors.runtime.socket_link import Link
from actors.runtime.tls import UNACKNOWLEDGED_MS

if TYPE_CHECKING:
    from actors.runtime.socket_bus import SocketBus

BREAKS_S = UNACKNOWLEDGED_MS / 1000
"""As TCP's connections between hosts do (tls.py)."""
HANDSHAKES = 4
"""One way each: TCP's and TLS 1.3's, which take a round trip each."""
TICK_S = 0.001
"""Timers of the loop may fire so much early."""

logger = logging.getLogger(__name__)


class FarLinks:
    """Of one process's bus. `zones`: zone -> region."""

    def __init__(self, own: str, zones: Mapping[str, str], distances: Distances, cuts: Path) -> None:
        self.own = own
        self.distances = distances
        self._zones = zones
        self._cuts_path = cuts
        self._cuts: Pairs = frozenset()
        self._watch: FileWatch | None = None
        self._links: dict[FarLink, None] = {}

    @classmethod
    def of(cls, settings: Regions, address: str) -> FarLinks | None:
        """For the process with this address; None where nothing is delayed. Raises ValueError for an address that is
        none."""
        near = [endpoint for endpoint in parse_address(address) if endpoint.scheme == "unix"]
        if not settings.delay_ms or not near:
            return None
        one_way_s = {pair: settings.delay_ms[" ".join(pair)] / 1000 for pair in pairs_of(settings.delay_ms)}
        distances = Distances(lambda region: region, one_way_s, settings.jitter_share)
        own = region_of(near[0], settings.zones)
        return cls(own, settings.zones, distances, cuts_path(Path(near[0].path).parent))

    def start(self) -> None:
        """From now on cuts count. Raises OSError."""
        self._watch = FileWatch(self._cuts_path, self._look)
        self._look()

    def close(self) -> None:
        if self._watch is not None:
            self._watch.close()
            self._watch = None

    def link(self, bus: SocketBus, endpoint: Endpoint) -> Link:
        """To another process: a plain one within the region, and to or from who is in none."""
        region = region_of(endpoint, self._zones)
        if not self.own or region in ("", self.own):
            return Link(bus, endpoint)
        link = FarLink(bus, endpoint, self, region)
        self._links[link] = None
        return link

    def forget(self, link: FarLink) -> None:
        self._links.pop(link, None)

    def is_cut(self, region: str) -> bool:
        return frozenset((self.own, region)) in self._cuts

    def _look(self) -> None:
        cuts = read_cuts(self._cuts_path)
        if cuts != self._cuts:
            self._cuts = cuts
            logger.info("cut: %s", cuts_text(cuts).strip().replace("\n", ", ") or "nothing")
            for link in list(self._links):
                link.hold(self.is_cut(link.region))


def region_of(endpoint: Endpoint, zones: Mapping[str, str]) -> str:
    """By the name of its socket; "" for one that names no zone, as a command's."""
    name = Path(endpoint.path).name
    zone = max((zone for zone in zones if name.startswith(f"{zone}.")), key=len, default="")
    return zones.get(zone, "")


class _Line:
    """What is under way in one direction. `deliver(item)` when it has come: bytes, or the error (None: none) with which
    the connection ended."""

    def __init__(self, delay_s: Callable[[], float], deliver: Callable[[bytes | _End], None]) -> None:
        self._delay_s = delay_s
        self._deliver = deliver
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[tuple[float, bytes | _End]] = deque()
        self._last_s = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._held = False
        self.bytes = 0

    def begin_after(self, seconds: float) -> None:
        self._last_s = self._loop.time() + seconds

    def put(self, item: bytes | _End) -> None:
        self._last_s = max(self._loop.time() + self._delay_s(), self._last_s)
        self._waiting.append((self._last_s, item))
        if not isinstance(item, _End):
            self.bytes += len(item)
        self._arm()

    def hold(self, held: bool) -> None:
        self._held = held
        if held and self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._arm()

    def stop(self) -> None:
        self._waiting.clear()
        self.hold(True)

    def _arm(self) -> None:
        if self._waiting and self._timer is None and not self._held:
            self._timer = self._loop.call_at(self._waiting[0][0], self._arrive)

    def _arrive(self) -> None:
        self._timer = None
        now_s = self._loop.time() + TICK_S
        while self._waiting and self._waiting[0][0] <= now_s and not self._held:
            _, item = self._waiting.popleft()
            if not isinstance(item, _End):
                self.bytes -= len(item)
            self._deliver(item)
        self._arm()


class _End:
    """Of a connection."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error


class _Wire(asyncio.Transport):
    """The transport that a far link writes to."""

    def __init__(self, transport: asyncio.Transport, line: _Line, on_full: Callable[[], None], bytes_max: int) -> None:
        super().__init__()
        self._transport = transport
        self._line = line
        self._on_full = on_full
        self._bytes_max = bytes_max

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._line.put(bytes(data))
        if self._line.bytes > self._bytes_max:
            self._on_full()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self._transport.set_write_buffer_limits(high, low)

    def close(self) -> None:
        """Once what is under way has come."""
        self._line.put(_End())

    def abort(self) -> None:
        self._line.stop()
        self._transport.abort()


class FarLink(Link):
    """To a process of another region. See the module."""

    __slots__ = ("_breaking", "_far", "_inbound", "_outbound", "region")

    def __init__(self, bus: SocketBus, endpoint: Endpoint, far: FarLinks, region: str) -> None:
        super().__init__(bus, endpoint)
        self.region = region
        self._far = far
        self._breaking: asyncio.TimerHandle | None = None
        self._inbound = _Line(lambda: far.distances.delay_s(region, far.own, random), self._arrived)
        self._outbound: _Line | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if self.closed:
            super().connection_made(transport)
            return
        far, near = self._far, cast(asyncio.Transport, transport)  # uvloop's are no subclasses

        def arrived(item: bytes | _End) -> None:
            near.close() if isinstance(item, _End) else near.write(item)

        line = self._outbound = _Line(lambda: far.distances.delay_s(far.own, self.region, random), arrived)
        line.begin_after(HANDSHAKES * far.distances.one_way_s(far.own, self.region))
        self.hold(far.is_cut(self.region))
        super().connection_made(_Wire(near, line, self.pause_writing, self.bus.settings.outbound_bytes_max))

    def data_received(self, data: bytes) -> None:
        self._inbound.put(data)

    def connection_lost(self, error: Exception | None) -> None:
        self._inbound.put(_End(error))

    def _arrived(self, item: bytes | _End) -> None:
        if isinstance(item, _End):
            super().connection_lost(item.error)
        else:
            super().data_received(item)

    def hold(self, cut: bool) -> None:
        """Nothing goes and nothing comes while the way is `cut`."""
        if self.closed:
            return
        if self._breaking is not None:
            self._breaking.cancel()
            self._breaking = None
        if cut:
            why = f"nothing comes from {self.region}"
            self._breaking = asyncio.get_running_loop().call_later(BREAKS_S, self.close, why)
        self._inbound.hold(cut)
        if self._outbound is not None:
            self._outbound.hold(cut)

    def close(self, why: str, after_writing: bool = False) -> None:
        if not self.closed:
            super().close(why, after_writing)
            self._inbound.stop()
            if self._breaking is not None:
                self._breaking.cancel()
                self._breaking = None
            self._far.forget(self)
