"""Large transactions as the journals hold them: the rows of a COMMIT and of the parts that it counts."""

from __future__ import annotations

from actors.common import small_write_set
from actors.common.write_set import checksum_of_parts, part_checksum
from actors.journal.record import COMMIT, PART, RecordHeader, payload_of

Row = tuple[bytes, bytes | None, int]


class Parts:
    """Of one journal, shown every record in its order (more than once, perhaps)."""

    def __init__(self) -> None:
        self._payloads: dict[bytes, dict[int, bytes]] = {}
        """Transaction -> number -> write set. Also of those that were never committed."""

    def note(self, header: RecordHeader, record: bytes) -> None:
        if header.kind == PART:
            self._payloads.setdefault(header.group, {})[header.part] = payload_of(record)

    def has_all(self, commit: RecordHeader) -> bool:
        """Whether every part that it counts has been shown."""
        return len(self._payloads.get(commit.group, ())) >= commit.part

    def rows(self, header: RecordHeader, record: bytes) -> list[Row]:
        """All rows of a COMMIT; none of another record. Raises AssertionError."""
        self.note(header, record)
        if header.kind != COMMIT:
            return []
        rows: list[Row] = []
        if header.part:
            payloads = self._payloads.get(header.group, {})
            numbers = range(1, header.part + 1)
            assert sorted(payloads) == list(numbers), (
                f"I2: {header} counts parts that are not there: {sorted(payloads)}"
            )
            checksum = checksum_of_parts(part_checksum(payloads[number]) for number in numbers)
            assert checksum == header.checksum, f"I2: {header} has other parts than it counts"
            for number in numbers:
                rows += small_write_set.rows(payloads[number])
        rows += small_write_set.rows(payload_of(record))
        return rows
