"""COPY ... FROM STDIN and COPY ... TO STDOUT: what is copied, in which format; the bytes themselves are the wire
layer's.

    portal.copy     CopyIn -> the client's rows, parsed, go to `await portal.copy_rows(rows)`, then `await
                    portal.copy_end()` gives the tag CopyOut -> `await portal.start()` gives the rows to be formatted

Rows go in through the plan of `INSERT INTO t (columns) VALUES ($1, ...)`, many at a time, as tuples of datums or as
columns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pglast import ast

from actors.common.errors import (
    FEATURE_NOT_SUPPORTED,
    INVALID_COLUMN_REFERENCE,
    INVALID_PARAMETER_VALUE,
    QUERY_CANCELED,
    SYNTAX_ERROR,
    UNDEFINED_COLUMN,
    WRONG_OBJECT_TYPE,
    DatabaseError,
)
from actors.query_processor.ddl.change import quoted
from actors.query_processor.session import foreign_keys
from actors.query_processor.session.portals import Portal
from actors.query_processor.session.sight import with_catalog
from actors.query_processor.session.statements import Planned, PreparedStatement, RawStatement
from actors.sql.catalog.schema import Column, Table, View
from actors.sql.catalog.snapshot import Catalog
from actors.sql.encoding.column_batch import ColumnBatch
from actors.sql.results import USE_DEFAULT, Batch, CopyIn, CopyOptions, CopyOut
from actors.sql.types import by_name

if TYPE_CHECKING:
    from actors.query_processor.session.session import Session

_FORMATS = ("text", "csv", "binary", "arrow")
_LETTERS_REFUSED_AS_DELIMITER = "\\.abcdefghijklmnopqrstuvwxyz0123456789"


async def prepare(session: Session, raw: RawStatement) -> PreparedStatement:
    """The statement that feeds or takes the rows, and what is to be copied. Raises 42P01, 42703, 42501, 0A000,
    22023."""
    node = raw.node
    if node.is_program or node.filename:
        raise DatabaseError(
            FEATURE_NOT_SUPPORTED,
            "COPY to or from a file or program is not supported",
            hint="Use COPY FROM STDIN or COPY TO STDOUT.",
        )
    if node.whereClause is not None:
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "COPY FROM ... WHERE is not supported")
    names = [name.sval for name in node.attlist or ()]
    if node.query is not None:
        source = await session.prepare(RawStatement(raw.text, node.query), ())
        assert source.fields is not None
        fields = source.fields
        options = copy_options(node, [field.name for field in fields])
        copied: CopyIn | CopyOut = CopyOut(tuple(f.name for f in fields), tuple(f.type for f in fields), options)
        return PreparedStatement(raw, copy=copied, source=await _as_columns(session, source, options))
    relation = node.relation
    columns = await with_catalog(
        session, lambda catalog: _columns(_table(catalog, relation, bool(node.is_from)), names)
    )
    options = copy_options(node, [column.name for column in columns])
    place = quoted(relation.schemaname, relation.relname) if relation.schemaname else quoted(relation.relname)
    listed = ", ".join(quoted(column.name) for column in columns)
    shape = (tuple(column.name for column in columns), tuple(column.type for column in columns), options)
    if node.is_from:
        prepared = PreparedStatement(raw, copy=CopyIn(*shape))
        prepared.source = await _insert(session, prepared, (True,) * len(columns))
        await session.authorize(prepared.source)  # before the client sends anything
        return prepared
    source = await session.prepare(f"SELECT {listed} FROM {place}")
    return PreparedStatement(raw, copy=CopyOut(*shape), source=await _as_columns(session, source, options))


async def _as_columns(session: Session, source: PreparedStatement, options: CopyOptions) -> PreparedStatement:
    """`source`, planned so that storage's columns go out as they are, where the format has columns and that is all
    there is to do."""
    if options.format != "arrow" or source.planned is None:
        return source
    from actors.query_processor.column_executor.scanning import stored_columns

    node = source.planned.node

    def planned(catalog: Catalog) -> Planned | None:
        plan = stored_columns(node, catalog)
        return None if plan is None else Planned(node, (), plan, catalog)

    found = await with_catalog(session, planned)
    if found is None or found.plan.fields != source.fields:
        return source
    return PreparedStatement(source.raw, found, source.key, source.fields)


async def _insert(session: Session, prepared: PreparedStatement, given: tuple[bool, ...]) -> PreparedStatement:
    """The INSERT of the columns that are `given`; the others take their defaults."""
    copied = prepared.copy
    assert isinstance(copied, CopyIn)
    relation = prepared.raw.node.relation
    place = quoted(relation.schemaname, relation.relname) if relation.schemaname else quoted(relation.relname)
    places = [number for number, is_given in enumerate(given) if is_given]
    if not places:
        return await session.prepare(f"INSERT INTO {place} DEFAULT VALUES")
    listed = ", ".join(quoted(copied.columns[number]) for number in places)
    values = ", ".join(f"${number}" for number in range(1, len(places) + 1))
    oids = [by_name[copied.types[number].name].oid for number in places]
    return await session.prepare(f"INSERT INTO {place} ({listed}) OVERRIDING SYSTEM VALUE VALUES ({values})", oids)


def _table(catalog: Catalog, relation: Any, is_from: bool) -> Table:
    """Raises 42P01, 42501, 42809."""
    catalog.require_usage(relation.schemaname)
    other = catalog.find_other(relation.schemaname, relation.relname)
    if other is not None:
        kind = "view" if isinstance(other, View) else "sequence"
        hint = "" if kind == "sequence" else "Try the COPY (SELECT ...) TO variant."
        if is_from:
            hint = "To enable copying to a view, provide an INSTEAD OF INSERT trigger." if kind == "view" else ""
        raise DatabaseError(
            WRONG_OBJECT_TYPE, f'cannot copy {"to" if is_from else "from"} {kind} "{other.name}"', hint=hint
        )
    return catalog.table(relation.schemaname, relation.relname)


def _columns(table: Table, names: list[str]) -> list[Column]:
    live = table.live_columns()
    if not names:
        return [column for column in live if not column.generated]
    known = {column.name: column for column in live}
    for name in names:
        if name not in known:
            raise DatabaseError(UNDEFINED_COLUMN, f'column "{name}" of relation "{table.name}" does not exist')
        if known[name].generated:
            raise DatabaseError(
                INVALID_COLUMN_REFERENCE,
                f'column "{name}" is a generated column',
                detail="Generated columns cannot be used in COPY.",
            )
        if names.count(name) > 1:
            raise DatabaseError("42701", f'column "{name}" specified more than once')
    return [known[name] for name in names]


# -- options -----------------------------------------------------------------------------------------------------------


def copy_options(node: Any, columns: list[str]) -> CopyOptions:
    """COPY's options, checked. Raises 42601, 22023, 0A000."""
    given: dict[str, Any] = {}
    for option in node.options or ():
        if option.defname in given:
            raise DatabaseError(SYNTAX_ERROR, "conflicting or redundant options")
        given[option.defname] = option.arg
    format_ = str(_text(given.pop("format", None), "text")).lower()
    if format_ not in _FORMATS:
        raise DatabaseError(INVALID_PARAMETER_VALUE, f'COPY format "{format_}" not recognized')
    csv = format_ == "csv"
    encoding = _text(given.pop("encoding", None), "UTF8")
    if str(encoding).upper().replace("-", "") not in ("UTF8", "UNICODE"):
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "the only encoding is UTF8")
    quote = _text(given.pop("quote", None), '"')
    options = CopyOptions(
        format=format_,
        delimiter=_text(given.pop("delimiter", None), "," if csv else "\t") or "",
        null=_text(given.pop("null", None), "" if csv else "\\N") or "",
        header=_header(given.pop("header", _ABSENT)),
        quote=quote or "",
        default=_text(given.pop("default", None), None),
        escape=_text(given.pop("escape", None), quote) or "",
        force_quote=_named(given.pop("force_quote", None), columns),
        force_not_null=_named(given.pop("force_not_null", None), columns),
        force_null=_named(given.pop("force_null", None), columns),
        freeze=_bool(given.pop("freeze", _ABSENT)),
    )
    if given:
        raise DatabaseError(FEATURE_NOT_SUPPORTED, f'option "{sorted(given)[0]}" is not supported')
    _check(options, csv, bool(node.is_from))
    return options


