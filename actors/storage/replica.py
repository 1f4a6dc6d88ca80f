"""`StorageReplica`: one shard's replica in one availability zone. Reads at a timestamp, fed by the crossbar's stream.

What it promises: an answer to a read at `at` holds every commit <= `at` and none later (I4): it is given once the
watermark has reached `at`, and refused (08006, the query processor turns to another replica) when that takes longer
than `storing.read_wait_s`. What `StreamAck.checkpoint_ts` names is durable here.

    crossbar --Deliver(write sets, watermark)--> apply --> reads waiting at or below the watermark are answered
       ^--- SubscribeRange(after watermark), StreamAck (bytes freed, checkpoint), DemandWatermark (a read waits)

Watermarks on demand. One DemandWatermark is in flight at most; when the stream's watermark has reached it and reads
still wait, the next one carries the highest time asked for. The stream is opened again, at the next crossbar, after a
gap in its numbers, a refused subscription, or `streaming.silence_s` without a message while a demand is in flight. A
replica that nobody reads sends a demand of its own every `RENEWAL_S`: so it notices a crossbar that has forgotten it,
and its checkpoints move on, which lets journals be trimmed.

A point read whose time has come is answered in `receive` itself; one of the same process needs no message
(`answer_now`). Deliveries are applied in `receive`, too; checkpoints
and merges run in tasks in slices of a few milliseconds (upkeep.py says when). A large transaction's rows are staged as
they come (staging.py), mostly before it is committed. When both memtables are full the stream is not acknowledged
further, so the crossbar stops.

A damaged block (XX001) is noted in `status` and fails the read with 08006, so that it is answered by another replica.
Journals that no longer reach back to the watermark (58P01) leave the replica stranded: no read above the watermark is
answered. In both cases it is filled from a peer (filling.py), and goes on from where that one's disk stands. A replica
whose disk cannot be opened begins anew, which comes to the same.

A shard may be made of others (docs/shards.md): while its replicas have nothing, they are filled from those of the
others (`parents`), each with its own columns' rows.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any

from actors.common.errors import (
    CONNECTION_FAILURE,
    DATA_CORRUPTED,
    FEATURE_NOT_SUPPORTED,
    UNDEFINED_FILE,
    DatabaseError,
    unavailable,
)
from actors.common.messages import Message, Suspect, Topology
from actors.common.messages.control import AskMiddle, Middle
from actors.common.messages.filling import AskContents, AskPiece
from actors.common.messages.reading import AskReached, Get, Reached, Scan
from actors.common.messages.resting import Checkpoint, Stored, Upload
from actors.common.messages.streaming import Deliver, DemandWatermark, Stage, StreamAck, StreamLost, SubscribeRange
from actors.common.settings import Settings
from actors.runtime.interfaces import Context, Reply
from actors.runtime.stream_window import StreamWindow
from actors.storage.answers import Answers
from actors.storage.filling import given
from actors.storage.load import ReadLoad
from actors.storage.middle import middle
from actors.storage.place import Place
from actors.storage.staging import Staging
from actors.storage.store import Store, opened
from actors.storage.upkeep import Upkeep
from actors.storage.waiting_reads import After, WaitingReads

ACK_BYTES_SHARE = 8
"""An acknowledgement is sent after an eighth of the window ..."""
ACK_MESSAGES_MAX = 64
"""... or so many messages: small commits do not each cost one."""
MESSAGE_OVERHEAD_BYTES = 64
RESUBSCRIBE_S_MIN = 0.05
RESUBSCRIBE_S_MAX = 0.5
PATIENCE_MAX = 16
"""So many times silence_s, at most: each stream that was given up for its silence gives the next one twice the time. A
crossbar that has to read the journals again, over slow links, would else be asked to begin anew for ever."""
RENEWAL_S = 60.0
"""Small against the journals' length that an unread replica holds on to, and one message a minute."""
FIRST_RENEWAL_S = 1.0
"""After a start: what was missed is not left to the first read to wait for."""
LIFE_BITS = 62
"""Of the number that tells a store from what was on this disk before it."""
LATE_S = 0.3
"""For a demanded watermark; an adjudicator that extends its lease for it writes to disk."""

logger = logging.getLogger(__name__)


