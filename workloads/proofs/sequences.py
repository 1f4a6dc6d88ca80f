"""`Sequences`: clients that take values of sequences, alone and for identity columns, with and without a cache, while
processes die.

No value is given twice, whatever became of the transaction that took it: rolled back, refused at COMMIT, or of unknown
outcome. A row is never refused for its identity column's value (23505).
"""

from __future__ import annotations

from collections.abc import Sequence

from workloads.proofs.attempt import ProofClient
from workloads.proofs.connection import Connection
from workloads.proofs.proof import Proof

NAMES = ("narrow", "wide")


class Sequences(Proof):
    name = "sequences"
    rewrites = ("UPDATE tickets SET client = client",)

    def __init__(self, pace_s: float = 0.0, recent: bool = True, crowded: bool = False) -> None:
        super().__init__(pace_s, recent, crowded)
        self._given: dict[str, set[int]] = {name: set() for name in (*NAMES, "tickets")}

    async def setup(self, connection: Connection) -> None:
        await connection.execute("CREATE SEQUENCE narrow CACHE 1")
        await connection.execute("CREATE SEQUENCE wide CACHE 65536")
        await connection.execute(
            "CREATE TABLE tickets (id bigint GENERATED ALWAYS AS IDENTITY (CACHE 1) PRIMARY KEY, client int NOT NULL)"
        )

    async def step(self, client: ProofClient, number: int) -> None:
        chance = client.random.random()
        if chance < 0.4:
            name = client.random.choice(NAMES)
            _, rows = await client.statement(f"SELECT nextval('{name}'), nextval('{name}')")
            for row in rows:
                self._note(name, row)
        elif chance < 0.7:
            _, rows = await client.statement(f"INSERT INTO tickets (client) VALUES ({number}), ({number}) RETURNING id")
            self._note("tickets", [value for (value,) in rows])
        else:
            await client.attempt(lambda connection: self._take(connection, number))

    async def _take(self, connection: Connection, number: int) -> None:
        """Noted at once: what becomes of the transaction does not matter."""
        rows = (
            await connection.execute(
                f"INSERT INTO tickets (client) SELECT {number} FROM generate_series(1, 3) RETURNING id"
            )
        ).rows
        self._note("tickets", [value for (value,) in rows])

    def _note(self, name: str, values: Sequence[str | None]) -> None:
        for value in values:
            taken = int(str(value))
            if taken in self._given[name]:
                self.problems.append(f"{name} gave {taken} twice")
            self._given[name].add(taken)

    async def check(self, client: ProofClient) -> list[str]:
        rows = await self.final(client, "SELECT id FROM tickets")
        return [] if len(rows) == len(set(rows)) else ["a ticket is there twice"]
