"""The crossbar: reads every journal, merges by commit time, routes by key, and carries the watermark. The system's
message broker.

    journals --JournalRecords--> Feed -> Merge -> Ring -> Subscriber --Deliver--> storage replicas
                                          ^ Promised
    storage --DemandWatermark--> demand -'--AskPromise--> adjudicators

Everything moves on demand. A storage replica with a waiting reader asks for a watermark; what the merge lacks for it is
asked of the adjudicators: one AskPromise under way to each, the next carries the highest time asked for since.
Undemanded records wait here (held: not yet merged; gathered: merged, not sent) up to a bound; beyond it the crossbar
demands by itself, and a journal that is far ahead of another is not read on. An idle crossbar sends nothing.

It has no disk. The main merge starts where the first subscriber stands; one that stands before what the ring holds
reads the journals again by a merge of its own (catch_up.py) and joins. A shard that the map names holds the same
columns for as long as it does; where another map names other shards, records are read again by it, from where the
subscribers stand, and a shard that is gone gets nothing more, no watermark either (I4). Checkpoints reported by every
storage replica of the topology let the journals trim (trimming.py). A subscriber that lacks what the journals have
trimmed is refused (58P01), never given a stream with a hole.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from actors.common.errors import DatabaseError
from actors.common.journal_set import JournalSet, JournalTerm
from actors.common.messages import (
    DemandWatermark,
    Done,
    JournalRecords,
    Promised,
    PromisedAhead,
    Stands,
    StreamAck,
    StreamLost,
    SubscribeRange,
)
from actors.common.messages.base import Message
from actors.common.messages.control import Topology
from actors.common.ranges import ShardMap, Span
from actors.common.timestamps import TIMESTAMP_MIN, Timestamp
from actors.crossbar import subscriber as subscribing
from actors.crossbar.asking import Asking
from actors.crossbar.catch_up import CatchUp
from actors.crossbar.feed import Admits, Feed
from actors.crossbar.filing import file
from actors.crossbar.following import Following
from actors.crossbar.members import Members
from actors.crossbar.merge import Group, Merge
from actors.crossbar.router import route
from actors.crossbar.subscriber import Ring, Subscriber, let_go
from actors.crossbar.trimming import Trimming
from actors.journal.record import TRIMMED, MappedHeader
from actors.runtime.interfaces import Context, Reply

STREAM_BITS = 62
"""Of a stream's number, which is drawn: no two lives of a crossbar use the same ones."""


