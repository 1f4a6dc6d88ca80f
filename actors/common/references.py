"""Keys by which rows are referred to: what makes foreign keys hold under optimistic concurrency control.

A row that other tables' foreign keys refer to has a *reference key* beside each of its unique keys: that key, in a
keyspace of its own. Nothing is stored under it.

    a transaction that writes a row which refers to another    checks the other's reference key
    one that deletes the other, or changes that unique key     writes it (a deletion of what is not there)

So a change of the row's other columns meets nobody who refers to it, as under PostgreSQL's KEY SHARE. And the conflict
window remembers who has checked a reference key (window.py): an ordinary checked key only says that its reader comes
before later writers of it, but who deletes a row has looked for rows that refer to it, and one that was committed since
must make its COMMIT fail, as well as the other way round.

The reference key differs from the unique key in one bit of the index number alone, so both have the same adjudicator
and the same shard.
"""

from __future__ import annotations

_INDEX_BYTE = 4
_BIT = 0x80
"""Of the index number, whose numbers are below 2**15: each TRUNCATE and each index takes one."""


def reference_key(unique_key: bytes) -> bytes:
    return unique_key[:_INDEX_BYTE] + bytes((unique_key[_INDEX_BYTE] | _BIT,)) + unique_key[_INDEX_BYTE + 1 :]


def is_reference(key: bytes) -> bool:
    return len(key) > _INDEX_BYTE and key[_INDEX_BYTE] >= _BIT
