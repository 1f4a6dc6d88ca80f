"""What a role that refuses says to the role that asked, beside the error that a person reads (`DatabaseError.refusal`):
protocols decide by these alone.

raise DatabaseError("55000", "a writer of epoch 7 has been promised this journal", refusal=Outbid(7))
if isinstance(error.refusal, Outbid): ...
"""

from __future__ import annotations

import msgspec


class Refusal(msgspec.Struct, array_like=True, frozen=True, tag=True, gc=False):
    """Subclasses name themselves by class name on the wire."""


class Unanswered(Refusal, frozen=True):
    """The bus: no answer has come. `sent` False: certainly no byte of the request has left."""

    sent: bool


class NotCommitted(Refusal, frozen=True):
    """An adjudicator: nothing of the transaction is committed, nor will be."""


class StaleCatalog(Refusal, frozen=True):
    """An adjudicator: its epoch, which began at `begin`, does not know the schema changes of those before it. The
    catalog is to be read anew."""

    begin: int


class Redirected(Refusal, frozen=True):
    """The shard map that the asker went by is not the one known here."""


class ClockAhead(Refusal, frozen=True):
    """An adjudicator: the asker's clock is further ahead than is waited for."""


class Outbid(Refusal, frozen=True):
    """A journal's replica: a writer of `epoch`, which is higher than the asker's, has been promised the journal."""

    epoch: int


class Superseded(Refusal, frozen=True):
    """A journal's replica: it has gone on without a majority (journal/recovering.py), of which the asker knows
    nothing."""


class Trimmed(Refusal, frozen=True):
    """A journal's replica: records below `first_lsn` are gone, all of them committed at or before `trimmed_ts`."""

    first_lsn: int
    trimmed_ts: int


AnyRefusal = Unanswered | NotCommitted | StaleCatalog | Redirected | ClockAhead | Outbid | Superseded | Trimmed
