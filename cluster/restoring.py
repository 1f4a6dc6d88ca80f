"""A cluster from the object store alone: what `eagleray restore` finds there, and what it makes of it
(docs/object_store.md).

    found = look(listed, read)              which moment can be had, and what it takes: pure, of a listing and the
                                            objects' bytes
    restore(uri, identity, folder)          that moment under a new identity in the store, and a data folder that
                                            `eagleray up` starts

The moment is the least of the journals' last promises, up to which every journal's pieces hold all that was committed
(actors/common/stored_journal.py); a journal that counts from some time on has nothing before it. Pieces come after the
state that they ask for, so the newest state in the store knows all of them; where there are some that did not wait, the
moment lies before what it does not know. Cutting all journals there gives the database at one time: every transaction
up to it, none later, none in part. Of each shard it takes the newest checkpoint at or below it that counts
(storage/archive_index.py); uploads keep to an order that makes one exist. The state (cluster/keeping.py) is the newest
that was kept by then.

The restored cluster has a number, and so a folder in the store, of its own: what the lost one's processes may still
write is nobody's business. At its first start each journal replica takes its log from the pieces and votes at once: all
have the same, and nothing has been acknowledged since. An object marks that start; it goes when the cluster is
complete, so that no disk that is lost later is filled that way (I9)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from actors.common.errors import DatabaseError
from actors.common.stored_journal import RESTORING, Piece, PieceName, Versions, chain, decode, encode, named, parse
from actors.common.timestamps import TIMESTAMP_MIN, Epoch, Lsn, Timestamp
from actors.journal.record import COMMIT, PART, STATE, MappedHeader, decode_header, payload_of
from actors.runtime.interfaces import StoredObject
from actors.runtime.object_store import Objects, open_objects, refused, write
from actors.storage.archive_index import Listing, StoredCheckpoint, shard_folder
from actors.storage.archive_index import decode as decode_checkpoint
from cluster.data_folder import FORMAT, DataFolder
from cluster.keeping import JOURNAL
from cluster.membership import journals_of
from cluster.object_store import new_identity, place
from cluster.state import ClusterState, decode_state

CLUSTER = "cluster.json"
"""What of a data folder's file of that name the store has: the settings."""
COPY_BYTES = 4 << 20
Read = Callable[[str], bytes]


class NotRestorable(Exception):
    """Why there is no moment that can be had, in one line."""


@dataclass(frozen=True)
class Beginning:
    """Of a journal's log: see Piece."""

    first: Lsn
    previous_epoch: Epoch
    before_ts: Timestamp


@dataclass(frozen=True)
class Found:
    """`pieces`: by journal, the names of its chain; `beginnings`: where it begins. `state_lsn`: of the record that
    holds `state`. `objects`: keys of the shards' checkpoints and their segments."""

    at: Timestamp
    state: ClusterState
    state_lsn: int
    pieces: dict[int, list[PieceName]]
    beginnings: dict[int, Beginning]
    objects: list[str]

    def cut(self, piece: Piece) -> Piece | None:
        """Without what came later, or before the log's beginning; None where nothing is left."""
        begins = self.beginnings[piece.journal]
        headers = map(decode_header, piece.records)
        kept = [
            record
            for header, record in zip(headers, piece.records, strict=True)
            if header.lsn >= begins.first and self._is_kept(piece.journal, header)
        ]
        if not kept:
            return None
        if piece.first > begins.first:
            return Piece(piece.journal, piece.first, piece.previous_epoch, piece.before_ts, kept)
        return Piece(piece.journal, begins.first, begins.previous_epoch, begins.before_ts, kept)

    def _is_kept(self, journal: int, header: MappedHeader) -> bool:
        return header.lsn <= self.state_lsn if journal == JOURNAL else header.commit_ts <= self.at


def look(listed: Sequence[StoredObject], read: Read) -> Found:
    """Raises NotRestorable, and what `read` raises."""
    names = [name for one in listed if (name := parse(one.key, one.size)) is not None]
    chains = {
        journal: chain(name for name in names if name.journal == journal)
        for journal in {name.journal for name in names}
    }
    if JOURNAL not in chains:
        raise NotRestorable("the store has no state of a cluster")
    states = _states(chains[JOURNAL], read)
    if not states:
        raise NotRestorable("the store has no state of a cluster")
    at = _known(_moment(states[-1][2], chains), states[-1][2], chains, read)
    fitting = [found for found in states if _reaches(found[2], at, chains)]
    lsn = next((found[0] for found in reversed(fitting) if found[1] <= at), fitting[0][0])
    newer = [found for found in states if found[0] >= lsn]
    lsn, state = _state_that_knows(
        newer, {journal: _last(pieces, at, read) for journal, pieces in chains.items() if journal != JOURNAL}
    )
    wanted = {term.number for term in journals_of(state).terms}
    pieces = {journal: found for journal, found in chains.items() if journal == JOURNAL or journal in wanted}
    beginnings = {journal: _beginning(found, read) for journal, found in pieces.items()}
    begins = max((found.before_ts for journal, found in beginnings.items() if journal != JOURNAL), default=0)
    return Found(at, state, lsn, pieces, beginnings, _shards(state, at, begins, listed, read))


