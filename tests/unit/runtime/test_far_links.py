"""Links between regions of one machine: what goes over them is late and in order, and comes nowhere while they are
cut."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import uvloop

from actors.common.errors import DatabaseError
from actors.common.messages import Get, Got, Topology
from actors.common.messages.base import Message
from actors.common.ranges import ShardMap
from actors.common.settings import Messaging, Regions
from actors.runtime import far_links
from actors.runtime.endpoints import socket_name
from actors.runtime.far_links import FarLink, FarLinks
from actors.runtime.interfaces import Reply
from actors.runtime.region_cuts import cut_off, cuts_path, read_cuts, unheard, write_cuts
from actors.runtime.socket_bus import SocketBus

ONE_WAY_MS = 20.0
REGIONS = Regions({"a": "east", "a2": "east", "b": "west"}, delay_ms={"east west": ONE_WAY_MS})
MAP = ShardMap(version=1, cuts=(), adjudicators=(1,), shards=(1,))


@dataclass
class Echo:
    seen: list[int] = field(default_factory=list)

    def receive(self, sender: str, message: Message, reply: Reply | None) -> None:
        assert isinstance(message, Get)
        self.seen.append(message.at)
        if reply is not None:
            reply(Got([], message.at))


@dataclass
class Scene:
    """The bus of a process of each zone, and its echo; `own` is zone a's."""

    folder: Path
    buses: dict[str, SocketBus]
    echoes: dict[str, Echo]

    @property
    def own(self) -> SocketBus:
        return self.buses["a"]

    async def echo(self, zone: str, number: int) -> Any:
        return await self.own.call("me", f"echo/{zone}", Get([], number))

    def link_to(self, zone: str) -> object:
        return self.own._link_by_name[f"echo/{zone}"]


@asynccontextmanager
async def scene(regions: Regions = REGIONS) -> AsyncIterator[Scene]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        addresses = {zone: f"unix:{folder}/{socket_name(f'process-{zone}', zone, regions)}" for zone in regions.zones}
        buses = {zone: SocketBus(at, Messaging(), far=FarLinks.of(regions, at)) for zone, at in addresses.items()}
        echoes = {zone: Echo() for zone in buses}
        routes = {f"echo/{zone}": address for zone, address in addresses.items()}
        for zone, bus in buses.items():
            await bus.start()
            bus.attach(f"echo/{zone}", echoes[zone])
            bus.set_topology(Topology(version=1, routes=routes, azs={}, shard_map=MAP))
        try:
            yield Scene(folder, buses, echoes)
        finally:
            for bus in buses.values():
                await bus.close()


def run(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    uvloop.run(main())


def test_what_goes_to_another_region_is_late_and_in_order() -> None:
    async def main() -> None:
        async with scene() as there:
            await there.echo("b", 0)  # the handshakes are over
            now = asyncio.get_running_loop().time
            begun_s = now()
            answers = await asyncio.gather(*(there.echo("b", number) for number in range(1, 200)))
            assert now() - begun_s >= 2 * ONE_WAY_MS / 1000 - far_links.TICK_S * 4
            assert [answer.catalog_ts for answer in answers] == list(range(1, 200)) == there.echoes["b"].seen[1:]

    run(main)


def test_links_within_a_region_and_without_delays_are_plain_ones() -> None:
    async def main() -> None:
        async with scene() as there:
            await asyncio.gather(there.echo("a2", 1), there.echo("b", 1))
            assert not isinstance(there.link_to("a2"), FarLink) and isinstance(there.link_to("b"), FarLink)
        async with scene(Regions(REGIONS.zones)) as there:
            await there.echo("b", 1)
            assert not isinstance(there.link_to("b"), FarLink)

    run(main)


def test_a_cut_holds_what_is_under_way_and_lets_it_go_on() -> None:
    async def main() -> None:
        async with scene() as there:
            await there.echo("b", 0)
            write_cuts(cuts_path(there.folder), cut_off("west", ["east", "west"]))
            assert await there.echo("a2", 1)  # the loop has turned: the cut is known
            asked = asyncio.ensure_future(there.echo("b", 1))
            link = there.link_to("b")
            assert isinstance(link, FarLink)
            while link._breaking is None:
                await asyncio.sleep(0)
            write_cuts(cuts_path(there.folder), frozenset())
            assert (await asked).catalog_ts == 1 and there.link_to("b") is link

    run(main)


def test_a_cut_that_lasts_breaks_the_link_and_its_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(far_links, "BREAKS_S", 0.05)

    async def main() -> None:
        async with scene() as there:
            await there.echo("b", 0)
            write_cuts(cuts_path(there.folder), cut_off("east", ["east", "west"]))
            link = there.link_to("b")
            assert isinstance(link, FarLink)
            while link._breaking is None:
                await asyncio.sleep(0)
            for number in (1, 2):  # on the old connection, and on a new one
                with pytest.raises(DatabaseError) as broken:
                    await there.echo("b", number)
                assert broken.value.sqlstate == "08006"
            assert there.echoes["b"].seen == [0]
            write_cuts(cuts_path(there.folder), frozenset())
            while read_cuts(cuts_path(there.folder)) != there.own._far._cuts:  # type: ignore[union-attr]
                await asyncio.sleep(0)
            while there.echoes["b"].seen == [0]:
                try:
                    await there.echo("b", 3)
                except DatabaseError as error:
                    assert error.sqlstate == "08006"
            assert there.echoes["b"].seen == [0, 3]

    run(main)


def test_an_answer_that_is_under_way_when_the_way_is_cut_does_not_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(far_links, "BREAKS_S", 0.1)

    class Cutting(Echo):
        """Its region is cut off in the moment of its answer."""

        cuts: Path

        def receive(self, sender: str, message: Message, reply: Reply | None) -> None:
            write_cuts(self.cuts, cut_off("east", ["east", "west"]))
            super().receive(sender, message, reply)

    async def main() -> None:
        async with scene() as there:
            cutting = Cutting()
            cutting.cuts = cuts_path(there.folder)
            there.buses["b"].attach("echo/b", cutting)
            with pytest.raises(DatabaseError) as broken:
                await there.echo("b", 1)
            assert broken.value.sqlstate == "08006" and cutting.seen == [1]

    run(main)


def test_zones_that_are_not_heard_are_those_of_regions_that_are_cut_off() -> None:
    zones = {"a": "east", "a2": "east", "b": "west", "c": "north"}
    assert unheard(cut_off("east", zones.values()), zones, "c") == {"a", "a2"}
    assert unheard(cut_off("east", ("east", "west")), zones, "c") == set()
    assert unheard(cut_off("east", zones.values()), zones, "a") == {"b", "c"}
    assert unheard(frozenset(), zones, "c") == unheard(frozenset(), {}, "c") == set()


def test_a_peer_s_end_comes_after_what_it_has_said() -> None:
    class Last(Echo):
        """Its process ends with its answer."""

        bus: SocketBus
        ending: asyncio.Future[None]

        def receive(self, sender: str, message: Message, reply: Reply | None) -> None:
            super().receive(sender, message, reply)
            self.ending = asyncio.ensure_future(self.bus.close())

    async def main() -> None:
        async with scene() as there:
            last = Last()
            last.bus = there.buses["b"]
            there.buses["b"].attach("echo/b", last)
            answered, lost = await asyncio.gather(there.echo("b", 1), there.echo("b", 2), return_exceptions=True)
            assert answered.catalog_ts == 1
            assert isinstance(lost, DatabaseError) or lost.catalog_ts == 2
            with pytest.raises(DatabaseError):
                await there.echo("b", 3)

    run(main)
