"""CREATE, ALTER and DROP SEQUENCE; the sequences of identity columns and of serial.

DSQL's rules (limits.mixed_ddl False): CACHE is named, and is 1 or at least 65,536; bigint alone; no serial.

Where a sequence begins anew is a row that the statement writes (RESTART); whoever takes a value meanwhile, or this
statement, tries again.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace
from pglast import ast

from actors.common.errors import (
    DEPENDENT_OBJECTS_STILL_EXIST,
    DUPLICATE_TABLE,
    FEATURE_NOT_SUPPORTED,
    INVALID_PARAMETER_VALUE,
    INVALID_SCHEMA_NAME,
    OBJECT_NOT_IN_PREREQUISITE_STATE,
    PROGRAM_LIMIT_EXCEEDED,
    SYNTAX_ERROR,
    UNDEFINED_COLUMN,
    UNDEFINED_TABLE,
    WRONG_OBJECT_TYPE,
    DatabaseError,
)
from actors.query_processor.ddl.change import SchemaChange
from actors.query_processor.ddl.dependencies import clear, dependents_of_sequence, described
from actors.query_processor.ddl.owners import reowned_by
from actors.query_processor.ddl.roles import role_of
from actors.query_processor.ddl.views import right_drop
from actors.query_processor.sequences.state import State, encode_state, first_state, state_key
from actors.sql.binding.column_types import column_type
from actors.sql.catalog.privileges import SEQUENCE, owns
from actors.sql.catalog.schema import Column, Sequence, Table
from actors.sql.expressions.text_functions import quote_ident
from actors.sql.types import format_type
from actors.sql.types.column_type import ColumnType

CACHE_MIN_DSQL = 65_536
INT8 = ColumnType("int8")
_BITS = {"int2": 15, "int4": 31, "int8": 63}
NOBODY = (0, 0)


async def create_sequence(change: SchemaChange, node: Any) -> str:
    """Raises as PostgreSQL does; 0A000 for what DSQL refuses."""
    relation = node.sequence
    if relation.relpersistence != "p":
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "temporary and unlogged sequences are not supported")
    schema = change.place(relation.schemaname)
    if change.catalog.is_taken(schema, relation.relname):
        if node.if_not_exists:
            change.notice(DUPLICATE_TABLE, f'relation "{relation.relname}" already exists, skipping')
            return "CREATE SEQUENCE"
        raise DatabaseError(DUPLICATE_TABLE, f'relation "{relation.relname}" already exists')
    [number] = await change.ids(1)
    options = _Options(node.options)
    owner = _owned_by(change, options.owned_by, schema)
    add(change, options.made(change, number, schema, relation.relname, owner or NOBODY))
    return "CREATE SEQUENCE"


def add(change: SchemaChange, sequence: Sequence) -> None:
    """With its first state. Raises 54000 beyond DSQL's number of sequences."""
    limit = change.limits.sequences_max
    if limit and sum(1 for _ in change.catalog.sequences()) >= limit:
        raise DatabaseError(PROGRAM_LIMIT_EXCEEDED, f"more than {limit} sequences are not supported")
    change.create_other(sequence)
    change.transaction.put(state_key(sequence), encode_state(sequence, first_state(sequence)), counts=False)


def of_column(
    change: SchemaChange, number: int, table: Table, column: Column, options: Any, internal: bool, taken: list[str]
) -> Sequence:
    """The sequence of an identity column, or of serial, named as PostgreSQL names it."""
    given = _Options(options)
    name = given.name or change.free_name(table.schema, table.name, column.name, suffix="seq", taken=taken)
    made = given.made(change, number, table.schema, name, (table.id, column.position), default_type=column.type)
    return replace(made, internal=internal)


