"""The base of every message that crosses the bus.

Messages are msgspec structs encoded as MessagePack arrays with a tag; fields are only ever added at the end, with a
default. `bytes` fields that hold rows are Arrow record batch messages (write_set.py) unless the field says otherwise.
"""

from __future__ import annotations

import msgspec

from actors.common.refusals import AnyRefusal


class Message(msgspec.Struct, array_like=True, frozen=True, tag=True, gc=False):
    """Subclasses name themselves by class name on the wire."""


class Done(Message, frozen=True):
    """The empty answer."""


class Failure(Message, frozen=True):
    """A DatabaseError on its way over the bus."""

    sqlstate: str
    message: str
    detail: str = ""
    hint: str = ""
    fields: dict[str, str] = {}
    """table, column, constraint ... where set."""
    refusal: AnyRefusal | None = None
