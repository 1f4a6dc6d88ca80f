"""`part_batches`: one part of a ReadPlan as Arrow record batches, read from storage by a process that has no session.

    for batch in part_batches(plan, number): ...           any thread; an error ends it, and nothing is skipped

    the process                                     the cluster
    thread, loop, SocketBus (its own socket lies in a folder of mode 0700)
      StorageClient: nearest replica, another where one dies or is late  --Scan(at, program)-->  storage/<shard>/<az>
      <------------------------------------------------------------- columns, an answer at a time
      queue of AHEAD answers -> the caller

Storage evaluates filter and projection; values come as columns and stay columns. A read older than the transaction
age limit fails (54000) here, and at storage, which has dropped the versions it would need. Nobody tells this process of
changes: after a read that fails it asks the cluster's processes, one after the other, where things are now.
"""

from __future__ import annotations

import asyncio
import itertools
import queue
import random
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pyarrow as pa

from actors.common.errors import PROGRAM_LIMIT_EXCEEDED, DatabaseError, schema_changed
from actors.common.messages.control import AskTopology, Topology
from actors.common.settings import Settings
from actors.reading.plan import ReadPlan
from actors.reading.storage_client import ShardScan, StorageClient
from actors.runtime.clock import SystemClock
from actors.runtime.fiber import as_future
from actors.runtime.interfaces import Context
from actors.runtime.local_disk import LocalDisk
from actors.runtime.socket_bus import SocketBus

AHEAD = 8
"""Answers read before the caller takes them: some 4 MB each at most."""
NAME = "reader"
ASK_S = 1.0


def part_batches(plan: ReadPlan, number: int) -> Iterator[pa.RecordBatch]:
    """The rows of one part, in key order. Raises DatabaseError: 54000 where the snapshot is too old, 08006 where no
    replica answers, OC001 where the catalog is another."""
    answers: queue.Queue[Any] = queue.Queue(AHEAD)
    left = threading.Event()
    reader = threading.Thread(target=_read, args=(plan, number, answers, left), name=f"{NAME}-{number}", daemon=True)
    reader.start()
    try:
        while (answer := answers.get()) is not None:
            if isinstance(answer, BaseException):
                raise answer
            yield answer
    finally:
        left.set()
        while reader.is_alive():
            _drain(answers)
            reader.join(0.01)


def _drain(answers: queue.Queue[Any]) -> None:
    while not answers.empty():
        answers.get_nowait()


def _read(plan: ReadPlan, number: int, answers: queue.Queue[Any], left: threading.Event) -> None:
    folder = Path(tempfile.mkdtemp(prefix="eagleray-reader-"))
    try:
        asyncio.run(_scan(plan, number, folder, answers, left))
        answers.put(None)
    except BaseException as error:
        answers.put(error)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _scan(plan: ReadPlan, number: int, folder: Path, answers: queue.Queue[Any], left: threading.Event) -> None:
    settings = Settings()
    bus = SocketBus(f"unix:{folder / 'bus.sock'}", settings.messaging)
    await bus.start()
    loop = asyncio.get_running_loop()
    try:
        bus.set_topology(plan.topology)
        clock = SystemClock()
        client = StorageClient(
            Context(NAME, "", bus, clock, LocalDisk(folder), random.Random(), loop.create_task, settings),
            _asking(bus, plan.topology),
        )
        start, end = plan.parts[number]
        scan = client.scan(start, end, plan.at, plan.program)
        schema = plan.schema
        while not left.is_set():
            if plan.age_s_max and clock.now().latest > plan.at + plan.age_s_max * 1_000_000:
                raise DatabaseError(PROGRAM_LIMIT_EXCEEDED, f"transaction age limit of {plan.age_s_max}s exceeded")
            batch = await as_future(_next(scan))
            if scan.catalog_ts > plan.catalog_ts:
                raise schema_changed()
            if batch is None:
                return
            columns = batch.arrow.columns
            answer = pa.record_batch(columns, schema=schema) if columns else batch.arrow
            # Beside the loop, which goes on receiving while the caller is slow: a request must not time out for that.
            await loop.run_in_executor(None, answers.put, answer)
    finally:
        await bus.close()


def _asking(bus: SocketBus, known: Topology) -> Callable[[], None]:
    """Takes in a newer topology, if the process that is asked this time has one."""
    processes = itertools.cycle(sorted(name for name in known.routes if name.startswith("host/")))

    def ask() -> None:
        process = next(processes, None)
        if process is not None:
            bus.request(
                NAME,
                process,
                AskTopology(),
                lambda answer: bus.set_topology(cast(Topology, answer)),
                lambda _: None,
                ASK_S,
            )

    return ask


async def _next(scan: ShardScan) -> Any:
    return await scan.next()