def _check(options: CopyOptions, csv: bool, is_from: bool) -> None:
    for name, value in (("delimiter", options.delimiter), ("quote", options.quote), ("escape", options.escape)):
        if len(value.encode()) != 1 or value in "\r\n":
            raise DatabaseError(FEATURE_NOT_SUPPORTED, f"COPY {name} must be a single one-byte character")
    if not csv and options.delimiter in _LETTERS_REFUSED_AS_DELIMITER:
        raise DatabaseError(INVALID_PARAMETER_VALUE, f'COPY delimiter cannot be "{options.delimiter}"')
    if csv and options.delimiter == options.quote:
        raise DatabaseError(INVALID_PARAMETER_VALUE, "COPY delimiter and quote must be different")
    if options.delimiter in options.null:
        raise DatabaseError(
            INVALID_PARAMETER_VALUE, "COPY delimiter character must not appear in the NULL specification"
        )
    only_csv = (
        options.force_quote
        or options.force_not_null
        or options.force_null
        or (options.quote, options.escape) != ('"', '"')
    )
    if only_csv and not csv:
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "COPY QUOTE, ESCAPE and FORCE options require CSV mode")
    if options.format in ("binary", "arrow") and (options.header != "false"):
        raise DatabaseError(SYNTAX_ERROR, f"cannot specify HEADER in {options.format.upper()} mode")
    if options.format == "arrow" and options.default is not None:
        raise DatabaseError(SYNTAX_ERROR, "cannot specify DEFAULT in ARROW mode")
    if (options.header == "match" or options.default is not None or options.freeze) and not is_from:
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "COPY HEADER MATCH, DEFAULT and FREEZE cannot be used with COPY TO")


