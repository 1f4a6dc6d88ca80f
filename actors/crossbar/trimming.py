"""How far the journals may trim: what every storage replica of the topology has on disk (I12), less a transaction's
age.

    storage --StreamAck(checkpoint)--> Trimming: the least of all --Trim--> every replica of every journal that is read

Of several crossbars (regions.md), each hears from the replicas that subscribe there, and tells the others (Stands).

A replica of the topology that has told nothing holds everything back. So it tells whenever a crossbar has taken its
subscription, and a crossbar answers a StreamAck of a stream that it does not know (StreamLost): where a crossbar is
started elsewhere just before the last checkpoint of a replica that nobody reads, that one would else be told a minute
later. A checkpoint is no longer believed where its replica subscribes from before it: the disk that had it is lost. The
journals are told when the least has risen, and never of less than before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from actors.common.messages import Stands, Trim
from actors.common.timestamps import TIMESTAMP_MIN, Timestamp
from actors.runtime.interfaces import Context

KEPT_S_DEFAULT = 300
"""Records younger than a transaction may live are not trimmed: a restarted coordinator must know the outcomes that
participants ask for."""


class Trimming:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._checkpoints: dict[str, Timestamp] = {}
        """By storage replica."""
        self._trimmed: Timestamp = TIMESTAMP_MIN
        """As told to the journals."""

    def stands(self, name: str, after_ts: Timestamp) -> None:
        """A storage replica subscribes. Where it has less than it told, its disk was lost, or filled from another's."""
        self._lower(name, after_ts)
        self._tell_others(Stands(name, after_ts, True))

    def _lower(self, name: str, after_ts: Timestamp) -> None:
        if after_ts < self._checkpoints.get(name, TIMESTAMP_MIN):
            self._checkpoints[name] = after_ts

    def checkpointed(self, name: str, checkpoint_ts: Timestamp, journals: Mapping[int, Sequence[str]]) -> None:
        """A storage replica has this on disk. `journals`: journal -> its replicas' names."""
        if checkpoint_ts > self._checkpoints.get(name, TIMESTAMP_MIN):
            self._tell_others(Stands(name, checkpoint_ts))
            self._raise(name, checkpoint_ts, journals)

    def told(self, message: Stands, journals: Mapping[int, Sequence[str]]) -> None:
        """By another crossbar, of a replica that subscribes there."""
        if message.subscribes:
            self._lower(message.replica, message.checkpoint_ts)
        elif message.checkpoint_ts > self._checkpoints.get(message.replica, TIMESTAMP_MIN):
            self._raise(message.replica, message.checkpoint_ts, journals)

    def _raise(self, name: str, checkpoint_ts: Timestamp, journals: Mapping[int, Sequence[str]]) -> None:
        self._checkpoints[name] = checkpoint_ts
        self._trim(journals)

    def _tell_others(self, message: Stands) -> None:
        topology = self._context.bus.topology
        if topology is None or not self._context.settings.regions.zones:
            return
        for name in topology.azs:
            if name.startswith("crossbar/") and name != self._context.name:
                self._context.bus.post(self._context.name, name, message)

    def _trim(self, journals: Mapping[int, Sequence[str]]) -> None:
        """Tell the journals, if they can let go of more now."""
        topology = self._context.bus.topology
        if topology is None:
            return
        expected = [name for name in topology.azs if name.startswith("storage/")]
        least = min((self._checkpoints.get(name, TIMESTAMP_MIN) for name in expected), default=TIMESTAMP_MIN)
        least -= (self._context.settings.limits.transaction_age_s or KEPT_S_DEFAULT) * 1_000_000
        if least > self._trimmed:
            self._trimmed = least
            for journal in sorted(journals):
                for name in journals[journal]:
                    self._context.bus.post(self._context.name, name, Trim(least))
