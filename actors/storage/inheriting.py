"""A shard that is made of others (docs/shards.md) takes what they have, from one replica of each, those of its own zone
first. Its watermark is the least of theirs: what one of them had above it comes again by the stream, and says the same.

    in the same room     the parent's segment gets a second name here (a hard link): nothing is copied, however much it
                         is
    elsewhere            copied as from a peer (filling.py)

    all rows are wanted                     the segment as it is
    one parent                              the segment as it is in the same room: foreign, until upkeep.py has clipped
                                            it
    several parents, or copied              clipped at once (clipping.py)

A replica is only asked for its own shard's columns, so the foreign rows of a split's children are never seen; they take
no room either as long as the other child holds them, too. Where two parents become one, a foreign row of the first may
be an old version of a row of the second's: so nothing foreign is taken over.

What it promises is what filling.py does. A name in the parent's folder is taken only where the manifest beside it is of
the life that the parent has told: what a former replica has left there is another one's.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from actors.common.errors import DISK_FULL, IO_ERROR, UNDEFINED_FILE, DatabaseError
from actors.common.messages import Checkpoint
from actors.common.ranges import Span, common_spans
from actors.runtime.interfaces import Context, Disk
from actors.storage import manifest as manifest_file
from actors.storage.clipping import clip, lies_inside, own_share
from actors.storage.files import discard
from actors.storage.filling import UNHURRIED_BYTES_S, Copying, ask_contents, ask_offers, verify
from actors.storage.manifest import Manifest
from actors.storage.place import Origin
from actors.storage.segment import Segment
from actors.storage.store import Store

CHECKPOINT_S_MAX = 30.0

logger = logging.getLogger(__name__)


async def inherit(
    context: Context, origins: Sequence[Origin], store: Store, spans: Sequence[Span], wanted: Callable[[Manifest], bool]
) -> bool:
    """As `filling.fill`, of the rows in `spans`. `origins`: each shard that holds some of them."""
    copies: list[_Inheriting] = []
    manifests: list[Manifest] = []
    named: set[str] = set()
    try:
        for origin in origins:
            if not origin.replicas or not await _take_one(
                context, origin, store, spans, len(origins) == 1, copies, manifests
            ):
                return False
        whole = united(store, manifests)
        if not manifests or not wanted(whole):
            return False
        await store.disk.settle_links()
        await manifest_file.save(store.disk, whole)
        named = set(whole.segments)
        return True
    finally:
        for copy in copies:
            copy.forget(named)


async def _take_one(
    context: Context,
    origin: Origin,
    store: Store,
    spans: Sequence[Span],
    is_only: bool,
    copies: list[_Inheriting],
    manifests: list[Manifest],
) -> bool:
    """What one of a shard's replicas has, whichever can be had; False where none can. One of the own zone is nearer,
    one that has lost its disk is the last."""

    def nearness(offer: tuple[str, Manifest]) -> tuple[bool, bool, int, str]:
        peer, manifest = offer
        return not manifest.watermark, not peer.endswith(f"/{context.az}"), -manifest.watermark, peer

    for peer, manifest in sorted((await ask_offers(context, origin.replicas)).items(), key=nearness):
        copies.append(copy := _Inheriting(context, peer, store, spans, origin.spans, is_only))
        try:
            manifests.append(await copy.copied(await _fresh_contents(context, peer, manifest)))
        except DatabaseError as error:
            if error.sqlstate in (DISK_FULL, IO_ERROR):
                raise
            logger.warning("%s can take nothing from %s: %s", context.name, peer, error.message)
        else:
            return True
    return False


async def _fresh_contents(context: Context, peer: str, known: Manifest) -> Manifest:
    """After a checkpoint: what it lacks would have to be read from the journals, by each of the new shard's replicas.
    `known`, where that takes too long."""
    try:
        await context.bus.call(context.name, peer, Checkpoint(context.clock.now().earliest), CHECKPOINT_S_MAX)
        return await ask_contents(context, peer)
    except DatabaseError as error:
        logger.info("%s: %s has made no checkpoint: %s", context.name, peer, error.message)
        return known


def united(store: Store, manifests: list[Manifest]) -> Manifest:
    """What several shards' manifests, whose segments are here, say together: no two of them have a key in common."""
    return Manifest(
        min((manifest.watermark for manifest in manifests), default=0),
        max((manifest.horizon for manifest in manifests), default=0),
        [name for manifest in manifests for name in manifest.segments],
        store.next_segment,
        sorted({commit_ts for manifest in manifests for commit_ts in manifest.catalog_changes}),
        list(dict.fromkeys(drop for manifest in manifests for drop in manifest.drops)),
        store.life,
        {name: commit_ts for manifest in manifests for name, commit_ts in manifest.times.items()},
        {name: share for manifest in manifests for name, share in manifest.foreign.items()},
        max((max(manifest.watermark, manifest.later_ts) for manifest in manifests), default=0),
    )


class _Inheriting(Copying):
    """From one replica of a parent that holds `origin`. `is_only`: there is no other parent."""

    def __init__(
        self, context: Context, peer: str, store: Store, spans: Sequence[Span], origin: Sequence[Span], is_only: bool
    ) -> None:
        super().__init__(context, peer, store, lambda again: True)
        self._spans = common_spans(spans, origin)
        self._wants_all = self._spans == tuple(origin)
        self._is_only = is_only

    async def _take(self, name: str, manifest: Manifest) -> str:
        disk = self._store.disk
        wants_all = self._wants_all and name not in manifest.foreign
        commit_ts = manifest.times.get(name, 0)
        neighbour = _beside(disk, self._peer, manifest.life)
        if neighbour is not None:
            if not neighbour.exists(name):
                raise DatabaseError(UNDEFINED_FILE, f"{name} is not there any more")
            segment = Segment(neighbour, name, commit_ts)
            if not wants_all and not self._is_only and not self._has_all(segment):
                return await self._clipped(segment)
            path = self._store.new_segment_path()
            if disk.link(neighbour, name, path):
                return await self._linked(Segment(disk, path, commit_ts), wants_all)
        copy = await self._segment(name, manifest.life, is_unhurried=True)
        segment = Segment(disk, copy, commit_ts)
        if wants_all or self._has_all(segment):
            return copy
        try:
            return await self._clipped(segment)
        finally:
            discard(disk, copy)

    def _has_all(self, segment: Segment) -> bool:
        """Every row of it is wanted."""
        return all(lies_inside(footer, self._spans) for footer in segment.footer.blocks)

    async def _linked(self, segment: Segment, wants_all: bool) -> str:
        try:
            await verify(segment, UNHURRIED_BYTES_S)
            if not wants_all and not self._has_all(segment):
                share = await own_share(segment, self._spans)
                if not share:
                    discard(self._store.disk, segment.name)
                    return ""
                self._shares[segment.name] = share
        except BaseException:
            discard(self._store.disk, segment.name)
            raise
        return segment.name

    async def _clipped(self, segment: Segment) -> str:
        path = self._store.new_segment_path()
        if not await clip(self._store.disk, segment, path, self._spans):
            return ""
        self._timed.add(path)
        return path


def _beside(disk: Disk, peer: str, life: int) -> Disk | None:
    """The peer's disk, where it is in the same room, and holds what the peer told of."""
    neighbour = disk.neighbour(peer)
    try:
        return neighbour if neighbour is not None and life and manifest_file.load(neighbour).life == life else None
    except (DatabaseError, OSError):
        return None
