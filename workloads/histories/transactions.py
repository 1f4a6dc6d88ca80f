"""What clients saw: transactions of appends to lists and reads of whole lists.

A history is a sequence of `Transaction`. Every value is appended to a key at most once in the whole history, aborted
transactions included, so that a value read names the one transaction that wrote it.

`began_us` is taken before the client sends anything of the transaction, `ended_us` after it heard the outcome; the
times of all clients are of one clock. An outcome is "unknown" when the client cannot tell (a connection lost during
COMMIT): such a transaction may take effect at any time after its beginning, so whatever its `ended_us`, nothing comes
after its end. Transactions still under way when the history ends belong in it, as unknown: others may have read their
appends.

A `Read` whose values are None was sent and its answer never seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["committed", "aborted", "unknown"]


@dataclass(frozen=True, slots=True)
class Append:
    key: int
    value: int


@dataclass(frozen=True, slots=True)
class Read:
    key: int
    values: tuple[int, ...] | None


Operation = Append | Read


@dataclass(frozen=True, slots=True)
class Transaction:
    process: int
    operations: tuple[Operation, ...]
    began_us: int
    ended_us: int | None
    outcome: Outcome
    index: int
    """What explanations call it: T17. Unique in its history."""
