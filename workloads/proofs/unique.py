"""`UniqueNames`: rows with a unique name, inserted, renamed and deleted by clients that fight over few names.

No snapshot has two rows of one name, the unique index gives the same rows as the table, and every acknowledged insert
is there until its delete. An insert is told 23505 where its own snapshot has a row of that name, and nowhere else.
"""

from __future__ import annotations

from workloads.proofs.attempt import ABORTED, COMMITTED, UNKNOWN, ProofClient
from workloads.proofs.connection import Connection, SqlError
from workloads.proofs.proof import Proof

NAMES = ("Ann", "Ben", "Cem", "Dai", "Eve", "ann", "zoe", "\u00e9mile")
"""Text of both halves of the key space: the last one's first byte is above 0x80."""
CROWDED_NAMES = NAMES[-2:]
UNIQUE_VIOLATION = "23505"


class UniqueNames(Proof):
    name = "unique"
    rewrites = ("UPDATE people SET visits = visits",)

    def __init__(self, pace_s: float = 0.0, recent: bool = True, crowded: bool = False) -> None:
        super().__init__(pace_s, recent, crowded)
        self._names = CROWDED_NAMES if crowded else NAMES
        self._sequence = 0
        self._inserted: dict[str, str] = {}
        """Row -> the outcome of its insert."""
        self._deleted: dict[str, str] = {}
        """Row -> the worst that is known of its deletes."""

    async def setup(self, connection: Connection) -> None:
        await connection.execute(
            "CREATE TABLE people (id int PRIMARY KEY, name text NOT NULL UNIQUE, visits int NOT NULL)"
        )

    async def step(self, client: ProofClient, number: int) -> None:
        chance = client.random.random()
        if chance < 0.45:
            await self._insert(client)
        elif chance < 0.6:
            await self._rename(client)
        elif chance < 0.8:
            await self._delete(client)
        else:
            await self._look(client)

    async def _insert(self, client: ProofClient) -> None:
        self._sequence += 1
        row = str(self._sequence * client.random.choice((-1, 1)))
        name = client.random.choice(self._names)
        insert = f"INSERT INTO people VALUES ({row}, '{name}', 0)"
        if client.random.random() < 0.5:
            outcome, _ = await client.statement(insert, also=(UNIQUE_VIOLATION,))
        else:
            outcome, _ = await client.attempt(
                lambda connection: self._insert_seeing(connection, name, insert), also=(UNIQUE_VIOLATION,)
            )
        self._inserted[row] = outcome

    async def _insert_seeing(self, connection: Connection, name: str, insert: str) -> None:
        taken = [row for other, row in (await connection.execute("SELECT name, id FROM people")).rows if other == name]
        try:
            await connection.execute(insert)
        except SqlError as error:
            if error.sqlstate == UNIQUE_VIOLATION and not taken:
                self.problems.append(f"{name!r} was refused with 23505, and its snapshot has no such row")
            raise
        if taken:
            self.problems.append(f"{name!r} was inserted, and its snapshot has row {taken[0]} of that name")

    async def _rename(self, client: ProofClient) -> None:
        old, new = client.random.sample(self._names, 2)
        await client.statement(
            f"UPDATE people SET name = '{new}', visits = visits + 1 WHERE name = '{old}'", also=(UNIQUE_VIOLATION,)
        )

    async def _delete(self, client: ProofClient) -> None:
        name = client.random.choice(self._names)
        found: list[str] = []

        async def work(connection: Connection) -> None:
            found.extend(
                str(row) for (row,) in (await connection.execute(f"SELECT id FROM people WHERE name = '{name}'")).rows
            )
            for row in found:
                await connection.execute(f"DELETE FROM people WHERE id = {row}")

        outcome, _ = await client.attempt(work)
        if outcome != ABORTED:
            for row in found:
                self._deleted[row] = COMMITTED if COMMITTED in (outcome, self._deleted.get(row)) else UNKNOWN

    async def _look(self, client: ProofClient) -> None:
        async def work(connection: Connection) -> None:
            self.problems += await compare(connection)

        await client.attempt(work)

    async def check(self, client: ProofClient) -> list[str]:
        rows = {str(row) for (row,) in await self.final(client, "SELECT id FROM people")}
        wrong = [
            f"row {row} was inserted, never deleted, and is gone"
            for row, outcome in self._inserted.items()
            if outcome == COMMITTED and row not in self._deleted and row not in rows
        ]
        wrong += [
            f"row {row} was refused and is there"
            for row, outcome in self._inserted.items()
            if outcome == ABORTED and row in rows
        ]
        wrong += [
            f"row {row} was deleted and is there"
            for row, outcome in self._deleted.items()
            if outcome == COMMITTED and row in rows
        ]
        for _ in range(100):
            connection = await client.connect()
            try:
                if connection is not None:
                    return wrong + await compare(connection)
            except SqlError as error:
                client.note(error, "the last comparison")
            await client.database.sleep(0.1)
        return [*wrong, "no progress: the table cannot be read"]


async def compare(connection: Connection) -> list[str]:
    """What one snapshot's table and unique index disagree about. (Outside of a transaction: two snapshots, at rest.)"""
    rows = (await connection.execute("SELECT name, id FROM people")).rows
    names = [name for name, _ in rows]
    wrong = [
        f"{name!r} is there {names.count(name)} times"
        for name in sorted({str(name) for name in names if names.count(name) > 1})
    ]
    for name in NAMES:
        by_index = (await connection.execute(f"SELECT id FROM people WHERE name = '{name}'")).rows
        by_table = [(row,) for other, row in rows if other == name]
        if sorted(by_index) != sorted(by_table):
            wrong.append(f"{name!r}: the index has {by_index}, the table {by_table}")
    return wrong
