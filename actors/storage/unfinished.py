"""How much has come of the transaction that a crossbar's messages have left unfinished (Deliver.skipped). Plain and synchronous."""

from __future__ import annotations

from actors.common.messages import Deliver
from actors.common.timestamps import Timestamp


class Unfinished:
    """At most one transaction, the first above the watermark."""

    def __init__(self) -> None:
        self.commit_ts: Timestamp = 0
        self.pieces = 0

    def lacks(self, message: Deliver, watermark: Timestamp) -> bool:
        """Whether the message goes on with a transaction of which earlier messages have brought less."""
        if not message.skipped or message.commit_ts[0] <= watermark:
            return False
        return message.commit_ts[0] != self.commit_ts or message.skipped > self.pieces

    def note(self, message: Deliver) -> None:
        """The message has been applied."""
        times = message.commit_ts
        if not times or times[-1] <= message.watermark:
            self.commit_ts = self.pieces = 0
            return
        pieces = times.count(times[-1])
        self.commit_ts = times[-1]
        self.pieces = pieces + message.skipped if pieces == len(times) else pieces
