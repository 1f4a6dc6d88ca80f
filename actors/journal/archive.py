"""A journal replica's part in the object store: it uploads what is committed, piece by piece, and a cluster that begins
with another's data has its logs from there.

    committed --UPLOAD_S at most--> a piece of records (common/stored_journal.py)

A record that goes by a map or a set of journals of the cluster's state is uploaded once the store has a state that is
as new: what a restored cluster begins with is whole. One upload serves all replicas: the first of them in the order of
their names uploads; each further one only where nothing new has been stored for `TURN_S` more. Nothing waits for it: no
commit, no sync, no trim. What journals let go of is in checkpoints that are in the store (storage/archive.py), and a
checkpoint is uploaded only when the journals' pieces reach as far, so that the store as a whole has the database at one
time (cluster/restoring.py). What the store refuses is tried again after `RETRY_S`.

Pieces go once the log has let go of all that they have, and they were written `KEPT_S` before the newest one: whoever
reads meanwhile does not lose them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from actors.common.errors import UNDEFINED_FILE, DatabaseError
from actors.common.stored_journal import (
    RESTORING,
    STATE_JOURNAL,
    Piece,
    PieceName,
    Versions,
    chain,
    decode,
    encode,
    folder_of,
    named,
    parse,
    state_versions,
)
from actors.common.timestamps import Lsn
from actors.journal.log import JournalLog, Promise
from actors.journal.record import decode_header
from actors.runtime.interfaces import Context, ObjectStore, StoredObject

TURN_S = 30.0
RETRY_S = 10.0
PIECE_BYTES = 4 << 20
KEPT_S = 3600.0

logger = logging.getLogger(__name__)


class JournalArchive:
    """`committed()`: the last record that this replica knows to be committed. `look` is called whenever that rises, or
    records come; `ask()`: has the writer say how far it is."""

    def __init__(
        self,
        context: Context,
        journal: int,
        log: JournalLog,
        committed: Callable[[], Lsn],
        ask: Callable[[], None],
        objects: ObjectStore,
    ) -> None:
        self._context = context
        self._journal = journal
        self._log = log
        self._committed = committed
        self._ask = ask
        self._objects = objects
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._is_at_work = self._stopped = False
        self._stored: Lsn = 0
        self._moved_at = self._loop.time()
        """When that was found to be another one."""
        self._refused = ""
        self._state = Versions()
        """Of the state that the store has, when it was last looked for."""

    def stop(self) -> None:
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()

    def look(self) -> None:
        if self._timer is None and not self._is_at_work and not self._stopped:
            self._later(self._context.settings.storing.object_store_journal_s + self._rank * TURN_S)

    def _later(self, seconds: float) -> None:
        self._timer = self._loop.call_later(seconds, self._begin)

    def _begin(self) -> None:
        self._timer, self._is_at_work = None, True
        self._context.spawn(self._work())

    async def _work(self) -> None:
        if self._committed() < self._log.last_lsn:
            self._ask()
        try:
            await self._upload()
            self._refused = ""
        except DatabaseError as error:
            if error.message != self._refused:
                logger.error("%s: %s", self._context.name, error.message)
            self._refused = error.message
        self._is_at_work = False
        if self._stored < self._log.last_lsn and self._timer is None and not self._stopped:
            if self._refused or self._stored >= self._committed():
                self._later(RETRY_S)
            else:
                self.look()

    @property
    def _rank(self) -> int:
        """0: this replica is the first to upload."""
        topology = self._context.bus.topology
        names = topology.azs if topology is not None else ()
        return sum(name.startswith(f"journal/{self._journal}/") and name < self._context.name for name in names)

    async def _upload(self) -> None:
        found = await self._objects.list(folder_of(self._journal))
        stored = chain(filter(None, (parse(one.key, one.size) for one in found)))
        self._learn(stored[-1].last if stored else 0)
        if self._loop.time() < self._moved_at + self._rank * TURN_S and self._rank:
            return
        newest: PieceName | None = None
        while self._committed() > self._stored and self._committed() >= self._log.first_lsn and not self._stopped:
            put = await self._put_next()
            if put is None:
                break
            newest = put
            self._learn(newest.last)
        if newest is not None:
            await self._tidy(found)

    def _learn(self, stored: Lsn) -> None:
        if stored != self._stored:
            self._stored, self._moved_at = stored, self._loop.time()

    async def _put_next(self) -> PieceName | None:
        """None where the next record has to wait for the state that it asks for."""
        log = self._log
        first = max(self._stored + 1, log.first_lsn)
        records = await self._readable(log.read(first, PIECE_BYTES, self._committed()))
        if not records:
            return None
        before_ts = log.commit_ts_at(first - 1) if first > log.first_lsn else log.promise.trimmed_ts
        piece = Piece(self._journal, first, max(log.epoch_at(first - 1), 0), before_ts, records)
        data = encode(piece)
        name = named(piece, decode_header(records[-1]), len(data))
        await self._objects.put(name.key, data)
        return name

    async def _readable(self, records: list[bytes]) -> list[bytes]:
        """The first of them, up to one that asks for a newer state than the store has. Versions only ascend."""
        if self._journal == STATE_JOURNAL or self._state.has(decode_header(records[-1])):
            return records
        found = await self._objects.list(folder_of(STATE_JOURNAL))
        self._state = state_versions(filter(None, (parse(one.key, one.size) for one in found)))
        return [record for record in records if self._state.has(decode_header(record))]

    async def _tidy(self, found: list[StoredObject]) -> None:
        newest_s = max((one.written_s for one in found), default=0.0)
        for one in found:
            name = parse(one.key, one.size)
            if newest_s - one.written_s > KEPT_S and (name is None or name.last < self._log.first_lsn):
                await self._objects.remove(one.key)


async def restore(journal: int, log: JournalLog, objects: ObjectStore) -> None:
    """A log of a cluster that begins with another's data is what the store has of it, and votes: all replicas have the
    same, and nothing has been acknowledged since. Nothing happens where the cluster has started before. Raises 08006,
    XX001."""
    try:
        await objects.get(RESTORING)
    except DatabaseError as error:
        if error.sqlstate != UNDEFINED_FILE:
            raise
        return
    found = await objects.list(folder_of(journal))
    names = chain(filter(None, (parse(one.key, one.size) for one in found)))
    seat = log.promise.seat
    epoch = 0
    for name in names:
        piece = decode(await objects.get(name.key), name.key)
        if name is names[0]:
            await log.set_promise(Promise(0, False, piece.first, piece.previous_epoch, piece.before_ts, seat=seat))
            log.reset()
        records = piece.records[log.last_lsn + 1 - piece.first :]
        log.append(records)
        epoch = decode_header(records[-1]).epoch
    if names:
        await _synced(log)
        first = log.promise
        await log.set_promise(Promise(epoch, True, first.first_lsn, first.previous_epoch, first.trimmed_ts, seat=seat))
        logger.info("journal %d has been restored from the object store, up to record %d", journal, log.last_lsn)


async def _synced(log: JournalLog) -> None:
    done: asyncio.Future[DatabaseError | None] = asyncio.get_running_loop().create_future()
    log.sync(done.set_result)
    error = await done
    if error is not None:
        raise error
