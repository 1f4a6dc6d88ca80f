"""The storage witness: holds what a storage replica says of its checkpoint against what would be left of its disk if
the power failed that moment.

    I12  a checkpoint that a crossbar is told of names segments that are all there, and they hold every version
         committed above their horizon, up to it, and no other
    I12  no segment is removed that the manifest on the disk still names, and no manifest is written that names one
         which is not there

What was committed is known from the records that crossbars have read (witness.py): a checkpoint lies below a watermark,
hence below them. What a disk that has rotted holds is not judged until its manifest names no segment that was there
then: its replica has been filled from another.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from actors.common import write_set
from actors.common.errors import DatabaseError
from actors.common.messages import JournalRecords, StreamAck
from actors.common.messages.base import Message
from actors.common.ranges import Span
from actors.journal.record import COMMIT, decode_header
from actors.runtime.simulation.disk import DiskImage, FileImage
from actors.runtime.simulation.network import Kinds
from actors.runtime.simulation.world import World
from actors.storage import manifest as manifest_file
from actors.storage.clipping import is_inside
from actors.storage.manifest import Manifest
from actors.storage.segment import Segment
from cluster.simulation.parted import Parts
from cluster.simulation.synced import SyncedFiles

Version = tuple[bytes, int]
"""(key, commit time)"""


class StorageWitness:
    """An Observer (runtime/simulation/network.py)."""

    looks_at: Kinds | None = frozenset([JournalRecords, StreamAck])

    def __init__(self, world: World, spans: Callable[[int], tuple[Span, ...]]) -> None:
        """`spans`: what a shard holds, for as long as it is there."""
        self._world = world
        self._spans = spans
        self._images: dict[str, DiskImage] = {}
        self._read: set[tuple[str, int]] = set()
        """Records taken down: (journal, number)."""
        self._committed: dict[Version, bytes | None] = {}
        """All but dropped ranges."""
        self._versions: dict[int, dict[Version, bytes | None]] = {}
        """By shard: of the former, what it holds; made when it is first asked for."""
        self._drops: set[tuple[bytes, bytes, int]] = set()
        self._checked: dict[str, Manifest] = {}
        self._looked_at: dict[str, FileImage | None] = {}
        """Manifests' files: each is another file when it is written."""
        self._segments: dict[tuple[bytes, int], dict[Version, bytes | None]] = {}
        """What segments hold, by their files' fingerprints and the commit times that manifests say of them."""
        self._parts: dict[str, Parts] = {}
        """By journal."""
        self._partial: dict[tuple[str, bytes], bytes] = {}
        """(journal, transaction) -> the COMMIT that lacks parts."""
        self._rotten: dict[str, set[str]] = {}
        """Roles, and the files of which one may be what has rotted."""
        for process in world.processes.values():
            for image in process.disks.values():
                self._watch(image)
        world.on_disk.append(self._watch)

    def _watch(self, image: DiskImage) -> None:
        role = image.name
        if role.startswith("storage/"):
            self._images[role] = image
            image.on_removed = partial(self._removed, role)
            image.on_replaced = partial(self._replaced, role)

    def wiped(self, role: str) -> None:
        self._rotten.pop(role, None)

    def rotten(self, role: str) -> None:
        if role in self._images:
            self._rotten[role] = {*self._images[role].files}

    def _is_rotten(self, role: str, manifest: Manifest) -> bool:
        rotten = self._rotten.get(role)
        if rotten is not None and rotten.isdisjoint(manifest.segments):
            del self._rotten[role]
            return False
        return rotten is not None

    def answered(self, requester: str, role: str, request: Message, answer: Message) -> None:
        """Nothing is learnt from answers."""

    def delivered(self, sender: str, destination: str, message: Message) -> None:
        match message:
            case JournalRecords():
                self._take_down(sender.split("/")[1], message)
            case StreamAck() if message.checkpoint_ts and sender in self._images:
                self._look(sender)

    def _take_down(self, journal: str, message: JournalRecords) -> None:
        for lsn, record in enumerate(message.records, message.first_lsn):
            if (journal, lsn) in self._read:
                continue
            self._read.add((journal, lsn))
            header, parts = decode_header(record), self._parts.setdefault(journal, Parts())
            parts.note(header, record)
            if header.kind == COMMIT and not parts.has_all(header):
                self._partial[journal, header.group] = record  # the network has let it overtake some of its parts
            elif header.kind == COMMIT:
                self._take(journal, record)
            elif (commit := self._partial.get((journal, header.group))) is not None and parts.has_all(
                decode_header(commit)
            ):
                self._take(journal, self._partial.pop((journal, header.group)))

    def _take(self, journal: str, record: bytes) -> None:
        """A COMMIT, all of whose parts have been shown."""
        header = decode_header(record)
        for key, value, kind in self._parts[journal].rows(header, record):
            if kind == write_set.DROP_RANGE:
                assert value is not None
                self._drops.add((key, value, header.commit_ts))
            else:
                self._committed[key, header.commit_ts] = value
                for shard, versions in self._versions.items():
                    if is_inside(key, self._spans(shard)):
                        versions[key, header.commit_ts] = value

    def _versions_of(self, shard: int) -> dict[Version, bytes | None]:
        versions = self._versions.get(shard)
        if versions is None:
            spans = self._spans(shard)
            versions = self._versions[shard] = {
                version: value for version, value in self._committed.items() if is_inside(version[0], spans)
            }
        return versions

    def _broken(self, what: str) -> None:
        self._world.violated("I12", what)

    def _look(self, role: str) -> None:
        """At what is synced, where the manifest is another than the last time."""
        image = self._images[role]
        file = image.files.get(manifest_file.PATH)
        if file is not None and file is self._looked_at.get(role) and role not in self._rotten:
            return
        self._looked_at[role] = file
        disk = SyncedFiles(image)
        try:
            manifest = manifest_file.load(disk)
        except DatabaseError as error:
            if role not in self._rotten:
                self._broken(f"{role}: {error.message}")
            return
        if manifest == self._checked.get(role) or self._is_rotten(role, manifest):
            return
        self._checked[role] = manifest
        found = self._found(role, disk, manifest)
        if found is None:
            return
        versions = self._versions_of(int(role.split("/")[1]))
        lacking = [
            version
            for version, _ in versions.items() - found.items()
            if manifest.horizon < version[1] <= manifest.watermark
        ]
        if lacking:
            key, commit_ts = version = min(lacking)
            self._broken(
                f"{role} has checkpointed up to {manifest.watermark}, on its disk {key.hex()} of {commit_ts} "
                f"is not {versions[version]!r}: "
                f"{found.get(version)!r}"
            )
        for start, end, commit_ts in self._drops:  # whole keyspaces, hence on every shard
            kept = (
                commit_ts <= manifest.horizon
                or commit_ts > manifest.watermark
                or (start, end, commit_ts) in manifest.drops
            )
            if not kept:
                self._broken(
                    f"{role} has checkpointed up to {manifest.watermark} without the drop of {start.hex()} "
                    f"at {commit_ts}"
                )
        if not found.keys() <= versions.keys():
            self._broken(f"{role} has {min(found.keys() - versions.keys())} on its disk, which nobody has committed")

    def _found(self, role: str, disk: SyncedFiles, manifest: Manifest) -> dict[Version, bytes | None] | None:
        """All versions in the segments that the manifest names."""
        found: dict[Version, bytes | None] = {}
        try:
            for name in manifest.segments:
                contents = self._contents(disk, name, manifest.times.get(name, 0))
                if name in manifest.foreign:
                    spans = self._spans(int(role.split("/")[1]))
                    contents = {version: value for version, value in contents.items() if is_inside(version[0], spans)}
                found.update(contents)
        except (DatabaseError, OSError) as error:
            self._broken(f"{role}: a power failure would leave {manifest} and {error}")
            return None
        return found

    def _contents(self, disk: SyncedFiles, name: str, commit_ts: int) -> dict[Version, bytes | None]:
        """Of a segment; read once for every content that its file has had. Raises what opening it raises."""
        fingerprint = (disk.fingerprint(name), commit_ts)
        contents = self._segments.get(fingerprint)
        if contents is None:
            segment = Segment(disk, name, commit_ts)
            contents = {}
            for number in range(len(segment.footer.blocks)):
                keys, times, values = segment.block(number).versions(0, segment.footer.blocks[number].rows)
                contents.update(zip(zip(keys, times, strict=True), values, strict=True))
            self._segments[fingerprint] = contents
        return contents

    def _removed(self, role: str, path: str) -> None:
        try:
            manifest = manifest_file.load(SyncedFiles(self._images[role]))
        except DatabaseError:
            return  # it begins anew
        if not self._is_rotten(role, manifest) and path in manifest.segments:
            self._broken(f"{role} has removed {path}, which its manifest names")

    def _replaced(self, role: str, path: str) -> None:
        if path == manifest_file.PATH:
            disk = SyncedFiles(self._images[role])
            missing = [name for name in manifest_file.load(disk).segments if not disk.exists(name)]
            if missing:
                self._broken(f"{role} has a manifest that names {missing[:1]}, which a power failure would not leave")
