"""The verdict: what must be true of the evidence at the end of a run, when all faults are healed and every replica has
caught up.

    I1   what was acknowledged is in a journal, at the commit time that was told; what was refused for good is in none
    I2   every transaction is one record of one journal; who was told its outcome was told what the record says
    I3   of two committed writers of one key, or a writer and one who checked it, the second began after the first's
         commit; each commits after its start
    I3   who took a row away that others may refer to began after the last commit that does (common/references.py)
    I3   who wrote or checked a key knew its table's schema of that time; who had a table to himself, or dropped its
         keys, met no write in it
    I4   every answer to a read held, for each key, the newest version at or below its time, on whatever replica, and
         named the newest catalog change by then
    I5   nothing was committed at or below a promise
    I6   the epochs' intervals of commit times follow one another, and every commit lies within its own, and below every
         later epoch of each participant: with an epoch go the marks that it has held for it
    I8   all replicas of a shard hold the journals' contents, at several times
    I10  a storage replica holds the keys of its own shard and no others

`Model` is the database as the journals' records tell it: every version of every key. It shares no code with storage.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right, insort
from collections.abc import Sequence
from dataclasses import dataclass

from actors.adjudicator.claim import TABLE_BYTES
from actors.common import write_set
from actors.common.errors import DatabaseError
from actors.common.messages import Fetch, Get, Scan, Scanned
from actors.common.ranges import KEYSPACE_BYTES, ShardMap
from actors.common.references import is_reference
from actors.common.timestamps import Timestamp
from actors.journal.record import COMMIT, EPOCH_BEGIN, TRANSACTION_BYTES, RecordHeader, decode_header
from actors.runtime.simulation.world import World
from actors.sql.encoding.keys import prefix_end
from cluster.simulation.parted import Parts
from cluster.simulation.witness import Evidence

SCAN_ATTEMPTS_MAX = 60
VERSIONS_MAX = 20
VERSIONS_US = 20_000_000
"""So many of a replica's last versions are read at their own times, and none that is older than this."""


@dataclass(frozen=True)
class Commitment:
    """One committed transaction: its record and the rows of its write set."""

    header: RecordHeader
    rows: list[tuple[bytes, bytes | None, int]]