class _Options:
    """The options of a statement, each at most once. Raises 42601."""

    def __init__(self, nodes: Any) -> None:
        self._given: dict[str, Any] = {}
        for option in nodes or ():
            name = option.defname
            if name in self._given:
                raise DatabaseError(SYNTAX_ERROR, "conflicting or redundant options")
            self._given[name] = option.arg
        self.owned_by = self._given.get("owned_by")
        named = self._given.get("sequence_name")
        self.name: str | None = named[-1].sval if named else None

    def has(self, name: str) -> bool:
        return name in self._given

    def number(self, name: str, default: int) -> int:
        value = self._given.get(name)
        if value is None:
            return default
        return int(value.ival or 0) if isinstance(value, ast.Integer) else int(value.fval)

    def _type(self, change: SchemaChange, default: ColumnType) -> ColumnType:
        type_ = column_type(self._given["as"]) if self.has("as") else default
        if type_.name not in _BITS:
            raise DatabaseError(INVALID_PARAMETER_VALUE, "sequence type must be smallint, integer, or bigint")
        if type_ != INT8 and not change.limits.mixed_ddl:
            raise DatabaseError(FEATURE_NOT_SUPPORTED, "the only type of sequences is bigint")
        return ColumnType(type_.name)

    def _cache(self, change: SchemaChange, default: int | None) -> int:
        cache = self.number("cache", default if default is not None else 1)
        if cache < 1:
            raise DatabaseError(INVALID_PARAMETER_VALUE, f"CACHE ({cache}) must be greater than zero")
        if not change.limits.mixed_ddl:
            if default is None and not self.has("cache"):
                raise DatabaseError(
                    FEATURE_NOT_SUPPORTED, "CREATE SEQUENCE is not supported without an explicit cache size"
                )
            if 1 < cache < CACHE_MIN_DSQL:
                raise DatabaseError(
                    FEATURE_NOT_SUPPORTED, f"the cache size of a sequence must be 1 or at least {CACHE_MIN_DSQL}"
                )
        return cache

    def made(
        self,
        change: SchemaChange,
        number: int,
        schema: str,
        name: str,
        owned_by: tuple[int, int],
        default_type: ColumnType = INT8,
    ) -> Sequence:
        type_ = self._type(change, default_type)
        increment = self._increment(1)
        low, high = self._bounds(type_, increment, None)
        start = self._start(low if increment > 0 else high, low, high)
        cache = self._cache(change, None)
        acl = change.catalog.initial_acl(SEQUENCE, change.role, schema)
        cycle = self._cycle(False)
        return Sequence(
            number,
            schema,
            name,
            type_,
            start,
            increment,
            low,
            high,
            cache,
            cycle,
            owned_by,
            owner_oid=change.role,
            acl=acl,
        )

    def changed(self, change: SchemaChange, before: Sequence) -> Sequence:
        type_ = self._type(change, before.type)
        increment = self._increment(before.increment)
        low, high = self._bounds(type_, increment, before)
        start = self._start(before.start, low, high)
        return replace(
            before,
            type=type_,
            increment=increment,
            minimum=low,
            maximum=high,
            start=start,
            cache=self._cache(change, before.cache),
            cycle=self._cycle(before.cycle),
            generation=before.generation + 1,
        )

    def _cycle(self, default: bool) -> bool:
        value = self._given.get("cycle")
        return default if value is None else bool(value.boolval)

    def _increment(self, default: int) -> int:
        increment = self.number("increment", default)
        if increment == 0:
            raise DatabaseError(INVALID_PARAMETER_VALUE, "INCREMENT must not be zero")
        return increment

    def _bounds(self, type_: ColumnType, increment: int, before: Sequence | None) -> tuple[int, int]:
        limit = 1 << _BITS[type_.name]
        defaults = (1, limit - 1) if increment > 0 else (-limit, -1)
        if before is not None:
            former = 1 << _BITS[before.type.name]
            kept = (before.minimum, before.maximum)
            defaults = (
                kept[0] if before.type == type_ or kept[0] not in (-former,) else -limit,
                kept[1] if before.type == type_ or kept[1] != former - 1 else limit - 1,
            )
            fresh = (1, limit - 1) if increment > 0 else (-limit, -1)
            defaults = (
                fresh[0] if self.has("minvalue") and self._given["minvalue"] is None else defaults[0],
                fresh[1] if self.has("maxvalue") and self._given["maxvalue"] is None else defaults[1],
            )
        low, high = self.number("minvalue", defaults[0]), self.number("maxvalue", defaults[1])
        for word, value in (("MAXVALUE", high), ("MINVALUE", low)):
            if not -limit <= value < limit:
                shown = format_type(type_)
                raise DatabaseError(
                    INVALID_PARAMETER_VALUE, f"{word} ({value}) is out of range for sequence data type {shown}"
                )
        if low >= high:
            raise DatabaseError(INVALID_PARAMETER_VALUE, f"MINVALUE ({low}) must be less than MAXVALUE ({high})")
        return low, high

    def _start(self, default: int, low: int, high: int) -> int:
        return _within("START", self.number("start", default), low, high)


def _within(word: str, value: int, low: int, high: int) -> int:
    if value < low:
        raise DatabaseError(INVALID_PARAMETER_VALUE, f"{word} value ({value}) cannot be less than MINVALUE ({low})")
    if value > high:
        raise DatabaseError(INVALID_PARAMETER_VALUE, f"{word} value ({value}) cannot be greater than MAXVALUE ({high})")
    return value


def _owned_by(change: SchemaChange, names: Any, schema: str) -> tuple[int, int] | None:
    """None where the statement does not say. Raises 22023, 42P01, 42703, 55000."""
    if names is None:
        return None
    parts = [name.sval for name in names]
    if parts == ["none"]:
        return NOBODY
    if len(parts) < 2:
        raise DatabaseError(
            SYNTAX_ERROR, "invalid OWNED BY option", hint="Specify OWNED BY table.column or OWNED BY NONE."
        )
    found = change.catalog.find(parts[-3] if len(parts) > 2 else None, parts[-2])
    if found is None or found[1] is not None:
        raise DatabaseError(UNDEFINED_TABLE, f'relation "{".".join(parts[:-1])}" does not exist')
    table = found[0]
    change.require_owner(table)
    if table.schema != schema:
        raise DatabaseError(
            OBJECT_NOT_IN_PREREQUISITE_STATE, "sequence must be in same schema as table it is linked to"
        )
    for column in table.live_columns():
        if column.name == parts[-1]:
            return table.id, column.position
    raise DatabaseError(UNDEFINED_COLUMN, f'column "{parts[-1]}" of relation "{table.name}" does not exist')


