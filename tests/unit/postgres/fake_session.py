"""A session that answers a fixed set of statements, so that the protocol can be tried with real clients before and
without SQL.

select <n>            one int4 row                     rows <n>        n rows (int4, text)
echo <type>           its parameter $1 back            wait            ends by cancel only
fail <sqlstate>       an error                         begin, commit, rollback
copyin <format>       COPY FROM (int4, text)           copyout <format>
breakcommit           the implicit transaction's commit fails with 40001
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from actors.common.errors import DatabaseError, conflict
from actors.query_processor.deadlines import Timeouts
from actors.runtime.fiber import Completion
from actors.sql.results import Batch, CopyIn, CopyOptions, CopyOut, Field
from actors.sql.types.column_type import ColumnType

INT4, TEXT = ColumnType("int4"), ColumnType("text")
ROW_FIELDS = [Field("id", INT4), Field("name", TEXT)]
_FIELDS: dict[str, list[Field]] = {}
OPTIONS = {
    "text": CopyOptions(),
    "csv": CopyOptions(format="csv", delimiter=",", null=""),
    "binary": CopyOptions(format="binary"),
}
TYPE_NAMES = {21: "int2", 23: "int4", 20: "int8", 25: "text", 16: "bool", 701: "float8", 17: "bytea", 1700: "numeric"}


class FakeRaw:
    def __init__(self, text: str) -> None:
        self.text = text.strip().rstrip(";").strip()
        word = self.text.split(" ")[0].lower()
        self.kind = (
            "TransactionStmt" if word in ("begin", "commit", "rollback", "end") else "SelectStmt" if word else ""
        )


class FakePrepared:
    planned = None

    def __init__(self, raw: FakeRaw, parameter_types: list[ColumnType], fields: list[Field] | None) -> None:
        self.raw = raw
        self.parameter_types = parameter_types
        self.fields = fields


class FakeRunTime:
    zone = ZoneInfo("UTC")

    def __init__(self) -> None:
        self.timeouts = Timeouts()


class FakePortal:
    def __init__(self, session: FakeSession, prepared: FakePrepared, values: Sequence[Any]) -> None:
        self.prepared = prepared
        self.fields = prepared.fields
        self.formats = b""
        self.values = values
        self.copy: CopyIn | CopyOut | None = None
        self._session = session
        self._rows: list[tuple[Any, ...]] | None = None
        word, _, argument = prepared.raw.text.partition(" ")
        self._word, self._argument = word.lower(), argument
        if self._word == "copyin":
            self.copy = CopyIn(("id", "name"), (INT4, TEXT), OPTIONS[argument], "t")
        if self._word == "copyout":
            self.copy = CopyOut(("id", "name"), (INT4, TEXT), OPTIONS[argument])

    async def start(self, rows_max: int = 0) -> Batch:
        session, word, argument = self._session, self._word, self._argument
        session.log.append(self.prepared.raw.text)
        if self._rows is None:
            if session.failed and word not in ("rollback", "commit", "end"):
                raise DatabaseError(
                    "25P02", "current transaction is aborted, commands ignored until end of transaction block"
                )
            if self.prepared.raw.kind == "TransactionStmt":
                session.in_block, session.failed = word == "begin", False
                return Batch([], True, word.upper())
            if word == "fail":
                raise DatabaseError(
                    argument, "told to fail", detail="a detail", hint="a hint", position=3, table="t", constraint="c"
                )
            if word == "bug":
                raise KeyError("a bug")
            if word == "breakcommit":
                session.break_commit = True
                return Batch([], True, "INSERT 0 1")
            if word == "wait":
                session.waiting = Completion()
                await session.waiting
            if word == "copyout":
                return Batch(session.copied, True, f"COPY {len(session.copied)}")
            self._rows = self._make_rows()
        rows, self._rows = (self._rows[:rows_max], self._rows[rows_max:]) if rows_max else (self._rows, [])
        return Batch(rows, not self._rows, f"SELECT {len(rows)}")

    def _make_rows(self) -> list[tuple[Any, ...]]:
        if self._word == "rows":
            return [(number, f"row {number}" if number % 3 else None) for number in range(int(self._argument))]
        if self._word in ("echo", "pgbench") or self.values:
            return [tuple(self.values)]
        return [(int(self._argument or 1),)]

    def close(self) -> None:
        """Nothing runs for it."""

    async def copy_rows(self, rows: list[tuple[Any, ...]]) -> None:
        self._session.copied.extend(rows)

    async def copy_end(self) -> str:
        return f"COPY {len(self._session.copied)}"

    def copy_fail(self, message: str) -> None:
        raise DatabaseError("57014", f"COPY from stdin failed: {message}")


class FakeSession:
    """See the module. `copied` is what COPY brought in and out."""

    def __init__(self, on_parameter: Callable[[str, str], None] | None = None) -> None:
        self.in_block = self.failed = self.committing = self.commit_untold = self.break_commit = self.closed = False
        self.transaction = None
        self.prepared_statements: dict[str, Any] = {}
        self.portals: dict[str, Any] = {}
        self.run_time = FakeRunTime()
        self.parameters = {
            "server_version": "16.10",
            "server_encoding": "UTF8",
            "client_encoding": "UTF8",
            "DateStyle": "ISO, MDY",
            "TimeZone": "UTC",
            "integer_datetimes": "on",
            "standard_conforming_strings": "on",
        }
        self.log: list[str] = []
        self.copied: list[tuple[Any, ...]] = []
        self.waiting: Completion[None] | None = None

    def end_portals(self) -> None:
        self.portals.clear()

    @property
    def status(self) -> str:
        return ("E" if self.failed else "T") if self.in_block else "I"

    def split(self, sql: str) -> list[FakeRaw]:
        return [FakeRaw(part) for part in sql.split(";") if part.strip()]

    async def prepare(self, sql: str | FakeRaw, parameter_oids: Sequence[int] = (), lasts: bool = True) -> FakePrepared:
        raw = FakeRaw(sql) if isinstance(sql, str) else sql
        word, _, argument = raw.text.partition(" ")
        word = word.lower()
        if word == "syntax":
            raise DatabaseError("42601", "syntax error")
        types = [ColumnType(TYPE_NAMES.get(oid, "text")) for oid in parameter_oids]
        if word == "echo":
            given = [TYPE_NAMES.get(oid) for oid in parameter_oids] or [None] * (argument.count(",") + 1)
            types = [ColumnType(oid_name or name) for oid_name, name in zip(given, argument.split(","), strict=True)]
        if "$1" in raw.text and not types:
            types = [INT4]
        if word in ("begin", "commit", "rollback", "end", "copyin", "copyout", "breakcommit", ""):
            return FakePrepared(raw, [], None)
        if word == "rows":
            return FakePrepared(raw, [], ROW_FIELDS)
        if types:
            key = ",".join(type_.name for type_ in types)
            fields = _FIELDS.setdefault(key, [Field(f"c{place}", type_) for place, type_ in enumerate(types)])
            return FakePrepared(raw, types, fields)
        return FakePrepared(raw, [], _FIELDS.setdefault("one", [Field("?column?", INT4)]))

    def bind(self, prepared: FakePrepared, datums: Sequence[Any] = ()) -> FakePortal:
        return FakePortal(self, prepared, datums)

    async def sync(self) -> None:
        if self.break_commit:
            self.break_commit = False
            raise conflict()

    def fail(self) -> None:
        self.break_commit = False
        if self.in_block:
            self.failed = True

    async def begin(self) -> None: ...

    async def close(self) -> None:
        self.closed = True
        self.log.append("closed")
