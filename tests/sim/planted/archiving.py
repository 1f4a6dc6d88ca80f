"""Bugs to plant into what replicas of storage and of journals have in the object store. Each function changes the code
of this process for good."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import google_crc32c
from msgspec.structs import replace

from actors.adjudicator.reign import Reign
from actors.common.errors import DatabaseError
from actors.common.messages import AskPromise
from actors.common.stored_journal import PieceName
from actors.journal.archive import JournalArchive
from actors.journal.log import JournalLog
from actors.runtime.interfaces import StoredObject
from actors.storage.archive import Archive
from actors.storage.archive_index import Folder, Listing, StoredCheckpoint, StoredSegment
from actors.storage.manifest import Manifest
from actors.storage.store import Store
from cluster import restoring
from cluster.restoring import Found


def a_checkpoint_before_its_segments() -> None:
    """Segments are uploaded in the background, while the checkpoint that names them is there already."""
    stored = Archive._stored

    async def careless(
        archive: Archive, folder: Folder, listing: Listing, name: str, data: memoryview
    ) -> StoredSegment:
        async def later() -> None:
            await asyncio.sleep(1.0)
            try:
                await stored(archive, folder, listing, name, data)
            except DatabaseError:
                pass

        archive._context.spawn(later())
        return StoredSegment(name, folder.segment(name), len(data), int(google_crc32c.value(bytes(data))))

    Archive._stored = careless  # type: ignore[method-assign]


def removes_what_the_newest_checkpoint_names() -> None:
    """What the former checkpoint names is held to be its own, though the newest one names it too."""
    garbage = Listing.garbage

    def careless(listing: Listing, folder: Folder, kept: Iterable[tuple[str, StoredCheckpoint]]) -> list[str]:
        newest, *former = kept
        own = [segment.key for _, checkpoint in former for segment in checkpoint.segments]
        return [*garbage(listing, folder, [newest]), *own]

    Listing.garbage = careless  # type: ignore[method-assign]


def opens_without_the_journals_tail() -> None:
    """A replica that was opened from the store holds itself to be up to date."""
    fetched = Archive._fetched

    async def careless(archive: Archive, *arguments: Any) -> Manifest:
        return replace(await fetched(archive, *arguments), watermark=archive._context.clock.now().earliest)

    Archive._fetched = careless  # type: ignore[method-assign]


def journals_go_by_the_disks_alone() -> None:
    def careless(archive: Archive, checkpoint_ts: int) -> int:
        return checkpoint_ts

    Archive.kept_ts = careless  # type: ignore[method-assign]


def uploads_what_is_not_committed() -> None:
    """A replica uploads all that it has: another writer's tail may take its place."""
    make = JournalArchive.__init__

    def careless(
        archive: JournalArchive, context: Any, journal: int, log: JournalLog, committed: Any, *rest: Any
    ) -> None:
        make(archive, context, journal, log, lambda: log.last_lsn, *rest)

    JournalArchive.__init__ = careless  # type: ignore[method-assign]


def checkpoints_are_ahead_of_the_journals() -> None:
    """A checkpoint is uploaded at once: what was committed beside it may be nowhere."""

    async def careless(archive: Archive, at: int) -> str:
        return ""

    Archive._lacking = careless  # type: ignore[method-assign]


def pieces_go_at_once() -> None:
    """... with those that come after the newest checkpoint."""
    tidy = JournalArchive._tidy

    async def careless(archive: JournalArchive, found: list[StoredObject]) -> None:
        await tidy(archive, found)
        for one in found[:-1]:
            await archive._objects.remove(one.key)

    JournalArchive._tidy = careless  # type: ignore[method-assign]


def pieces_do_not_wait_for_the_state() -> None:
    """A record that goes by a newer map than any state in the store is uploaded: nobody can begin with it."""

    async def careless(archive: JournalArchive, records: list[bytes]) -> list[bytes]:
        return records

    JournalArchive._readable = careless  # type: ignore[method-assign]


def checkpoints_do_not_wait_for_the_state() -> None:
    """Which journals have to reach as far is judged by a set of journals that the state in the store does not have."""
    Archive._goes_by_state_of = lambda archive, names: True  # type: ignore[method-assign]


# -- what a cluster is made of -----------------------------------------------------------------------------------------


def restores_what_came_later() -> None:
    """Journals are cut nowhere: each ends where its pieces do."""
    Found._is_kept = lambda found, journal, header: True  # type: ignore[method-assign]


def restores_some_of_a_large_transactions_parts() -> None:
    """A log begins where its first piece does."""

    def careless(pieces: list[PieceName], read: restoring.Read) -> restoring.Beginning:
        first = restoring._piece(pieces[0], read)
        return restoring.Beginning(first.first, first.previous_epoch, first.before_ts)

    restoring._beginning = careless


def a_manifest_tells_of_what_came_after_its_watermark() -> None:
    """Drops and catalog changes of the memtable's time are in it."""

    def careless(store: Store, checkpoint_ts: int) -> Manifest:
        told = manifest(store, checkpoint_ts)
        return replace(told, catalog_changes=list(store.catalog_changes), drops=store.tombstones.drops())

    manifest = Store.manifest
    Store.manifest = careless  # type: ignore[method-assign]


def a_newer_checkpoint_is_uploaded_than_journals_were_asked_about() -> None:
    lacking = Archive._lacking

    async def careless(archive: Archive, at: int) -> str:
        return await lacking(archive, min(at, archive.stored_ts + 1))

    Archive._lacking = careless  # type: ignore[method-assign]


def a_new_journal_reaches_nowhere() -> None:
    """Of a journal that has begun to count just now, what was committed before is missed."""
    moment = restoring._moment

    def careless(state: Any, chains: dict[int, list[PieceName]]) -> int:
        terms = [term for term in restoring.journals_of(state).terms if term.since and term.until is None]
        return min([moment(state, chains), *(chains[term.number][-1].promise for term in terms)])

    restoring._moment = careless


def idle_journals_record_no_promise() -> None:
    """The moment that can be had stays where the idlest journal was written last."""
    promise = Reign.promise

    def careless(reign: Reign, message: AskPromise, reply: Any) -> None:
        promise(reign, replace(message, recorded=False), reply)

    Reign.promise = careless  # type: ignore[method-assign]