class StorageReplica:
    """See the module. `crossbars`: their names, the preferred first. `parents`: see Place; `computed_s`: see
    ReadLoad."""

    def __init__(
        self,
        context: Context,
        shard: int,
        az: str,
        crossbars: list[str],
        parents: Sequence[int] = (),
        computed_s: Callable[[], float] | None = None,
    ) -> None:
        assert crossbars
        self._context = context
        self._settings: Settings = context.settings
        self._bus = context.bus
        self._name = context.name
        self.shard = shard
        self.az = az
        self.place = Place(context.bus, context.name, shard, parents)
        self._crossbars = crossbars
        self._crossbar = 0
        self.watermark = 0
        self._delivered_bytes = 0
        self._damage = self._stranded = ""
        """What is broken; why no crossbar can feed us. Empty: nothing, and one may."""
        # the stream
        self._stream = 0
        self._number = 0
        self._open = False
        self._subscribe_delay_s = RESUBSCRIBE_S_MIN
        self._window = StreamWindow(self._settings.streaming.window_bytes, 1)
        self._window_bytes = self._settings.streaming.window_bytes
        """Of the current stream. One message at a time overtakes no other, and brings all that is due."""
        self._patience = 1
        """Times silence_s."""
        self._unacknowledged_bytes = 0
        self._unacknowledged_messages = 0
        self._heard_at = 0.0
        # reads that wait
        self._waiting = WaitingReads()
        self._demanded = 0
        """The time asked of the crossbar and not reached yet; 0: none."""
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self.changed_at = 0.0
        """By the loop's clock."""
        self.load = ReadLoad(context, shard, computed_s, lambda: self.store.size_bytes)
        self._stopped = False

    # -- life ----------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Opens what is on disk and subscribes after its watermark. Where the manifest or a footer is damaged, as after
        the loss of the disk: from the beginning."""
        self._loop = asyncio.get_running_loop()
        self.store = opened(self._context.disk, self._context.random.getrandbits(LIFE_BITS), self._name)
        self._answers = Answers(self.store, self.place, self.shard, self.load)
        self._staging = Staging(self.store)
        self.watermark = self.store.checkpoint_ts
        self._upkeep = Upkeep(self._context, self)
        self._bus.on_topology(self._take_topology)
        if self._bus.topology is not None:
            self._take_topology(self._bus.topology)
        self._timers["renewal"] = self._loop.call_later(FIRST_RENEWAL_S, self._renew)
        is_new = self.place.parents and not self.watermark
        # once the host has attached the role: the stream's first message may be quick
        self._loop.call_soon(self._upkeep.begin if is_new else self._subscribe)

    async def stop(self) -> None:
        """Waiting reads are failed. Nothing is written: the journals have what the disk has not."""
        self._stopped = True
        self.load.stop()
        self._upkeep.stop()
        self._staging.clear()
        self.store.close()
        for timer in self._timers.values():
            timer.cancel()
        for read in self._waiting.all():
            read.reply.fail(unavailable(self._name, "it is being stopped"))

    def status(self) -> dict[str, Any]:
        answers, store = self._answers, self.store
        shards = answers.shards
        return {
            "layer": "storage",
            "name": self._name,
            "az": self.az,
            "shard": self.shard,
            "range": shards.describe(shards.shards, self.shard) if shards is not None else "",
            "watermark": self.watermark,
            "checkpoint": store.checkpoint_ts,
            "load": {
                "gets": answers.gets,
                "scans": answers.scans,
                "waited": self._waiting.count,
                "waiting": len(self._waiting),
                "delivered_bytes": self._delivered_bytes,
                "scanned_bytes": answers.scanner.bytes_read,
                "bytes": store.size_bytes,
                "rows": store.rows,
                "segments": len(store.segments),
            },
            **({"damage": self._damage} if self._damage else {}),
            **({"stranded": self._stranded} if self._stranded else {}),
            **self._upkeep.account(),
        }

    def _take_topology(self, topology: Topology) -> None:
        self._answers.shards = topology.shard_map
        if self._demanded and self._open:
            # A crossbar that has been restarted knows nothing of us, and says so when it is asked.
            self._bus.post(self._name, self._crossbars[self._crossbar], DemandWatermark(self._stream, self._demanded))

    # -- messages ------------------------------------------------------------------------------------------------------

    def receive(self, sender: str, message: Message, reply: Reply | None) -> None:
        kind = message.__class__
        if kind is Get or kind is Scan:
            if reply is not None:
                if message.at <= self.watermark:  # type: ignore[attr-defined]
                    self._answer(message, reply)  # type: ignore[arg-type]
                else:
                    self._wait(message, reply)  # type: ignore[arg-type]
        elif kind is Deliver:
            self._deliver(message)  # type: ignore[arg-type]
        elif kind is Stage:
            self._stage(message)  # type: ignore[arg-type]
        elif isinstance(message, StreamLost):
            if message.stream == self._stream and self._open:
                self._resubscribe("the crossbar does not know the stream")
        elif isinstance(message, AskContents | AskPiece | AskMiddle | AskReached) and reply is not None:
            self._give(message, reply)
        elif isinstance(message, Stored):
            self._upkeep.look_at_store()
        elif isinstance(message, Checkpoint | Upload) and reply is not None:
            # A read of nothing is answered once the watermark is there, or refused.
            self.receive(sender, Get([], message.at), After(lambda: self._upkeep.settle(message, reply), reply.fail))
        elif reply is not None:
            reply.fail(DatabaseError(FEATURE_NOT_SUPPORTED, f"storage does not understand {kind.__name__}"))

    # -- reads ---------------------------------------------------------------------------------------------------------

    def answer_now(self, message: Message) -> Message | None:
        """A point read whose time has come. All else, and what fails, takes the way of a message."""
        if isinstance(message, Get) and message.at <= self.watermark:
            try:
                return self._answers.get(message)
            except DatabaseError:
                return None
        return self._reached() if isinstance(message, AskReached) else None

    def _reached(self) -> Reached:
        return Reached(0 if self._upkeep.is_new else self.watermark)

    def _answer(self, message: Get | Scan, reply: Reply) -> None:
        answers = self._answers
        try:
            reply(answers.get(message) if message.__class__ is Get else answers.scan(message))  # type: ignore[arg-type]
        except DatabaseError as error:
            reply.fail(self.noted(error))

    def noted(self, error: DatabaseError) -> DatabaseError:
        """Damage is remembered and mended from another replica, which has the same rows."""
        if error.sqlstate != DATA_CORRUPTED:
            return error
        if self._damage != error.message:
            self._damage = error.message
            logger.error("%s: %s", self._name, error.message)
            self._upkeep.fill()
        return DatabaseError(CONNECTION_FAILURE, f"{self._name} is damaged: {error.message}")

    def _wait(self, message: Get | Scan, reply: Reply) -> None:
        wait_s = self._settings.storing.read_wait_s
        if self._upkeep.is_new or not self._waiting.add(message, reply, self._loop.time() + wait_s):
            reply.fail(unavailable(self._name, "it has nothing yet, or too many reads wait for its watermark"))
            return
        if not self._demanded:
            self._demand(message.at)
        if "reads" not in self._timers:
            self._timers["reads"] = self._loop.call_later(wait_s, self._expire_reads)

    def _answer_waiting(self) -> None:
        for read in self._waiting.due(self.watermark):
            self._answer(read.message, read.reply)
        if self._demanded and self._demanded <= self.watermark:
            self._demanded = 0
            if self._waiting:
                self._demand(self._waiting.highest_at)

    def _expire_reads(self) -> None:
        del self._timers["reads"]
        for read in self._waiting.expired(self._loop.time()):
            why = f"its watermark has not reached {read.at} in {self._settings.storing.read_wait_s} s"
            read.reply.fail(unavailable(self._name, why))
        if self._waiting:  # the demand stands: without it nobody would notice the stream's silence
            self._timers["reads"] = self._loop.call_at(self._waiting.next_deadline, self._expire_reads)

    def _demand(self, at: int) -> None:
        self._demanded = at
        self._heard_at = self._loop.time()
        if self._open:
            self._bus.post(self._name, self._crossbars[self._crossbar], DemandWatermark(self._stream, at))
        if "late" not in self._timers:
            self._timers["late"] = self._loop.call_later(LATE_S, self._check_late)
        if "silence" not in self._timers:
            self._timers["silence"] = self._loop.call_later(self._settings.streaming.silence_s, self._check_silence)

    def _check_late(self) -> None:
        """A watermark that is late makes the crossbar suspect: the controller looks whether it lives."""
        del self._timers["late"]
        if self._demanded and not self._stopped:
            if self._loop.time() - self._heard_at >= LATE_S and not self._stranded:
                self._bus.post(self._name, "controller", Suspect(self._crossbars[self._crossbar]))
            self._timers["late"] = self._loop.call_later(LATE_S, self._check_late)

    def _check_silence(self) -> None:
        """While a demand is in flight the stream speaks at least every `silence_s`, or it is given up; the next one has
        more time to begin to speak."""
        del self._timers["silence"]
        if not self._demanded or self._stopped:
            return
        silence_s = self._settings.streaming.silence_s
        due = self._heard_at + silence_s * self._patience
        if self._loop.time() >= due:
            if self._open:
                self._resubscribe("silence")
                self._patience = min(2 * self._patience, PATIENCE_MAX)
            due = self._loop.time() + silence_s
        self._timers["silence"] = self._loop.call_at(due, self._check_silence)

    def _renew(self) -> None:
        self._timers["renewal"] = self._loop.call_later(RENEWAL_S, self._renew)
        at = self._context.clock.now().earliest
        idle = not self._number or self._loop.time() - self._heard_at >= RENEWAL_S / 2
        if not self._demanded and idle and at > self.watermark:  # what is there already nobody would answer
            self._demand(at)

    # -- the stream ----------------------------------------------------------------------------------------------------

    def _subscribe(self) -> None:
        if self._stopped:
            return
        self._timers.pop("subscribe", None)
        stream = self._stream = self._context.random.getrandbits(62)
        self._number = 0
        self._open = True
        self._heard_at = self._loop.time()
        self._unacknowledged_bytes = self._unacknowledged_messages = 0
        self._staging.clear()
        self._window_bytes = self._window.open(self._loop.time())
        message = SubscribeRange(stream, self.shard, self.watermark, self._window_bytes)

        def refused(error: DatabaseError) -> None:
            if stream == self._stream and not self._stopped and self._number == 0:
                if error.sqlstate == UNDEFINED_FILE:
                    self._strand(error.message)
                self._resubscribe(error.message)

        def accepted(_: Message) -> None:
            if stream != self._stream or self._stopped:
                return
            crossbar = self._crossbars[self._crossbar]
            if kept_ts := self._upkeep.kept_ts:  # a crossbar that begins has heard of no checkpoint
                self._bus.post(self._name, crossbar, StreamAck(stream, 0, kept_ts))
            if self._demanded:
                self._bus.post(self._name, crossbar, DemandWatermark(stream, self._demanded))

        timeout_s = self._settings.messaging.request_timeout_s
        self._bus.request(self._name, self._crossbars[self._crossbar], message, accepted, refused, timeout_s)

    def _strand(self, why: str) -> None:
        """A crossbar that has more in memory may feed us yet, so it is asked on meanwhile."""
        if not self._stranded:
            logger.error("%s cannot be fed after %s: %s", self._name, self.watermark, why)
        self._stranded = why
        self._upkeep.fill()

    def _resubscribe(self, why: str) -> None:
        """At the next crossbar, after a pause that doubles until the stream speaks."""
        self._open = False
        self._stream = 0
        self._crossbar = (self._crossbar + 1) % len(self._crossbars)
        logger.info("%s: subscribing at %s: %s", self._name, self._crossbars[self._crossbar], why)
        if "subscribe" not in self._timers:
            self._timers["subscribe"] = self._loop.call_later(self._subscribe_delay_s, self._subscribe)
        self._subscribe_delay_s = min(2 * self._subscribe_delay_s, RESUBSCRIBE_S_MAX)

    def _is_next(self, message: Deliver | Stage) -> bool:
        """Whether the stream goes on with it."""
        if message.stream != self._stream or message.number <= self._number:
            return False
        if message.number != self._number + 1:
            self._window.gap(self._loop.time())
            self._resubscribe(f"message {message.number} came after {self._number}")
            return False
        return True

    def _took(self, message: Deliver | Stage, size: int) -> None:
        self._number = message.number
        self._heard_at = self._loop.time()
        self._subscribe_delay_s = RESUBSCRIBE_S_MIN
        self._patience = 1
        self._stranded = ""
        self._delivered_bytes += size
        self._unacknowledged_bytes += size
        self._unacknowledged_messages += 1

    def _stage(self, message: Stage) -> None:
        if not self._is_next(message):
            return
        try:
            if not self._staging.take(message):
                self._resubscribe(f"message {message.number} goes on after {message.first} pieces of a transaction")
                return
        except DatabaseError as error:
            self._resubscribe(error.message)
            return
        self._took(message, MESSAGE_OVERHEAD_BYTES + sum(map(len, message.pieces)))
        self.acknowledge()

    def _deliver(self, message: Deliver) -> None:
        if not self._is_next(message):
            return
        if message.after_ts > self.watermark:
            self._resubscribe(f"message {message.number} begins after {message.after_ts}, we are at {self.watermark}")
            return
        if message.staged:
            try:
                if not self._staging.complete(message, self.watermark):
                    self._resubscribe(f"message {message.number} commits what has not come")
                    return
            except DatabaseError as error:
                self._resubscribe(error.message)
                return
        size = MESSAGE_OVERHEAD_BYTES + self._staging.apply(message, self.watermark)
        self._took(message, size)
        if message.watermark > self.watermark:
            self.watermark = message.watermark
            if self._demanded or self._waiting:
                self._answer_waiting()
        self.changed_at = self._heard_at
        self._upkeep.maintain()
        self.acknowledge()

    def acknowledge(self, now: bool = False) -> None:
        if not self._open or not self._number:
            return
        is_due = self._unacknowledged_bytes * ACK_BYTES_SHARE >= self._window_bytes
        if now or is_due or self._unacknowledged_messages >= ACK_MESSAGES_MAX:
            if self._full:
                self._upkeep.hurry()
                return
            self._unacknowledged_bytes = self._unacknowledged_messages = 0
            ack = StreamAck(self._stream, self._number, self._upkeep.kept_ts)
            self._bus.post(self._name, self._crossbars[self._crossbar], ack)

    @property
    def _full(self) -> bool:
        """Both memtables are: what comes in now has to wait for the checkpoint."""
        return self.store.frozen > 0 and self.store.unfrozen_bytes >= 2 * self._settings.storing.memtable_bytes_max

    # -- what upkeep needs ---------------------------------------------------------------------------------------------

    @property
    def horizon(self) -> int:
        """No transaction alive reads below it."""
        age_s = self._settings.limits.transaction_age_s
        return self.watermark - age_s * 1_000_000 if age_s else 0

    @property
    def damaged(self) -> bool:
        """Something on the disk is not what was written."""
        return bool(self._damage)

    @property
    def whole(self) -> bool:
        """It follows the stream, and every block has been found intact since the start."""
        return self.watermark > 0 and self._open and not self.lacks and not self._upkeep.looking

    @property
    def lacks(self) -> bool:
        """What only a peer can give."""
        return bool(self._damage or self._stranded)

    def not_filled(self) -> None:
        """Nobody could give anything: the journals may have it all."""
        if not self._open and not self._stopped and "subscribe" not in self._timers:
            self._subscribe()

    def exchange_store(self, store: Store) -> None:
        """The disk now holds what a peer's did. The watermark may go back."""
        logger.warning("%s has been filled up to %s", self._name, store.checkpoint_ts)
        self._staging.clear()
        self.store.close()
        self.store = store
        self._answers.use(store)
        self._staging = Staging(store)
        self.watermark = store.checkpoint_ts
        self._damage = self._stranded = ""
        self._resubscribe("filled")
        self._answer_waiting()

    def _give(self, message: AskContents | AskPiece | AskMiddle | AskReached, reply: Reply) -> None:
        try:
            if isinstance(message, AskReached):
                reply(self._reached())
            elif isinstance(message, AskMiddle):
                reply(Middle(middle(self.store, self.place.spans)))
            else:
                reply(given(self.store.disk, message))
        except DatabaseError as error:
            reply.fail(self.noted(error))
