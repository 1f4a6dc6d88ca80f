"""Controller and gateway <-> everybody: topology, status, sessions."""

from __future__ import annotations

from actors.common.messages.base import Message
from actors.common.ranges import ShardMap


class Topology(Message, frozen=True):
    """Controller -> every process: who is where. `routes`: role name -> endpoint; `azs`: role name -> AZ. A lower version is ignored."""

    version: int
    routes: dict[str, str]
    azs: dict[str, str]
    shard_map: ShardMap


class AskStatus(Message, frozen=True):
    """Answer: StatusIs."""


class StatusIs(Message, frozen=True):
    """One role's own account of itself; `json` is an object with the keys of `eagleray status --json`."""

    json: bytes


class Lead(Message, frozen=True):
    """Controller -> adjudicator: it should lead its journal; a suggestion, safe to repeat or to send to two. Answer: Done once it leads."""


class Cancel(Message, frozen=True):
    """QP <-> gateway, one-way: a cancel request for the session (`process`, `secret`) that is not the receiver's own."""

    process: int
    secret: int


class Register(Message, frozen=True):
    """Process -> controller, when it has started: it serves these roles at `endpoint`. Answer: the current Topology."""

    process: str
    """The Ray actor's name."""
    roles: dict[str, str]
    """Role name -> AZ."""
    endpoint: str
    pid: int
    node: str


class AskCluster(Message, frozen=True):
    """Anyone -> controller: the whole cluster's status (with a StatusIs of every role asked for now). Answer: StatusIs."""


class Shutdown(Message, frozen=True):
    """Controller -> process (host/<name>): stop the roles cleanly. Answer: Done when their state is safe on disk."""
