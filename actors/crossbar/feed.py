"""A feed: the crossbar's subscription to one journal, at one of its replicas at a time.

Records are taken in order by number; a gap, a failure or a replica that has trimmed what is wanted makes the feed
subscribe again, from where it stands, at the next replica; after many gaps in a row with a smaller window
(stream_window.py). Between regions, a feed that has left the replica of its own zone looks now and then whether that
one answers again, and lacks nothing: what comes from another region comes late. Acknowledgements go out when a quarter
of the window has been taken, not for each message; while the feed is on `hold`, none do, so that no more than a window
arrives.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from actors.common.errors import OBJECT_NOT_IN_PREREQUISITE_STATE, DatabaseError
from actors.common.messages import Fetch, Fetched, JournalRecords, StreamAck, Subscribed, SubscribeJournal
from actors.common.messages.base import Message
from actors.common.refusals import Trimmed
from actors.common.timestamps import Epoch, Lsn, Timestamp
from actors.journal import subscription
from actors.journal.record import TRIMMED, MappedHeader, decode_header
from actors.runtime.interfaces import Context
from actors.runtime.stream_window import StreamWindow

RETRY_S = 0.05
HOME_S = 5.0
"""Between two looks whether the own zone's replica answers again."""
SUBSCRIBE_TIMEOUT_S = 1.0
ACKNOWLEDGE_SHARE = 4
PATIENCE = 20
"""So many times in a row a replica that has not heard from the writer yet is asked again before another one is: a
cluster that starts would else read its journals across availability zones (or processes) for good."""
LEAST_SHARE = 64
"""Of the window, at least so small a part: messages are a quarter of it at most, and records must not come one by one.
Or a few of the largest messages, where that is less: of hundreds that overtake each other the first one is hardly ever
the first to arrive, and each time all the others are sent in vain."""

OnRecords = Callable[[int, Sequence[tuple[MappedHeader, bytes]]], None]
Admits = Callable[[int], bool]


