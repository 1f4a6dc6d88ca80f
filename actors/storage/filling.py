"""Filling a storage replica from a peer: the way back for one that lost its disk, found a block of it damaged, or was
away for longer than the journals reach back.

    taker --AskContents--> every peer          the one that has come furthest is asked first
    taker --AskPiece-----> one peer            segment after segment, under names of the taker's own; each is synced and
                                               every block verified
    taker: manifest                            durable: from now on this is what the replica holds; what it held before
                                               is removed by the next opening
    taker --SubscribeRange(after the manifest's watermark)--> crossbar

What it promises: the replica is either what it was or what the peer's manifest says, at whatever moment it crashes. The
peer serves its files as they are and holds nothing back for the taker: a segment that is merged away meanwhile is gone
(58P01), and the taker asks for the contents again and keeps what it has of them. Where the peer has lost its disk
meanwhile, its segments are other ones, though they may have the old names: every piece is asked for by the life of the
store that the manifest is of. Where it has less then than the taker, another peer is asked. Why the journals reach back
to the peer's watermark: they are trimmed below the least checkpoint of all replicas, the peer's included (I12).

A shard that is made of others takes what they have by the same questions (inheriting.py).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from actors.common.errors import CONNECTION_FAILURE, DISK_FULL, IO_ERROR, UNDEFINED_FILE, DatabaseError
from actors.common.messages.filling import AskContents, AskPiece, Contents, Piece
from actors.runtime.interfaces import Context, Disk
from actors.storage import manifest as manifest_file
from actors.storage.files import discard, sync
from actors.storage.manifest import Manifest
from actors.storage.pacing import Pace
from actors.storage.segment import Segment
from actors.storage.segment_layout import corrupted
from actors.storage.store import Store

PIECE_BYTES_MAX = 1 << 20
"""One piece is under way at a time: bounds what filling holds in memory, and how long it keeps the peer from answering
reads (about 1 ms)."""
CONTENTS_ASKED_MAX = 10
"""Times that one peer's merges may overtake the copying."""
ANSWER_S_MAX = 2.0
UNHURRIED_BYTES_S = 256 << 20
"""Of what a new shard takes: its parents serve meanwhile, so nobody waits for it."""
PIECE_ATTEMPTS_MAX = 5
"""A lost message costs one piece, not the segment."""

logger = logging.getLogger(__name__)


# -- the giver ---------------------------------------------------------------------------------------------------------


def contents(disk: Disk) -> Contents:
    """What the manifest on this disk says."""
    return Contents(disk.read(manifest_file.PATH) if disk.exists(manifest_file.PATH) else b"")


def piece(disk: Disk, message: AskPiece) -> Piece:
    """Raises 58P01 for a segment that the manifest on this disk does not name, or that is of another life; XX001 where
    the manifest is damaged."""
    manifest = manifest_file.load(disk)
    if message.life != manifest.life or message.segment not in manifest.segments:
        raise DatabaseError(UNDEFINED_FILE, f"{message.segment} is not here any more")
    mapped = disk.map(message.segment)
    return Piece(bytes(mapped[message.offset : message.offset + message.bytes_max]), len(mapped))


def given(disk: Disk, message: AskContents | AskPiece) -> Contents | Piece:
    """Raises what `piece` does."""
    return contents(disk) if isinstance(message, AskContents) else piece(disk, message)


# -- the taker ---------------------------------------------------------------------------------------------------------


async def fill(context: Context, peers: list[str], store: Store, wanted: Callable[[Manifest], bool]) -> bool:
    """Make the disk that `store` is on hold what one of `peers` does; then it has to be opened anew. False where no
    peer can be reached that has what is `wanted`, all being well otherwise. Raises 53100 and 58030 of the own disk."""
    offers = await ask_offers(context, peers)
    for peer, manifest in sorted(offers.items(), key=lambda offer: (-offer[1].watermark, offer[0])):
        if not wanted(manifest):
            continue
        try:
            await Copying(context, peer, store, wanted).run(manifest)
        except DatabaseError as error:
            if error.sqlstate in (DISK_FULL, IO_ERROR):
                raise
            logger.warning("%s cannot be filled from %s: %s", context.name, peer, error.message)
        else:
            return True
    return False


async def ask_offers(context: Context, peers: list[str]) -> dict[str, Manifest]:
    """What each peer that answers has."""
    offers: dict[str, Manifest] = {}
    for peer in peers:
        try:
            offers[peer] = await ask_contents(context, peer)
        except DatabaseError as error:
            logger.info("%s: %s gives nothing: %s", context.name, peer, error.message)
    return offers


