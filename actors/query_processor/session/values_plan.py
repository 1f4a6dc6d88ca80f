"""`ValuesPlan`: the rows of a value list (value_lists.py), inserted by the plans of its shapes' statements.

PostgreSQL's types are kept to: a literal has the type that the constant would have; a parameter without a given type
has the one that its first place wants, and is converted wherever another place wants another one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import tzinfo
from typing import Any, Protocol

from actors.common.errors import FEATURE_NOT_SUPPORTED, DatabaseError
from actors.query_processor.session.value_cells import PARAMETER, STRING, TEXT_PARAMETER, TYPES, Texts, lifted
from actors.query_processor.session.value_lists import ValueList
from actors.query_processor.transaction import Transaction
from actors.runtime.fiber import turn
from actors.sql.binding.parameters import PARAMETERS_MAX
from actors.sql.expressions.casts import ASSIGNMENT, EXPLICIT, IMPLICIT, context, converter
from actors.sql.expressions.environment import Environment
from actors.sql.results import Batch, Field
from actors.sql.types.column_type import ColumnType

TEXT = ColumnType("text")
PARAMETERS = (PARAMETER, TEXT_PARAMETER)
TURN_CELLS = 2048
"""Made into rows in one turn of the loop."""


class RowPlan(Protocol):
    """The plan of a shape's statement."""

    parameter_types: Sequence[ColumnType]
    fields: list[Field] | None

    def row_maker(self) -> Callable[[Sequence[Any], Environment], Sequence[Any]] | None:
        """Of an INSERT of one row: its parameters -> the table's row. None where that takes a query."""
        ...

    async def insert(self, transaction: Transaction, rows: Sequence[Sequence[Any]]) -> Batch:
        """Rows that it has made."""
        ...

    def explain(self, analyze: bool = False, verbose: bool = False) -> list[str]: ...


Reader = Callable[[str, tzinfo, int], Any]
ReaderMaker = Callable[[ColumnType | None, ColumnType], Reader]
"""(a literal's lexed type, the type wanted) -> its reader."""


