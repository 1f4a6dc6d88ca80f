"""Commits and promises asked of real adjudicators over real journals, everything noted, and the protocol's invariants
checked against the journals' records.

    history = History(world)
    await asyncio.gather(history.commits(client, until), history.promises(client, until))
    history.check(journals(world))

What a client was told is evidence: "committed" must be in a journal at that time (I1), "not committed" must be in none.
Every transaction is one record (I2), nobody wrote what it wrote or checked between its start and its commit (I3),
nothing was committed at or below a promise (I5), epochs' intervals follow one another (I6), replicas' logs agree,
epochs in them never go back (I7), and nobody hears of a commit before its time (I11, where clocks are honest).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from actors.common import write_set
from actors.common.errors import DatabaseError
from actors.common.messages import AskPromise, Commit, Committed, Promised
from actors.common.refusals import NotCommitted
from actors.journal.record import COMMIT, EPOCH_BEGIN, TRANSACTION_BYTES, RecordHeader, decode_header
from actors.journal.replica import JournalReplica
from actors.runtime.simulation.world import World
from tests.sim.protocol.cluster import Client, key_of

KEYS = 10
COMMITTED, REFUSED, UNKNOWN = "committed", "refused", "unknown"


@dataclass
class Attempt:
    """One transaction, and what its client was told."""

    start_ts: int
    written: list[bytes]
    checked: list[bytes]
    told: str = UNKNOWN
    commit_ts: int = 0


@dataclass(frozen=True)
class JournalAtEnd:
    """The committed records of one journal, and each replica's whole log."""

    records: list[RecordHeader]
    logs: list[list[RecordHeader]]


def journals(world: World) -> dict[int, JournalAtEnd]:
    """All replicas are up and have heard of a commit of the last epoch."""
    found: dict[int, JournalAtEnd] = {}
    for number in range(1, world.settings.layout.adjudicators + 1):
        logs: list[list[RecordHeader]] = []
        records: list[RecordHeader] = []
        for process in world.processes.values():
            for spec in process.specs:
                role = process.role(spec.name) if spec.name.startswith(f"journal/{number}/") else None
                if isinstance(role, JournalReplica):
                    log = [decode_header(record) for record in role.log.read(1, 1 << 40, role.log.last_lsn)]
                    logs.append(log)
                    if role.committed_lsn > len(records):
                        records = log[: role.committed_lsn]
        found[number] = JournalAtEnd(records, logs)
    return found


