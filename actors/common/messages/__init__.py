"""Every message of the system; one module for each conversation. `decode`/`encode` know them all."""

from __future__ import annotations

from actors.common.messages.base import Done, Failure, Message
from actors.common.messages.committing import (
    AskOutcome,
    AskPromise,
    Commit,
    Committed,
    Decided,
    DropParts,
    Gather,
    OutcomeIs,
    Part,
    Prepare,
    Prepared,
    Promised,
)
from actors.common.messages.control import (
    AskCluster,
    AskMiddle,
    AskStatus,
    AskTopology,
    Cancel,
    Drain,
    Informed,
    Lead,
    Load,
    Middle,
    MoveRange,
    OpenStream,
    Ping,
    Pong,
    RangeLoad,
    Register,
    Release,
    Released,
    ReshapeShards,
    SetReplicas,
    ShardLoad,
    Shutdown,
    StartRole,
    StatusIs,
    StopRole,
    Suspect,
    Topology,
    Wake,
    Watch,
)
from actors.common.messages.filling import AskContents, AskPiece, Contents, Piece
from actors.common.messages.journaling import Append, Appended, Fetch, Fetched, Promote, Reset, Seal, Sealed, Trim, Watched
from actors.common.messages.membership import (
    AddAdjudicator,
    AdjudicatorIs,
    Announce,
    Announced,
    AskHeld,
    HeldIs,
    RemoveAdjudicator,
    Retire,
    Retired,
)
from actors.common.messages.reading import Get, Got, Scan, Scanned
from actors.common.messages.resting import Checkpoint, Checkpointed, Settle, Stored, Upload
from actors.common.messages.streaming import (
    Deliver,
    DemandWatermark,
    JournalRecords,
    Stage,
    StreamAck,
    StreamLost,
    Subscribed,
    SubscribeJournal,
    SubscribeRange,
)

AnyMessage = (
    Done
    | Failure
    | Get
    | Got
    | Scan
    | Scanned
    | Commit
    | Part
    | DropParts
    | Gather
    | Committed
    | Prepare
    | Prepared
    | Decided
    | AskOutcome
    | OutcomeIs
    | AskPromise
    | Promised
    | Seal
    | Sealed
    | Append
    | Appended
    | Fetch
    | Fetched
    | Trim
    | Promote
    | Watched
    | Reset
    | SubscribeJournal
    | Subscribed
    | JournalRecords
    | SubscribeRange
    | Deliver
    | Stage
    | StreamAck
    | StreamLost
    | DemandWatermark
    | AskContents
    | Contents
    | AskPiece
    | Piece
    | Topology
    | Informed
    | AskStatus
    | StatusIs
    | Lead
    | Release
    | Released
    | ReshapeShards
    | SetReplicas
    | ShardLoad
    | Cancel
    | Register
    | AskCluster
    | Shutdown
    | StartRole
    | StopRole
    | Watch
    | Ping
    | Pong
    | Suspect
    | Load
    | RangeLoad
    | MoveRange
    | AskMiddle
    | AskTopology
    | Middle
    | Wake
    | Drain
    | AddAdjudicator
    | AdjudicatorIs
    | Announce
    | Announced
    | AskHeld
    | HeldIs
    | RemoveAdjudicator
    | Retire
    | Retired
    | OpenStream
    | Checkpoint
    | Checkpointed
    | Settle
    | Stored
    | Upload
)

__all__ = [
    "AddAdjudicator",
    "AdjudicatorIs",
    "Announce",
    "Announced",
    "AnyMessage",
    "Append",
    "Appended",
    "AskCluster",
    "AskContents",
    "AskHeld",
    "AskMiddle",
    "AskOutcome",
    "AskPiece",
    "AskPromise",
    "AskStatus",
    "AskTopology",
    "Cancel",
    "Checkpoint",
    "Checkpointed",
    "Commit",
    "Committed",
    "Contents",
    "Decided",
    "Deliver",
    "DemandWatermark",
    "Done",
    "Drain",
    "DropParts",
    "Failure",
    "Fetch",
    "Fetched",
    "Gather",
    "Get",
    "Got",
    "HeldIs",
    "Informed",
    "JournalRecords",
    "Lead",
    "Load",
    "Message",
    "Middle",
    "MoveRange",
    "OpenStream",
    "OutcomeIs",
    "Part",
    "Piece",
    "Ping",
    "Pong",
    "Prepare",
    "Prepared",
    "Promised",
    "Promote",
    "RangeLoad",
    "Register",
    "Release",
    "Released",
    "RemoveAdjudicator",
    "Reset",
    "ReshapeShards",
    "Retire",
    "Retired",
    "Scan",
    "Scanned",
    "Seal",
    "Sealed",
    "SetReplicas",
    "Settle",
    "ShardLoad",
    "Shutdown",
    "Stage",
    "StartRole",
    "StatusIs",
    "StopRole",
    "Stored",
    "StreamAck",
    "StreamLost",
    "SubscribeJournal",
    "SubscribeRange",
    "Subscribed",
    "Suspect",
    "Topology",
    "Trim",
    "Upload",
    "Wake",
    "Watch",
    "Watched",
]
