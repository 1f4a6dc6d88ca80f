"""The types of a statement's parameters: given by the client, or inferred from the first place that needs one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from actors.common.errors import INDETERMINATE_DATATYPE, UNDEFINED_PARAMETER, DatabaseError
from actors.sql.expressions.tree import Expression, Parameter
from actors.sql.types.column_type import ColumnType

if TYPE_CHECKING:
    from actors.sql.catalog.functions import Function
    from actors.sql.catalog.snapshot import Catalog

UNKNOWN = ColumnType("unknown")
TEXT = ColumnType("text")
PARAMETERS_MAX = 65535
"""The wire protocol counts them in 16 bits."""


class Called(NamedTuple):
    """A call of a SQL function, by the parser's node; `depth` and `reader` as ParameterTypes has them there."""

    node: Any
    function: Function
    depth: int
    reader: int | None


class ParameterTypes:
    """One for each statement, shared by the analyses of all its expressions. `given[i]` None or "unknown": to be
    inferred. `catalog`: whose types and functions the statement may name; None: those of the system alone."""

    def __init__(self, given: Iterable[ColumnType | None] = (), catalog: Catalog | None = None) -> None:
        self.catalog = catalog
        self.calls: list[Called] = []
        self.depth = 0
        """Within the bodies of so many SQL functions."""
        self.reader: int | None = None
        """Whose privileges count there: a function's owner's, where it says so."""
        self._types: dict[int, ColumnType] = {
            number: type_ for number, type_ in enumerate(given, 1) if type_ is not None and type_.name != "unknown"
        }
        self._seen: dict[int, int] = {}
        self._shown: set[int] = set()

    @property
    def mentioned(self) -> bool:
        """A parameter has been met."""
        return bool(self._seen)

    def use(self, number: int, position: int = 0) -> ColumnType:
        """The type of $number so far, "unknown" where nothing has decided. Raises 42P02."""
        if not 1 <= number <= PARAMETERS_MAX:
            raise DatabaseError(UNDEFINED_PARAMETER, f"there is no parameter ${number}", position=position)
        self._seen.setdefault(number, position)
        return self._types.get(number, UNKNOWN)

    def value(self, number: int, position: int = 0) -> Expression:
        """What $number stands for. Raises 42P02."""
        return Parameter(number, self.use(number, position))

    def decide(self, number: int, type_: ColumnType) -> ColumnType:
        """What needed a type: the first one wins. Answers the type."""
        return self._types.setdefault(number, ColumnType(type_.name))

    def show(self, number: int) -> None:
        """The parameter alone is a whole expression, such as a SELECT target: it is text if nothing else decides."""
        self._shown.add(number)

    def resolved(self) -> list[ColumnType]:
        """The types of $1 ... Raises 42P18 for one that nothing has decided."""
        last = max([0, *self._seen, *self._types])
        types: list[ColumnType] = []
        for number in range(1, last + 1):
            known = self._types.get(number)
            if known is None and number in self._shown:
                known = TEXT
            if known is None:
                raise DatabaseError(
                    INDETERMINATE_DATATYPE,
                    f"could not determine data type of parameter ${number}",
                    position=self._seen.get(number, 0),
                )
            types.append(known)
        return types
