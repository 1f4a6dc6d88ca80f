"""Strikes at a live cluster while list-append and bank run through psycopg, and the checks afterwards."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import psycopg

from tests.conftest import LiveCluster
from workloads.proofs.attempt import COMMITTED
from workloads.proofs.bank import BankTransfers
from workloads.proofs.list_append import ListAppend
from workloads.proofs.live import run_proofs

WHOLE_S_MAX = 60.0
PACE_S = 0.05
"""Of a client, on average, in bursts: as fast as they can, six of them would take the processors that what was killed
comes back on."""

CLIENTS, CLIENTS_A_REGION = 3, 2
"""Of each proof."""

Actors = list[dict[str, Any]]


def whole(cluster: LiveCluster) -> Actors:
    """Every process is back, and every role runs."""
    end = time.monotonic() + WHOLE_S_MAX
    while True:
        status = cluster.status()
        if status["state"] == "running":
            return list(status["actors"])
        assert time.monotonic() < end, (
            f"not whole again: {[a for a in status['actors'] if a['state'] != 'running']}\n{cluster.logs()}"
        )
        threading.Event().wait(0.1)


def commits_until(proofs: list[Any], more: int, seconds: float) -> None:
    """Until clients have committed so many times again. (What ends the wait is the commits, not the time.)"""
    wanted = [len(successes(proof)) + more for proof in proofs]
    end = time.monotonic() + seconds
    while any(len(successes(proof)) < count for proof, count in zip(proofs, wanted, strict=True)):
        assert time.monotonic() < end, "clients commit nothing any more"
        threading.Event().wait(0.02)


def successes(proof: Any) -> list[Any]:
    if isinstance(proof, ListAppend):
        return [transaction for transaction in proof.history if transaction.outcome == COMMITTED]
    return list(proof.transfers[COMMITTED])


def under_proofs(cluster: LiveCluster, strike: Callable[[list[Any]], None], urls: Sequence[str] = ()) -> list[str]:
    """Run the proofs' clients, strike from a thread, check. What is wrong. `urls`: of the regions that the clients are
    in, where there are several."""

    clients = CLIENTS_A_REGION * len(urls) if urls else CLIENTS

    async def main() -> list[str]:
        proofs = [ListAppend(PACE_S), BankTransfers(PACE_S)]
        over = asyncio.Event()
        loop = asyncio.get_running_loop()

        def strikes() -> None:
            try:
                commits_until(proofs, 20, 60.0)
                strike(proofs)
            finally:
                loop.call_soon_threadsafe(over.set)

        striking = asyncio.to_thread(strikes)
        running = asyncio.create_task(run_proofs(urls or [cluster.url], proofs, over, clients))
        await striking
        return await running

    for table in ("lists", "accounts", "transfers"):
        with psycopg.connect(urls[0] if urls else cluster.url, autocommit=True) as connection:
            connection.execute(f"DROP TABLE IF EXISTS {table}")
    return asyncio.run(main())
