"""Settings: every number that a user may change, as frozen dataclasses read from a TOML file.

An unknown key or a wrong type is an error that names the key and the line. Components (clock, disk, random) are not
settings: they are constructor arguments. Units stand last in a name. Amazon Aurora DSQL's limits are the defaults;
`mode = "open"` lifts the size limits and the DDL restrictions (see `Limits.of_mode`).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

AUTO: Literal["auto"] = "auto"
LEADS_A_LEASE = 4
"""Promises that are pushed lie a lead ahead, within the lease, which takes a round trip to extend."""
ADMIN = "admin"
"""The user whom every cluster knows that asks for no password."""


@dataclass(frozen=True)
class Limits:
    """DSQL's limits. 0 lifts a limit."""

    transaction_age_s: int = 300
    transaction_bytes_max: int = 10 << 20
    transaction_rows_max: int = 3000
    row_bytes_max: int = 2 << 20
    column_bytes_max: int = 1 << 20
    key_bytes_max: int = 1024
    key_columns_max: int = 8
    table_columns_max: int = 255
    table_indexes_max: int = 24
    views_max: int = 5000
    sequences_max: int = 5000
    connections_max: int = 10_000
    """Of the whole cluster: each query processor has its share."""
    connection_age_s: int = 3600
    """An older connection is ended once no transaction is open."""
    connection_rate_per_s: int = 100
    connection_burst: int = 1000
    """New connections beyond the rate, after a pause. 0 refuses every one where a rate is set."""
    statement_memory_bytes_max: int = 128 << 20
    message_bytes_max: int = 10 << 20
    """Of a client's message (not of COPY's data, which is a stream). A longer one is not read, and ends its connection.
    0: PostgreSQL's 1 GiB."""
    mixed_ddl: bool = False
    """Several DDL statements, or DDL and DML, in one transaction; TRUNCATE, VACUUM, ALTER TABLE ADD PRIMARY KEY and
    what else DSQL refuses."""


OPEN_LIMITS = Limits(
    transaction_bytes_max=0,
    transaction_rows_max=0,
    row_bytes_max=0,
    column_bytes_max=0,
    statement_memory_bytes_max=0,
    message_bytes_max=64 << 20,
    connection_age_s=0,
    connection_rate_per_s=0,
    mixed_ddl=True,
)
OPEN_TOKEN_LIMITS = replace(OPEN_LIMITS, connection_age_s=Limits.connection_age_s)
"""Of open mode, where clients show tokens: a session is not to outlast its key's removal for ever."""


@dataclass(frozen=True)
class Adjudication:
    lease_ms: int = 500
    """How far an epoch's upper end is extended at a time; also how long a failover waits for the old epoch to end."""
    pending_wait_ms_max: int = 1000
    """How long a writer waits for a prepared transaction's outcome before it aborts with OC000."""
    prepare_timeout_ms: int = 2000
    ask_outcome_ms: int = 250
    """A participant that has not been told a prepared transaction's outcome for so long asks for it. Less than writers
    wait for it."""
    foresight_ms: int = 16
    """How far ahead of now readers are served without a word to the adjudicators while nobody commits, at most. A
    commit that comes then is acknowledged up to so much later, and never by more than a quarter of the time that there
    was none. 0: not at all."""
    clock_error_us: int = 0
    """How far any clock of the cluster may be off. Commits are acknowledged, and readers end, up to twice as much later
    than they could be."""


@dataclass(frozen=True)
class Journaling:
    segment_bytes: int = 16 << 20
    append_bytes_max: int = 4 << 20
    """A replica that is behind is sent at most so much at once."""
    writer_bytes_max: int = 64 << 20
    """Committed records that the writer holds for replicas that are behind; older ones are fetched from another
    replica. Uncommitted ones are always held: their bound is the adjudicator's queue (`waiting`, `backlog_bytes`)."""
    replica_bytes_max: int = 8 << 20
    """Latest records that a replica keeps in memory, so that the live stream reads nothing from disk."""


@dataclass(frozen=True)
class Streaming:
    window_bytes: int = 16 << 20
    held_bytes_max: int = 64 << 20
    """Bytes that the crossbar holds unmerged before it asks for promises without being asked."""
    ring_bytes_max: int = 64 << 20
    """Recent records kept for subscribers that resume; older ones are read from the journals again."""
    silence_s: float = 2.0


