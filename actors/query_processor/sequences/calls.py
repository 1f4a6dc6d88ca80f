"""`SequenceCalls`: nextval and its kin within expressions, which are evaluated without waiting.

    rows = await transaction.environment.sequences.evaluated(lambda: [make(row) for row in rows])

An evaluation is run again until it needs nothing that has to be waited for. Each call has a number, in the order of
evaluation, and its answer is kept, so the next run gets the same answers. A nextval for which no value is held answers
with some number for now, is counted, and evaluation goes on: then all that were missing are taken at once, exactly as
many as are used, and the next run has them. An error of a run with such numbers may be theirs, and is not told. A
setval ends its run, is carried out, and is over in the next one.

Nothing but expressions may be evaluated so: no writes, no reads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import get_ident
from typing import TYPE_CHECKING, Any, TypeVar

from actors.common.errors import (
    FEATURE_NOT_SUPPORTED,
    OBJECT_NOT_IN_PREREQUISITE_STATE,
    READ_ONLY_SQL_TRANSACTION,
    UNDEFINED_TABLE,
    WRONG_OBJECT_TYPE,
    DatabaseError,
)
from actors.query_processor.sequences.state import State, advance, decode_state, encode_state, state_key
from actors.sql.catalog.catalog_functions import name_of_relation, regclass_in
from actors.sql.catalog.privileges import SELECT, UPDATE, USAGE, allows, denied
from actors.sql.catalog.schema import Sequence
from actors.sql.catalog.snapshot import Catalog

if TYPE_CHECKING:
    from actors.query_processor.session.session import Session

T = TypeVar("T")


class _Suspended(Exception):
    """The run cannot go on."""


class SessionSequences:
    """What a session has got: `values` by sequence, `last` the sequence of its latest nextval (0: none)."""

    __slots__ = ("last", "values")

    def __init__(self) -> None:
        self.values: dict[int, int] = {}
        self.last = 0


class SequenceCalls:
    """A session's, for the expressions of its transactions."""

    __slots__ = ("_answers", "_missing", "_number", "_session", "_setting", "_thread")

    def __init__(self, session: Session) -> None:
        self._session = session
        self._answers: list[int] = []
        self._number = 0
        self._missing: list[Sequence] = []
        self._setting: tuple[Sequence, State] | None = None
        self._thread = 0
        """Where an evaluation is under way."""

    async def evaluated(self, make: Callable[[], T]) -> T:
        """Raises what `make` raises, 2200H, 08006."""
        self._answers = []
        while True:
            self._number, self._missing, self._setting = 0, [], None
            self._thread = get_ident()
            try:
                result = make()
                failure: DatabaseError | None = None
            except _Suspended:
                failure = None
            except DatabaseError as error:
                failure = error
            finally:
                self._thread = 0
            if not self._missing and self._setting is None:
                if failure is not None:
                    raise failure
                return result
            answers = (
                self._answers
            )  # another evaluation of this session cannot begin meanwhile: statements run one by one
            await self._fetch(answers)
            self._answers = answers

    async def _fetch(self, answers: list[int]) -> None:
        """What the run has missed."""
        allocator = self._session.services.sequences
        if self._setting is not None and not self._missing:
            sequence, state = self._setting
            if self._is_own(sequence):
                self._put(sequence, state)
            else:
                await allocator.set(sequence, state)
            answers.append(state.last_value)
            return
        counts: dict[int, int] = {}
        for sequence in self._missing:
            counts[sequence.id] = counts.get(sequence.id, 0) + 1
        taken: dict[int, Iterator[int]] = {}
        for sequence in dict.fromkeys(self._missing):
            count = counts[sequence.id]
            taken[sequence.id] = iter(
                self._own(sequence, count) if self._is_own(sequence) else await allocator.take(sequence, count)
            )
        answers += [next(taken[sequence.id]) for sequence in self._missing]

    # -- sequences that this transaction has made, or begins anew: nobody else sees their state ------------------------

    def _is_own(self, sequence: Sequence) -> bool:
        transaction = self._session.transaction
        return (
            transaction is not None
            and sequence.id in transaction.schema_changes
            and state_key(sequence) in transaction.buffer.values
        )

    def _own(self, sequence: Sequence, count: int) -> list[int]:
        transaction = self._session.transaction
        assert transaction is not None, "expressions are evaluated in a transaction"
        value = transaction.buffer.values[state_key(sequence)]
        assert value is not None, "a sequence that was dropped is in no catalog"
        values: list[int] = []
        state = decode_state(sequence, value)
        while len(values) < count:
            more, state = advance(sequence, state, count - len(values))
            values += more
        self._put(sequence, state)
        return values

    def _put(self, sequence: Sequence, state: State) -> None:
        transaction = self._session.transaction
        assert transaction is not None, "expressions are evaluated in a transaction"
        transaction.put(state_key(sequence), encode_state(sequence, state), counts=False)

    # -- the functions -------------------------------------------------------------------------------------------------

    def nextval(self, reference: str | int) -> int:
        """Raises 42P01, 42809, 25006, 0A000 in a place where nothing can be waited for."""
        sequence = self._sequence(reference)
        self._may_change("nextval", sequence)
        number = self._number
        self._number += 1
        if number < len(self._answers):
            value = self._answers[number]
        elif (
            not self._missing
            and not self._is_own(sequence)
            and (ready := self._session.services.sequences.held(sequence))
        ):
            [value] = ready
            self._answers.append(value)
        else:
            self._missing.append(sequence)
            value = sequence.start
        got = self._session.sequences
        got.values[sequence.id] = value
        got.last = sequence.id
        return value

    def setval(self, reference: str | int, value: int, is_called: bool = True) -> int:
        """Raises 42P01, 42809, 25006, 22003, 0A000."""
        sequence = self._sequence(reference)
        self._may_change("setval", sequence)
        if not sequence.minimum <= value <= sequence.maximum:
            bounds = f"({sequence.minimum}..{sequence.maximum})"
            raise DatabaseError(
                "22003", f'setval: value {value} is out of bounds for sequence "{sequence.name}" {bounds}'
            )
        number = self._number
        self._number += 1
        if number < len(self._answers):
            if is_called:
                self._session.sequences.values[sequence.id] = value
            return self._answers[number]
        self._setting = (sequence, State(value, is_called))
        raise _Suspended

    def currval(self, reference: str | int) -> int:
        """Raises 42P01, 42809, 55000."""
        sequence = self._sequence(reference)
        transaction = self._session.transaction
        if transaction is not None:
            self._require(transaction.catalog, sequence, USAGE | SELECT)
        value = self._session.sequences.values.get(sequence.id)
        if value is None:
            message = f'currval of sequence "{sequence.name}" is not yet defined in this session'
            raise DatabaseError(OBJECT_NOT_IN_PREREQUISITE_STATE, message)
        return value

    def lastval(self) -> int:
        """Raises 55000."""
        got = self._session.sequences
        transaction = self._session.transaction
        assert transaction is not None, "expressions are evaluated in a transaction"
        if not got.last or transaction.catalog.sequence_by_id(got.last) is None:
            raise DatabaseError(OBJECT_NOT_IN_PREREQUISITE_STATE, "lastval is not yet defined in this session")
        return got.values[got.last]

    def _may_change(self, function: str, sequence: Sequence) -> None:
        transaction = self._session.transaction
        if transaction is not None and not sequence.internal:
            self._require(transaction.catalog, sequence, USAGE | UPDATE if function == "nextval" else UPDATE)
        if transaction is not None and transaction.read_only:
            raise DatabaseError(READ_ONLY_SQL_TRANSACTION, f"cannot execute {function}() in a read-only transaction")
        if self._thread != get_ident():
            message = f"{function}() is supported in select lists, VALUES, SET, RETURNING and defaults"
            raise DatabaseError(FEATURE_NOT_SUPPORTED, message)

    def _require(self, catalog: Catalog, sequence: Sequence, privileges: int) -> None:
        """One of `privileges`. Raises 42501."""
        if not any(
            allows(catalog, self._session.role, sequence, one) for one in (USAGE, SELECT, UPDATE) if one & privileges
        ):
            raise denied("sequence", sequence.name)

    def _sequence(self, reference: str | int) -> Sequence:
        transaction = self._session.transaction
        assert transaction is not None, "expressions are evaluated in a transaction"
        catalog = transaction.catalog
        oid: Any = regclass_in(catalog, transaction.environment, reference) if isinstance(reference, str) else reference
        found = catalog.sequence_by_id(oid)
        if found is not None:
            return found
        name = name_of_relation(catalog, oid)
        if name is None:
            raise DatabaseError(UNDEFINED_TABLE, f"could not open relation with OID {oid}")
        kind = (
            "tables"
            if catalog.table_by_id(oid) is not None
            else "views"
            if catalog.view_by_id(oid) is not None
            else "indexes"
        )
        raise DatabaseError(
            WRONG_OBJECT_TYPE,
            f'cannot open relation "{name[1]}"',
            detail=f"This operation is not supported for {kind}.",
        )
