"""`Proof`: a workload with a history and a checker of it. See the package."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from random import Random

from workloads.proofs.attempt import ProofClient
from workloads.proofs.connection import Connection, Database, SqlError

Stop = Callable[[], bool]

SETUP_ATTEMPTS_MAX = 100
BURST = 4
"""Transactions of one client, on average."""


class Proof(ABC):
    """Subclass this. `pace_s`: the mean time between two transactions of a client, which come in bursts (`pause_s`); 0:
    without a pause. `recent`: clocks keep their bounds. `crowded`: all go for few keys."""

    name = ""
    clients = 3
    rewrites: tuple[str, ...] = ()
    """Statements that write every row as it is."""

    def __init__(self, pace_s: float = 0.0, recent: bool = True, crowded: bool = False) -> None:
        self.pace_s = pace_s
        self.crowded = crowded
        self.recent = recent
        self.commits = 0
        self.attempts = 0
        self.row_bytes = 0
        """Of large rows, in proofs that have some; 0: small ones."""
        self.tolerated: tuple[str, ...] = ()
        """Further SQLSTATEs that a statement may fail with under this cluster's settings."""
        self.problems: list[str] = []
        """What should never have happened: an error that no fault explains, a wrong row seen on the way."""

    @abstractmethod
    async def setup(self, connection: Connection) -> None:
        """Make the tables and their first rows; the database is healthy."""

    @abstractmethod
    async def step(self, client: ProofClient, number: int) -> None:
        """One transaction of client `number`, and its note in the history."""

    @abstractmethod
    async def check(self, client: ProofClient) -> list[str]:
        """After all clients have ended and the database is healthy: what is wrong, in words."""

    async def rewrite(self, client: ProofClient) -> None:
        """Before the check: every row can be written again, by nobody's leave. Raises SqlError where that does not
        succeed in the end."""
        for sql in self.rewrites:
            await self.final(client, sql)

    async def run_client(self, database: Database, number: int, random: Random, stop: Stop) -> None:
        """Steps until `stop()`."""
        client = ProofClient(database, random, self.problems, self.recent, self.tolerated)
        while not stop():
            self.attempts += 1
            await self.step(client, number)
            if self.pace_s:
                await database.sleep(self.pause_s(random, database.now_us() / 1e6))
        self.commits += client.commits
        await self.leave(client, number)

    async def leave(self, client: ProofClient, number: int) -> None:
        """The `number`-th client has taken its last step."""
        await client.close()

    def pause_s(self, random: Random, now_s: float) -> float:
        """Transactions in quick succession, then none until all clients begin their next burst at the same time: what
        goes wrong among concurrent ones, or right after another, needs them close together."""
        if random.random() < 1 - 1 / BURST:
            return random.uniform(0, self.pace_s / 50)
        interval_s = BURST * self.pace_s
        return interval_s - now_s % interval_s

    async def final(self, client: ProofClient, sql: str) -> list[tuple[str | None, ...]]:
        """A statement of the check, which must succeed in the end. Raises SqlError when it does not."""
        for _ in range(SETUP_ATTEMPTS_MAX):
            outcome, rows = await client.statement(sql)
            if outcome == "committed":
                return rows
            await client.database.sleep(0.1)
        raise SqlError("XX000", f"no progress: {sql}")
