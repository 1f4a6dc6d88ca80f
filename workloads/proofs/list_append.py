"""`ListAppend`: transactions that append unique values to lists and read lists, checked in the manner of Elle
(histories/list_append.py).

A list is a text column, its values separated by commas; a key that was never appended to has no row. Keys are retired
after a number of appends, so that lists stay short and new rows are inserted all the time. Some reads go by key, some
by a range over all keys (a scan, on both shards).
"""

from __future__ import annotations

from workloads.histories.list_append import check
from workloads.histories.transactions import Append, Read, Transaction
from workloads.proofs.attempt import UNKNOWN, ProofClient
from workloads.proofs.connection import Connection, as_dict
from workloads.proofs.proof import Proof

KEYS_AT_A_TIME = 6
CROWDED_KEYS_AT_A_TIME = 2
APPENDS_MAX = 24
"""Of one key; then another takes its place."""
OPERATIONS_MAX = 4


class ListAppend(Proof):
    name = "append"
    rewrites = ("UPDATE lists SET v = v",)

    def __init__(self, pace_s: float = 0.0, recent: bool = True, crowded: bool = False) -> None:
        super().__init__(pace_s, recent, crowded)
        self.history: list[Transaction] = []
        self._last_key = CROWDED_KEYS_AT_A_TIME if crowded else KEYS_AT_A_TIME
        self._keys = [self._sign(number) for number in range(1, self._last_key + 1)]
        self._appends = dict.fromkeys(self._keys, 0)
        self._last_value = 0

    @staticmethod
    def _sign(number: int) -> int:
        """Every other key is negative: in the other half of the key space."""
        return number if number % 2 else -number

    async def setup(self, connection: Connection) -> None:
        await connection.execute("CREATE TABLE lists (k int PRIMARY KEY, v text NOT NULL)")

    async def step(self, client: ProofClient, number: int) -> None:
        random = client.random
        planned = [
            self._choose(random.choice(self._keys), random.random() < 0.5)
            for _ in range(random.randint(1, OPERATIONS_MAX))
        ]
        scan = random.random() < 0.1
        done: list[Append | Read] = []

        async def work(connection: Connection) -> None:
            for operation in planned:
                if isinstance(operation, Append):
                    await connection.execute(
                        f"INSERT INTO lists VALUES ({operation.key}, '{operation.value}')"
                        f" ON CONFLICT (k) DO UPDATE SET v = lists.v || ',' || excluded.v"
                    )
                    done.append(operation)
                elif scan:
                    rows = as_dict(await connection.execute("SELECT k, v FROM lists"))
                    done.append(Read(operation.key, _values(rows.get(str(operation.key)))))
                else:
                    found = (await connection.execute(f"SELECT v FROM lists WHERE k = {operation.key}")).rows
                    done.append(Read(operation.key, _values(found[0][0] if found else None)))

        began_us = client.database.now_us()
        outcome, _ = await client.attempt(work)
        ended_us = None if outcome == UNKNOWN else client.database.now_us()
        self.history.append(Transaction(number, tuple(done), began_us, ended_us, outcome, len(self.history)))

    def _choose(self, key: int, append: bool) -> Append | Read:
        if not append:
            return Read(key, None)
        self._last_value += 1
        self._appends[key] += 1
        if self._appends[key] == APPENDS_MAX:
            self._last_key += 1
            self._keys[self._keys.index(key)] = self._sign(self._last_key)
            self._appends[self._sign(self._last_key)] = 0
        return Append(key, self._last_value)

    async def check(self, client: ProofClient) -> list[str]:
        """The last read of all lists is part of the history: what it lacks is lost."""
        began_us = client.database.now_us()
        rows = as_dict(await self.final(client, "SELECT k, v FROM lists"))
        reads = tuple(Read(key, _values(rows.get(str(key)))) for key in self._appends)
        self.history.append(Transaction(-1, reads, began_us, client.database.now_us(), "committed", len(self.history)))
        wrong = lost_appends(self.history)
        return wrong + [
            f"{anomaly.kind}: {anomaly.explanation}" for anomaly in check(self.history, real_time=self.recent)
        ]


def lost_appends(history: list[Transaction]) -> list[str]:
    """Acknowledged appends that the last transaction, a read of everything, does not show."""
    last = {read.key: set(read.values or ()) for read in history[-1].operations if isinstance(read, Read)}
    return [
        f"{operation.value} was appended to {operation.key}, acknowledged, and is lost"
        for transaction in history
        if transaction.outcome == "committed"
        for operation in transaction.operations
        if isinstance(operation, Append) and operation.value not in last[operation.key]
    ]


def _values(text: str | None) -> tuple[int, ...]:
    return tuple(map(int, text.split(","))) if text else ()
