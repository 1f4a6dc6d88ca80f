"""Bugs to plant into what becomes of those who have left, and into journals that must go on without one. Each function
changes the code of this process for good."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from actors.common.messages import Sealed, Trim
from actors.common.timestamps import TIMESTAMP_MIN, Timestamp
from actors.crossbar.crossbar import Crossbar
from actors.crossbar.trimming import Trimming
from actors.journal.peer import Peer
from actors.journal.writer import JournalWriter
from cluster import shards
from cluster.retiring import Retiring
from cluster.simulation import reshapings
from cluster.state import ClusterState

# -- journals that go no further, although a majority lives ------------------------------------------------------------
#
# That a peer is not tried again once its pauses are as long as they get is no bug that anybody could meet: the next
# record is sent all the same, a replica that was restarted says so, and an adjudicator that waits for its first record
# is started elsewhere after ten seconds, a third of what the pauses take to grow.


def a_writer_counts_on_all_of_its_replicas() -> None:
    make = JournalWriter.__init__

    def careless(writer: JournalWriter, *arguments: Any) -> None:
        make(writer, *arguments)
        writer._majority = len(writer._peers)

    JournalWriter.__init__ = careless  # type: ignore[method-assign]


def a_candidate_asks_once() -> None:
    """Who has not won a majority at the first attempt waits for the answers that he lacks, and asks for none again."""
    seal_all = JournalWriter._seal_all

    async def careless(writer: JournalWriter, epoch: int) -> tuple[dict[str, Sealed], int]:
        asked = getattr(writer, "_asked_once", False)
        writer._asked_once = True  # type: ignore[attr-defined]
        return ({}, 0) if asked else await seal_all(writer, epoch)

    JournalWriter._seal_all = careless  # type: ignore[method-assign]


def a_learner_waits_for_a_barrier_of_before() -> None:
    """Its barrier is never appended anew: one that was restarted before it could vote never votes."""
    consider = JournalWriter._consider_learner
    known: dict[tuple[int, str], int] = {}

    def careless(writer: JournalWriter, peer: Peer) -> None:
        if peer.barrier is None and (id(writer), peer.name) in known:
            return
        consider(writer, peer)
        if peer.barrier is not None:
            known[id(writer), peer.name] = peer.barrier

    JournalWriter._consider_learner = careless  # type: ignore[method-assign]


# -- those who have left -----------------------------------------------------------------------------------------------


def one_who_has_left_holds_back_the_journals() -> None:
    """A storage replica that has ever told of a checkpoint counts, whether it is in the topology or not."""

    def careless(trimming: Trimming, journals: Mapping[int, Sequence[str]]) -> None:
        least = min(trimming._checkpoints.values(), default=TIMESTAMP_MIN)
        topology = trimming._context.bus.topology
        names = [name for name in topology.azs if name.startswith("storage/")] if topology is not None else []
        if any(name not in trimming._checkpoints for name in names):
            return
        least -= (trimming._context.settings.limits.transaction_age_s or 300) * 1_000_000
        if least > trimming._trimmed:
            trimming._trimmed = least
            for journal in sorted(journals):
                for name in journals[journal]:
                    trimming._context.bus.post(trimming._context.name, name, Trim(least))

    Trimming._trim = careless  # type: ignore[method-assign]


def a_removed_subscriber_is_kept() -> None:
    """The crossbar goes on feeding one that is in the topology no more."""
    Crossbar._dismiss = lambda *_: None  # type: ignore[method-assign]


def who_comes_under_an_old_name_is_stopped() -> None:
    """Nobody looks whether somebody of that name is still being stopped, and numbers are given again."""
    Retiring.check = lambda *_: None  # type: ignore[method-assign]
    resized = shards.resized

    def careless(state: ClusterState, shard: int, count: int) -> ClusterState:
        return replace(resized(state, shard, count), readers_ever=1)

    shards.resized = careless
    reshapings.resized = careless  # type: ignore[attr-defined]


def a_checkpoint_is_believed_after_its_disk_is_lost() -> None:
    """Journals are trimmed by what a replica had told before it lost its disk."""

    def careless(trimming: Trimming, name: str, after_ts: Timestamp) -> None:
        """What it has told, it has."""

    Trimming.stands = careless  # type: ignore[method-assign]
