"""Claims: what a transaction wants to do at one adjudicator. Plain data; window.py judges it.

A `Claim` comes with one message. A `GatheredClaim` grows piece by piece while a large transaction arrives, which may
take seconds, and others commit meanwhile. So the window checks each piece when it comes, and from then on holds every
commit against the pieces that are there (`GatheredClaim.meets`): when the last piece has come, nothing is left to be
looked through. Above BULK_KEYS the keys are kept only as sorted runs of bytes: a search in them is slower than in a
dictionary, and they take a third of the memory.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from operator import lt

from actors.common.errors import PROTOCOL_VIOLATION, DatabaseError
from actors.common.references import is_reference
from actors.common.timestamps import Timestamp

BULK_KEYS = 20_000
"""Above DSQL's 3,000 rows with several indexes each; only bulk loads are larger."""
TABLE_BYTES = 4
HEAD_BYTES = TABLE_BYTES + 1
"""Beyond the table, the byte that tells a reference key (common/references.py)."""

Table = bytes
"""A table's id as it begins its keys."""


def table_prefix(table_id: int) -> Table:
    return table_id.to_bytes(TABLE_BYTES, "big")


class Claim:
    """What a transaction wants to do here: this adjudicator's keys only, and its relation to tables.

    `schema_changes`: tables whose schema it changes; `exclusive`: tables nobody may have written since start_ts;
    `dropped`: tables of which it drops whole ranges (they are exclusive too). `holds_elsewhere`: other adjudicators may
    hold marks of it.
    """

    __slots__ = (
        "catalog_ts",
        "checked",
        "dropped",
        "exclusive",
        "holds_elsewhere",
        "is_bulk",
        "overwritten",
        "schema_changes",
        "start_ts",
        "tables",
        "transaction",
        "written",
    )

    def __init__(
        self,
        transaction: bytes,
        start_ts: Timestamp,
        catalog_ts: Timestamp,
        written: Sequence[bytes],
        checked: Sequence[bytes] = (),
        schema_changes: Sequence[int] = (),
        exclusive: Sequence[int] = (),
        dropped: Sequence[Table] = (),
        *,
        holds_elsewhere: bool = False,
    ) -> None:
        self.transaction = transaction
        self.start_ts = start_ts
        self.catalog_ts = catalog_ts
        self.written = written
        self.checked = checked
        self.relate(schema_changes, exclusive, dropped)
        self.is_bulk = len(written) > BULK_KEYS
        self.tables: set[Table] = {key[:TABLE_BYTES] for key in written}
        self.holds_elsewhere = holds_elsewhere
        self.overwritten = False
        """Of a GatheredClaim: somebody has committed one of its keys since it began."""

    def relate(self, schema_changes: Sequence[int], exclusive: Sequence[int], dropped: Sequence[Table]) -> None:
        """Its relation to tables."""
        self.schema_changes: Sequence[Table] = (
            [table_prefix(table) for table in schema_changes] if schema_changes else ()
        )
        self.exclusive: Sequence[Table] = [*map(table_prefix, exclusive), *dropped] if exclusive or dropped else ()
        self.dropped = dropped

    @property
    def checked_tables(self) -> set[Table]:
        return {key[:TABLE_BYTES] for key in self.checked}

    @property
    def checks_references(self) -> bool:
        """It refers to rows (common/references.py)."""
        return any(map(is_reference, self.checked))

    @property
    def writes_references(self) -> bool:
        """It takes rows away that others may refer to."""
        return any(map(is_reference, self.written))

    @property
    def held_tables(self) -> list[Table]:
        """Tables that it needs to itself while it is undecided."""
        return sorted({*self.schema_changes, *self.exclusive, *(self.tables if self.is_bulk else ())})

    @property
    def touched_tables(self) -> set[Table]:
        """Tables that nobody may have to himself while it is undecided."""
        return self.tables.union(self.checked_tables)


class KeyRun:
    """Ascending keys, as one string of bytes."""

    __slots__ = ("_ends", "_keys", "first", "last")

    def __init__(self, keys: Sequence[bytes]) -> None:
        assert keys
        self.first = keys[0]
        self.last = keys[-1]
        self._keys = b"".join(keys)
        self._ends = array("Q", accumulate(map(len, keys)))

    def __contains__(self, key: bytes) -> bool:
        ends, keys = self._ends, self._keys
        low, high = 0, len(ends)
        while low < high:
            middle = (low + high) >> 1
            found = keys[ends[middle - 1] if middle else 0 : ends[middle]]
            if found < key:
                low = middle + 1
            elif found == key:
                return True
            else:
                high = middle
        return False