def _piece(name: PieceName, read: Read) -> Piece:
    return decode(read(name.key), name.key)


def _beginning(pieces: list[PieceName], read: Read) -> Beginning:
    """The first record of a chain that lies inside of no large transaction (actors/journal/groups.py): what has been
    removed from the store may end anywhere."""
    first = _piece(pieces[0], read)
    begins = Beginning(first.first, first.previous_epoch, first.before_ts)
    if begins.first == 1:
        return begins
    open_since: dict[bytes, Lsn] = {}
    parts: Counter[bytes] = Counter()
    spans: list[tuple[Lsn, Lsn]] = []
    headers = list(_headers(pieces, read))
    for header in headers:
        if header.kind == PART:
            open_since.setdefault(header.group, header.lsn)
            parts[header.group] += 1
        elif header.kind == COMMIT and header.part:
            since = open_since.pop(header.group, begins.first)
            spans.append((since if parts[header.group] == header.part else begins.first - 1, header.lsn))
    place = begins.first
    while ends := [last + 1 for since, last in spans if since < place <= last]:
        place = max(ends)
    before = [header for header in headers if header.lsn < place]
    if not before:
        return begins
    return Beginning(place, before[-1].epoch, max(begins.before_ts, *(header.commit_ts for header in before)))


def _headers(pieces: list[PieceName], read: Read) -> Iterator[MappedHeader]:
    """Of a chain: of every record once."""
    last = 0
    for name in pieces:
        for header in map(decode_header, _piece(name, read).records):
            if header.lsn > last:
                last = header.lsn
                yield header


def _states(pieces: list[PieceName], read: Read) -> list[tuple[int, Timestamp, ClusterState]]:
    found: dict[int, tuple[int, Timestamp, ClusterState]] = {}
    for name in pieces:
        for record in _piece(name, read).records:
            header = decode_header(record)
            if header.kind == STATE:
                found[header.lsn] = header.lsn, header.commit_ts, decode_state(payload_of(record))
    return [found[lsn] for lsn in sorted(found)]


def _moment(state: ClusterState, chains: dict[int, list[PieceName]]) -> Timestamp:
    """Up to which the store has all of the journals that the state knows. One that is only announced has nothing before
    a map gives it keys, which is of a newer state. Raises NotRestorable."""
    last: list[Timestamp] = []
    for term in journals_of(state).terms:
        if term.since is None:
            continue
        pieces = chains.get(term.number)
        if not pieces and term.since == TIMESTAMP_MIN:
            raise NotRestorable(f"the store has nothing of journal {term.number}")
        promise = max(term.since, pieces[-1].promise if pieces else TIMESTAMP_MIN)
        if term.until is None or promise < term.until:
            last.append(promise)
    return min(last)


def _known(at: Timestamp, newest: ClusterState, chains: dict[int, list[PieceName]], read: Read) -> Timestamp:
    """`at`, or before it, where pieces whose names tell no versions have records of a map or of a set of journals that
    came after the newest state: the time up to which there are none."""
    versions = _versions(newest)
    for journal, pieces in chains.items():
        for name in reversed([name for name in pieces if journal != JOURNAL and not name.tells_versions]):
            headers = [header for header in map(decode_header, _piece(name, read).records) if header.commit_ts <= at]
            unknown = [header.commit_ts for header in headers if not versions.has(header)]
            if unknown:
                at = min(unknown) - 1
            elif headers:
                break  # those before are of no newer map
    return at


def _versions(state: ClusterState) -> Versions:
    return Versions(state.shard_map.version, journals_of(state).version)


def _reaches(state: ClusterState, at: Timestamp, chains: dict[int, list[PieceName]]) -> bool:
    """Whether all that the state knows of was committed up to `at`: an older one may not know that a journal has
    ended."""
    try:
        return _moment(state, chains) >= at
    except NotRestorable:
        return False


def _last(pieces: list[PieceName], at: Timestamp, read: Read) -> MappedHeader | None:
    """The last record at or below `at`."""
    for name in reversed(pieces):
        kept = [header for header in map(decode_header, _piece(name, read).records) if header.commit_ts <= at]
        if kept:
            return kept[-1]
    return None


