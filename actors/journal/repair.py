"""What a journal replica does about damage on its own disk: it sets its log aside and begins anew as a learner, filled
from the others (I9).

    log, damage = await open_log(disk, settings, seat=0)       damage: what was found, "" where all is well

The damaged files are kept under `damaged/`, for a person to look into should the other replicas turn out to be gone
too; the next damage overwrites files of the same names. Nothing votes for what was lost: the new promise says
`voter=False` and `lost=True` before the first file goes, and a journal whose replicas are empty because they `lost`
their logs is never taken for a new one (writer.py). Two of three damaged at once is more than a journal gets over by
itself: it stays without a majority.

So does one that finds what its zone had here before the zone went on elsewhere: its seat (seats.py) is lower, and the
others have gone on without it.

The epoch promised is kept where it can still be read. Where not, nothing is: a learner's promise counts for nobody,
like that of a lost disk.
"""

from __future__ import annotations

import asyncio
import logging

from actors.common.errors import DATA_CORRUPTED, OBJECT_NOT_IN_PREREQUISITE_STATE, DatabaseError
from actors.common.settings import Journaling
from actors.journal.log import PROMISE, JournalLog, Promise, read_promise
from actors.journal.segment import FOLDER, SegmentName
from actors.runtime.interfaces import Disk

DAMAGED = "damaged"
"""Folder of the files set aside."""

logger = logging.getLogger(__name__)


async def open_log(disk: Disk, settings: Journaling, seat: int = 0) -> tuple[JournalLog, str]:
    """The log, and the damage that it was set aside for. `seat`: that the zone has now. Raises 53100 where there is no
    room to set it aside, 55000 where the disk has had a higher seat."""
    damage = ""
    try:
        log = JournalLog.open(disk, settings)
    except DatabaseError as error:
        if error.sqlstate != DATA_CORRUPTED:
            raise
        damage = error.message
    else:
        had = log.promise.seat
        if had == seat:
            return log, ""
        if had > seat:
            log.close()
            raise DatabaseError(
                OBJECT_NOT_IN_PREREQUISITE_STATE,
                f"this disk has had seat {had} of its zone, and is to take seat {seat}",
            )
        if log.promise == Promise() and log.last_lsn == 0:
            await log.set_promise(Promise(seat=seat))
            return log, ""
        log.close()
    logger.error(
        "the journal replica sets its log aside and begins anew as a learner: %s",
        damage or "its zone went on elsewhere",
    )
    return await _set_aside(disk, settings, seat), damage


async def _set_aside(disk: Disk, settings: Journaling, seat: int) -> JournalLog:
    try:
        epoch = read_promise(disk).epoch
    except DatabaseError:
        epoch = 0
        await disk.replace(f"{DAMAGED}/{PROMISE}", disk.read(PROMISE))
    names = disk.list(FOLDER)
    for name in names:
        await disk.replace(f"{DAMAGED}/{name}", disk.read(f"{FOLDER}/{name}"))
    log = JournalLog(disk, settings)
    await log.set_promise(Promise(epoch, voter=False, lost=True, seat=seat))
    log.begin_anew([SegmentName.parse(name) for name in names])
    # The old files go now: on a full disk they would be in the way of the first record.
    begun: asyncio.Future[DatabaseError | None] = asyncio.get_running_loop().create_future()
    log.sync(begun.set_result)
    error = await begun
    if error is not None:
        raise error
    return log
