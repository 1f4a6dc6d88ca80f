"""Workloads: a schema, data, a mix of transactions and a check, which speak SQL and nothing else, run against any
PostgreSQL URL.

    from eagleray.workload import Checks, Client, Connection, Loader, Workload


    class Counters(Workload):
        name = "counters"
        description = "add one to a counter, or read it"
        schema = ("CREATE TABLE counters (id int PRIMARY KEY, n int NOT NULL)",)
        tables = ("counters",)
        mix = {"add": 80, "look": 20}  # names of methods, and their weights

        async def load(self, loader: Loader) -> None:
            await loader.copy("counters", ("id", "n"), ((number, 0) for number in range(100)))

        async def add(self, client: Client) -> None:
            counter = client.random.randrange(100)  # drawn before the work: a retry does the same again

            async def work(sql: Connection) -> None:
                await sql.execute("UPDATE counters SET n = n + 1 WHERE id = $1", counter)

            await client.transaction(work)  # BEGIN, work, COMMIT; again with jitter on 40001

        async def look(self, client: Client) -> None:
            await client.read("SELECT n FROM counters WHERE id = $1", client.random.randrange(100))

        async def check(self, sql: Connection, checks: Checks) -> None:
            checks.that(await sql.fetchval("SELECT min(n) FROM counters") >= 0, "no counter is negative")

`eagleray workload run mine.py` runs the file that holds it (docs/workloads.md). How a run is made, in reading order:

    workload.py   what a workload is                 schedule.py   when transactions are meant to start (pure)
    client.py     one connection: retries, outcomes  measure.py    counters and histograms (pure)
    loading.py    tables and rows                    report.py     what a run says of itself (pure)
    runner.py     clients, clock and progress        picture.py    the same, drawn
    keys.py       zipfian and non-uniform keys (pure)
"""

from __future__ import annotations

from eagleray.transactions import UnknownOutcome
from eagleray.workload.client import Client, Connection, Rollback
from eagleray.workload.loading import Loader
from eagleray.workload.workload import Checks, Workload

__all__ = ["Checks", "Client", "Connection", "Loader", "Rollback", "UnknownOutcome", "Workload"]
