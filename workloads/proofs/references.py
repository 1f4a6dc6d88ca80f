"""`References`: rows that refer to others under foreign keys, written and deleted by clients that fight over few
parents.

No snapshot has a row that refers to none, whatever of RESTRICT, CASCADE and SET NULL was to become of it, whether by
its parent's primary key or by a unique name: the deletion of a parent and a row that refers to it never both commit
unseen by each other (write skew, which snapshot isolation alone lets through). An insert is told 23503 where its own
snapshot lacks the parent, and nowhere else. Parents are updated all the time beside their primary key, which is
nobody's business.
"""

from __future__ import annotations

from workloads.proofs.attempt import ProofClient
from workloads.proofs.connection import Connection, SqlError
from workloads.proofs.proof import Proof

PARENTS = (-3, -2, -1, 1, 2, 3)
"""Of both halves of the key space."""
CROWDED_PARENTS = (-1, 1)
FOREIGN_KEY_VIOLATION = "23503"
UNIQUE_VIOLATION = "23505"
THINK_S_MAX = 0.3
CHILDREN = ("held", "taken", "loose", "named")
"""Tables that refer to parents: RESTRICT, CASCADE, SET NULL, and by name."""


class References(Proof):
    name = "references"
    rewrites = ("UPDATE parents SET visits = visits", *(f"UPDATE {child} SET parent = parent" for child in CHILDREN))

    def __init__(self, pace_s: float = 0.0, recent: bool = True, crowded: bool = False) -> None:
        super().__init__(pace_s, recent, crowded)
        self._parents = CROWDED_PARENTS if crowded else PARENTS
        self._sequence = 0

    async def setup(self, connection: Connection) -> None:
        await connection.execute("CREATE TABLE parents (id int PRIMARY KEY, name text UNIQUE, visits int NOT NULL)")
        for child, action in (("held", "RESTRICT"), ("taken", "CASCADE"), ("loose", "SET NULL")):
            await connection.execute(
                f"CREATE TABLE {child} (id int PRIMARY KEY, parent int REFERENCES parents ON DELETE {action})"
            )
        await connection.execute(
            "CREATE TABLE named (id int PRIMARY KEY, parent text REFERENCES parents (name) ON UPDATE CASCADE)"
        )

    async def step(self, client: ProofClient, number: int) -> None:
        chance = client.random.random()
        parent = client.random.choice(self._parents)
        if chance < 0.2:
            await client.statement(f"INSERT INTO parents VALUES ({parent}, 'n{parent}', 0)", also=(UNIQUE_VIOLATION,))
        elif chance < 0.4:
            await client.attempt(
                lambda connection: self._delete(client, connection, parent), also=(FOREIGN_KEY_VIOLATION,)
            )
        elif chance < 0.7:
            await self._refer(client, parent)
        elif chance < 0.8:
            await client.statement(f"DELETE FROM {client.random.choice(CHILDREN)}")
        elif chance < 0.85:
            await client.statement(
                f"UPDATE parents SET name = name || 'x' WHERE id = {parent}", also=(UNIQUE_VIOLATION,)
            )
        elif chance < 0.9:
            await client.statement(f"UPDATE parents SET visits = visits + 1 WHERE id = {parent}")
        else:
            await client.attempt(self._look)

    async def _delete(self, client: ProofClient, connection: Connection, parent: int) -> None:
        """Another client may refer to the parent before the COMMIT."""
        await connection.execute(f"DELETE FROM parents WHERE id = {parent}")
        await client.database.sleep(client.random.uniform(0, THINK_S_MAX))

    async def _refer(self, client: ProofClient, parent: int) -> None:
        self._sequence += 1
        row = self._sequence * client.random.choice((-1, 1))
        child = client.random.choice(CHILDREN)
        shown = f"'n{parent}'" if child == "named" else str(parent)
        insert = f"INSERT INTO {child} VALUES ({row}, {shown})"
        if client.random.random() < 0.5:
            await client.statement(insert, also=(FOREIGN_KEY_VIOLATION,))
        else:
            await client.attempt(
                lambda connection: self._refer_seeing(connection, insert, child, parent), also=(FOREIGN_KEY_VIOLATION,)
            )

    async def _refer_seeing(self, connection: Connection, insert: str, child: str, parent: int) -> None:
        column, wanted = ("name", f"n{parent}") if child == "named" else ("id", str(parent))
        there = any(
            str(value) == wanted for (value,) in (await connection.execute(f"SELECT {column} FROM parents")).rows
        )
        try:
            await connection.execute(insert)
        except SqlError as error:
            if error.sqlstate == FOREIGN_KEY_VIOLATION and there:
                self.problems.append(f"{insert} was refused with 23503, and its snapshot has parent {parent}")
            raise
        if not there:
            self.problems.append(f"{insert} went through, and its snapshot has no parent {parent}")

    async def _look(self, connection: Connection) -> None:
        self.problems += await orphans(connection)

    async def check(self, client: ProofClient) -> list[str]:
        for _ in range(100):
            connection = await client.connect()
            try:
                if connection is not None:
                    return await orphans(connection)
            except SqlError as error:
                client.note(error, "the last look")
            await client.database.sleep(0.1)
        return ["no progress: the tables cannot be read"]


async def orphans(connection: Connection) -> list[str]:
    """Rows of one snapshot that refer to none. (Outside of a transaction: several snapshots, at rest.)"""
    parents = (await connection.execute("SELECT id, name FROM parents")).rows
    wrong = []
    for child in CHILDREN:
        known = {str(name if child == "named" else number) for number, name in parents}
        for row, parent in (await connection.execute(f"SELECT id, parent FROM {child}")).rows:
            if parent is not None and str(parent) not in known:
                wrong.append(f"row {row} of {child} refers to {parent}, which is not there")
    return wrong