class ValuesPlan:
    """See the module. The plan of `values`, of the plans of its shapes; `given`: the parameters' types, None where they
    are to be inferred.

    Raises 0A000 where the rows are not to be inserted in this way.
    """

    kind = "INSERT"

    def __init__(
        self, values: ValueList, plans: Sequence[Any], given: Sequence[ColumnType | None], reader_of: ReaderMaker
    ) -> None:
        makers = [plan.row_maker() for plan in plans]
        if None in makers:
            raise _not_here()
        self._rows = values.rows
        self._plan: RowPlan = plans[0]
        self._makers = makers
        self.fields = self._plan.fields
        self._cells = [
            list(zip(lifted(shape), plan.parameter_types, strict=True))
            for shape, plan in zip(values.shapes, plans, strict=True)
        ]
        self._readers = [
            [reader_of(TYPES.get(cell.kind), wanted) if cell.kind not in PARAMETERS else None for cell, wanted in cells]
            for cells in self._cells
        ]
        self._strings = [
            [place for place, (cell, _) in enumerate(cells) if cell.kind == STRING] for cells in self._cells
        ]
        self.parameter_types: Sequence[ColumnType] = self._decide(given)
        self._conversions: dict[tuple[str, str, bool], Any] = self._find_conversions()

    def _parameters(self) -> list[list[tuple[int, ColumnType, bool]]]:
        """(place, type wanted, whether it is cast to that) of each shape's cells that are parameters."""
        return [
            [
                (place, wanted, cell.kind == TEXT_PARAMETER)
                for place, (cell, wanted) in enumerate(cells)
                if cell.kind in PARAMETERS
            ]
            for cells in self._cells
        ]

    def _decide(self, given: Sequence[ColumnType | None]) -> list[ColumnType]:
        """The types of $1, $2 ...: given, or wanted by the first place."""
        types: dict[int, ColumnType] = {}
        places = self._parameters()
        for shape, texts in self._rows:
            for place, wanted, is_cast in places[shape]:
                number = int(texts[place] or 0)
                if number not in types:
                    types[number] = TEXT if is_cast else wanted
        types.update((number, type_) for number, type_ in enumerate(given, 1) if type_ is not None)
        if not types:
            return []
        if min(types) < 1 or max(types) != len(types) or len(types) > PARAMETERS_MAX:
            raise _not_here()
        return [types[number] for number in range(1, len(types) + 1)]

    def _find_conversions(self) -> dict[tuple[str, str, bool], Any]:
        """(a parameter's type, another one that a place wants, whether it is cast or assigned) -> the conversion; None
        where a datum is one of the other type as it is."""
        conversions: dict[tuple[str, str, bool], Any] = {}
        places, types = self._parameters(), self.parameter_types
        for shape, texts in self._rows:
            for place, wanted, is_cast in places[shape]:
                type_ = types[int(texts[place] or 0) - 1]
                conversion = (type_.name, wanted.name, is_cast)
                if type_.name != wanted.name and conversion not in conversions:
                    if context(type_.name, wanted.name) not in (IMPLICIT, ASSIGNMENT, EXPLICIT)[: 3 if is_cast else 2]:
                        raise _not_here()
                    conversions[conversion] = converter(ColumnType(type_.name), ColumnType(wanted.name))
        return conversions

    async def run(self, transaction: Transaction, parameters: Sequence[Any], rows_max: int = 0) -> Batch:
        """Raises what literals and expressions raise (22P02 ...), then what an INSERT does."""
        environment = transaction.environment
        runs = [self._datums_of(shape, parameters, environment) for shape in range(len(self._makers))]
        makers, rows, cells = self._makers, [], 0
        for shape, texts in self._rows:
            rows.append(makers[shape](runs[shape](texts), environment))
            cells += len(texts) + 1
            if cells > TURN_CELLS:
                cells = 0
                await turn()
        return await self._plan.insert(transaction, rows)

    def _datums_of(
        self, shape: int, parameters: Sequence[Any], environment: Environment
    ) -> Callable[[Texts], list[Any]]:
        """A row's texts -> the datums of its statement's parameters, for one run."""
        zone, now = environment.time_zone, environment.transaction_timestamp
        readers = [
            read
            if read is not None
            else self._parameter_reader(wanted.name, cell.kind == TEXT_PARAMETER, parameters, environment)
            for read, (cell, wanted) in zip(self._readers[shape], self._cells[shape], strict=True)
        ]
        strings = self._strings[shape]

        def datums(texts: Texts) -> list[Any]:
            if strings:
                unquoted = list(texts)
                for place in strings:
                    text = unquoted[place]
                    if text is not None and "''" in text:
                        unquoted[place] = text.replace("''", "'")
                texts = tuple(unquoted)
            return [None if text is None else read(text, zone, now) for read, text in zip(readers, texts, strict=True)]

        return datums

    def _parameter_reader(
        self, wanted: str, is_cast: bool, parameters: Sequence[Any], environment: Environment
    ) -> Reader:
        """Of a cell whose text is a parameter's number."""
        conversions = {
            source: convert
            for (source, *place), convert in self._conversions.items()
            if place == [wanted, is_cast] and convert is not None
        }
        if not conversions:
            return lambda text, zone, now: parameters[int(text) - 1]
        types = self.parameter_types

        def read(text: str, zone: tzinfo, now: int) -> Any:
            place = int(text) - 1
            datum = parameters[place]
            convert = conversions.get(types[place].name)
            return datum if datum is None or convert is None else convert(datum, -1, is_cast, environment)

        return read

    def explain(self, analyze: bool = False, verbose: bool = False) -> list[str]:
        return self._plan.explain(analyze, verbose)


def _not_here() -> DatabaseError:
    return DatabaseError(FEATURE_NOT_SUPPORTED, "these rows are left to the parser")