def _state_that_knows(
    states: list[tuple[int, Timestamp, ClusterState]], last: dict[int, MappedHeader | None]
) -> tuple[int, ClusterState]:
    """The first whose map and journals are as new as the journals' records ask for."""
    headers = [header for header in last.values() if header is not None]
    for lsn, _, state in states:
        if all(map(_versions(state).has, headers)):
            return lsn, state
    raise NotRestorable("the store has no state of the cluster that goes with its journals")


def _shards(
    state: ClusterState, at: Timestamp, begins: Timestamp, listed: Sequence[StoredObject], read: Read
) -> list[str]:
    """`begins`: what the journals have come after it."""
    parents = {
        role.arguments["shard"]: tuple(role.arguments.get("parents", ()))
        for role in state.roles.values()
        if role.kind == "storage"
    }
    found: dict[int, tuple[str, StoredCheckpoint]] = {}
    for shard in {*parents, *(parent for several in parents.values() for parent in several)}:
        listing = Listing(shard, [one for one in listed if one.key.startswith(shard_folder(shard))])
        for watermark, key in listing.checkpoints:
            checkpoint = _checkpoint(key, read) if begins <= watermark <= at else None
            if checkpoint is not None and listing.counts(checkpoint):
                found[shard] = key, checkpoint
                break
    for shard in sorted({*state.shard_map.shards}):
        origins = parents.get(shard, ())
        if begins and shard not in found and not (origins and all(parent in found for parent in origins)):
            raise NotRestorable(f"the store has no checkpoint of shard {shard} from which the journals go on")
    return [
        key for name, checkpoint in found.values() for key in (*(segment.key for segment in checkpoint.segments), name)
    ]


def _checkpoint(key: str, read: Read) -> StoredCheckpoint | None:
    try:
        return decode_checkpoint(read(key), key)
    except DatabaseError:  # damaged: the one before
        return None


def clusters(objects: Objects) -> list[str]:
    """The identities of those whose settings are there."""
    keys = [found.key.split("/") for found in objects.list("")]
    return sorted(parts[0] for parts in keys if len(parts) == 2 and parts[1] == CLUSTER)


def keep_settings(uri: str, remembered: dict[str, Any]) -> None:
    """In the cluster's own place, what `restore` needs beside journals and checkpoints. Raises what the store
    raises."""
    kept = {key: remembered[key] for key in ("format", "settings")}
    write(open_objects(uri), CLUSTER, json.dumps(kept).encode())


def end_restoring(uri: str) -> None:
    """The cluster has started. Raises what the store raises."""
    open_objects(uri).remove(RESTORING)


def restore(uri: str, identity: str, folder: DataFolder) -> tuple[Found, str]:
    """What was found, and the new cluster's identity. `identity` "": the only one that is there. `folder` holds no
    cluster. Raises NotRestorable."""
    try:
        return _restore(uri, identity, folder)
    except NotRestorable:
        raise
    except DatabaseError as error:
        raise NotRestorable(error.message) from None
    except Exception as error:  # Arrow's are of many classes
        raise NotRestorable(refused(error).message) from None


def _restore(uri: str, identity: str, folder: DataFolder) -> tuple[Found, str]:
    if not identity:
        there = clusters(open_objects(uri))
        if len(there) != 1:
            raise NotRestorable(
                f"the store has clusters {', '.join(there)}: name one" if there else "the store has no cluster"
            )
        identity = there[0]
    source, own = open_objects(place(uri, identity)), new_identity()
    target = open_objects(place(uri, own))
    settings = json.loads(source.read(CLUSTER, 0, -1))
    if settings.get("format") != FORMAT:
        raise NotRestorable(f"cluster {identity} is not of this version (format {FORMAT})")
    found = look(source.list(""), lambda key: source.read(key, 0, -1))
    copy(found, source, target)
    settings["settings"] = {
        **settings["settings"],
        "storing": {**settings["settings"].get("storing", {}), "object_store": uri},
    }
    folder.write_cluster(
        {"format": FORMAT, "revision": 1, "settings": settings["settings"], "identity": own, "restoring": True}
    )
    return found, own


def copy(found: Found, source: Objects, target: Objects) -> None:
    """What a new cluster begins with, into its own place. Raises what the stores raise."""
    write(target, RESTORING, str(found.at).encode())
    for pieces in found.pieces.values():
        for name in pieces:
            piece = found.cut(_piece(name, lambda key: source.read(key, 0, -1)))
            if piece is not None:
                data = encode(piece)
                write(target, named(piece, decode_header(piece.records[-1]), len(data)).key, data)
    for key in found.objects:
        target.write(key, _pieces(source, key))


def _pieces(objects: Objects, key: str) -> Iterator[bytes]:
    offset = 0
    while piece := objects.read(key, offset, COPY_BYTES):
        yield piece
        offset += len(piece)
