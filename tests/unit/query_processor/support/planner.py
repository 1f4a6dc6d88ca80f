"""A planner for tests of the session and DDL: constants, whole-table reads, INSERT ... VALUES. No WHERE, no
expressions.

    SELECT 1, 'x', $1            SELECT a, b FROM t
    INSERT INTO t (a, b) VALUES (1, $1)            UPDATE t SET a = 1 (all rows)

Reads go through the transaction, so they find a stale catalog as real plans do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from actors.common.errors import INDETERMINATE_DATATYPE, DatabaseError
from actors.common.settings import Settings
from actors.query_processor.ddl.change import keyspace_range
from actors.query_processor.transaction import Transaction
from actors.sql.catalog.schema import Column, Table
from actors.sql.catalog.snapshot import Catalog
from actors.sql.encoding.keys import KeyCodec
from actors.sql.encoding.rows import RowCodec
from actors.sql.results import Batch, Field
from actors.sql.types.column_type import ColumnType

INT4, TEXT = ColumnType("int4"), ColumnType("text")


class TinyPlanner:
    """Counts its plans; `run_errors` are raised by the next runs, one each."""

    def __init__(self) -> None:
        self.plans = 0
        self.run_errors: list[BaseException] = []

    def __call__(self, node: Any, catalog: Catalog, types: Sequence[ColumnType | None], settings: Settings) -> TinyPlan:
        self.plans += 1
        return TinyPlan(self, node, catalog, types)


class TinyPlan:
    def __init__(self, planner: TinyPlanner, node: Any, catalog: Catalog, types: Sequence[ColumnType | None]) -> None:
        self._planner = planner
        self._node = node
        self.kind = type(node).__name__.removesuffix("Stmt").upper()
        self.fields: list[Field] | None = None
        self._types: dict[int, ColumnType] = {
            number + 1: type_ for number, type_ in enumerate(types) if type_ is not None
        }
        relation = node.relation if self.kind != "SELECT" else (node.fromClause or (None,))[0]
        self._table = catalog.table(relation.schemaname, relation.relname) if relation is not None else None
        if self.kind == "SELECT":
            self._values = [target.val for target in node.targetList]
            self.fields = [self._field(value) for value in self._values]
        elif self.kind == "INSERT":
            self._targets = [self._column(target.name) for target in node.cols or ()] or list(self.table.live_columns())
            self._rows = node.selectStmt.valuesLists if node.selectStmt is not None else ((),)
            for row in self._rows:
                for value, column in zip(row, self._targets, strict=True):
                    self._note(value, column.type)
        else:
            self._assigned = {self._column(target.name).position: target.val for target in node.targetList}
            for place, value in self._assigned.items():
                self._note(value, self.table.columns[place].type)
        self.parameter_types = [self._types[number] for number in range(1, len(self._types) + 1)]

    @property
    def table(self) -> Table:
        assert self._table is not None
        return self._table

    def _column(self, name: str) -> Column:
        for column in self.table.live_columns():
            if column.name == name:
                return column
        raise DatabaseError("42703", f'column "{name}" does not exist')

    def _note(self, value: Any, wanted: ColumnType) -> None:
        if type(value).__name__ == "ParamRef":
            self._types.setdefault(value.number, wanted)

    def _field(self, value: Any) -> Field:
        match type(value).__name__:
            case "ColumnRef":
                column = self._column(value.fields[-1].sval)
                return Field(column.name, column.type, self.table.id, column.position + 1)
            case "ParamRef":
                if value.number not in self._types:
                    self._types[value.number] = TEXT
                return Field("?column?", self._types[value.number])
            case "A_Const":
                return Field("?column?", INT4 if hasattr(value.val, "ival") else TEXT)
            case "TypeCast":
                type_ = ColumnType(value.typeName.names[-1].sval)
                self._note(value.arg, type_)
                return Field(type_.name, type_)
        raise DatabaseError(INDETERMINATE_DATATYPE, f"this planner does not know {type(value).__name__}")

    def _datum(self, value: Any, parameters: Sequence[Any], row: Sequence[Any] = ()) -> Any:
        match type(value).__name__:
            case "ColumnRef":
                return row[self._column(value.fields[-1].sval).position]
            case "ParamRef":
                return parameters[value.number - 1]
            case "A_Const":
                return None if value.isnull else value.val.ival if hasattr(value.val, "ival") else value.val.sval
            case "TypeCast":
                datum = self._datum(value.arg, parameters)
                return int(datum) if value.typeName.names[-1].sval.startswith("int") else datum
            case "SetToDefault":
                return None
        raise AssertionError(type(value).__name__)

    async def run(self, transaction: Transaction, parameters: Sequence[Any], rows_max: int = 0) -> Batch:
        if self._planner.run_errors:
            raise self._planner.run_errors.pop(0)
        if self.kind == "INSERT":
            rows = [tuple(self._datum(value, parameters) for value in row) for row in self._rows]
            return Batch([], True, f"INSERT 0 {await self.run_many(transaction, rows)}")
        stored = await self._stored(transaction) if self._table is not None else [(b"", [])]
        if self.kind == "SELECT":
            if getattr(self._node, "whereClause", None) is not None:
                stored = [(key, row) for key, row in stored if self._where(row)]
            answer = [tuple(self._datum(value, parameters, row) for value in self._values) for _, row in stored]
            return Batch(answer, True, f"SELECT {len(answer)}")
        codec = RowCodec([column.type for column in self.table.columns])
        for key, row in stored:
            for place, value in self._assigned.items():
                row[place] = (
                    self._default(place)
                    if type(value).__name__ == "SetToDefault"
                    else self._datum(value, parameters, row)
                )
            transaction.put(key, codec.encode(row))
        return Batch([], True, f"UPDATE {len(stored)}")

    def _default(self, place: int) -> Any:
        text = self.table.columns[place].default
        return int(text) if text is not None and text.isdigit() else text

    def _where(self, row: Sequence[Any]) -> bool:
        """Only `column IS NULL` is known; all else holds for no row."""
        test = self._node.whereClause
        return type(test).__name__ == "NullTest" and row[self._column(test.arg.fields[-1].sval).position] is None

    async def _stored(self, transaction: Transaction) -> list[tuple[bytes, list[Any]]]:
        decode = RowCodec([column.type for column in self.table.columns]).decode
        scanner = transaction.scan(*keyspace_range(self.table.id, self.table.primary.id))
        stored: list[tuple[bytes, list[Any]]] = []
        while (rows := await scanner.next_rows()) is not None:
            stored += [(key, decode(value)) for key, value in rows]
        return stored

    def row_maker(self) -> None:
        """Lists of values are left to the parser."""

    async def run_many(self, transaction: Transaction, rows: list[tuple[Any, ...]]) -> int:
        table = self.table
        codec = RowCodec([column.type for column in table.columns])
        keys = KeyCodec([table.columns[column.position].type for column in table.primary.columns])
        space, _ = keyspace_range(table.id, table.primary.id)
        for number, given in enumerate(rows):
            row: list[Any] = [None] * len(table.columns)
            for column, datum in zip(self._targets, given, strict=False):
                row[column.position] = datum
            hidden = len(transaction.buffer.values).to_bytes(8, "big") + number.to_bytes(8, "big")
            key = (
                keys.encode([row[column.position] for column in table.primary.columns])
                if table.primary.columns
                else hidden
            )
            transaction.put(space + key, codec.encode(row))
        return len(rows)

    def explain(self, analyze: bool = False, verbose: bool = False) -> list[str]:
        return [f"Tiny {self.kind}", "ran" if analyze else "did not run"]
