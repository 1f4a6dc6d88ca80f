"""Controller and gateway <-> everybody: topology, status, sessions."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from actors.common.journal_set import JournalSet
from actors.common.messages.base import Message
from actors.common.metering import Usage
from actors.common.ranges import ShardMap


class Topology(Message, frozen=True):
    """Controller -> every process: who is where. `routes`: role name -> endpoint; `azs`: role name -> AZ. A lower
    version is ignored. Answer: Informed."""

    version: int
    routes: dict[str, str]
    azs: dict[str, str]
    shard_map: ShardMap
    journals: JournalSet = JournalSet()

    def after(self, known: Topology | None) -> Topology:
        """As a process takes it which has known `known`: its map and its set of journals are never replaced by older
        ones, which a controller may send that does not know yet that another has taken over."""
        taken = self
        if known is not None and known.shard_map.version > self.shard_map.version:
            taken = replace(taken, shard_map=known.shard_map)
        if known is not None and known.journals.version > self.journals.version:
            taken = replace(taken, journals=known.journals)
        return taken


class AskTopology(Message, frozen=True):
    """Anyone -> process (host/<name>): what it knows. Answer: Topology. Failure 55000: nothing yet."""


class Informed(Message, frozen=True):
    """The newest version of the topology that this process has accepted; higher than the one sent if an earlier
    controller's clock ran ahead."""

    version: int


class AskStatus(Message, frozen=True):
    """Answer: StatusIs."""


class StatusIs(Message, frozen=True):
    """One role's own account of itself; `json` is an object with the keys of `eagleray status --json`."""

    json: bytes


class Lead(Message, frozen=True):
    """Controller -> adjudicator: it should lead its journal; a suggestion, safe to repeat or to send to two. Answer:
    Done once it leads."""


class Release(Message, frozen=True):
    """Controller -> adjudicator: keys that it owns so far belong to another one in `shard_map`, the next version of the
    map (docs/ranges.md). May come again, and to its successor. Answer: Released, once the end of its reign over them is
    durable in its journal."""

    shard_map: ShardMap


class Released(Message, frozen=True):
    """Of what the adjudicator decided about those keys, nothing is or will be committed above `until`."""

    until: int


class MoveRange(Message, frozen=True):
    """A person -> controller: all columns in [low, high) (None: to the end) are to go to `adjudicator`. Answer: Done,
    once they have. Failures: 22023, and 55000 while another range is on its way."""

    low: bytes
    high: bytes | None
    adjudicator: int


class PinRange(Message, frozen=True):
    """A person -> controller: all columns in [low, high) (None: to the end) are to be led in `region`, whoever writes
    them; "": where they are written. Answer: Done, once the state says so; the range goes there soon after. Failure:
    22023."""

    low: bytes
    high: bytes | None
    region: str


class AskMiddle(Message, frozen=True):
    """Controller -> storage replica: below which columns does half of the shard lie? Answer: Middle."""


class Middle(Message, frozen=True):
    """None: all of it lies in one place."""

    cut: bytes | None


class ReshapeShards(Message, frozen=True):
    """A person -> controller: `shards` end, and others take over what they hold: two, parted at the columns `cut` (b"":
    in the middle), where that is given; else one. Answer:
    Done, once they have. Failures: 22023, and 55000 while other shards are on their way."""

    shards: list[int]
    cut: bytes | None = None


class SetReplicas(Message, frozen=True):
    """A person -> controller: `shard` is to have `count` replicas, at least one in each zone; the others serve reads.
    Answer: Done, once that is decided."""

    shard: int
    count: int


class Cancel(Message, frozen=True):
    """QP -> QP, one-way: a cancel request for the session (`process`, `secret`) that is not the receiver's own."""

    process: int
    secret: int


class AskSessions(Message, frozen=True):
    """QP -> QP or gateway: how many sessions of the role (its oid) are with you, or on their way in? Answer:
    Sessions."""

    role: int


class Sessions(Message, frozen=True):
    """Those that the receiver of AskSessions has."""

    count: int