async def ask_contents(context: Context, peer: str) -> Manifest:
    answer: Contents = await context.bus.call(context.name, peer, AskContents(), ANSWER_S_MAX)
    return manifest_file.decode(answer.manifest) if answer.manifest else Manifest()


class Copying:
    """From one peer. `_copied`: the peer's segments by name, all of one life, and what they are called here; "":
    nothing of it is wanted."""

    def __init__(self, context: Context, peer: str, store: Store, wanted: Callable[[Manifest], bool]) -> None:
        self._context = context
        self._peer = peer
        self._store = store
        self._wanted = wanted
        self._copied: dict[str, str] = {}
        self._timed: set[str] = set()
        """Copies with commit times of their own."""
        self._shares: dict[str, float] = {}
        """Of copies with other shards' rows: as in Manifest.foreign."""

    async def run(self, manifest: Manifest) -> None:
        named: set[str] = set()
        try:
            own = await self.copied(manifest)
            await manifest_file.save(self._store.disk, own)
            named = set(own.segments)
        finally:
            self.forget(named)

    async def copied(self, manifest: Manifest) -> Manifest:
        """Copies the segments that `manifest`, or the peer's next one, names. The manifest that says the same of the
        copies."""
        manifest = await self._all_segments(manifest)
        copied = self._copied
        return Manifest(
            manifest.watermark,
            manifest.horizon,
            [copied[name] for name in manifest.segments if copied[name]],
            self._store.next_segment,
            manifest.catalog_changes,
            manifest.drops,
            self._store.life,
            {
                copied[name]: commit_ts
                for name, commit_ts in manifest.times.items()
                if copied[name] and copied[name] not in self._timed
            },
            {copied[name]: self._shares[copied[name]] for name in manifest.segments if copied[name] in self._shares},
            manifest.later_ts,
        )

    def forget(self, named: set[str]) -> None:
        """Remove all copies but those `named`."""
        for path in self._copied.values():
            if path and path not in named:
                discard(self._store.disk, path)
        self._copied.clear()

    async def _all_segments(self, manifest: Manifest) -> Manifest:
        """Copies them; the manifest that names them."""
        for _ in range(CONTENTS_ASKED_MAX):
            try:
                for name in manifest.segments:
                    if name not in self._copied:
                        self._copied[name] = await self._take(name, manifest)
            except DatabaseError as error:
                if error.sqlstate != UNDEFINED_FILE:
                    raise
                again = await ask_contents(self._context, self._peer)
                if not self._wanted(again):
                    raise DatabaseError(
                        UNDEFINED_FILE,
                        f"it has no longer what is wanted, only what was committed up to {again.watermark}",
                    ) from None
                if again.life != manifest.life:
                    self.forget(set())
                manifest = again
            else:
                return manifest
        raise DatabaseError(UNDEFINED_FILE, "its segments are merged faster than they are copied")

    async def _take(self, name: str, manifest: Manifest) -> str:
        """What is wanted of a segment; its path here."""
        path = await self._segment(name, manifest.life)
        if name in manifest.foreign:
            self._shares[path] = manifest.foreign[name]
        return path

    async def _segment(self, name: str, life: int, is_unhurried: bool = False) -> str:
        """Copied, durable and verified; its path here."""
        disk = self._store.disk
        path = self._store.new_segment_path()
        file = disk.open(path)
        pace = Pace()
        try:
            while True:
                answer = await self._piece(AskPiece(name, file.size, PIECE_BYTES_MAX, life))
                if not answer.data:
                    raise corrupted(name, f"ends at {file.size} of {answer.size} bytes")
                file.append(answer.data)
                if file.size >= answer.size:
                    break
                if is_unhurried:
                    await pace.rest()
            await sync(file)
            await verify(Segment(disk, path), UNHURRIED_BYTES_S if is_unhurried else 0.0)
        except BaseException:
            discard(disk, path)
            raise
        finally:
            file.close()
        return path

    async def _piece(self, message: AskPiece) -> Piece:
        context = self._context
        for _ in range(1, PIECE_ATTEMPTS_MAX):
            try:
                return await context.bus.call(context.name, self._peer, message, ANSWER_S_MAX)  # type: ignore[no-any-return]
            except DatabaseError as error:
                if error.sqlstate != CONNECTION_FAILURE:
                    raise
        return await context.bus.call(context.name, self._peer, message, ANSWER_S_MAX)  # type: ignore[no-any-return]


async def verify(segment: Segment, bytes_s: float = 0.0) -> None:
    """Look at every block, with the event loop's turn between two; no faster than `bytes_s` where that is given. Raises
    XX001."""
    for number, block in enumerate(segment.footer.blocks):
        segment.verify(number)
        await asyncio.sleep(block.length / bytes_s if bytes_s else 0)