@dataclass(frozen=True)
class Storing:
    memtable_bytes_max: int = 64 << 20
    """Recent versions in memory before a checkpoint moves them to a segment."""
    checkpoint_idle_s: float = 10.0
    read_wait_s: float = 5.0
    segments_max: int = 8
    """More segments than this are merged."""
    object_store: str = ""
    """Where checkpoints lie, too, beside the nodes' own disks: file:///FOLDER or s3://BUCKET/PREFIX
    (docs/object_store.md). Empty: nowhere."""
    object_store_wait_s: float = 3600.0
    """While it refuses or is slow, journals keep what it lacks; no longer than this, or they would grow for ever."""
    object_store_journal_s: float = 5.0
    """What the journals have committed is there after so long, at most: so much is lost where every disk is."""


@dataclass(frozen=True)
class Messaging:
    frame_bytes_max: int = 512 << 20
    outbound_bytes_max: int = 1 << 30
    request_timeout_s: float = 10.0


@dataclass(frozen=True)
class Querying:
    plan_cache_entries: int = 1024
    column_threads: int = 2
    """Short steps of DuckDB's statements that a query processor runs at once; longer ones make room for others."""
    column_statements_max: int = 32
    """Statements that DuckDB has open at once in a query processor, running or waiting for their client. Each may use
    limits.statement_memory_bytes_max."""
    small_rows_max: int = 2048
    """Joins, grouping and the like run in rows while no table has more rows for them, else in DuckDB, which needs some
    five milliseconds to begin. 0: always in DuckDB."""
    time_zone: str = "UTC"


@dataclass(frozen=True)
class Authentication:
    method: str = "trust"
    """trust, scram-sha-256, or tokens: signed ones as Aurora DSQL's clients make them (docs/security.md)."""
    users: dict[str, str] = field(default_factory=dict, repr=False)
    """User -> SCRAM-SHA-256 verifier as in pg_authid, or a plain password (of which `up` keeps and hands on the
    verifier only)."""
    tls_certificate: str = ""
    """PEM files. In a settings file a relative path counts from the file's folder. The key must be closed to other
    users."""
    tls_key: str = ""
    tls_required: bool = False
    """With tokens it always is."""
    hosts: tuple[str, ...] = ("localhost", "127.0.0.1")
    """The names by which clients reach the cluster: a token for another one is refused."""
    region: str = "us-east-1"
    """For which tokens are signed."""
    failures_per_minute: int = 60
    """Wrong tokens or passwords from one address, all query processors together; those beyond are not looked at. 0: no
    limit."""

    @property
    def is_encrypted(self) -> bool:
        """Clients without TLS are refused."""
        return self.tls_required or self.method == "tokens"


@dataclass(frozen=True)
class Supervision:
    stall_s: float = 10.0
    """A process whose event loop has not turned for so long, though it could have, is replaced. 0: none is."""
    lost_node_s: float = 120.0
    """On a Ray that was joined: a zone whose node has been away for so long begins anew on another one of its label, if
    there is any. 0: it waits for its node."""


@dataclass(frozen=True)
class Scaling:
    """How the cluster follows its load (cluster/scaling.py)."""

    query_processors_max: int = 0
    """0: as many as this machine has processors, or as the layout begins with where those are more."""
    sessions_each: int = 100
    """Sessions for which one more query processor is started."""
    busy_share: float = 0.7
    """... or this share of their time in which their event loops compute."""
    adjudicator_busy_share: float = 0.7
    """An adjudicator whose event loop computes for more of its time gives a range to one in another process that
    computes for much less. 0: ranges stay where they are put."""
    adjudicators_max: int = 0
    """Where none of the others computes for much less, there is one adjudicator more, with a journal of its own, up to
    so many in all; with `placement = "az"` in the process of the zone that has the fewest. 0: no more than there are,
    but for those that a person adds."""
    shard_bytes: int = 4 << 30
    """A storage shard that holds more is parted in the middle, and small neighbours are joined again. 0: neither."""
    shard_busy_share: float = 0.7
    """A shard whose replicas have processes of their own, and whose event loops compute for more of their time, is
    parted at the median of its reads. 0: none is."""
    up_delay_s: float = 3.0
    down_delay_s: float = 60.0
    """More, or fewer, must have been wanted for so long."""
    zero_after_s: float = 0.0
    """After so long without a session everything stops but gateways and the controller, until somebody connects. 0:
    never."""
    wake_s: float = 120.0
    """For so long a client waits for the cluster to wake, and `up` for a Ray cluster's autoscaler to add nodes; then
    57P03. Machines of a cloud take minutes."""
    warm: bool = True
    """At zero Ray keeps a spare worker for each process, on the nodes that are there (cluster/spares.py): no actor, no
    role, no data, and no reason for a node to stay. A wake takes half the time, or less, and each spare some 30 MB."""