class OpenStream(Message, frozen=True):
    """Gateway -> query processor of another host, on a connection of its own (runtime/streams.py): a client; `session`:
    one that was parked. Answer: Done, and the connection carries the client's bytes from then on. Failures: 53300 where
    there is no room, unless the sender insists; 55000 where none is taken."""

    session: bytes = b""
    insist: bool = False
    address: str = ""
    """The client's, as the gateway sees it."""


class Register(Message, frozen=True):
    """Process -> controller, when it has started: it serves these roles at `endpoint`. Answer: the current Topology."""

    process: str
    """The Ray actor's name."""
    roles: dict[str, str]
    """Role name -> AZ."""
    endpoint: str
    pid: int
    node: str


class StartRole(Message, frozen=True):
    """Controller -> process (host/<name>): run this role from now on. Answer: Done once it has started (or runs
    already).

    `kind` and `arguments` are all that the process needs to make it (cluster/state.py: RoleState). Topologies below
    `version` say nothing of where the role is: they were made before.
    """

    role: str
    kind: str
    arguments: dict[str, Any]
    az: str
    version: int


class StopRole(Message, frozen=True):
    """Controller -> process (host/<name>): stop this role cleanly, it goes on elsewhere. Answer: Done once it has
    stopped, or does not run here. `for_good`: it goes on nowhere, and what is on its disk goes, too."""

    role: str
    for_good: bool = False


class Watch(Message, frozen=True):
    """Controller -> process: no answer is given while the process lives; when it dies, the request fails with its
    connection."""


class Ping(Message, frozen=True):
    """Controller -> process. Answer: Pong, at once."""


class Pong(Message, frozen=True):
    """A sign of life, and the names of the roles that run."""

    roles: list[str]


class Suspect(Message, frozen=True):
    """Anyone -> controller, one-way: `role` owes an answer for longer than it should take."""

    role: str


class Load(Message, frozen=True):
    """Query processor -> controller, one-way: once a second while it has sessions, once more when the last has gone,
    and when the role stops.

    `busy`: the share of the time since the last report in which its event loop computed, 0 to 1. `usage`: of the role
    since it was started, and `life` which start that was: what was told before is in it, so a report that is lost loses
    nothing.
    """

    sessions: int
    busy: float
    usage: Usage = Usage()
    life: int = 0


class RangeLoad(Message, frozen=True):
    """Adjudicator -> controller, one-way: once a second while it has load, and once more after it.

    `busy`: the share of the time since the last report in which its event loop computed, 0 to 1. `claims_s`:
    transactions a second that it had a share in. `sample`: columns (the key without its keyspace, shortened) of some
    keys that they wrote. `writers`: the regions that these transactions came from, in the same order; empty where there
    is but one.
    """

    busy: float
    claims_s: float
    sample: list[bytes]
    writers: list[str] = []


class ShardLoad(Message, frozen=True):
    """Storage replica -> controller, one-way: once a second while it is read, once more after that, and after a
    checkpoint.

    `size_bytes`: of what it holds. `busy`: the share of the time since the last report in which its event loop
    computed, 0 to 1. `sample`: columns (the key without its keyspace, shortened)
    of some keys that were read.
    """

    shard: int
    size_bytes: int
    busy: float
    sample: list[bytes]


class Drain(Message, frozen=True):
    """Controller -> query processor: `wanted`: take no sessions, and give up those that there are, each as soon as no
    transaction is open. Answer: Done once there is none; until then none. Not `wanted`: serve again; Done at once, and
    55000 to an earlier Drain."""

    wanted: bool = True


class Wake(Message, frozen=True):
    """Gateway -> controller, one-way, repeated: clients wait, and no query processor is there. Where the cluster is at
    zero, it wakes.

    `client`: which one has waited longest, and where, for people; `waited_s`: for how long.
    """

    client: str = ""
    waited_s: float = 0.0


class AskCluster(Message, frozen=True):
    """Anyone -> controller: the whole cluster's status (with a StatusIs of every role asked for now). Answer:
    StatusIs."""


class Shutdown(Message, frozen=True):
    """Controller -> process (host/<name>): stop the roles cleanly. Answer: Done when their state is safe on disk."""