class KeyRuns:
    """Runs that do not overlap, in order."""

    __slots__ = ("_firsts", "_runs")

    def __init__(self) -> None:
        self._firsts: list[bytes] = []
        self._runs: list[KeyRun] = []

    def add(self, keys: Sequence[bytes]) -> None:
        """Raises 08P01 where the keys do not ascend, or lie among those of another run."""
        run = KeyRun(keys)
        place = bisect_right(self._firsts, run.first)
        before = self._runs[place - 1] if place else None
        after = self._runs[place] if place < len(self._runs) else None
        if (
            not all(map(lt, keys, keys[1:]))
            or (before and before.last >= run.first)
            or (after and after.first <= run.last)
        ):
            raise DatabaseError(PROTOCOL_VIOLATION, "the keys of a large transaction's parts must be sorted, each once")
        self._firsts.insert(place, run.first)
        self._runs.insert(place, run)

    def __contains__(self, key: bytes) -> bool:
        place = bisect_right(self._firsts, key) - 1
        return place >= 0 and key in self._runs[place]


def _heads_of(keys: Sequence[bytes]) -> set[bytes]:
    """Of ascending keys the first bytes, which tell the table, and whether it is a reference key."""
    first, last = keys[0][:HEAD_BYTES], keys[-1][:HEAD_BYTES]
    return {first} if first == last else {key[:HEAD_BYTES] for key in keys}


class GatheredClaim(Claim):
    """A claim whose keys come in pieces (`add`), and its relation to tables at the end (`relate`)."""

    __slots__ = (
        "_checked_runs",
        "_checked_tables",
        "_checks_references",
        "_keys",
        "_writes_references",
        "_written_runs",
    )

    def __init__(
        self, transaction: bytes, start_ts: Timestamp, catalog_ts: Timestamp, *, holds_elsewhere: bool = False
    ) -> None:
        super().__init__(transaction, start_ts, catalog_ts, [], [], holds_elsewhere=holds_elsewhere)
        self._written_runs = KeyRuns()
        self._checked_runs = KeyRuns()
        self._checked_tables: set[Table] = set()
        self._checks_references = self._writes_references = False
        self._keys = 0

    def add(self, written: Sequence[bytes], checked: Sequence[bytes]) -> None:
        """One piece: keys ascending, each once in the whole claim. Raises 08P01."""
        if written:
            self._written_runs.add(written)
            heads = _heads_of(written)
            self.tables.update(head[:TABLE_BYTES] for head in heads)
            self._writes_references = self._writes_references or any(map(is_reference, heads))
        if checked:
            self._checked_runs.add(checked)
            heads = _heads_of(checked)
            self._checked_tables.update(head[:TABLE_BYTES] for head in heads)
            self._checks_references = self._checks_references or any(map(is_reference, heads))
        self._keys += len(written) + len(checked)
        if self.is_bulk or self._keys > BULK_KEYS:
            self.is_bulk = True
            self.written = self.checked = ()
        else:
            self.written = [*self.written, *written]
            self.checked = [*self.checked, *checked]

    @property
    def checked_tables(self) -> set[Table]:
        return self._checked_tables

    @property
    def checks_references(self) -> bool:
        return self._checks_references

    @property
    def writes_references(self) -> bool:
        return self._writes_references

    @property
    def held_tables(self) -> list[Table]:
        """A bulk claim's keys have no marks of their own: it holds their tables."""
        return sorted({*self.schema_changes, *self.exclusive, *(self.touched_tables if self.is_bulk else ())})

    def _is_referred_by(self, other: Claim) -> bool:
        if not self._writes_references or not other.checks_references or self.tables.isdisjoint(other.checked_tables):
            return False
        return other.is_bulk or any(is_reference(key) and key in self._written_runs for key in other.checked)

    def meets(self, other: Claim) -> bool:
        """Whether a commit of `other` writes what this claim has written or checked, or refers to what it takes away;
        never False where it does."""
        if self._is_referred_by(other):
            return True
        touched = self.touched_tables
        if not touched.isdisjoint(other.dropped):
            return True
        if touched.isdisjoint(other.tables):
            return False
        return other.is_bulk or any(key in self._written_runs or key in self._checked_runs for key in other.written)
