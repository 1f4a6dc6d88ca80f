"""Before zero: storage has everything on disk, and the journals keep next to nothing, so that who wakes the cluster
waits for no old record to be read.

    below_ts = await checkpoint(...)          every storage replica has on disk, and the object store where there is
                                              one, what was committed up to there; None where one could not say so in
                                              time
    await stop_settled(..., below_ts)         the journals begin a new segment; adjudicators are stopped, and close
                                              their epochs in it; what lies before it goes

Journals keep records for as long as a transaction may live, beyond what checkpoints need, since a restarted coordinator
must know the outcomes that participants ask for. At zero there is neither: query processors have been drained, and
every adjudicator ends. Whoever asks all the same, because its process could not be stopped, is answered "unknown". What
a checkpoint lacks, and what a journal's replica does not know to be committed, stays (I12). Nothing here is needed to
go to zero: a cluster without one of its disks sleeps too, and wakes more slowly.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Iterable

from actors.common.errors import DatabaseError
from actors.common.messages import Checkpoint, Checkpointed, Settle, Upload
from actors.common.timestamps import Timestamp
from actors.runtime.interfaces import Context
from cluster.keeping import is_keeper
from cluster.state import ProcessState
from cluster.stopping import stop_roles

CHECKPOINT_S = 10.0
"""A full memtable is written in 2 s on a busy machine."""
SETTLE_S = 2.0

logger = logging.getLogger(__name__)


async def checkpoint(context: Context, homes: Collection[str], processes: Iterable[ProcessState]) -> Timestamp | None:
    """`homes`: the roles that run. Nobody commits any more, so the time is above all commits."""
    names = _names(processes, "storage")
    at = context.clock.now().latest
    if not names or any(name not in homes for name in names):
        return None
    kinds = (Checkpoint, Upload) if context.settings.storing.object_store else (Checkpoint,)
    answers: list[Checkpointed] = []
    try:
        for kind in kinds:
            answers = await asyncio.gather(
                *(context.bus.call(context.name, name, kind(at), CHECKPOINT_S) for name in names)
            )
    except DatabaseError as error:
        logger.warning("the journals are kept as they are: %s", error.message)
        return None
    return min(answer.checkpoint_ts for answer in answers)


async def stop_settled(
    context: Context, homes: dict[str, str], processes: Collection[ProcessState], below_ts: Timestamp | None
) -> None:
    """Stop all roles but the journals' replicas, as `stop_roles` does. `below_ts`: what `checkpoint` has said."""
    if below_ts is not None:
        await _settle(context, homes, processes, below_ts)
    await stop_roles(context, homes, processes)
    if below_ts is not None:
        await _settle(context, homes, processes, below_ts)


async def _settle(
    context: Context, homes: Collection[str], processes: Iterable[ProcessState], below_ts: Timestamp
) -> None:
    """The controller's own journal is none of these: storage takes nothing from it."""

    async def ask(name: str) -> None:
        try:
            await context.bus.call(context.name, name, Settle(below_ts), SETTLE_S)
        except DatabaseError as error:
            logger.warning("%s keeps what it has: %s", name, error.message)

    await asyncio.gather(*(ask(name) for name in _names(processes, "journal") if name in homes))


def _names(processes: Iterable[ProcessState], kind: str) -> list[str]:
    return [role.name for process in processes for role in process.roles if role.kind == kind and not is_keeper(role)]
