"""What a cluster has used survives lost, late and repeated reports, restarts of query processors, and the controller's
own."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from actors.common.messages import Load
from actors.common.metering import Usage
from actors.common.settings import Settings
from actors.common.timestamps import Interval
from cluster.metering import FILE, LIVES_MAX, Metering, Totals


def used(statements: int) -> Usage:
    return Usage(
        compute_ns=statements * 10, read_billed=statements * 2048, statements=statements, transactions=statements
    )


def test_each_report_counts_what_is_new() -> None:
    totals = Totals(0)
    assert totals.reported(Load(1, 0.0, used(5), life=1)) and totals.used == used(5)
    assert not totals.reported(Load(1, 0.0, used(5), life=1)), "nothing new"
    totals.reported(Load(1, 0.0, used(9), life=1))  # one was lost in between
    assert totals.used == used(9)
    assert not totals.reported(Load(1, 0.0, used(7), life=1)) and totals.used == used(9), "an older one, late"
    totals.reported(Load(1, 0.0, used(9), life=1))
    assert totals.used == used(9)


def test_a_query_processor_that_was_restarted_begins_at_nothing() -> None:
    totals = Totals(0)
    totals.reported(Load(1, 0.0, used(100), life=1))
    totals.reported(Load(1, 0.0, used(3), life=2))
    assert totals.used == used(103)


def test_only_so_many_lives_are_remembered_and_the_oldest_is_forgotten_first() -> None:
    totals = Totals(0)
    for life in range(LIVES_MAX + 10):
        totals.reported(Load(1, 0.0, used(1), life=life))
        totals.reported(Load(1, 0.0, used(1), life=0))  # this one goes on
    assert len(totals.lives) == LIVES_MAX and totals.used == used(LIVES_MAX + 10)


class Disk:
    """A role's, in memory."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.full = False

    def exists(self, path: str) -> bool:
        return path in self.files

    def read(self, path: str) -> bytes:
        return self.files[path]

    async def replace(self, path: str, data: bytes) -> None:
        if self.full:
            raise OSError("no space left on device")
        self.files[path] = data


def context(disk: Disk) -> Any:
    clock = SimpleNamespace(now=lambda: Interval(1_700_000_000_000_000, 1_700_000_000_000_000))
    return SimpleNamespace(disk=disk, clock=clock, settings=Settings(), spawn=asyncio.ensure_future)


def test_a_new_controller_goes_on_from_the_file() -> None:
    async def run() -> None:
        disk = Disk()
        before = Metering(context(disk))
        before.reported(Load(1, 0.0, used(5), life=1))
        await before.save()
        before.reported(Load(1, 0.0, used(8), life=1))  # not written any more
        after = Metering(context(disk))
        assert after.account()["statements"] == 5
        after.reported(Load(1, 0.0, used(9), life=1))
        account = after.account()
        assert account["statements"] == 9 and account["since"] == "2023-11-14T22:13:20+00:00"
        assert account["dpu"]["read"] == round(9 * 0.00375, 5) and account["dpu"]["total"] >= account["dpu"]["read"]

    asyncio.run(run())


def test_a_disk_that_is_full_or_has_lost_the_file_stops_nothing() -> None:
    async def run() -> None:
        disk = Disk()
        metering = Metering(context(disk))
        metering.reported(Load(1, 0.0, used(5), life=1))
        disk.full = True
        await metering.save()
        disk.full = False
        metering.reported(Load(1, 0.0, used(6), life=1))
        await metering.save()
        assert Metering(context(disk)).account()["statements"] == 6
        disk.files[FILE] = disk.files[FILE][:3]
        assert Metering(context(disk)).account()["statements"] == 0

    asyncio.run(run())
