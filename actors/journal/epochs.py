"""Which epoch each record of a journal was written in: runs, since records number thousands of times the epochs.

runs = EpochRuns(); runs.begin(1, 1); runs.begin(90, 4)        records 1 to 89 are of epoch 1, from 90 on of epoch 4
runs.at(89) == 1
"""

from __future__ import annotations

from bisect import bisect_right

from actors.common.timestamps import Epoch, Lsn

UNKNOWN: Epoch = -1


class EpochRuns:
    __slots__ = ("_epochs", "_starts")

    def __init__(self) -> None:
        self._starts: list[Lsn] = []
        self._epochs: list[Epoch] = []

    def begin(self, lsn: Lsn, epoch: Epoch) -> None:
        """Records from `lsn` on are of `epoch`, until told otherwise. Ascending in both."""
        if not self._epochs or self._epochs[-1] != epoch:
            assert not self._epochs or (lsn > self._starts[-1] and epoch > self._epochs[-1]), (
                f"epoch {epoch} at {lsn} after {self._epochs[-1]}"
            )
            self._starts.append(lsn)
            self._epochs.append(epoch)

    def at(self, lsn: Lsn) -> Epoch:
        """0 before the first record of a journal, UNKNOWN below the first run."""
        if lsn == 0:
            return 0
        place = bisect_right(self._starts, lsn) - 1
        return self._epochs[place] if place >= 0 else UNKNOWN

    def clear(self) -> None:
        self._starts.clear()
        self._epochs.clear()
