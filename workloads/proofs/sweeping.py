"""`Sweeping`: tables are filled by batches of rows, and truncated, or dropped and made again, while others fill and
read them.

A batch is several rows with one number, in one table or in two, in both halves of the key space, large ones among
them. In every snapshot a batch is in a table with all of its
rows there, or not at all. With clocks that keep their bounds: a batch that was acknowledged before a sweep of its
table began is gone once the sweep was acknowledged, and one
that no sweep has met is there. A sweep takes one table, or both at once.
"""

from __future__ import annotations

from dataclasses import dataclass

from workloads.proofs.attempt import ABORTED, COMMITTED, UNKNOWN, ProofClient
from workloads.proofs.connection import Connection, SqlError
from workloads.proofs.proof import SETUP_ATTEMPTS_MAX, Proof

TABLES = ("heap", "pile")
NEVER = 1 << 62
ROWS_MAX = (1, 3, 8, 24)
"""Of a batch, drawn: most are small, some are larger than a block, a bulk write and a segment under hostile
settings."""
LARGE_ROWS_MAX = 6
NO_TABLE = "42P01"
TAKEN = ("42P07", "23505")


@dataclass
class Happening:
    """A batch or a sweep, as far as its client knows. `ended` NEVER: it may happen yet."""

    tables: tuple[str, ...]
    begun: int
    ended: int = NEVER
    outcome: str = UNKNOWN
    rows: int = 0

    def note(self, outcome: str, now: int) -> None:
        self.outcome = outcome
        self.ended = NEVER if outcome == UNKNOWN else now


class Sweeping(Proof):
    name = "sweeping"

    def __init__(self, pace_s: float = 0.0, recent: bool = True, crowded: bool = False) -> None:
        super().__init__(pace_s, recent, crowded)
        self._sequence = 0
        self._batches: dict[int, Happening] = {}
        self._sweeps: list[Happening] = []

    async def setup(self, connection: Connection) -> None:
        for table in TABLES:
            await connection.execute(_create(table))

    async def step(self, client: ProofClient, number: int) -> None:
        chance = client.random.random()
        if number == 0 and chance < 0.5:
            await self._sweep(client)
        elif chance < 0.7:
            await self._fill(client)
        else:
            await self._look(client)

    async def _fill(self, client: ProofClient) -> None:
        random = client.random
        self._sequence += 1
        batch = self._sequence
        tables = TABLES if random.random() < 0.4 else (random.choice(TABLES),)
        rows = random.randint(1, random.choice(ROWS_MAX))
        large = self.row_bytes if rows < LARGE_ROWS_MAX and random.random() < 0.5 else 0
        text = f"{batch}-" + "x" * random.randint(large // 2, large)
        # Both halves of the key space; no two batches have a key in common.
        values = ", ".join(
            f"({(batch * 100 + place) * (-1 if place % 2 else 1)}, {batch}, '{text}')" for place in range(rows)
        )
        happening = self._batches[batch] = Happening(tables, client.database.now_us(), rows=rows)

        async def work(connection: Connection) -> None:
            for table in tables:
                await connection.execute(f"INSERT INTO {table} VALUES {values}")

        outcome, _ = await client.attempt(work, also=self._racing)
        happening.note(outcome, client.database.now_us())

    async def _sweep(self, client: ProofClient) -> None:
        random = client.random
        tables = TABLES if random.random() < 0.4 else (random.choice(TABLES),)
        anew = random.random() < 0.4
        happening = Happening(tables, client.database.now_us())
        self._sweeps.append(happening)
        if anew:

            async def work(connection: Connection) -> None:
                for table in tables:
                    await connection.execute(f"DROP TABLE {table}")
                for table in tables:
                    await connection.execute(_create(table))

            outcome, _ = await client.attempt(work, also=self._racing)
        else:
            outcome, _ = await client.statement(f"TRUNCATE {', '.join(tables)}", also=self._racing)
        happening.note(outcome, client.database.now_us())

    @property
    def _racing(self) -> tuple[str, ...]:
        """An older snapshot may be of a time between."""
        return () if self.recent else (NO_TABLE, *TAKEN)

    async def _look(self, client: ProofClient) -> None:
        """At both tables, in one snapshot."""
        begun = client.database.now_us()

        async def work(connection: Connection) -> None:
            found: dict[str, dict[int, int]] = {}
            for table in TABLES:
                if client.random.random() < 0.5:
                    counted = (await connection.execute(f"SELECT batch, count(*) FROM {table} GROUP BY batch")).rows
                    found[table] = {int(batch or 0): int(count or 0) for batch, count in counted}
                else:
                    found[table] = {}
                    for (batch,) in (await connection.execute(f"SELECT batch FROM {table} ORDER BY id")).rows:
                        found[table][int(batch or 0)] = found[table].get(int(batch or 0), 0) + 1
            self.problems += self._judge(found, begun, client.database.now_us())

        await client.attempt(work, also=self._racing)

    def _judge(self, found: dict[str, dict[int, int]], begun: int, ended: int) -> list[str]:
        """`found`: of each table, how many rows of each batch a snapshot has, which was taken between the two times."""
        wrong: list[str] = []
        for table, batches in found.items():
            for number, rows in batches.items():
                batch = self._batches.get(number)
                if batch is None or table not in batch.tables or rows != batch.rows:
                    wrong.append(f"{table} has {rows} rows of batch {number}: {batch}")
                elif batch.outcome == ABORTED:
                    wrong.append(f"batch {number} was refused and is in {table}")
                elif self.recent and any(
                    sweep.outcome == COMMITTED
                    and batch.ended < sweep.begun
                    and sweep.ended < begun
                    and table in sweep.tables
                    for sweep in self._sweeps
                ):
                    wrong.append(f"batch {number} was swept out of {table} and is there")
            if self.recent:
                wrong += self._missing(table, batches, begun, ended)
        return wrong

    def _missing(self, table: str, batches: dict[int, int], begun: int, ended: int) -> list[str]:
        return [
            f"batch {number} was acknowledged, met by no sweep, and is not in {table}"
            for number, batch in self._batches.items()
            if table in batch.tables
            and batch.outcome == COMMITTED
            and batch.ended < begun
            and number not in batches
            and not any(
                table in sweep.tables and sweep.outcome != ABORTED and sweep.ended > batch.begun and sweep.begun < ended
                for sweep in self._sweeps
            )
        ]

    async def rewrite(self, client: ProofClient) -> None:
        """Nobody holds a table any more: it can be swept, in the end."""
        for _ in range(SETUP_ATTEMPTS_MAX):
            await self._sweep(client)
            if self._sweeps[-1].outcome == COMMITTED:
                return
            await client.database.sleep(0.1)
        raise SqlError("XX000", "no progress: no table can be swept")

    async def check(self, client: ProofClient) -> list[str]:
        begun = client.database.now_us()
        found: dict[str, dict[int, int]] = {}
        for table in TABLES:
            rows = await self.final(client, f"SELECT batch, count(*) FROM {table} GROUP BY batch")
            found[table] = {int(batch or 0): int(count or 0) for batch, count in rows}
        return self._judge(found, begun, client.database.now_us())


def _create(table: str) -> str:
    return f"CREATE TABLE {table} (id int PRIMARY KEY, batch int NOT NULL, fat text NOT NULL)"