class _Absent:
    pass


_ABSENT = _Absent()


def _text(argument: Any, default: str | None) -> str | None:
    return default if argument is None else str(argument.sval)


def _bool(argument: Any) -> bool:
    if isinstance(argument, _Absent):
        return False
    return argument is None or str(
        getattr(argument, "sval", getattr(argument, "boolval", getattr(argument, "ival", "")))
    ).lower() in (
        "true",
        "on",
        "1",
    )


def _header(argument: Any) -> str:
    if getattr(argument, "sval", "").lower() == "match":
        return "match"
    return "true" if _bool(argument) else "false"


def _named(argument: Any, columns: list[str]) -> frozenset[str]:
    if argument is None:
        return frozenset()
    if isinstance(argument, ast.A_Star):
        return frozenset(columns)
    names = frozenset(name.sval for name in argument)
    for name in sorted(names - set(columns)):
        raise DatabaseError("42P10", f'FORCE column "{name}" not referenced by COPY')
    return names


# -- portals -----------------------------------------------------------------------------------------------------------


def portal(session: Session, prepared: PreparedStatement) -> Portal:
    kind = CopyInPortal if isinstance(prepared.copy, CopyIn) else CopyOutPortal
    return kind(session, prepared, ())


class CopyOutPortal(Portal):
    __slots__ = ()

    def __init__(self, session: Session, prepared: PreparedStatement, parameters: Any) -> None:
        super().__init__(session, prepared, parameters)
        self.copy = prepared.copy

    async def _execute(self) -> Batch:
        assert self.prepared.source is not None
        batch = await self._session.execute(self.prepared.source, [])
        return Batch(batch.rows, True, f"COPY {len(batch.rows)}" if batch.stream is None else "COPY", batch.stream)


class CopyInPortal(Portal):
    __slots__ = ("_copied", "_partial")

    def __init__(self, session: Session, prepared: PreparedStatement, parameters: Any) -> None:
        super().__init__(session, prepared, parameters)
        self.copy = prepared.copy
        self._copied = 0
        self._partial: dict[tuple[bool, ...], PreparedStatement] = {}
        """INSERTs without the columns that take their default, by which those are."""

    async def _execute(self) -> Batch:
        """The client's rows are waited for: nothing to run."""
        return Batch([], True, f"COPY {self._copied}")

    async def copy_rows(self, rows: list[tuple[Any, ...]]) -> None:
        assert self.prepared.source is not None
        if isinstance(self.copy, CopyIn) and self.copy.options.default is not None:
            await self._copy_with_defaults(rows)
        else:
            await self._session.execute(self.prepared.source, (), rows)
        self._copied += len(rows)

    async def copy_columns(self, columns: list[pa.Array]) -> None:
        """The same of rows that came as columns."""
        assert self.prepared.source is not None and isinstance(self.copy, CopyIn)
        batch = ColumnBatch(self.copy.columns, self.copy.types, columns)
        await self._session.execute(self.prepared.source, (), batch)
        self._copied += len(batch)

    async def _copy_with_defaults(self, rows: list[tuple[Any, ...]]) -> None:
        groups: dict[tuple[bool, ...], list[tuple[Any, ...]]] = {}
        for row in rows:
            given = tuple(datum is not USE_DEFAULT for datum in row)
            groups.setdefault(given, []).append(tuple(datum for datum in row if datum is not USE_DEFAULT))
        for given, partial in groups.items():
            insert = self._partial.get(given)
            if insert is None:
                insert = self._partial[given] = await _insert(self._session, self.prepared, given)
            await self._session.execute(insert, (), partial)

    async def copy_end(self) -> str:
        transaction = self._session.transaction
        if transaction is not None and transaction.noted_references is not None:
            await foreign_keys.after_statement(self._session, transaction)
        return f"COPY {self._copied}"

    def copy_fail(self, message: str) -> None:
        raise DatabaseError(QUERY_CANCELED, f"COPY from stdin failed: {message}")
