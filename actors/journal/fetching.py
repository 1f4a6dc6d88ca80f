"""What a journal replica answers to a Fetch, and whom it refuses because the records are gone."""

from __future__ import annotations

from actors.common.errors import DatabaseError
from actors.common.messages import Fetch, Fetched
from actors.common.refusals import Trimmed
from actors.journal.log import JournalLog
from actors.journal.record import TRIMMED


def fetched(log: JournalLog, message: Fetch) -> Fetched:
    """Raises 58P01, and XX001 where the log is damaged."""
    if message.from_lsn < log.first_lsn:
        raise trimmed(log)
    return Fetched(log.read(message.from_lsn, message.bytes_max, log.last_lsn), log.last_lsn)


def trimmed(log: JournalLog) -> DatabaseError:
    refusal = Trimmed(log.first_lsn, log.promise.trimmed_ts)
    return DatabaseError(TRIMMED, f"records below {log.first_lsn} have been trimmed", refusal=refusal)
