"""What a journal replica knows to be committed before its writer tells it, where that is far away (docs/regions.md).

    writer: "`elsewhere` is on enough other voters' disks"  +  the own disk, which votes  =  a majority
    other replicas: "I have all up to `lsn`"  (neighbours.py)  +  the own disk           =  a majority

That is what the writer itself goes by, one message later: a record counts once a majority of voters has it on disk,
under the epoch of one writer that they have promised, and once a record of that epoch is among them (Raft, section
5.4.2). Plain and synchronous.
"""

from __future__ import annotations

from actors.common.timestamps import Epoch, Lsn
from actors.journal.log import JournalLog


class OwnQuorum:
    __slots__ = ("_elsewhere", "_epoch", "_kept", "_stored", "is_told", "majority")

    def __init__(self) -> None:
        self.is_told = False
        """The writer tells what others have."""
        self._epoch: Epoch = 0
        self._stored: Lsn = 0
        self._elsewhere: Lsn = 0
        self.majority = 0
        """Of the journal's voters; 0: the writer alone is believed."""
        self._kept: dict[str, Lsn] = {}
        """By other replicas, which vote."""

    def stored(self, epoch: Epoch, lsn: Lsn) -> None:
        """All up to `lsn` is on this disk, and equals the log of the writer of `epoch`."""
        if self._follows(epoch):
            self._stored = max(self._stored, lsn)

    def elsewhere(self, epoch: Epoch, lsn: Lsn) -> None:
        """... is on enough other voters' disks, as the writer of `epoch` says."""
        self.is_told = True
        if self._follows(epoch):
            self._elsewhere = max(self._elsewhere, lsn)

    def kept(self, replica: str, epoch: Epoch, lsn: Lsn) -> None:
        """... is on `replica`'s disk, which votes, as it says itself."""
        if self.majority and self._follows(epoch):
            self._kept[replica] = max(self._kept.get(replica, 0), lsn)

    def _follows(self, epoch: Epoch) -> bool:
        if epoch > self._epoch:
            self._epoch, self._stored, self._elsewhere = epoch, 0, 0
            self._kept.clear()
        return epoch == self._epoch

    def committed(self, log: JournalLog, promised: Epoch) -> Lsn:
        """All up to there is committed; 0: nothing can be told. `promised`: the epoch below which every writer is
        refused."""
        elsewhere, others = self._elsewhere, self.majority - 1
        if 0 < others <= len(self._kept):
            elsewhere = max(elsewhere, sorted(self._kept.values(), reverse=True)[others - 1])
        lsn = min(self._stored, elsewhere)
        counts = lsn and self._epoch == promised and log.promise.voter and log.epoch_at(lsn) == self._epoch
        return lsn if counts else 0