class History:
    """`certain`: messages are not repeated, so a refusal is one for good (a repeated Commit is a second attempt, if the
    first was not a conflict)."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.attempts: dict[bytes, Attempt] = {}
        self.promised: list[tuple[int, Promised]] = []
        self.certain = world.faults.repeat_chance == 0
        self.honest = world.faults.clock_honest

    async def commits(self, client: Client, until_s: float) -> None:
        random = client.random
        while self.world.loop.time() < until_s:
            keys = [key_of(number) for number in random.sample(range(KEYS), random.randint(1, 3))]
            split = random.randint(1, len(keys))
            attempt = Attempt(
                client.now() - random.choice((0, 0, 1000, 20_000, random.randrange(2_000_000))),
                sorted(keys[:split]),
                sorted(keys[split:]),
            )
            await self._commit(client, attempt, twice=random.random() < 0.1)
            await asyncio.sleep(random.uniform(0, 0.01))

    async def _commit(self, client: Client, attempt: Attempt, twice: bool) -> None:
        transaction = client.random.getrandbits(128).to_bytes(TRANSACTION_BYTES, "big")
        self.attempts[transaction] = attempt
        payload = write_set.encode(
            attempt.written, [transaction] * len(attempt.written), [write_set.PUT] * len(attempt.written)
        )
        message = Commit(transaction, attempt.start_ts, attempt.start_ts, payload, attempt.checked)
        coordinator = f"adjudicator/{client.map.adjudicator(client.random.choice(attempt.written))}"
        calls = [self.world.bus.call(client.name, coordinator, message, timeout_s=2) for _ in range(1 + twice)]
        for answer in await asyncio.gather(*calls, return_exceptions=True):
            if isinstance(answer, Committed):
                assert attempt.told != COMMITTED or attempt.commit_ts == answer.commit_ts, (
                    "a repeated Commit gets the same answer"
                )
                attempt.told, attempt.commit_ts = COMMITTED, answer.commit_ts
                if self.honest:
                    assert answer.commit_ts <= self.world.clock.true_us(), "I11: told of a commit before its time"
            elif isinstance(answer, DatabaseError):
                certain = answer.sqlstate == "40001" or (self.certain and not twice and _says_not_committed(answer))
                if certain and attempt.told == UNKNOWN:
                    attempt.told = REFUSED
            else:
                raise AssertionError(answer)

    async def promises(self, client: Client, until_s: float) -> None:
        random = client.random
        while self.world.loop.time() < until_s:
            number = random.choice(client.map.all_adjudicators())
            at = client.now() + random.choice((0, 0, 0, 5000, 400_000))
            try:
                answer = await self.world.bus.call(client.name, f"adjudicator/{number}", AskPromise(at), timeout_s=1)
                assert isinstance(answer, Promised) and answer.promise >= at
                self.promised.append((number, answer))
            except DatabaseError:
                pass
            await asyncio.sleep(random.uniform(0, 0.1))

    # -- the invariants ------------------------------------------------------------------------------------------------

    def check(self, found: dict[int, JournalAtEnd]) -> int:
        """The number of transactions committed."""
        committed: dict[bytes, RecordHeader] = {}
        for journal in found.values():
            for header in journal.records:
                if header.kind == COMMIT:
                    name = header.transaction[:TRANSACTION_BYTES]
                    assert name not in committed, f"I2: {name.hex()} has two records"
                    committed[name] = header
            check_epochs(journal.records)
            check_logs(journal)
        self._check_told(committed)
        self._check_conflicts(committed)
        for number, promised in self.promised:
            for header in found[number].records:
                if header.kind == COMMIT and (header.lsn > promised.after_lsn or header.epoch > promised.epoch):
                    assert header.commit_ts > promised.promise, f"I5: {header} in spite of {promised}"
        return len(committed)

    def _check_told(self, committed: dict[bytes, RecordHeader]) -> None:
        for name, attempt in self.attempts.items():
            if attempt.told == COMMITTED:
                assert name in committed, f"I1: {name.hex()} was acknowledged and is lost"
                assert committed[name].commit_ts == attempt.commit_ts
            elif attempt.told == REFUSED:
                assert name not in committed, f"{name.hex()} was refused and is committed"

    def _check_conflicts(self, committed: dict[bytes, RecordHeader]) -> None:
        writers: dict[bytes, list[tuple[int, bytes]]] = {}
        for name, header in committed.items():
            for key in self.attempts[name].written:
                writers.setdefault(key, []).append((header.commit_ts, name))
        for name, header in committed.items():
            attempt = self.attempts[name]
            for key in (*attempt.written, *attempt.checked):
                for commit_ts, other in writers.get(key, ()):
                    between = attempt.start_ts < commit_ts <= header.commit_ts
                    assert other == name or not between, (
                        f"I3: {other.hex()} wrote {key.hex()} while {name.hex()} was open"
                    )


def check_epochs(records: list[RecordHeader]) -> None:
    """I6: intervals follow one another, and every commit lies within its own."""
    epoch, end, begin, last = 0, 0, 0, 0
    for header in records:
        if header.epoch != epoch:
            assert header.kind == EPOCH_BEGIN and header.epoch > epoch, f"I6: an epoch begins with its record: {header}"
            assert header.commit_ts > end, (
                f"I6: epoch {header.epoch} begins at {header.commit_ts}, {epoch} ended at {end}"
            )
            epoch, begin = header.epoch, header.commit_ts
        end = header.epoch_end
        if header.kind == COMMIT:
            assert begin < header.commit_ts <= end, f"I6: {header}"
            assert header.commit_ts > last
            last = header.commit_ts


def check_logs(journal: JournalAtEnd) -> None:
    """I7: no replica took an older epoch's record after a newer one's; all have the committed records."""
    for log in journal.logs:
        assert [header.lsn for header in log] == list(range(1, len(log) + 1))
        epochs = [header.epoch for header in log]
        assert epochs == sorted(epochs), "I7: an older epoch's record after a newer one's"
        for mine, theirs in zip(log, journal.records, strict=False):
            if mine.lsn <= len(journal.records) - 50:
                assert mine == theirs, f"replicas differ at record {mine.lsn}"


def _says_not_committed(error: DatabaseError) -> bool:
    return error.sqlstate == "55000" or (error.sqlstate == "08006" and error.refusal == NotCommitted())
