"""`Counters`: counters raised under FOR UPDATE, with a line in a log for each rise; and pairs of rows of which one at
most may be raised.

A rise reads the counter FOR UPDATE, writes what it read plus one, and adds a row to the log, in one transaction. In
every snapshot the counter equals the log's count, and in the end it counts every acknowledged rise once, every refused
one never.

A visit locks a counter, by FOR UPDATE or by an ON CONFLICT DO UPDATE that leaves it alone, and leaves a line of what it
read, in no relation to any other key (most often the counter's adjudicator alone decides it). While it stands at that,
the visit must be made: every snapshot in which the counter is higher has the visit. Some visit all counters at once. A
sweep writes all counters, or all pairs, at once.

A pair guards against write skew: who raises one row of a pair has read the other one FOR UPDATE and found it at zero,
or has left it alone in an ON CONFLICT DO UPDATE, which locks it too. Snapshot isolation alone would let two clients
raise both. Others touch one row of a pair, which does no harm, but is a write amid what is only checked.
"""

from __future__ import annotations

from collections import Counter

from workloads.proofs.attempt import ABORTED, COMMITTED, UNKNOWN, ProofClient
from workloads.proofs.connection import Connection, as_dict
from workloads.proofs.proof import Proof

KEYS = (-3, -2, -1, 1, 2, 3)
"""Negative and positive integers belong to different halves of the key space, hence to different adjudicators."""
PAIRS = 2
CROWDED_KEYS, CROWDED_PAIRS = (-1, 1), 1
THINKS_S_MAX = 0.1
"""Of a guard: some transactions' time."""