class Crossbar:
    """Role `crossbar/<number>`. `journals`: journal -> its replicas' names; `adjudicators`: journal -> its
    adjudicator's name. `known`: the set of journals, where the cluster has had more than one."""

    merge: Merge
    ring: Ring

    def __init__(
        self,
        context: Context,
        number: int,
        journals: dict[int, list[str]],
        adjudicators: dict[int, str],
        known: JournalSet | None = None,
    ) -> None:
        self._context = context
        self._number = number
        first = JournalSet(terms=tuple(JournalTerm(journal, tuple(journals[journal])) for journal in sorted(journals)))
        self._members = Members(known or first)
        self._journals = journals
        """Those that count, and so are read."""
        self._adjudicators = adjudicators
        self._streams: dict[int, Feed] = {}
        self._has_begun = False
        self._routing: ShardMap | None = None
        """By which records are cut: the newest map, or an older one with the same shards."""
        self._holdings: dict[int, tuple[Span, ...]] = {}
        """What each of its shards holds."""
        self._feeds: dict[int, Feed] = {}
        self._subscribers: dict[str, Subscriber] = {}  # sorted by name
        self._catch_ups: dict[str, CatchUp] = {}
        self._behind = False
        """A subscriber waits for its catch-up to begin."""
        self._demand: Timestamp = TIMESTAMP_MIN
        self._asking = Asking(context, self._promised, self._pursue)
        self._trimming = Trimming(context)
        self._following = Following(context) if context.settings.regions.is_ahead else None
        self._gone_ts: Timestamp = self._members.known.gone_ts
        """Commits at or below this time are no longer in every journal, as the journals told, or a journal that had
        some is gone."""
        self._records = 0
        self._stopped = False

    async def start(self) -> None:
        self._context.bus.on_topology(self._on_topology)
        if self._context.bus.topology is not None:
            self._take_map(self._context.bus.topology)

    def _take_map(self, topology: Topology) -> None:
        """Replicas that it doesn't name get nothing more. Where it names shards that the last one did not, the records
        are read again for them."""
        before, self._holdings = self._holdings, topology.shard_map.holdings()
        for name, subscriber in [*self._subscribers.items()]:
            if name not in topology.azs or subscriber.shard not in self._holdings:
                self._dismiss(name)
        if before == self._holdings:
            return
        self._routing = topology.shard_map
        if self._has_begun and not self._holdings.keys() <= before.keys():
            self._route_anew()

    def _dismiss(self, name: str) -> None:
        subscriber = self._subscribers.pop(name)
        if catch_up := self._catch_ups.pop(name, None):
            catch_up.close()
        self._context.bus.post(self._context.name, name, StreamLost(subscriber.stream))

    async def stop(self) -> None:
        """Asks nobody anything any more: not when a promise that it waits for comes, nor a topology."""
        self._stopped = True
        self._asking.stop()
        for feed in [*self._feeds.values()]:
            feed.close()
        for catch_up in [*self._catch_ups.values()]:
            catch_up.close()

    def receive(self, sender: str, message: Message, reply: Reply | None) -> None:
        if isinstance(message, JournalRecords):
            feed = self._streams.get(message.stream)
            if feed is not None:
                feed.take(sender, message)
            else:
                self._context.bus.post(self._context.name, sender, StreamLost(message.stream))
        elif isinstance(message, DemandWatermark):
            self._demanded(sender, message)
        elif isinstance(message, StreamAck):
            self._acknowledged(sender, message)
        elif isinstance(message, SubscribeRange):
            self._subscribe(sender, message, reply)
        elif isinstance(message, PromisedAhead) and self._has_begun:
            self._asking.heard(message.journal)
            self._promised(message.journal, message)
        elif isinstance(message, Stands):
            self._trimming.told(message, self._journals)
        elif reply is not None:
            reply.fail(DatabaseError("0A000", f"a crossbar does not understand {type(message).__name__}"))

    def status(self) -> dict[str, Any]:
        merge = self.merge if self._has_begun else None
        return {
            "layer": "crossbar",
            "name": f"crossbar/{self._number}",
            "range": "all",
            "watermark": merge.watermark if merge is not None else None,
            "load": {
                "records": self._records,
                "held_bytes": merge.held_bytes if merge is not None else 0,
                "subscribers": len(self._subscribers),
                "catching_up": len(self._catch_ups),
            },
        }

    def new_stream(self, feed: Feed) -> int:
        """A fresh stream number for a feed (the main merge's or a catch-up's); its records are handed to it from now
        on."""
        self._streams = {number: other for number, other in self._streams.items() if other is not feed}
        number = self._context.random.getrandbits(STREAM_BITS)
        self._streams[number] = feed
        return number

    def drop_stream(self, feed: Feed) -> None:
        feed.close()
        self._streams = {number: other for number, other in self._streams.items() if other is not feed}

    @property
    def window_bytes(self) -> int:
        return self._context.settings.streaming.window_bytes

    def make_feed(self, journal: int, after_ts: Timestamp, on_records: Any, window_bytes: int, admits: Admits) -> Feed:
        replicas = self._members.replicas(journal)
        return Feed(self._context, journal, replicas, after_ts, on_records, self.new_stream, window_bytes, admits)

    def journals_above(self, after_ts: Timestamp) -> list[int]:
        """All that have something above a time: one that ended where the main merge began is not read by that."""
        return sorted(self._journals.keys() | self._members.ended_above(after_ts))

    @property
    def set_version(self) -> int:
        """Every journal that a set up to this version names is read."""
        return self._members.met

    @property
    def shard_map(self) -> ShardMap:
        assert self._routing is not None, "nobody subscribes before the topology is known"
        return self._routing

    # -- the main merge ------------------------------------------------------------------------------------------------

    def _begin(self, after_ts: Timestamp) -> None:
        """Read every journal from the first subscriber's place on."""
        self.merge = Merge([], partial(route, shard_map=self.shard_map))
        self.ring = Ring(self.shard_map.all_shards(), self._context.settings.streaming.ring_bytes_max)
        self.ring.floor = after_ts
        self._has_begun = True
        self._journals, self._adjudicators, self._feeds = {}, {}, {}
        self._join(after_ts)

    def _join(self, after_ts: Timestamp) -> None:
        """Read what counts and is not read yet. At or below `after_ts` it has nothing that is wanted."""
        for term in self._members.counting:
            journal = term.number
            if journal in self._journals or (term.until is not None and term.until <= after_ts):
                continue
            self._journals[journal], self._adjudicators[journal] = list(term.replicas), term.adjudicator
            self.merge.join(journal, term.since)
            feed = self.make_feed(journal, after_ts, self._on_records, self.window_bytes, self._members.knows)
            feed.on_subscribed = partial(self._positioned, journal, feed)
            feed.on_trimmed = self._begin_again
            self._feeds[journal] = feed
            feed.subscribe()

    def _meet(self, set_version: int) -> None:
        """A record or a promise of a newer set that is known: the journals new in it count from here on."""
        self._members.meet(set_version)
        self._join(self.merge.watermark)

    def _learn(self, known: JournalSet) -> None:
        """The controller tells of a newer set of journals."""
        gone = [journal for journal in self._journals if known.term(journal) is None]
        is_gone = known.gone_ts > self._gone_ts
        self._gone_ts = max(self._gone_ts, known.gone_ts)
        if not self._has_begun:
            return
        if not all(self.merge.heads[journal].has_ended for journal in gone):
            self._begin_again(known.gone_ts)
            return
        for journal in gone:  # what is held of it is all that it had
            del self._journals[journal], self._adjudicators[journal]
            self.drop_stream(self._feeds.pop(journal))
        self._join(self.merge.watermark)
        for name in sorted(self._catch_ups) if is_gone else ():
            self._catch_up(self._subscribers[name])
        self._advance()

    def _begin_again(self, gone_ts: Timestamp) -> None:
        """A journal has trimmed what the main merge would need for one subscriber: go on without it."""
        self._gone_ts = max(self._gone_ts, gone_ts)
        self._end_merges()
        for name in [name for name, subscriber in self._subscribers.items() if subscriber.sent_ts < self._gone_ts]:
            self.strand(self._subscribers[name], self._gone_ts)
        after_ts = min((subscriber.sent_ts for subscriber in self._subscribers.values()), default=self._gone_ts)
        self._begin(after_ts)
        for subscriber in self._subscribers.values():
            subscriber.live = True

    def _end_merges(self) -> None:
        for feed in self._feeds.values():
            self.drop_stream(feed)
        self._asking.came_anywhere()
        for name in sorted(self._catch_ups):
            self._catch_ups.pop(name).close()

    def _route_anew(self) -> None:
        """New shards are there: what the merge holds is not cut for them. Go on from the last of the subscribers that
        keep up, after what is due: everybody's reads wait until that is read again. The others catch up."""
        for subscriber in self._subscribers.values():
            subscriber.flush(self.ring, self.merge.watermark)
        self._end_merges()
        current = [one.sent_ts for one in self._subscribers.values() if one.live and not one.is_slow]
        self._begin(max(min(current, default=self.merge.watermark), self._gone_ts))
        for subscriber in self._subscribers.values():
            subscriber.live = subscriber.sent_ts >= self.ring.floor
            self._behind = self._behind or not subscriber.live

    def strand(self, subscriber: Subscriber, gone_ts: Timestamp) -> None:
        """What `subscriber` lacks has been trimmed: it hears so when it subscribes again."""
        self._gone_ts = max(self._gone_ts, gone_ts)
        if catch_up := self._catch_ups.pop(subscriber.name, None):
            catch_up.close()
        if self._subscribers.get(subscriber.name) is subscriber:
            del self._subscribers[subscriber.name]

    def _positioned(self, journal: int, feed: Feed) -> None:
        """The journal has nothing between the subscriber's place and next_lsn: promises given after the record before
        that may count."""
        self.merge.heads[journal].begin_after(feed.next_lsn - 1, feed.previous_epoch)
        self._asking.came(journal)
        self._advance()

    def _on_records(self, journal: int, records: Sequence[tuple[MappedHeader, bytes]]) -> None:
        self._records += len(records)
        if records[-1][0].set_version > self._members.met:
            self._meet(records[-1][0].set_version)
        self.merge.add(journal, records)
        self._asking.came(journal)
        self._advance()

    def _advance(self) -> None:
        """Move what has become due into the ring, serve the subscribers, and ask for what is still wanted."""
        merge, ring, known = self.merge, self.ring, len(self.ring.groups)
        due = merge.take()
        if due:
            file(due, ring, self.shard_map, self._subscribers.values())
        watermark = merge.watermark
        groups = merge.groups()
        void = merge.take_void()
        for subscriber in self._subscribers.values():
            if subscriber.live:
                if groups or void:
                    for group in void:
                        subscriber.unstage(group)
                    subscriber.stage_all(groups)
                if subscriber.demand > subscriber.sent_ts or subscriber.gathered_bytes >= subscribing.LAZY_BYTES:
                    subscriber.serve(ring, watermark)
        if groups or len(ring.groups) > known or ring.holds_much:
            self._let_go(groups)
        if due:
            ring.shrink()
        if self._behind or due or groups:
            self._rescue()
        held_bytes_max, heads = self._context.settings.streaming.held_bytes_max, merge.heads
        if merge.held_bytes > held_bytes_max:
            self._demand = max(self._demand, merge.furthest)
        for journal, feed in self._feeds.items():
            if feed.held or heads[journal].held_bytes > held_bytes_max:
                feed.hold(heads[journal].held_bytes > held_bytes_max)
        if self._demand > watermark:
            self._pursue()

    def _let_go(self, groups: list[tuple[Timestamp, Group]]) -> None:
        """Beyond the ring's bound, of the pieces that every subscriber has been sent. None, while one catches up: it
        goes on here from where it will have come."""
        groups = [*groups, *self.ring.groups]
        held_bytes = sum(group.held_bytes for _, group in groups)
        self.ring.holds_much = held_bytes > self._context.settings.streaming.ring_bytes_max
        if self._behind or not self.ring.holds_much:
            return
        if all(self._subscribers[name].is_slow for name in self._catch_ups):
            let_go(groups, [one for one in self._subscribers.values() if not one.is_slow])

    def _rescue(self) -> None:
        """A subscriber that the ring does not reach reads the journals again from where it stands, once the main merge
        has come as far as the ring begins."""
        if self.merge.watermark < self.ring.floor:
            return
        self._behind = False
        floor, ring, coming = self.ring.floor, self.ring.groups, self.merge.groups()
        groups = [*ring, *coming]
        last_ts = max((due_ts for due_ts, _ in coming), default=ring[-1][0] if ring else TIMESTAMP_MIN)
        for name, one in [*self._subscribers.items()]:
            is_current = one.sent_ts >= floor and (one.sent_ts >= last_ts or not one.lacks_any(groups))
            if not is_current and name not in self._catch_ups:
                self._catch_up(one)

    # -- demand --------------------------------------------------------------------------------------------------------

    def _demanded(self, sender: str, message: DemandWatermark) -> None:
        subscriber = self._subscribers.get(sender)
        if subscriber is None or subscriber.stream != message.stream:
            self._context.bus.post(self._context.name, sender, StreamLost(message.stream))
            return
        subscriber.demand = max(subscriber.demand, message.at)
        if self._following is not None:
            self._following.demanded(self._adjudicators.values())
        watermark = self.merge.watermark
        if subscriber.live and watermark > subscriber.sent_ts:
            subscriber.serve(self.ring, watermark)
        if message.at > watermark:
            self._demand = max(self._demand, message.at)
            self._pursue()

    def _pursue(self) -> None:
        """If anything is wanted still."""
        if self._demand > self.merge.watermark:
            self._asking.pursue(self._demand, self.merge.heads, self._adjudicators, self._feeds)

    def _promised(self, journal: int, answer: Promised | PromisedAhead) -> bool:
        """False: it cannot be counted yet, and is to be asked for again."""
        if not self._members.knows(answer.set_version):
            return False
        if journal in self._adjudicators:
            if answer.set_version > self._members.met:
                self._meet(answer.set_version)
            self.merge.promised(journal, answer.epoch, answer.promise, answer.after_lsn)
            if self.merge.is_due:
                self._advance()
            else:
                self._pursue()  # of several adjudicators the last one's promise makes something due
        return True

    # -- subscribers ---------------------------------------------------------------------------------------------------

    def _subscribe(self, sender: str, message: SubscribeRange, reply: Reply | None) -> None:
        if self._routing is None:
            if reply is not None:
                reply.fail(DatabaseError("55000", "the crossbar does not know the topology yet"))
            return
        present = self._subscribers.get(sender)
        if present is not None and present.stream == message.stream:  # the network repeats itself
            if reply is not None:
                reply(Done())
            return
        if message.shard not in self._holdings:
            if reply is not None:
                reply.fail(DatabaseError("55000", f"the crossbar's map names no shard {message.shard}"))
            return
        self._trimming.stands(sender, message.after_ts)
        if message.after_ts < self._gone_ts:
            if reply is not None:
                lacking = f"the journals no longer hold all that was committed after {message.after_ts}"
                reply.fail(DatabaseError(TRIMMED, lacking))
            return
        if not self._has_begun:
            self._begin(message.after_ts)
        former = self._catch_ups.pop(sender, None)
        if former is not None:
            former.close()
        subscriber = Subscriber(
            self._context.bus,
            self._context.name,
            sender,
            message.stream,
            message.shard,
            message.after_ts,
            message.window_bytes,
        )
        self._subscribers = dict(sorted({**self._subscribers, sender: subscriber}.items()))
        if reply is not None:
            reply(Done())
        if subscriber.finds_all(self.ring, [*self.merge.groups(), *self.ring.groups]):
            subscriber.live = True
            subscriber.serve(self.ring, self.merge.watermark)
        else:
            self._behind = True
            self._rescue()

    def _catch_up(self, subscriber: Subscriber) -> None:
        if subscriber.sent_ts < self._gone_ts:
            self.strand(subscriber, self._gone_ts)
            return
        subscriber.live = False
        former = self._catch_ups.pop(subscriber.name, None)
        if former is not None:
            former.close()
        self._catch_ups[subscriber.name] = CatchUp(self, subscriber)

    def caught_up(self, subscriber: Subscriber) -> None:
        """Its private merge has reached the ring."""
        self._catch_ups.pop(subscriber.name).close()
        for _, group in self.merge.groups():
            # Lacking then means that the group was committed before the catch-up's beginning, or is void, and that the
            # main merge does not know yet.
            if subscriber.lacks(group):
                subscriber.pass_over(group)
        groups = [*self.merge.groups(), *self.ring.groups]
        if not subscriber.finds_all(self.ring, groups):
            self._behind = True
            self._rescue()
            return
        subscriber.unstage_others(group for _, group in groups)
        subscriber.live = True
        subscriber.serve(self.ring, self.merge.watermark)

    def _acknowledged(self, sender: str, message: StreamAck) -> None:
        subscriber = self._subscribers.get(sender)
        if subscriber is None or subscriber.stream != message.stream:
            self._context.bus.post(self._context.name, sender, StreamLost(message.stream))
            return  # nor does its checkpoint count: the disk that had it may have been lost since
        self._trimming.checkpointed(sender, message.checkpoint_ts, self._journals)
        had_room = subscriber.has_room
        subscriber.acknowledge(message)
        if not had_room and subscriber.has_room:
            if subscriber.live:
                groups = self.merge.groups()
                subscriber.stage_all(groups)
                subscriber.serve(self.ring, self.merge.watermark)
                self._let_go(groups)
                self._rescue()
            elif sender in self._catch_ups:
                self._catch_ups[sender].advance()

    def _on_topology(self, topology: Topology) -> None:
        if self._stopped:  # the bus keeps its listeners
            return
        self._take_map(topology)
        if self._members.learn(topology.journals):
            self._learn(topology.journals)
        if self._has_begun:
            self._pursue()
