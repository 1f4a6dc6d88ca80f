"""Bugs in what is there for regions that lie far apart: commits that are dated ahead, promises that are pushed, journal
replicas that know by themselves what is committed, trimming over several crossbars. Each function changes the code of
this process for good."""

from __future__ import annotations

from typing import Any

from actors.adjudicator.ahead import Ahead
from actors.adjudicator.coordinator import Coordinator
from actors.adjudicator.outcomes import Outcomes
from actors.adjudicator.resolving import Resolving
from actors.common.messages import AskPromise, Promised, PromisedAhead
from actors.crossbar.detour import Detours
from actors.crossbar.trimming import Trimming
from actors.journal.own_quorum import OwnQuorum
from actors.journal.replica import JournalReplica
from actors.journal.writer import JournalWriter
from actors.query_processor.transaction import committing


def a_writer_tells_what_it_has_sent_as_stored() -> None:
    JournalWriter.elsewhere = lambda writer, peer: writer.last_lsn  # type: ignore[method-assign]


def a_replica_counts_what_it_has_not_stored() -> None:
    elsewhere = OwnQuorum.elsewhere

    def careless(quorum: OwnQuorum, epoch: int, lsn: int) -> None:
        elsewhere(quorum, epoch, lsn)
        quorum._stored = max(quorum._stored, quorum._elsewhere)

    OwnQuorum.elsewhere = careless  # type: ignore[method-assign]


def a_promise_of_now_passes_over_commits() -> None:
    """It counts though commits at or below it have not come."""
    Ahead.before = lambda ahead, at: ahead._past_lsn  # type: ignore[method-assign]


def a_pushed_promise_is_not_kept() -> None:
    """Commits are dated as far ahead anyway; unless the clock is set back."""

    def careless(ahead: Ahead, at: int) -> None:
        _push(ahead, at, ahead._commits[-1][1] if ahead._commits else ahead._past_lsn)

    Ahead._tell = careless  # type: ignore[method-assign]


def a_pushed_promise_waits_for_no_record() -> None:
    Ahead._tell = lambda ahead, at: _push(ahead, ahead._reign.lease.promise(at), 0)  # type: ignore[method-assign]


def promises_are_pushed_beyond_the_lease() -> None:
    def careless(ahead: Ahead, at: int) -> None:
        ahead._reign.lease.raise_last(at + 2_000_000)
        _push(ahead, at + 2_000_000, ahead._reign.writer.last_lsn)

    Ahead._tell = careless  # type: ignore[method-assign]


def _push(ahead: Ahead, promise: int, after_lsn: int) -> None:
    reign = ahead._reign
    message = PromisedAhead(reign.number, reign.epoch, promise, after_lsn, reign.writer.set_version)
    for name in ahead._until_s:
        reign.context.bus.post(reign.name, name, message)


def crossbars_do_not_tell_each_other_of_checkpoints() -> None:
    Trimming._tell_others = lambda trimming, message: None  # type: ignore[method-assign]


def a_crossbar_trims_by_its_own_subscribers() -> None:
    """Other regions' storage may lack what goes."""

    def careless(trimming: Trimming, name: str, checkpoint_ts: int, journals: Any) -> None:
        usual = trimming._checkpoints
        trimming._checkpoints = _Believed({**usual, name: checkpoint_ts})
        trimming._trim(journals)

    Trimming._raise = careless  # type: ignore[method-assign]


class _Believed(dict[str, int]):
    """Whoever has told nothing has as much as all others."""

    def get(self, name: str, default: Any = None) -> Any:
        return super().get(name, max(self.values()))


def late_participants_are_asked_to_come_as_far_as_now() -> None:
    """Between regions now has passed when they answer."""
    ask = Coordinator._ask
    Coordinator._ask = lambda coordinator, spanning, number, ahead_us=0: ask(coordinator, spanning, number)  # type: ignore[method-assign]


def a_journal_replica_promises_for_its_writer() -> None:
    """It knows what it has, and not what is under way."""
    receive = JournalReplica.receive

    def answering(replica: JournalReplica, sender: str, message: Any, reply: Any) -> None:
        if isinstance(message, AskPromise) and reply is not None:
            log = replica.log
            reply(Promised(log.last_epoch, message.at, log.last_lsn))
        else:
            receive(replica, sender, message, reply)

    JournalReplica.receive = answering  # type: ignore[method-assign]


def questions_never_go_by_a_third_region() -> None:
    Detours.turn = lambda detours, journal, adjudicator, replicas: None  # type: ignore[method-assign]


def a_lead_that_is_lowered_takes_promises_back() -> None:
    """Commits are dated a lead ahead of now again, above what was committed, whatever was promised meanwhile."""
    lead = Ahead._lead

    def careless(ahead: Ahead, lead_us: int) -> None:
        if lead_us < ahead.lead_us:
            ahead._reign.lease.last = ahead._commits[-1][0] if ahead._commits else ahead._reign.lease.begin
        lead(ahead, lead_us)

    Ahead._lead = careless  # type: ignore[method-assign]


def a_replica_tells_others_what_it_has_not_synced() -> None:
    append = JournalReplica._append

    def careless(replica: JournalReplica, sender: str, message: Any, reply: Any) -> None:
        append(replica, sender, message, reply)
        if message.records:
            replica._neighbours.stored(message.epoch, message.previous_lsn + len(message.records), replica._seat)

    JournalReplica._append = careless  # type: ignore[method-assign]


def of_five_disks_two_are_enough() -> None:
    kept = OwnQuorum.kept

    def careless(quorum: OwnQuorum, replica: str, epoch: int, lsn: int) -> None:
        quorum.majority = 2
        kept(quorum, replica, epoch, lsn)

    OwnQuorum.kept = careless  # type: ignore[method-assign]


def a_successor_knows_no_commits_of_older_epochs() -> None:
    """It says of them that they are lost."""
    Outcomes.take_over = lambda outcomes, other, now: None  # type: ignore[method-assign]


def what_was_given_up_is_committed_when_it_comes() -> None:
    """Whoever asks soon overtakes his Commit now and then."""
    committing.FAR_ANSWER_S = 0.2  # type: ignore[misc]
    Resolving.has_given_up = lambda resolving, transaction: False  # type: ignore[method-assign]