@dataclass(frozen=True)
class Sessions:
    """Idle sessions sleep in a gateway (query_processor/parking.py)."""

    park_after_s: float = 60.0
    """A session that has rested for so long is parked; no later than half as long after that. 0: none is."""


@dataclass(frozen=True)
class Metering:
    """What work counts as (common/metering.py, docs/metering.md). The defaults are the formulas of Aurora DSQL's user
    guide: a transaction's least read is 0.00375 DPU, its least write 0.05 DPU."""

    dpu_per_compute_s: float = 1.0
    dpu_per_byte_read: float = 0.00375 / 2048
    dpu_per_byte_written: float = 0.05 / 1024
    shard_bytes_read_min: int = 128
    """An answer of a shard counts as so many bytes at least."""
    row_bytes_written_min: int = 128
    """A row, or an index entry, likewise."""
    transaction_bytes_read_min: int = 2048
    """A transaction that reads."""
    transaction_bytes_written_min: int = 1024


@dataclass(frozen=True)
class Bus:
    """How a cluster's processes reach each other (docs/security.md)."""

    transport: str = "unix"
    """unix: Unix sockets, so all processes are on one host. tls: TCP with mutual TLS between hosts."""
    address: str = ""
    """The IP address at which the bus listens over TLS. Empty: the one by which Ray knows the process's node (127.0.0.1
    where `up` brings Ray along)."""
    within_host: str = "unix"
    """With transport tls, between processes of one host: unix, or tls there, too."""


@dataclass(frozen=True)
class Layout:
    """How many of what a new cluster has."""

    azs: tuple[str, ...] = ("a", "b", "c")
    query_processors: int = 2
    adjudicators: int = 2
    shards: int = 2
    port: int = 5433
    host: str = "127.0.0.1"
    placement: str = "auto"
    """"role": a Ray actor for each role; "az": one for all of an AZ's roles; "auto": by the cores that Ray has
    (cluster/policies/placement.py)."""
    az_cpus: float = 1.0
    """Processors that a Ray cluster that was joined sets aside for each AZ, on one of its nodes."""


@dataclass(frozen=True)
class Regions:
    """Several regions (docs/regions.md): each zone of the layout lies in one."""

    zones: dict[str, str] = field(default_factory=dict)
    """Zone -> region. Empty: all zones are one region's."""
    witnesses: tuple[str, ...] = ()
    """Regions that hold journals and vote, and have no storage and no query processors."""
    lead_ms: int | Literal["auto"] = 0
    """How far ahead of its adjudicator's clock a commit is dated. A little more than the round trip to the nearest
    other region: then no reader waits for it, and it is acknowledged hardly later than its journal has it. auto: as far
    as that turns out to be."""
    follow_s: float = 30.0
    """A range of which another region has written the most for so long goes to an adjudicator there. 0: ranges stay
    where they are put."""
    push_ms: int = 10
    """How often adjudicators push promises to other regions that read."""
    delay_ms: dict[str, float] = field(default_factory=dict)
    """Of regions that stand on one machine: how long what one sends another is on its way, by pair ("east west").
    Empty: as long as it takes."""
    jitter_share: float = 0.0
    """Up to this share of it longer, drawn anew each time."""

    @property
    def is_ahead(self) -> bool:
        """Commits are dated ahead at all."""
        return self.lead_ms != 0


@dataclass(frozen=True)
class Settings:
    mode: str = "dsql"
    limits: Limits = Limits()
    adjudication: Adjudication = Adjudication()
    journaling: Journaling = Journaling()
    streaming: Streaming = Streaming()
    storing: Storing = Storing()
    messaging: Messaging = Messaging()
    querying: Querying = Querying()
    authentication: Authentication = Authentication()
    supervision: Supervision = Supervision()
    scaling: Scaling = Scaling()
    sessions: Sessions = Sessions()
    metering: Metering = Metering()
    bus: Bus = Bus()
    layout: Layout = Layout()
    regions: Regions = Regions()
