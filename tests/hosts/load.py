"""Clients of a cluster on hosts of their own: list-append and bank, until the input ends. `python load.py URL`, from
the repository's root.

Says how many transactions each proof has committed, a line of JSON whenever a line is read, and what is wrong in the
last one.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from tests.cluster.under_proofs import successes
from workloads.proofs.bank import BankTransfers
from workloads.proofs.list_append import ListAppend
from workloads.proofs.live import run_proofs


async def main(url: str) -> None:
    proofs: list[Any] = [ListAppend(0.01), BankTransfers(0.01)]
    over = asyncio.Event()

    def tell() -> None:
        print(json.dumps([len(successes(proof)) for proof in proofs]), flush=True)

    async def listen() -> None:
        while await asyncio.to_thread(sys.stdin.readline):
            tell()
        over.set()

    listening = asyncio.create_task(listen())
    problems = await run_proofs([url], proofs, over, clients=3)
    await listening
    print(json.dumps(problems), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