async def alter_sequence(change: SchemaChange, node: Any) -> str:
    """Raises as PostgreSQL does; 0A000 for what DSQL refuses."""
    relation = node.sequence
    before = _named(
        change, [name for name in (relation.schemaname, relation.relname) if name], node.missing_ok, "relation"
    )
    if before is None:
        return "ALTER SEQUENCE"
    change.require_owner(before)
    await change_sequence(change, before, node.options)
    return "ALTER SEQUENCE"


async def change_sequence(change: SchemaChange, before: Sequence, nodes: Any) -> None:
    options = _Options(nodes)
    owner = _owned_by(change, options.owned_by, before.schema)
    if owner is not None and before.internal:
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "cannot change ownership of identity sequence")
    after = options.changed(change, before)
    change.replace_other(before, replace(after, owned_by=owner) if owner is not None else after)
    if options.has("restart"):
        restart(change, after, options.number("restart", after.start))


def restart(change: SchemaChange, sequence: Sequence, value: int) -> None:
    """The next value is `value`. Raises 22023."""
    _within("RESTART", value, sequence.minimum, sequence.maximum)
    change.transaction.put(state_key(sequence), encode_state(sequence, State(value, False)), counts=False)


def restart_owned(change: SchemaChange, table: Table) -> None:
    """TRUNCATE ... RESTART IDENTITY."""
    for sequence in list(owned(change, table)):
        change.replace_other(sequence, replace(sequence, generation=sequence.generation + 1))
        restart(change, sequence, sequence.start)


def owned(change: SchemaChange, table: Table, position: int | None = None) -> list[Sequence]:
    """The sequences that belong to a table's columns, or to one of them."""
    return [
        one for one in change.catalog.sequences() if one.owned_by[0] == table.id and position in (None, one.owned_by[1])
    ]


def alter_owner(change: SchemaChange, node: Any) -> str:
    """ALTER SEQUENCE ... OWNER TO."""
    relation = node.relation
    sequence = _named(
        change, [name for name in (relation.schemaname, relation.relname) if name], node.missing_ok, "relation"
    )
    for command in node.cmds:
        if command.newowner is None:
            raise DatabaseError(
                FEATURE_NOT_SUPPORTED,
                f"unsupported ALTER SEQUENCE {command.subtype.name.removeprefix('AT_')} statement",
            )
        if sequence is not None:
            change.put_owned(sequence, reowned_by(change, sequence, role_of(change, command.newowner)))
    return "ALTER SEQUENCE"


async def drop_sequence(change: SchemaChange, node: Any) -> str:
    """Raises 42P01, 42809, 2BP01."""
    sequences: list[Sequence] = []
    for names in node.objects:
        found = _named(change, [part.sval for part in names], node.missing_ok)
        if found is not None and found not in sequences:
            if not owns(change.catalog, change.role, change.catalog.schema(found.schema)):
                change.require_owner(found)
            sequences.append(found)
    catalog = change.catalog
    for sequence in sequences:
        table = catalog.table_by_id(sequence.owned_by[0])
        if sequence.internal and table is not None:
            column = f"column {quote_ident(table.columns[sequence.owned_by[1]].name)} of {described(catalog, table)}"
            raise DatabaseError(
                DEPENDENT_OBJECTS_STILL_EXIST,
                f"cannot drop {described(catalog, sequence)} because {column} requires it",
                hint=f"You can drop {column} instead.",
            )
    dependents = [dependent for sequence in sequences for dependent in dependents_of_sequence(catalog, sequence)]
    clear(change, [described(catalog, sequence) for sequence in sequences], dependents, node.behavior)
    for sequence in sequences:
        change.drop_other(sequence)
    return "DROP SEQUENCE"


def _named(change: SchemaChange, names: list[str], missing_ok: bool, noun: str = "sequence") -> Sequence | None:
    """Raises 42P01, 3F000, 42809."""
    *schema, name = names
    place = schema[-1] if schema else None
    other = change.catalog.find_other(place, name)
    if isinstance(other, Sequence):
        return other
    if other is not None or change.catalog.find(place, name) is not None:
        hint = right_drop(change.catalog, place, name) if noun == "sequence" else ""
        raise DatabaseError(WRONG_OBJECT_TYPE, f'"{name}" is not a sequence', hint=hint)
    if place is not None and not change.catalog.has_schema(place):
        sqlstate, message = INVALID_SCHEMA_NAME, f'schema "{place}" does not exist'
    else:
        sqlstate, message = UNDEFINED_TABLE, f'{noun} "{name}" does not exist'
    if not missing_ok:
        raise DatabaseError(sqlstate, message)
    change.notice("00000", f"{message}, skipping")
    return None