class Model:
    """Versions by key, from all journals' records. `until`: of what was committed by then alone."""

    def __init__(self, evidence: Evidence, until: Timestamp | None = None) -> None:
        self.commits: dict[bytes, Commitment] = {}
        self.versions: dict[bytes, list[tuple[Timestamp, bytes | None]]] = {}
        self.drops: list[tuple[Timestamp, bytes, bytes]] = []
        self.catalog_changes: list[Timestamp] = []
        for journal in sorted(evidence.records):
            records, parts = evidence.records[journal], Parts()
            for header in evidence.headers(journal):
                rows = parts.rows(header, records[header.lsn])
                if header.kind == COMMIT and (until is None or header.commit_ts <= until):
                    name = header.transaction[:TRANSACTION_BYTES]
                    assert name not in self.commits, f"I2: {name.hex()} has two records"
                    self.commits[name] = Commitment(header, rows)
                    self._apply(header.commit_ts, rows)
                    if header.catalog_change:
                        insort(self.catalog_changes, header.commit_ts)
        self.keys = sorted(self.versions)

    def _apply(self, commit_ts: Timestamp, rows: list[tuple[bytes, bytes | None, int]]) -> None:
        for key, value, kind in rows:
            if kind == write_set.DROP_RANGE:
                assert value is not None
                self.drops.append((commit_ts, key, value))
            else:
                insort(self.versions.setdefault(key, []), (commit_ts, value), key=lambda version: version[0])

    def get(self, key: bytes, at: Timestamp) -> bytes | None:
        versions = self.versions.get(key, ())
        place = bisect_right(versions, at, key=lambda version: version[0])
        if not place:
            return None
        commit_ts, value = versions[place - 1]
        dropped = any(commit_ts < dropped_ts <= at and start <= key < end for dropped_ts, start, end in self.drops)
        return None if dropped else value

    def contents(self, at: Timestamp, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """All of these keys' rows at this time."""
        return {key: value for key in keys if (value := self.get(key, at)) is not None}


def check_records(evidence: Evidence) -> Model:
    """I1, I2, I3, I4, I5, I6. Raises AssertionError."""
    for journal in sorted(evidence.records):
        check_epochs(journal, list(evidence.headers(journal)))
    model = Model(evidence)
    for name, told in evidence.told.items():
        commitment = model.commits.get(name)
        if told.commit_ts:
            assert commitment is not None, f"I1: {name.hex()} was acknowledged and is lost"
            assert commitment.header.commit_ts == told.commit_ts, (
                f"I1: {name.hex()} was acknowledged at {told.commit_ts}: {commitment.header}"
            )
        elif told.refused:
            assert commitment is None, f"I1: {name.hex()} was refused and is committed"
    check_outcomes(evidence, model)
    check_offers(evidence, model)
    check_conflicts(evidence, model)
    check_schemas(evidence, model)
    check_promises(evidence)
    check_reads(evidence, model)
    return model


def check_outcomes(evidence: Evidence, model: Model) -> None:
    """Participants go by what a coordinator says of one attempt at a transaction. So do query processors, which know
    only how its name begins, where it spans adjudicators."""
    committed = {commitment.header.transaction: commitment.header.commit_ts for commitment in model.commits.values()}
    committed |= {name[:TRANSACTION_BYTES]: commit_ts for name, commit_ts in committed.items()}
    for teller, name, commit_ts in evidence.outcomes:
        found = committed.get(name, 0)
        assert commit_ts == found, (
            f"I2: {teller} told of {name.hex()} that it is committed at {commit_ts}; its record: {found} (0: none)"
        )


def check_offers(evidence: Evidence, model: Model) -> None:
    """A participant's next epoch begins above whatever its last one has offered, and was chosen."""
    committed = {commitment.header.transaction: commitment.header.commit_ts for commitment in model.commits.values()}
    begins = {
        journal: [
            (header.epoch, header.commit_ts) for header in evidence.headers(journal) if header.kind == EPOCH_BEGIN
        ]
        for journal in sorted(evidence.records)
    }
    for (journal, name), epoch in evidence.offers.items():
        commit_ts = committed.get(name, 0)
        for later, begin in begins.get(journal, ()) if commit_ts else ():
            assert later <= epoch or begin > commit_ts, (
                f"I6: {name.hex()} is committed at {commit_ts} by leave of epoch {epoch} of journal "
                f"{journal}, and epoch {later} begins at {begin}"
            )


def check_epochs(journal: int, headers: list[RecordHeader]) -> None:
    epoch, end, begin, last, lsn = 0, 0, 0, 0, 0
    for header in headers:
        gap = header.lsn != lsn + 1
        lsn = header.lsn
        if header.epoch != epoch:
            assert (header.kind == EPOCH_BEGIN or gap) and header.epoch > epoch, (
                f"I6: journal {journal}: an epoch begins with its record: {header}"
            )
            # Where records were skipped, the CLOSE that drew the epoch's end back may be among them.
            assert gap or header.commit_ts > end, (
                f"I6: journal {journal}: {header} begins before epoch {epoch} ends, at {end}"
            )
            epoch, begin = header.epoch, header.commit_ts
        end = header.epoch_end
        if header.kind == COMMIT:
            assert begin < header.commit_ts <= end, f"I6: journal {journal}: {header}"
            assert header.commit_ts > last, f"I6: journal {journal}: {header} after {last}"
            last = header.commit_ts


def check_conflicts(evidence: Evidence, model: Model) -> None:
    owner_of = {
        (commitment.header.commit_ts, row[0]): name
        for name, commitment in model.commits.items()
        for row in commitment.rows
    }
    referred: dict[bytes, list[tuple[Timestamp, bytes]]] = {}
    for name, commitment in model.commits.items():
        for key in evidence.told[name].checked if name in evidence.told else ():
            if is_reference(key):
                referred.setdefault(key, []).append((commitment.header.commit_ts, name))
    for name, commitment in model.commits.items():
        told = evidence.told.get(name)
        assert told is not None, f"{name.hex()} is committed and nobody asked for it"
        commit_ts = commitment.header.commit_ts
        assert commit_ts > told.start_ts, f"I3: {name.hex()} committed at {commit_ts}, before its start: {told}"
        for key in (*(row[0] for row in commitment.rows if row[2] != write_set.DROP_RANGE), *told.checked):
            versions = model.versions.get(key, [])
            place = bisect_right(versions, told.start_ts, key=lambda version: version[0])
            for other_ts, _ in versions[place:]:
                if other_ts > commit_ts:
                    break
                other = owner_of[(other_ts, key)]
                assert other == name, (
                    f"I3: {other.hex()} wrote {key.hex()} at {other_ts} while {name.hex()} was open: {told}, "
                    f"{commit_ts}"
                )
        for key in (row[0] for row in commitment.rows):
            for other_ts, other in referred.get(key, ()):
                assert other == name or not told.start_ts < other_ts < commit_ts, (
                    f"I3: {other.hex()} refers since {other_ts} to {key.hex()}, which {name.hex()} took "
                    f"away: {told}, {commit_ts}"
                )


def check_schemas(evidence: Evidence, model: Model) -> None:
    changes: dict[int, list[Timestamp]] = {}
    writes: dict[int, list[Timestamp]] = {}
    for commitment in sorted(model.commits.values(), key=lambda commitment: commitment.header.commit_ts):
        for table in commitment.header.schema_changes:
            changes.setdefault(table, []).append(commitment.header.commit_ts)
        for table in sorted({table_of(key) for key, _, _ in commitment.rows}):
            writes.setdefault(table, []).append(commitment.header.commit_ts)
    for name, commitment in model.commits.items():
        told = evidence.told[name]
        commit_ts = commitment.header.commit_ts
        for table in sorted(
            {table_of(key) for key in (*(row[0] for row in commitment.rows), *told.checked)}
            | {*commitment.header.schema_changes}
        ):
            assert not between(changes.get(table, ()), told.catalog_ts, commit_ts), (
                f"I3: {name.hex()} at {commit_ts} knows not of a change of table {table}: {told}, {changes[table]}"
            )
        dropped = {
            table
            for key, end, kind in commitment.rows
            if kind == write_set.DROP_RANGE
            for table in tables_between(key, end)
        }
        for table in sorted({*told.exclusive, *dropped}):
            assert not between(writes.get(table, ()), told.start_ts, commit_ts), (
                f"I3: {name.hex()} at {commit_ts} wanted table {table} to itself: {told}, {writes[table]}"
            )


def tables_between(start: bytes, end: bytes | None) -> list[int]:
    """Those that the keys of [start, end) may be of."""
    assert end is not None
    last = table_of(end) - (not end[TABLE_BYTES:].strip(b"\0"))
    return list(range(table_of(start), last + 1))


def table_of(key: bytes) -> int:
    return int.from_bytes(key[:TABLE_BYTES], "big")


def between(times: Sequence[Timestamp], after: Timestamp, before: Timestamp) -> bool:
    """Whether one of the ascending `times` lies strictly between."""
    place = bisect_right(times, after)
    return place < len(times) and times[place] < before


def check_promises(evidence: Evidence) -> None:
    """The first commit after a promise's place tells: a journal's commit times ascend (check_epochs)."""
    commits = {
        journal: [header for header in evidence.headers(journal) if header.kind == COMMIT]
        for journal in sorted(evidence.records)
    }
    for journal, promised in evidence.promises:
        later = commits.get(journal, [])
        place = bisect_right(later, promised.after_lsn, key=lambda header: header.lsn)
        if place < len(later):
            assert later[place].commit_ts > promised.promise, (
                f"I5: journal {journal}: {later[place]} in spite of {promised}"
            )


def check_reads(evidence: Evidence, model: Model) -> None:
    for read in evidence.reads:
        place = bisect_right(model.catalog_changes, read.at)
        newest = model.catalog_changes[place - 1] if place else 0
        assert read.catalog_ts == newest, (
            f"I4: {read.role} at {read.at} calls the catalog of {read.catalog_ts} the newest, not {newest}'s"
        )
        for key, value in zip(read.keys, read.values, strict=True):
            expected = model.get(key, read.at)
            assert value == expected, (
                f"I4: {read.role} at {read.at}: {key.hex()} is {value!r}, not {expected!r}; versions "
                f"{model.versions.get(key)}"
            )


def storage_roles(world: World) -> list[str]:
    return sorted(
        spec.name for process in world.processes.values() for spec in process.specs if spec.name.startswith("storage/")
    )


async def read_the_rest(world: World, evidence: Evidence) -> None:
    """What no crossbar has read, being no commit (it begins after storage's watermark), is read from the journals
    themselves, as far as they keep it."""
    for journal, records in sorted(evidence.records.items()):
        for lsn in range(1, max(records) + 1):
            if lsn in records:
                continue
            for role in (
                spec.name
                for process in world.processes.values()
                for spec in process.specs
                if spec.name.startswith(f"journal/{journal}/")
            ):
                try:
                    answer = await world.bus.ask("verdict", role, Fetch(lsn, 1), timeout_s=8)
                except DatabaseError:
                    continue
                if answer.records and decode_header(answer.records[0]).lsn == lsn:
                    records[lsn] = answer.records[0]
                    break


async def await_replicas(world: World, shard_map: ShardMap, at: Timestamp) -> None:
    """Until every storage replica has read the journals up to `at`, by a read there. Raises AssertionError."""
    for role in storage_roles(world):
        shard = int(role.split("/")[1])
        if shard not in shard_map.shards:
            continue  # its replicas are about to end
        piece = shard_map.shards.index(shard)
        start = bytes(KEYSPACE_BYTES) + (shard_map.cuts[piece - 1] if piece else b"")
        await scan_all(world, role, start, start + b"\0", at)


async def check_replicas(world: World, model: Model, shard_map: ShardMap, times: list[Timestamp]) -> int:
    """I4, I8, I10: every storage replica's whole contents at each of these times. The number of rows compared. Raises
    AssertionError."""
    rows = 0
    expected_at: dict[tuple[int, Timestamp], dict[bytes, bytes]] = {}
    keyspaces = sorted({key[:KEYSPACE_BYTES] for key in model.keys})
    for role in storage_roles(world):
        shard = int(role.split("/")[1])
        keys = [key for key in model.keys if shard_map.shard(key) == shard]
        asked: set[tuple[Timestamp, bytes]] = set()
        pieces = [piece for keyspace in keyspaces for piece in shard_map.scan_pieces(keyspace, prefix_end(keyspace))]
        for at in times:
            found: dict[bytes, bytes] = {}
            for start, end, owner in pieces:
                if owner == shard:
                    found.update(await scan_all(world, role, start, end, at))
            rows += len(found)
            expected = expected_at.get((shard, at))
            if expected is None:
                expected = expected_at[shard, at] = model.contents(at, keys)
            await check_gets(world, role, model, keys, at, asked)
            if found != expected:
                wrong = sorted({*found.items()} ^ {*expected.items()})[0][0]
                raise AssertionError(
                    f"I8: {role} at {at}: {wrong.hex()} is {found.get(wrong)!r}, not "
                    f"{expected.get(wrong)!r}; versions {model.versions.get(wrong)}"
                )
        foreign = next((piece for piece in pieces if piece[2] != shard), None)
        if foreign is not None:
            await check_refused(world, role, Scan(foreign[0], foreign[1], times[0]))
            await check_refused(world, role, Get([foreign[0] + b"\0"], times[0]))
    return rows


async def check_gets(
    world: World,
    role: str,
    model: Model,
    keys: list[bytes],
    at: Timestamp,
    asked: set[tuple[Timestamp, bytes]],
) -> None:
    """I4 of point reads: every key that was ever written (`keys`), and some at the very times of their versions, which
    nobody may be off by one at. `asked`: the versions that this replica has been asked for."""
    recent = sorted(
        (commit_ts, key) for key in keys for commit_ts, _ in model.versions[key] if at - VERSIONS_US < commit_ts <= at
    )
    fresh = [version for version in recent[-VERSIONS_MAX:] if version not in asked]
    asked.update(fresh)
    reads = [([key], commit_ts - early) for commit_ts, key in fresh for early in (0, 1)]
    for some, time in [(keys, at), *reads] if keys else reads:
        try:
            answer = await world.bus.ask("verdict", role, Get(some, time), timeout_s=8)
        except DatabaseError as error:
            assert error.sqlstate in ("54000", "08006"), f"I4: {role} at {time}: {error}"
            continue
        for key, value in zip(some, answer.values, strict=True):
            expected = model.get(key, time)
            assert value == expected, (
                f"I4: {role} at {time}: {key.hex()} is {value!r}, not {expected!r}; versions {model.versions[key]}"
            )


async def check_refused(world: World, role: str, message: Scan | Get) -> None:
    """I10: whoever does not own a key says so."""
    try:
        answer = await world.bus.ask("verdict", role, message, timeout_s=8)
    except DatabaseError as error:
        assert error.sqlstate in ("55000", "08006"), f"I10: {role} answers a read of another's key with {error}"
    else:
        raise AssertionError(f"I10: {role} answers a read of another's key with {answer}")


async def scan_all(world: World, role: str, start: bytes, end: bytes, at: Timestamp) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    resume: bytes | None = start
    while resume is not None:
        answer = await _scan(world, role, Scan(resume, end, at))
        rows = answer.rows.batch
        found.update(zip(rows.column(0).to_pylist(), rows.column(1).to_pylist(), strict=True))
        resume = answer.resume
    return found


async def _scan(world: World, role: str, message: Scan) -> Scanned:
    for _ in range(SCAN_ATTEMPTS_MAX):
        try:
            answer = await world.bus.ask("verdict", role, message, timeout_s=8)
            assert isinstance(answer, Scanned)
            return answer
        except DatabaseError as error:
            last = error
        await asyncio.sleep(0.5)
    raise AssertionError(f"no progress: {role} does not answer a read at {message.at}: {last}")
