"""The coordinator's side of a transaction that spans adjudicators (design, section 3).

    Prepare --> participants, in parallel with its own judgement and marks      all Prepared, own marks held
    commit_ts above every lower bound and within every participant's epoch      one record with the whole write set =
                                                                                the commit
    durable --> Decided(commit_ts) to the participants, Committed to the client

Any failure before the record is appended aborts it: Decided(0), and the client hears what failed. A participant that is
not told asks: the record is there = committed; still deciding = undecided; neither = aborted, for nothing but this
epoch could still append it, and this epoch does not know it (later epochs know all that was recovered; of an epoch
whose records have been trimmed the answer is "unknown", which participants take for the worst).

The parts of one attempt go by its *name*, the transaction's 16 bytes and 4 random ones, since a query processor may
send a transaction again after a refusal, and the refused attempt's stragglers must not touch the new one's marks. The
record carries the name; records of other transactions carry the 16 bytes, which is how recovery tells them apart.

An outcome is remembered until every participant has acknowledged it, in the epoch that prepared it or a later one
(whoever does not lead, or not any more, knows nothing of its marks), or for twice the window. Once one has been
forgotten by age nobody is told "aborted" any more, but "unknown".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from actors.adjudicator.claim import Claim, Table
from actors.adjudicator.gathering import NAME_SALT_BYTES, Gathering
from actors.adjudicator.outcomes import Outcomes
from actors.adjudicator.ownership import Ownership
from actors.adjudicator.refusals import not_committed
from actors.common.errors import CONNECTION_FAILURE, DatabaseError, conflict, redirected
from actors.common.messages import AskOutcome, Commit, Decided, Done, OutcomeIs, Prepare, Prepared
from actors.common.messages.base import Message
from actors.common.timestamps import TIMESTAMP_MAX, Epoch, Timestamp
from actors.journal.record import TRANSACTION_BYTES

if TYPE_CHECKING:
    from actors.adjudicator.reign import Flight, Reign

DECIDED_TIMEOUT_S = 5.0
"""For the acknowledgement only; nobody waits for it."""
WINDOWS_KEPT = 2
RECENT_US = 20_000_000
"""Of the journal's end: as long as answers are kept (reign.py)."""


def is_spanning(name: bytes) -> bool:
    """Whether a journal record's transaction was one of several adjudicators."""
    return len(name) > TRANSACTION_BYTES


class Spanning:
    """One attempt at a transaction that spans adjudicators."""

    __slots__ = (
        "asked_us",
        "claim",
        "flight",
        "has_reached",
        "is_marked",
        "is_settled",
        "name",
        "participants",
        "parts",
        "prepared",
        "shares",
    )

    def __init__(
        self,
        name: bytes,
        flight: Flight,
        claim: Claim,
        shares: Shares,
        participants: list[int],
        parts: Mapping[int, int],
        asked_us: Timestamp,
    ) -> None:
        self.name = name
        self.flight = flight
        self.claim = claim
        self.shares = shares
        self.participants = participants
        self.parts = parts
        """Participant -> pieces of its share that it has (gathering.py)."""
        self.asked_us = asked_us
        """By this clock, when the participants were asked."""
        self.has_reached = False
        """Participants have been asked once more, for a later end of what they offer."""
        self.prepared: dict[int, Prepared] = {}
        self.is_marked = False
        self.is_settled = False
        """Its commit record is appended, or it is aborted."""


class Shares:
    """Who gets what of a transaction: keys by owner, and the tables dropped, which concern everybody."""

    __slots__ = ("checked", "dropped", "map_version", "owners", "written")

    def __init__(
        self,
        owners: list[int],
        written: dict[int, list[bytes]],
        checked: dict[int, list[bytes]],
        dropped: Sequence[Table],
        map_version: int,
    ) -> None:
        self.owners = owners
        self.written = written
        self.checked = checked
        self.dropped = dropped
        self.map_version = map_version


@dataclass
class RecoveredOutcomes:
    """What the journal's records tell of earlier epochs: `commits`, spanning transactions' names -> commit_ts. Of
    epochs from `complete_from` on, all records are there."""

    commits: dict[bytes, Timestamp] = field(default_factory=dict)
    complete_from: Epoch = 0
    recent: Outcomes = field(default_factory=lambda: Outcomes(RECENT_US))
    """All transactions' last commits, by the names that their query processors know."""


