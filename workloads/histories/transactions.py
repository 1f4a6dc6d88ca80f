"""What a list-append history is made of. Times are microseconds of one clock that all clients share."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Append:
    """`value` is appended to the list at `key`. No value is appended to one key twice."""

    key: int
    value: int


@dataclass(frozen=True, slots=True)
class Read:
    """`values`: the whole list at `key`; None where the answer was never seen."""

    key: int
    values: tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class Transaction:
    """`outcome`: committed, aborted or unknown. `ended_us`: when the client was told; None: never. `index` names it within its history."""

    process: int
    operations: tuple[Append | Read, ...]
    began_us: int
    ended_us: int | None
    outcome: str
    index: int