class Feed:
    """`on_records(journal, [(header, record), ...])` is called in order. Starts with `subscribe()`. `admits`: whether
    records that go by a set of journals of this version may be taken now; they are asked for again until they may."""

    def __init__(
        self,
        context: Context,
        journal: int,
        replicas: list[str],
        after_ts: Timestamp,
        on_records: OnRecords,
        new_stream: Callable[[Feed], int],
        window_bytes: int,
        admits: Admits,
    ) -> None:
        self._context = context
        self._journal = journal
        own = [name for name in replicas if name.endswith(f"/{context.az}")]
        self._has_home = bool(own) and bool(context.settings.regions.zones)
        self._homing: asyncio.TimerHandle | None = None
        self._replicas = [*own, *(name for name in replicas if name not in own)]
        self.elsewhere = self._replicas[len(own) :]
        """The replicas in other zones."""
        self._place = 0
        self._after_ts = after_ts
        self._on_records = on_records
        self._new_stream = new_stream
        self._admits = admits
        few_messages = subscription.WINDOW_MESSAGES * subscription.MESSAGE_BYTES_MAX
        self._window = StreamWindow(window_bytes, min(window_bytes // LEAST_SHARE, few_messages))
        self._window_bytes = window_bytes
        """Of the current stream."""
        self._stream = 0
        self._expected = 1
        self._taken = 0
        self._taken_bytes = 0
        self._retry: asyncio.TimerHandle | None = None
        self._closed = False
        self.next_lsn: Lsn = 0
        """0 until the first subscription has been answered."""
        self.previous_epoch: Epoch = 0
        """Of the record before next_lsn, when the first subscription was answered."""
        self.on_subscribed: Callable[[], None] | None = None
        self.on_trimmed: Callable[[Timestamp], None] | None = None
        """Most replicas no longer have what is wanted; everything above the time given is still there."""
        self._refusals: dict[str, Timestamp] = {}
        self.held = False
        """Records are left unacknowledged for now."""
        self._patience = PATIENCE

    @property
    def replica(self) -> str:
        return self._replicas[self._place % len(self._replicas)]

    def subscribe(self) -> None:
        """(Re)open the stream at the current replica."""
        if self._closed:
            return
        self._stream = self._new_stream(self)
        self._expected = 1
        self._taken = self._taken_bytes = 0
        self._window_bytes = self._window.open(asyncio.get_running_loop().time())
        stream = self._stream
        message = SubscribeJournal(stream, self.next_lsn, self._after_ts, self._window_bytes)

        def subscribed(answer: Message) -> None:
            assert isinstance(answer, Subscribed)
            if stream == self._stream and not self._closed:
                if self.next_lsn == 0:
                    self.next_lsn = answer.first_lsn
                    self.previous_epoch = answer.previous_epoch
                self._refusals.clear()
                self._patience = PATIENCE
                if self.on_subscribed is not None:
                    self.on_subscribed()

        def failed(error: DatabaseError) -> None:
            if stream == self._stream and not (error.sqlstate == TRIMMED and self._refused(error)):
                self._wait_or_turn(error)

        self._context.bus.request(self._context.name, self.replica, message, subscribed, failed, SUBSCRIBE_TIMEOUT_S)

    def _refused(self, error: DatabaseError) -> bool:
        """A replica has trimmed what is wanted. True: so have most, and the owner has been told."""
        if isinstance(error.refusal, Trimmed):
            self._refusals[self.replica] = error.refusal.trimmed_ts
        if len(self._refusals) * 2 <= len(self._replicas) or self.on_trimmed is None or self._closed:
            return False
        self.on_trimmed(min(self._refusals.values()))
        return True

    def _wait_or_turn(self, error: DatabaseError) -> None:
        waits = error.sqlstate == OBJECT_NOT_IN_PREREQUISITE_STATE and self._patience > 0
        self._patience = self._patience - 1 if waits else PATIENCE
        self.turn(0 if waits else 1)

    def turn(self, places: int = 1) -> None:
        """Go on at the next replica, after a short pause."""
        if self._retry is None and not self._closed:
            self._place += places
            self._stream = 0
            self._retry = asyncio.get_running_loop().call_later(RETRY_S, self._again)
            self._look_home()

    def _look_home(self) -> None:
        """After a while, as long as this feed is away from its own zone."""
        if self._has_home and self._homing is None and not self._closed and self._place % len(self._replicas):
            self._homing = asyncio.get_running_loop().call_later(HOME_S, self._ask_home)

    def _ask_home(self) -> None:
        self._homing = None

        def answered(answer: Message) -> None:
            assert isinstance(answer, Fetched)
            if answer.end_lsn < self.next_lsn - 1:  # it lives, and lacks what has come from elsewhere
                self._look_home()
            elif self._place % len(self._replicas):
                self.turn(-self._place)

        sign_of_life = Fetch(max(self.next_lsn, 1), 1)
        self._context.bus.request(
            self._context.name,
            self._replicas[0],
            sign_of_life,
            answered,
            lambda _: self._look_home(),
            SUBSCRIBE_TIMEOUT_S,
        )

    def _again(self) -> None:
        self._retry = None
        self.subscribe()

    def take(self, sender: str, message: JournalRecords) -> None:
        """Records of this feed's stream have arrived."""
        if message.stream != self._stream or self._closed:
            return
        if message.number != self._expected or (self.next_lsn and message.first_lsn != self.next_lsn):
            if message.number >= self._expected:
                self._window.gap(asyncio.get_running_loop().time())
                self.subscribe()
            return
        self._expected += 1
        records = [(decode_header(record), record) for record in message.records]
        admits = self._admits
        admitted = (
            records if admits(records[-1][0].set_version) else [one for one in records if admits(one[0].set_version)]
        )
        self.next_lsn = message.first_lsn + len(admitted)
        self._taken = message.number
        self._taken_bytes += sum(map(len, message.records))
        if admitted:
            self._on_records(self._journal, admitted)
        if len(admitted) < len(records):
            self.turn(0)
        elif not self.held:
            self._acknowledge()

    def _acknowledge(self) -> None:
        if not self._closed and self._stream and self._taken_bytes * ACKNOWLEDGE_SHARE > self._window_bytes:
            self._taken_bytes = 0
            self._context.bus.post(self._context.name, self.replica, StreamAck(self._stream, self._taken))

    def hold(self, held: bool) -> None:
        """Whether records are left unacknowledged for now, because their consumer is full."""
        if held != self.held:
            self.held = held
            if not held:
                self._acknowledge()

    def close(self) -> None:
        self._closed = True
        for timer in (self._retry, self._homing):
            if timer is not None:
                timer.cancel()