class Coordinator:
    def __init__(self, reign: Reign, recovered: RecoveredOutcomes) -> None:
        self._reign = reign
        self._recovered = recovered
        self._open: dict[bytes, Spanning] = {}
        """Not yet durable, nor aborted."""
        self._outcomes = Outcomes(WINDOWS_KEPT * reign.window.length_us)
        now = max(reign.lease.begin, reign.context.clock.now().earliest)
        for name, commit_ts in recovered.commits.items():
            self._outcomes.remember(name, commit_ts, now)
        recovered.commits.clear()
        self._unacknowledged: dict[bytes, int] = {}
        self._timeout_s = reign.context.settings.adjudication.prepare_timeout_ms / 1000

    @property
    def open(self) -> int:
        return len(self._open)

    @property
    def owes(self) -> bool:
        """Transactions are undecided, or participants have not said that they have heard of a commit."""
        return bool(self._open or self._unacknowledged)

    def shares_of(
        self,
        message: Commit,
        written: list[bytes],
        dropped: Sequence[Table],
        ownership: Ownership,
        gathering: Gathering | None,
    ) -> Shares:
        """Raises 55000 where this adjudicator has no part."""
        own = self._reign.number
        shares = ownership.split(written)
        checked = ownership.split(message.checked)
        everybody = message.schema_changes or message.exclusive or dropped
        gathered = {own, *gathering.shares} if gathering is not None else set()
        owners = ownership.adjudicators if everybody else sorted({*shares, *checked, *gathered})
        if own not in owners:
            raise redirected()
        return Shares(owners, shares, checked, dropped, ownership.version)

    def begin(self, flight: Flight, shares: Shares, gathering: Gathering | None) -> None:
        """Ask the participants, and judge the own share."""
        reign = self._reign
        name, claim = self._claim(flight.message, shares) if gathering is None else (gathering.name, gathering.claim)
        claim.transaction = name
        claim.holds_elsewhere = True
        parts = gathering.shares if gathering is not None else {}
        participants = [owner for owner in shares.owners if owner != reign.number]
        now = reign.context.clock.now().earliest
        spanning = Spanning(name, flight, claim, shares, participants, parts, now)
        self._open[name] = spanning
        for number in spanning.participants:
            self._ask(spanning, number)
        if not spanning.is_settled:
            self._judge(spanning)

    def _claim(self, message: Commit, shares: Shares) -> tuple[bytes, Claim]:
        """(name, what is claimed here) of one attempt."""
        reign = self._reign
        own = reign.number
        name = message.transaction + reign.context.random.getrandbits(8 * NAME_SALT_BYTES).to_bytes(
            NAME_SALT_BYTES, "big"
        )
        claim = Claim(
            name,
            message.start_ts,
            message.catalog_ts,
            shares.written.get(own, []),
            shares.checked.get(own, []),
            message.schema_changes,
            message.exclusive,
            shares.dropped,
        )
        return name, claim

    def _ask(self, spanning: Spanning, number: int, ahead_us: int = 0) -> None:
        """The participant answers at once where it has been asked before. `ahead_us`: so much later than now it is
        decided, at most."""
        reign, shares, message = self._reign, spanning.shares, spanning.flight.message
        prepare = Prepare(
            spanning.name,
            reign.number,
            reign.epoch,
            message.start_ts,
            message.catalog_ts,
            shares.written.get(number, []),
            shares.checked.get(number, []),
            message.schema_changes,
            message.exclusive,
            list(shares.dropped),
            max(reign.lease.last, reign.context.clock.now().earliest + reign.lead_us) + ahead_us,
            spanning.parts.get(number, 0),
            shares.map_version,
        )
        on_prepared, on_refused = partial(self._prepared, spanning, number), partial(self._refused, spanning, number)
        reign.context.bus.request(
            reign.name, f"adjudicator/{number}", prepare, on_prepared, on_refused, self._timeout_s
        )

    def _judge(self, spanning: Spanning) -> None:
        reign = self._reign
        verdict = reign.judge(spanning.claim)
        if verdict is None:
            reign.window.leave(spanning.claim)
            reign.window.mark(spanning.claim)
            spanning.is_marked = True
            self._consider(spanning)
        elif isinstance(verdict, bytes):
            reign.waiting.wait(
                spanning.name, verdict, partial(self._judge, spanning), partial(self._abort, spanning, conflict())
            )
        else:
            self._abort(spanning, verdict)

    def _prepared(self, spanning: Spanning, number: int, answer: Message) -> None:
        assert isinstance(answer, Prepared)
        if not spanning.is_settled:
            spanning.prepared[number] = answer
            self._consider(spanning)

    def _refused(self, spanning: Spanning, number: int, error: DatabaseError) -> None:
        if not spanning.is_settled:
            if error.sqlstate == CONNECTION_FAILURE:
                error = not_committed(f"adjudicator/{number}: {error.message}")
            self._abort(spanning, error)

    def _consider(self, spanning: Spanning) -> None:
        """All have it marked: decide."""
        if not spanning.is_marked or len(spanning.prepared) < len(spanning.participants):
            return
        reign = self._reign
        now = reign.context.clock.now().earliest
        floor = max([spanning.claim.start_ts, *(answer.lower_bound for answer in spanning.prepared.values())])
        end = min((answer.epoch_end for answer in spanning.prepared.values()), default=TIMESTAMP_MAX)
        commit_ts = reign.lease.pick(floor, now + reign.lead_us)
        if commit_ts > end:
            self._reach(spanning, commit_ts)
            return
        spanning.is_settled = True
        reign.window.release(spanning.name)
        reign.window.commit(spanning.claim, commit_ts)
        reign.append(spanning.flight, spanning.name, commit_ts, now, partial(self._durable, spanning))
        reign.waiting.wake(spanning.name)

    def _reach(self, spanning: Spanning, commit_ts: Timestamp) -> None:
        """One participant's clock is so far ahead of another's that what they offer has no time in common: the late
        ones are asked, once, to come as far as it will be by then. Twice the time that the first answers took is room
        enough: between regions it is no short one."""
        if spanning.has_reached:
            self._abort(spanning, conflict())
            return
        spanning.has_reached = True
        late = [number for number, answer in spanning.prepared.items() if answer.epoch_end < commit_ts]
        for number in late:
            del spanning.prepared[number]
        ahead_us = 2 * (self._reign.context.clock.now().earliest - spanning.asked_us)
        for number in late:
            self._ask(spanning, number, ahead_us)

    def _durable(self, spanning: Spanning) -> None:
        """It is committed: tell the participants."""
        name, commit_ts = spanning.name, spanning.flight.commit_ts
        del self._open[name]
        if not spanning.participants:
            return  # a schema change where there is but one adjudicator
        self._outcomes.remember(name, commit_ts, self._reign.context.clock.now().earliest)
        self._unacknowledged[name] = len(spanning.participants)
        reign = self._reign
        for number in spanning.participants:
            reign.context.bus.request(
                reign.name,
                f"adjudicator/{number}",
                Decided(name, commit_ts, spanning.prepared[number].epoch),
                partial(self._acknowledged, name),
                partial(self._not_acknowledged, name),
                DECIDED_TIMEOUT_S,
            )

    def _acknowledged(self, name: bytes, answer: Message) -> None:
        assert isinstance(answer, Done)
        left = self._unacknowledged.get(name)
        if left == 1:
            del self._unacknowledged[name]
            self._outcomes.forget(name)
        elif left is not None:
            self._unacknowledged[name] = left - 1

    def _not_acknowledged(self, name: bytes, error: DatabaseError) -> None:
        """The participant will ask; the outcome is kept for it."""
        self._unacknowledged.pop(name, None)

    def _abort(self, spanning: Spanning, error: DatabaseError) -> None:
        reign = self._reign
        spanning.is_settled = True
        del self._open[spanning.name]
        reign.waiting.leave(spanning.name)
        for number in spanning.participants:
            reign.context.bus.post(reign.name, f"adjudicator/{number}", Decided(spanning.name, 0))
        reign.abort(spanning.flight, error)
        if spanning.is_marked:
            reign.window.release(spanning.name)
            reign.waiting.wake(spanning.name)

    def undecided(self) -> Iterator[Claim]:
        """Own shares of transactions that are neither aborted nor appended."""
        return (spanning.claim for spanning in self._open.values() if not spanning.is_settled)

    def refuse_released(self, is_released: Callable[[Claim], bool]) -> None:
        for spanning in list(self._open.values()):
            if not spanning.is_settled and is_released(spanning.claim):
                self._abort(spanning, redirected())

    def outcome(self, message: AskOutcome) -> OutcomeIs:
        """What a participant may know about a transaction of this epoch or an earlier one."""
        name = message.transaction
        if name in self._open or message.coordinator_epoch > self._reign.epoch:
            return OutcomeIs("undecided")
        commit_ts = self._outcomes.get(name)
        if commit_ts is not None:
            return OutcomeIs("committed", commit_ts)
        is_certain = message.coordinator_epoch >= self._recovered.complete_from and not self._outcomes.has_expired
        return OutcomeIs("aborted" if is_certain else "unknown")

    def end(self) -> None:
        """Abort all that is not appended; what is appended stays undecided here and is known to the next epoch."""
        for spanning in list(self._open.values()):
            if not spanning.is_settled:
                self._abort(spanning, not_committed("the epoch is over"))
