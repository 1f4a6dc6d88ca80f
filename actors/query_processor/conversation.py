"""`Conversation`: what each message of a client means to its Session, in the simple and the extended protocol.
The data of COPY, in both directions, are copy_messages.py's.

    Parse -> session.prepare    Bind -> session.bind    Execute -> portal.run    Sync -> session.sync, ReadyForQuery
    Query -> all of it for each of its statements

- Success is not told before it is true: an Execute's CommandComplete is held back until the next message (a client that
  does not want to wait for its Sync sends Flush); where that is Sync and the commit fails, the client gets the error in
  its place. So does the last statement of a simple query.
- After an error the extended protocol skips to Sync, the simple one ends its query; either way the session's `fail` has
  rolled back before.
- Unnamed statement and portal last until the next of their kind, or a simple query; portals no longer than their
  transaction.
- Clients send Bind, Describe, Execute and Sync in one piece: what is there behind a Bind of the unnamed portal, in the
  form that it nearly always has, is done with the Bind. An error leaves the Sync unread, as ever.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import tzinfo
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

from actors.common.errors import (
    DUPLICATE_CURSOR,
    DUPLICATE_PREPARED_STATEMENT,
    FEATURE_NOT_SUPPORTED,
    INVALID_CURSOR_NAME,
    INVALID_SQL_STATEMENT_NAME,
    PROTOCOL_VIOLATION,
    SERIALIZATION_FAILURE,
    DatabaseError,
)
from actors.common.latency import Latencies, arrival_ns
from actors.common.parked_session import ParkedStatement
from actors.postgres import backend, frontend
from actors.postgres.formats import ParameterDecoder, ShapeCache, decode_within, format_codes, parameter_decoder
from actors.postgres.reader import ALL_UNNAMED, DESCRIBE_UNNAMED, EXECUTE_UNNAMED, SYNC
from actors.postgres.states import State
from actors.query_processor.aside import LARGE_CHARACTERS, LARGE_VALUES, aside
from actors.query_processor.channel import ROWS_SLICE, Channel, Disconnected, send_rows, send_stream
from actors.query_processor.copy_messages import copy_in, copy_out
from actors.query_processor.session.early import change_early, may_change_early
from actors.query_processor.session.parking import revived
from actors.query_processor.session.prompt import may_read_promptly, read_promptly
from actors.query_processor.session.statements import PLANNED_KINDS, PreparedStatement
from actors.sql.results import CopyIn, CopyOut, Field
from actors.sql.types import by_name

if TYPE_CHECKING:
    from actors.query_processor.session.portals import Portal
    from actors.query_processor.session.session import Session

NAMED_DECODERS_MAX = 1024
"""Prepared statements of a connection whose parameter decoders are remembered by name."""
_EXECUTE, _SYNC = b"ES"
_DESCRIBE_EXECUTE = DESCRIBE_UNNAMED + EXECUTE_UNNAMED
_SELECTED = [backend.command_complete(f"SELECT {rows}") + backend.ready_for_query("I") for rows in (0, 1)]
"""The end of a transaction that has read so many rows."""
_SIMPLE = b"QF"
"""Types of messages outside the extended protocol: after an error, ReadyForQuery follows at once."""


@dataclass
class Counters:
    """Of all conversations of a query processor, since it started."""

    statements: int = 0
    transactions: int = 0
    conflicts: int = 0
    latencies: Latencies = field(default_factory=Latencies)
    """From the arrival of what a client has sent to its ReadyForQuery, of a sample."""


class Conversation:
    """Handlers raise DatabaseError; who calls them hands it to `report`."""

    def __init__(self, channel: Channel, session: Session, shapes: ShapeCache, counters: Counters) -> None:
        self._channel = channel
        self._session = session
        self._timeouts = session.run_time.timeouts
        self._shapes = shapes
        self._counters = counters
        self._ran = False
        """Something, since the last transaction ended."""
        self._held = b""
        """CommandComplete of an Execute, until the next message."""
        self._simple: bool | None = None
        """How an error is answered; None: by the type of the last message."""
        self.unnamed_statement: PreparedStatement | ParkedStatement | None = None
        self.reads = False
        """The last statement was a point read of its own: so may be the next (`answer_now`)."""
        self._was_asked = False
        """`answer_now` has looked whether the answer to the next Bind is at hand."""
        self._portal: Portal | None = None
        """The unnamed one."""
        self._decoders: dict[tuple[str, bytes, tzinfo], tuple[PreparedStatement, ParameterDecoder]] = {}

    @property
    def holds_success(self) -> bool:
        """A CommandComplete is held back."""
        return bool(self._held)

    def _release(self) -> None:
        """What was held back is true, or at least all that there will be."""
        if self._held:
            self._channel.output += self._held
            self._held = b""

    def report(self, error: DatabaseError) -> None:
        """A message failed: tell, roll back, and go on where the protocol says."""
        self._release()
        reader, session = self._channel.reader, self._session
        simple = reader.kind in _SIMPLE if self._simple is None else self._simple
        self._simple = None
        self._channel.output += backend.error_response(error)
        if error.sqlstate == SERIALIZATION_FAILURE:
            self._counters.conflicts += 1
        session.fail()
        self._portal = None
        if simple:
            self._ready()
        else:
            reader.state = State.SKIPPING

    def answer_now(self) -> bool:
        """What has come to a session at rest, where that is one point read in one piece, and its answer is at hand:
        without a turn of the fiber. False, and nothing has happened: it is the fiber's."""
        channel, session = self._channel, self._session
        reader = channel.reader
        body = None if self._timeouts.used or self._held or self._portal is not None else reader.sole_bind()
        if not body or body[0]:
            return False
        begun_ns = arrival_ns()
        name = body[1 : body.find(b"\0", 1)].decode(errors="surrogateescape")  # what is not UTF-8 names no statement
        prepared = session.prepared_statements.get(name) if name else self.unnamed_statement
        if prepared.__class__ is not PreparedStatement:
            return False
        self._was_asked = True
        if not may_read_promptly(session, prepared):
            return False
        try:
            _, name, formats, values, result_formats, _ = frontend.decode_bind(body)
            if len(values) != len(prepared.parameter_types) or len(values) > LARGE_VALUES or len(result_formats) > 2:
                return False
            datums = self._decoder(name, formats, prepared)(values) if values else []
            found = read_promptly(session, prepared, datums)
        except DatabaseError:  # as the fiber will say
            return False
        if found is None or prepared.fields is None:
            return False
        self._was_asked = False
        reader.passes_all()
        channel.arrived_ns = begun_ns
        self._tell(prepared.fields, result_formats, found)
        return True

    # -- simple protocol -----------------------------------------------------------------------------------------------

    async def _query(self, message: frontend.Query) -> None:
        if self._held:
            self._release()
        self._simple = True
        self.unnamed_statement = None
        self._drop_portal()
        session, channel = self._session, self._channel
        text = message.text
        channel.cancellable = True
        statements = session.split(text) if len(text) <= LARGE_CHARACTERS else await session.split_large(text)
        if not statements:
            self._held = backend.EMPTY_QUERY_RESPONSE
        for raw in statements:
            self._release()
            channel.cancellable = raw.kind != "TransactionStmt"
            if not raw.kind:
                self._held = backend.EMPTY_QUERY_RESPONSE
                continue
            portal = session.bind(await session.prepare(raw, (), False), ())
            portal.ends = portal.is_alone = len(statements) == 1
            await self._run(portal, 0, described=False)
            if self._timeouts.used:
                self._statement_ended(raw.kind)
                channel.deadlines.message_begins(session.failed)
        await self._commit()
        self._ready()
        self._simple = None

    async def _function_call(self, message: frontend.FunctionCall) -> None:
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "the function call protocol message is not supported")

    async def _terminate(self, message: frontend.Terminate) -> None:
        raise Disconnected

    # -- extended protocol ---------------------------------------------------------------------------------------------

    async def _parse(self, message: frontend.Parse) -> None:
        if self._held:
            self._release()
        session, name = self._session, message.statement
        if not name:
            self.unnamed_statement = None
        elif name in session.prepared_statements:
            raise DatabaseError(DUPLICATE_PREPARED_STATEMENT, f'prepared statement "{name}" already exists')
        self._channel.cancellable = True
        prepared = await session.prepare(message.text, message.parameter_oids)
        if name:
            session.prepared_statements[name] = prepared
        else:
            self.unnamed_statement = prepared
        self._channel.output += backend.PARSE_COMPLETE

    def _prepared(self, name: str) -> Any:
        """A PreparedStatement, or a ParkedStatement of a session that was resumed."""
        prepared = self._session.prepared_statements.get(name) if name else self.unnamed_statement
        if prepared is None:
            what = f'prepared statement "{name}"' if name else "unnamed prepared statement"
            raise DatabaseError(INVALID_SQL_STATEMENT_NAME, f"{what} does not exist")
        return prepared

    async def _revived(self, name: str, parked: ParkedStatement) -> PreparedStatement:
        """The first use of a prepared statement since its session was resumed."""
        self._channel.cancellable = True
        prepared = await revived(self._session, parked)
        if name:
            self._session.prepared_statements[name] = prepared
        else:
            self.unnamed_statement = prepared
        return prepared

    def _drop_portal(self) -> None:
        """The unnamed one."""
        if self._portal is not None:
            self._portal.close()
            self._portal = None

    def _bound(self, name: str) -> Portal:
        portal = self._session.portals.get(name) if name else self._portal
        if portal is None:
            raise DatabaseError(INVALID_CURSOR_NAME, f'portal "{name}" does not exist')
        return portal

    async def _bind(self, message: frontend.Bind) -> None:
        if self._held:
            self._release()
        session = self._session
        portal_name, name, formats, values, result_formats, size = message
        prepared = session.prepared_statements.get(name) if name else self.unnamed_statement
        if prepared.__class__ is not PreparedStatement:
            prepared = self._prepared(name)
            if prepared.__class__ is ParkedStatement:
                prepared = await self._revived(name, prepared)
        if not portal_name:
            if self._portal is not None:
                self._drop_portal()
        elif portal_name in session.portals:
            raise DatabaseError(DUPLICATE_CURSOR, f'cursor "{portal_name}" already exists')
        count = len(prepared.parameter_types)
        if len(values) != count:
            supplied = f"bind message supplies {len(values)} parameters"
            raise DatabaseError(PROTOCOL_VIOLATION, f'{supplied}, but prepared statement "{name}" requires {count}')
        if len(result_formats) > 2 and prepared.fields is not None:
            format_codes(result_formats, len(prepared.fields), "result")
        if size > LARGE_CHARACTERS or count > LARGE_VALUES:
            types, zone = tuple(prepared.parameter_types), session.run_time.zone
            memory_bytes_max = session.settings.limits.statement_memory_bytes_max
            self._channel.cancellable = True
            datums = await aside(lambda given: decode_within(types, formats, zone, given, memory_bytes_max), values)
        else:
            datums = self._decoder(name, formats, prepared)(values) if values else []
        reader = self._channel.reader
        was_asked, self._was_asked = self._was_asked, False
        is_all_here = not (portal_name or self._timeouts.used) and reader.has_next(ALL_UNNAMED)
        planned = prepared.planned
        self.reads = is_all_here and planned is not None and planned.prompt is not None and not session.in_block
        if self.reads and not was_asked and may_read_promptly(session, prepared):
            found = read_promptly(session, prepared, datums)
            if found is not None and prepared.fields is not None:
                reader.passes(ALL_UNNAMED, _SYNC)
                self._tell(prepared.fields, result_formats, found)
                return
        portal = session.bind(prepared, datums)
        portal.formats = result_formats
        portal.name = portal_name
        if portal_name:
            session.portals[portal_name] = portal
        else:
            self._portal = portal
        self._channel.output += backend.BIND_COMPLETE
        if is_all_here:
            portal.ends = True
            reader.passes(_DESCRIBE_EXECUTE, _EXECUTE)
            if portal.fields is None:
                self._channel.output += backend.NO_DATA
            else:
                self._show_shape(portal.fields, result_formats)
        elif portal_name or self._timeouts.used:
            return
        else:
            if reader.takes(DESCRIBE_UNNAMED):
                self._show_shape(portal.fields, result_formats)
            if not reader.takes(EXECUTE_UNNAMED):
                return
            portal.ends = reader.has_next(SYNC)
            portal.is_alone = portal.ends and not was_asked
        await self._execute_portal(portal, 0)
        if not self._timeouts.used and reader.takes(SYNC):
            await self._end()

    def _tell(self, fields: list[Field], formats: bytes, rows: list[tuple[Any, ...]]) -> None:
        """All that follows a Bind, of a transaction that is over."""
        channel, counters = self._channel, self._counters
        shape = self._shapes.shape(fields, formats, self._session.run_time.zone)
        output = channel.output
        output += backend.BIND_COMPLETE
        output += shape.description
        shape.encode(rows, output)
        output += _SELECTED[len(rows)]
        counters.statements += 1
        counters.transactions += 1
        if channel.arrived_ns:
            counters.latencies.add(perf_counter_ns() - channel.arrived_ns)

    def _decoder(self, name: str, formats: bytes, prepared: PreparedStatement) -> ParameterDecoder:
        zone = self._session.run_time.zone
        known = self._decoders.get((name, formats, zone))
        if known is not None and known[0] is prepared:
            return known[1]
        decoder = parameter_decoder(tuple(prepared.parameter_types), formats, zone)
        if len(self._decoders) >= NAMED_DECODERS_MAX:
            self._decoders.clear()
        self._decoders[name, formats, zone] = (prepared, decoder)
        return decoder

    async def _describe(self, message: frontend.Describe) -> None:
        if self._held:
            self._release()
        if message.is_portal:
            portal = self._bound(message.name)
            fields, formats = portal.fields, portal.formats
        else:
            prepared = self._prepared(message.name)
            if prepared.__class__ is ParkedStatement:
                prepared = await self._revived(message.name, prepared)
            fields, formats = prepared.fields, b""
            oids = [by_name[type_.name].oid for type_ in prepared.parameter_types]
            self._channel.output += backend.parameter_description(oids)
        self._show_shape(fields, formats)

    def _show_shape(self, fields: list[Field] | None, formats: bytes) -> None:
        if fields is None:
            self._channel.output += backend.NO_DATA
        else:
            self._channel.output += self._shapes.shape(fields, formats, self._session.run_time.zone).description

    async def _execute(self, message: frontend.Execute) -> None:
        if self._held:
            self._release()
        portal = self._bound(message.portal)
        portal.ends = portal.is_alone = self._channel.reader.has_next(SYNC)
        await self._execute_portal(portal, message.rows_max)

    async def _execute_portal(self, portal: Portal, rows_max: int) -> None:
        kind = portal.prepared.raw.kind
        self._channel.cancellable = kind != "TransactionStmt"
        if kind:
            if kind not in PLANNED_KINDS and not self._channel.reader.sync_follows():
                self._session.implicit_block = True
            await self._run(portal, rows_max, described=True)
        else:
            self._held = backend.EMPTY_QUERY_RESPONSE
        if self._timeouts.used and self._held is not backend.PORTAL_SUSPENDED:
            self._statement_ended(kind)

    def _statement_ended(self, kind: str) -> None:
        session = self._session
        self._channel.deadlines.statement_ended(kind != "TransactionStmt" or session.status == "T")

    async def _close(self, message: frontend.Close) -> None:
        if self._held:
            self._release()
        session, name = self._session, message.name
        if message.is_portal:
            if not name:
                self._drop_portal()
            elif name in session.portals:
                session.portals.pop(name).close()
        elif name:
            session.prepared_statements.pop(name, None)
        else:
            self.unnamed_statement = None
        self._channel.output += backend.CLOSE_COMPLETE

    async def _flush(self, message: frontend.Flush) -> None:
        if self._held:
            self._release()
        await self._channel.drain()

    async def _sync(self, message: frontend.Sync) -> None:
        reader = self._channel.reader
        if reader.state is State.SKIPPING:
            reader.state = State.READY
            self._ready()
        else:
            await self._end()

    async def _end(self) -> None:
        """Sync, where nothing has failed."""
        session = self._session
        try:
            if session.in_block:
                session.implicit_block = self._channel.cancellable = False
                held, self._held = self._held, b""
                self._channel.output += held
            else:
                await self._commit()
        except DatabaseError as error:
            self.report(error)
            self._channel.reader.state = State.READY
        self._ready()

    def _ready(self) -> None:
        session, channel = self._session, self._channel
        status = session.status
        if status == "I":
            self._portal = None
            if session.portals:
                session.end_portals()
            if self._ran:
                self._ran = False
                self._counters.transactions += 1
        if self._timeouts.used:
            channel.deadlines.ready(status)
        if channel.arrived_ns:
            self._counters.latencies.add(perf_counter_ns() - channel.arrived_ns)
        channel.output += backend.ready_for_query(status)

    async def _commit(self) -> None:
        """The end of an implicit transaction. Where it fails, what was held back was not true and is not told."""
        self._channel.cancellable = False
        held, self._held = self._held, b""
        await self._session.sync()
        self._channel.output += held

    # -- running -------------------------------------------------------------------------------------------------------

    async def _run(self, portal: Portal, rows_max: int, described: bool) -> None:
        """Execute a portal. `described`: the extended protocol, where RowDescription answers Describe only."""
        self._counters.statements += 1
        self._ran = True
        if portal.copy is not None:
            await self._copy(portal, portal.copy)
            return
        session, fields, batch = self._session, portal.fields, None
        changes = fields is None and portal.ends and not (session.in_block or self._timeouts.used)
        if changes and may_change_early(session, portal.prepared):
            batch = await change_early(session, portal, self._channel)
        if batch is None:
            batch = await portal.start(rows_max)
        if fields is not None:
            channel, rows = self._channel, batch.rows
            shape = self._shapes.shape(fields, portal.formats, self._session.run_time.zone)
            if not described:
                channel.output += shape.description
            if batch.stream is not None:
                await send_stream(channel, batch.stream, shape.encode_piece)
            elif len(rows) <= ROWS_SLICE:
                if rows:
                    shape.encode(rows, channel.output)
            else:
                await send_rows(channel, batch, shape.encode)
        self._held = backend.command_complete(batch.tag) if batch.done else backend.PORTAL_SUSPENDED

    async def _copy(self, portal: Portal, copy: CopyIn | CopyOut) -> None:
        if self._simple is None:
            self._simple = False
        channel, zone = self._channel, self._session.run_time.zone
        if isinstance(copy, CopyIn):
            tag = await copy_in(channel, portal, copy, zone, simple=self._simple)
        else:
            tag = await copy_out(channel, portal, copy, zone)
        if not self._simple:
            self._simple = None
        self._held = backend.command_complete(tag)


HANDLERS: dict[type, Callable[[Conversation, Any], Awaitable[None]]] = {
    frontend.Query: Conversation._query,
    frontend.Parse: Conversation._parse,
    frontend.Bind: Conversation._bind,
    frontend.Describe: Conversation._describe,
    frontend.Execute: Conversation._execute,
    frontend.Close: Conversation._close,
    frontend.Sync: Conversation._sync,
    frontend.Flush: Conversation._flush,
    frontend.FunctionCall: Conversation._function_call,
    frontend.Terminate: Conversation._terminate,
}
"""What a client's message is handled by."""