class Counters(Proof):
    name = "counters"
    rewrites = ("UPDATE counters SET n = n", "UPDATE counter_pairs SET n = n")

    def __init__(self, pace_s: float = 0.0, recent: bool = True, crowded: bool = False) -> None:
        super().__init__(pace_s, recent, crowded)
        self._keys = CROWDED_KEYS if crowded else KEYS
        self._pairs = CROWDED_PAIRS if crowded else PAIRS
        self._rises: dict[str, list[str]] = {COMMITTED: [], ABORTED: [], UNKNOWN: []}
        self._touches: dict[str, Counter[int]] = {COMMITTED: Counter(), ABORTED: Counter(), UNKNOWN: Counter()}
        self._sequence = 0
        self._looks: list[tuple[dict[str, int], frozenset[str]]] = []
        """Of each snapshot: the counters, and which visits had been made."""
        self._raised: dict[int, int] = dict.fromkeys(self._keys, 0)
        """The highest value that an acknowledged rise has written."""

    async def setup(self, connection: Connection) -> None:
        await connection.execute("CREATE TABLE counters (k int PRIMARY KEY, n int NOT NULL)")
        await connection.execute("CREATE TABLE counter_log (rise int PRIMARY KEY, k int NOT NULL)")
        await connection.execute(
            "CREATE TABLE counter_pairs (k int PRIMARY KEY, n int NOT NULL, touched int NOT NULL DEFAULT 0)"
        )
        await connection.execute("CREATE TABLE counter_visits (id int PRIMARY KEY, k int NOT NULL, n int NOT NULL)")
        await connection.execute(f"INSERT INTO counters VALUES {', '.join(f'({key}, 0)' for key in self._keys)}")
        pairs = ", ".join(f"({sign * pair}, 0)" for pair in range(1, self._pairs + 1) for sign in (-1, 1))
        await connection.execute(f"INSERT INTO counter_pairs (k, n) VALUES {pairs}")

    async def step(self, client: ProofClient, number: int) -> None:
        chance = client.random.random()
        for share, work in (
            (0.4, self._rise),
            (0.15, self._look),
            (0.15, self._visit),
            (0.1, self._visit_all),
            (0.07, self._touch),
            (0.03, self._sweep),
            (0.05, self._guard),
            (1.0, self._raise_one_of_a_pair),
        ):
            chance -= share
            if chance < 0:
                return await work(client)

    async def _rise(self, client: ProofClient) -> None:
        key = client.random.choice(self._keys)
        self._sequence += 1
        rise = self._sequence * client.random.choice((-1, 1))

        async def work(connection: Connection) -> int:
            [(n,)] = (await connection.execute(f"SELECT n FROM counters WHERE k = {key} FOR UPDATE")).rows
            await connection.execute(f"INSERT INTO counter_log VALUES ({rise}, {key})")
            await connection.execute(f"UPDATE counters SET n = {int(n or 0) + 1} WHERE k = {key}")
            return int(n or 0) + 1

        outcome, raised_to = await client.attempt(work)
        self._rises[outcome].append(str(rise))
        if outcome == COMMITTED and raised_to is not None:
            self._raised[key] = max(raised_to, self._raised[key])

    async def _guard(self, client: ProofClient) -> None:
        """Locks alone: of one counter, of some, or of all, and most often of more than one adjudicator."""
        keys = client.random.sample(self._keys, client.random.randint(1, len(self._keys)))
        lock = client.random.choice(("FOR UPDATE", "FOR KEY SHARE"))
        thinks_s = client.random.uniform(0, THINKS_S_MAX)

        async def work(connection: Connection) -> tuple[dict[int, int], dict[int, int]]:
            found = (
                await connection.execute(f"SELECT k, n FROM counters WHERE k IN ({', '.join(map(str, keys))}) {lock}")
            ).rows
            await client.database.sleep(thinks_s)
            return {int(key or 0): int(n or 0) for key, n in found}, dict(self._raised)

        outcome, result = await client.attempt(work)
        if outcome == COMMITTED and result is not None:
            seen, raised = result
            self.problems += [
                f"a guard stood with counter {key} at {n}, and a rise to {raised[key]} was acknowledged "
                f"before it committed"
                for key, n in seen.items()
                if raised[key] > n
            ]

    async def _look(self, client: ProofClient) -> None:
        acknowledged = len(self._rises[COMMITTED]) if self.recent else 0

        async def work(connection: Connection) -> None:
            counted = (await connection.execute("SELECT k, n FROM counters ORDER BY k")).rows
            logged = as_dict(await connection.execute("SELECT k, count(*) FROM counter_log GROUP BY k"))
            visits = (await connection.execute("SELECT id FROM counter_visits")).rows
            self._looks.append(
                ({str(key): int(n or 0) for key, n in counted}, frozenset(str(made) for (made,) in visits))
            )
            for key, n in counted:
                if logged.get(key, "0") != n:
                    self.problems.append(f"a snapshot has counter {key} at {n} and {logged.get(key, '0')} lines for it")
            if sum(int(lines or 0) for lines in logged.values()) < acknowledged:
                self.problems.append(f"{acknowledged} rises were acknowledged before a snapshot, which has {logged}")

        await client.attempt(work)

    async def _raise_one_of_a_pair(self, client: ProofClient) -> None:
        pair = client.random.randint(1, self._pairs) * client.random.choice((-1, 1))
        lock = client.random.choice(("FOR UPDATE", ""))

        async def work(connection: Connection) -> None:
            if not lock:
                left_alone = "ON CONFLICT (k) DO UPDATE SET n = 1 WHERE counter_pairs.n > 1"
                await connection.execute(f"INSERT INTO counter_pairs (k, n) VALUES ({-pair}, 0) {left_alone}")
            [(other,)] = (await connection.execute(f"SELECT n FROM counter_pairs WHERE k = {-pair} {lock}")).rows
            [(mine,)] = (await connection.execute(f"SELECT n FROM counter_pairs WHERE k = {pair}")).rows
            if mine == other == "1":
                self.problems.append(f"both rows of pair {abs(pair)} are raised")
            if other == "0":
                await connection.execute(f"UPDATE counter_pairs SET n = 1 WHERE k = {pair}")
            elif mine == "0":
                await connection.execute(f"UPDATE counter_pairs SET n = 0 WHERE k = {-pair}")

        await client.attempt(work)

    async def _visit(self, client: ProofClient) -> None:
        key = client.random.choice(self._keys)
        self._sequence += 1
        visit = self._sequence * (client.random.choice((1, 1, -1)) if key > 0 else client.random.choice((-1, -1, 1)))
        lock = client.random.choice(("FOR UPDATE", ""))

        async def work(connection: Connection) -> None:
            if not lock:
                left_alone = "ON CONFLICT (k) DO UPDATE SET n = -1 WHERE counters.n < 0"
                await connection.execute(f"INSERT INTO counters VALUES ({key}, -1) {left_alone}")
            [(n,)] = (await connection.execute(f"SELECT n FROM counters WHERE k = {key} {lock}")).rows
            await connection.execute(f"INSERT INTO counter_visits VALUES ({visit}, {key}, {n})")

        await client.attempt(work)

    async def _visit_all(self, client: ProofClient) -> None:
        """Many such locks of one transaction, shared with others of its kind, at every adjudicator."""
        self._sequence += len(self._keys)
        visits = {key: (self._sequence - place) * client.random.choice((-1, 1)) for place, key in enumerate(self._keys)}

        async def work(connection: Connection) -> None:
            found = (await connection.execute("SELECT k, n FROM counters FOR UPDATE")).rows
            lines = ", ".join(f"({visits[int(key or 0)]}, {key}, {n})" for key, n in found)
            await connection.execute(f"INSERT INTO counter_visits VALUES {lines}")

        await client.attempt(work)

    async def _touch(self, client: ProofClient) -> None:
        key = client.random.randint(1, self._pairs) * client.random.choice((-1, 1))
        outcome, _ = await client.statement(f"UPDATE counter_pairs SET touched = touched + 1 WHERE k = {key}")
        self._touches[outcome][key] += 1

    async def _sweep(self, client: ProofClient) -> None:
        await client.statement(client.random.choice(self.rewrites))

    async def check(self, client: ProofClient) -> list[str]:
        wrong: list[str] = []
        counted = as_dict(await self.final(client, "SELECT k, n FROM counters"))
        log = await self.final(client, "SELECT rise, k FROM counter_log")
        there = {rise for rise, _ in log}
        wrong += [f"rise {rise} was acknowledged and is lost" for rise in self._rises[COMMITTED] if rise not in there]
        wrong += [f"rise {rise} was refused and is there" for rise in self._rises[ABORTED] if rise in there]
        for key in map(str, self._keys):
            lines = sum(1 for _, k in log if k == key)
            if counted.get(key) != str(lines):
                wrong.append(f"counter {key} is {counted.get(key)}, its log has {lines} lines")
        for visit, locked, n in await self.final(client, "SELECT id, k, n FROM counter_visits"):
            assert visit is not None and locked is not None
            for counted_then, visits_then in self._looks:
                if counted_then[locked] > int(n or 0) and visit not in visits_then:
                    wrong.append(
                        f"visit {visit} locked counter {locked} at {n}, and a snapshot has that at "
                        f"{counted_then[locked]} without the visit"
                    )
        for row, touched in await self.final(client, "SELECT k, touched FROM counter_pairs"):
            least = self._touches[COMMITTED][int(row or 0)]
            most = least + self._touches[UNKNOWN][int(row or 0)]
            if not least <= int(touched or 0) <= most:
                wrong.append(f"row {row} of a pair counts {touched} touches, of which {least} to {most} were made")
        for (pair,) in await self.final(
            client, "SELECT abs(k) FROM counter_pairs WHERE n = 1 GROUP BY abs(k) HAVING count(*) > 1"
        ):
            wrong.append(f"both rows of pair {pair} are raised")
        return wrong
