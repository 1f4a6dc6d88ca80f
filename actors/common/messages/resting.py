"""Controller -> storage replicas and journals, on the way to zero: make durable what is there, and let go of what
nobody will need."""

from __future__ import annotations

from actors.common.messages.base import Message


class Checkpoint(Message, frozen=True):
    """To a storage replica: everything committed up to `at` is to be on its disk. Answer: Checkpointed. Failures: 08006
    where its watermark does not come so far in time, 55000 where it has to be filled from a peer first, and what its
    disk says (53100, 58030)."""

    at: int


class Upload(Message, frozen=True):
    """As a Checkpoint, where the cluster has an object store, which is to have everything committed up to `at`, too.
    The answer comes when it has, or after some seconds without."""

    at: int


class Stored(Message, frozen=True):
    """One-way, a storage replica to its peers: the object store has a newer checkpoint of their shard; to a journal's
    replicas: it lacks what they may have. They look for themselves."""


class Checkpointed(Message, frozen=True):
    """Everything committed up to `checkpoint_ts` is on this replica's disk and, where there is an object store, there
    (but for what journals no longer wait for)."""

    checkpoint_ts: int


class Settle(Message, frozen=True):
    """To a journal's replica, before its adjudicator closes its epoch and once more after that: every storage replica
    has on disk what was committed up to `below_ts`, and no transaction is under way that could ask for an outcome. All
    that is known to be committed and is not later goes, whatever its age; the journal's last record stays, which says
    where the epoch ends. Answer: Done, once that is durable."""

    below_ts: int
