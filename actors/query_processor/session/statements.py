"""Statements: SQL text parsed once, planned once.

    split("BEGIN; SELECT 1")  ->  [RawStatement("BEGIN"), RawStatement("SELECT 1")]

`StatementCache` belongs to the query processor and is shared by its sessions. A simple query's SELECT is kept once it
comes again: one that comes once leaves nothing behind. It keeps, least recently used out first:
- texts: a simple query's string -> its RawStatements; strings with literals are kept as their lifted text
  (literals.py);
- plans: (text, parameter types, what the role sees) -> Planned, planned again when the catalog has moved on. Roles that
  see the same share one; each is let run it once it has the privileges (`Planned.authorize`). Plans made under a
  transaction's own catalog changes (an overlay) are not kept.

A PreparedStatement is one session's (or one message's) hold on a Planned: with the literals that were lifted, and the
result columns as they were described to the client. If a later plan has other columns, running it is refused, as
PostgreSQL does.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from datetime import tzinfo
from typing import Any, Protocol, cast

from pglast import ast
from pglast.parser import ParseError, scan

from actors.common.errors import (
    FEATURE_NOT_SUPPORTED,
    RESERVED_NAME,
    SYNTAX_ERROR,
    DatabaseError,
    statement_memory_exceeded,
)
from actors.common.settings import Settings
from actors.query_processor.aside import LARGE_CHARACTERS
from actors.query_processor.row_executor.literal_parts import lifting
from actors.query_processor.row_executor.selecting import SelectPlan
from actors.query_processor.session import iam_statements
from actors.query_processor.session.deep_parses import parse_deep
from actors.query_processor.session.large_literals import Cut, cut, restore, restored, whole
from actors.query_processor.session.literal_readers import Reader, reader_of_literal
from actors.query_processor.session.literals import Lifted, Literal, lift
from actors.query_processor.session.sightings import Sightings
from actors.query_processor.session.value_cells import literal_types
from actors.query_processor.session.value_lists import CHARACTERS_MIN as VALUE_LIST_CHARACTERS_MIN
from actors.query_processor.session.value_lists import ValueList, read_values
from actors.query_processor.session.values_plan import RowPlan, ValuesPlan
from actors.query_processor.transaction import Transaction
from actors.sql.binding.permissions import Needs, check, check_schemas, required
from actors.sql.binding.trees import table_of_into
from actors.sql.catalog.roles import ADMIN_OID
from actors.sql.catalog.snapshot import Catalog
from actors.sql.encoding.column_batch import ColumnBatch
from actors.sql.expressions.interpret import first_runs
from actors.sql.parser import parse_sql
from actors.sql.results import Batch, CopyIn, CopyOut, Field
from actors.sql.types.column_type import ColumnType

TEXT_CHARACTERS_MAX = 16384
"""Longer strings are not kept in the cache."""
CACHE_CHARACTERS_MAX = 2 << 20
"""Of the texts in each of the two caches: a tree and its plan take some hundred times as much memory as their text."""
FIRST_RUNS = 3
"""Of a SELECT in a text that is asked for again: planning it to last costs as much as it saves in so many."""
SIGHTINGS_PER_ENTRY = 8
"""Texts and plans of SELECTs that are remembered as met once, for each that is kept."""
TREE_BYTES_PER_CHARACTER = 176
"""What a parser makes of a text without large literals; of lists of names and signs up to twice as much."""
UNLIMITED_MEMORY_BYTES = 1 << 30
"""For the tree of one text where statements may use any memory."""

PLANNED_KINDS = frozenset({"SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"})
_MAY_BE_ASYNC = re.compile(r"\b(?:index|table)\b.*\basync\b", re.IGNORECASE | re.DOTALL)
_ASYNC_FORMS = (("create", "index"), ("create", "unique", "index"), ("alter", "table"))
"""What stands before DSQL's ASYNC, from the statement's first word on."""


class Plan(Protocol):
    """What the planner makes of a statement (planner/)."""

    @property
    def parameter_types(self) -> Sequence[ColumnType]: ...

    @property
    def fields(self) -> list[Field] | None: ...

    @property
    def kind(self) -> str: ...

    async def run(self, transaction: Transaction, parameters: Sequence[Any], rows_max: int = 0) -> Batch: ...

    def explain(self, analyze: bool = False, verbose: bool = False) -> list[str]:
        """EXPLAIN's lines; with `analyze`, of the run that has just ended."""
        ...


class QueryPlan(Plan, Protocol):
    """A SELECT's."""

    @property
    def fields(self) -> list[Field]: ...


class TakesRows(Plan, Protocol):
    """The plan of a one-row INSERT with parameters."""

    async def run_many(self, transaction: Transaction, rows: list[tuple[Any, ...]]) -> int:
        """Insert many; how many were."""
        ...

    async def run_columns(self, transaction: Transaction, batch: ColumnBatch) -> int:
        """The same of rows as columns."""
        ...


Planner = Callable[[Any, Catalog, Sequence[ColumnType | None], Settings], Plan]


class RawStatement:
    """One parsed statement. `kind` is the tree's class name (`SelectStmt`), "" for an empty statement; `is_async`:
    CREATE INDEX ASYNC, ALTER TABLE ASYNC."""

    __slots__ = ("is_async", "kind", "literals", "node", "original", "prepared", "text")

    def __init__(self, text: str, node: Any, literals: tuple[Literal, ...] = (), original: str = "") -> None:
        self.text = text
        self.node = node
        self.kind: str = "" if node is None else "InsertStmt" if isinstance(node, ValueList) else type(node).__name__
        self.literals = literals
        self.original = original or text
        self.is_async = False
        self.prepared: PreparedStatement | None = None
        """For statements that are not planned: the same object for everybody."""


class Planned:
    """A statement's plan under one catalog."""

    __slots__ = ("_needs", "_readers", "allowed", "catalog", "node", "plan", "prompt", "runs_left", "types")

    def __init__(self, node: Any, types: tuple[ColumnType | None, ...], plan: Plan, catalog: Catalog) -> None:
        self.node = node
        self.types = types
        self.plan = plan
        self.prompt = plan.prompt if isinstance(plan, SelectPlan) else None
        self.catalog = catalog
        self._readers: list[Reader] | None = None
        self._needs: Needs | None = None
        self.runs_left = 0
        """Until it is planned to last (0 and below: it is)."""
        self.allowed = {ADMIN_OID}
        """The roles that have every privilege which the statement needs."""

    def authorize(self, catalog: Catalog, role: int) -> None:
        """Let `role` run the plan, whose `catalog` shows the same. Raises 42501."""
        if role in self.allowed:
            return
        if self._needs is None:
            node, types = self.node, self.types
            if isinstance(node, ValueList):
                types = literal_types(node.shapes[0])
                node = parse(node.statement(node.shapes[0]))[0].node
            self._needs = required(node, catalog, types)
        check(self._needs, catalog, role)
        self.allowed.add(role)

    async def copied(self, transaction: Transaction, rows: list[tuple[Any, ...]] | ColumnBatch) -> Batch:
        """Of the INSERT behind a COPY: so many of its rows."""
        plan = cast(TakesRows, self.plan)
        if isinstance(rows, ColumnBatch):
            return Batch([], True, f"COPY {await plan.run_columns(transaction, rows)}")
        return Batch([], True, f"COPY {await plan.run_many(transaction, rows)}")

    def read(self, literals: tuple[Literal, ...], zone: tzinfo, now: int) -> list[Any]:
        """The datums of the lifted literals; `zone` and `now` (a timestamptz datum) are the session's, for dates and
        times.

        Raises 22P02 and the like where a string is not of its inferred type.
        """
        if self._readers is None:
            wanted = self.plan.parameter_types
            self._readers = [
                reader_of_literal(literal.type, type_) for literal, type_ in zip(literals, wanted, strict=True)
            ]
        return [reader(literal.text, zone, now) for reader, literal in zip(self._readers, literals, strict=True)]


class PreparedStatement:
    """See the module. `planned` is None for statements that are not planned (BEGIN, SET, DDL ...)."""

    __slots__ = ("copy", "fields", "key", "literals", "parameter_types", "planned", "raw", "source")

    def __init__(
        self,
        raw: RawStatement,
        planned: Planned | None = None,
        key: tuple[Any, ...] = (),
        fields: list[Field] | None = None,
        parameter_types: Sequence[ColumnType] = (),
        copy: CopyIn | CopyOut | None = None,
        source: PreparedStatement | None = None,
    ) -> None:
        self.copy = copy
        """What a COPY copies; `source` is then the INSERT or the SELECT behind it."""
        self.source = source
        self.raw = raw
        self.planned = planned
        self.key = key
        self.literals = raw.literals
        self.fields = fields
        self.parameter_types = list(parameter_types)


class StatementCache:
    """One for each query processor. `entries_max` bounds each of the two caches."""

    def __init__(self, planner: Planner, settings: Settings) -> None:
        self._planner = planner
        self._settings = settings
        self._memory_bytes_max = settings.limits.statement_memory_bytes_max or UNLIMITED_MEMORY_BYTES
        self._entries_max = settings.querying.plan_cache_entries
        self._texts: OrderedDict[str, list[RawStatement]] = OrderedDict()
        self._plans: OrderedDict[tuple[Any, ...], Planned] = OrderedDict()
        self._sightings = Sightings(SIGHTINGS_PER_ENTRY * self._entries_max)
        self._characters = {id(self._texts): 0, id(self._plans): 0}

    # -- texts ---------------------------------------------------------------------------------------------------------

    def split(self, text: str) -> list[RawStatement]:
        """A simple query's statements; [] for an empty string. Raises 42601."""
        known = self._texts.get(text)
        if known is not None:
            self._texts.move_to_end(text)
            return known
        if (values := self._values(text)) is not None:
            return [values]
        if len(text) > TEXT_CHARACTERS_MAX:
            return self._split_large(text)
        lifted = lift(text)
        if lifted is None:
            statements = parse(text)
            self._keep_text(text, statements)
            return statements
        return self._split_lifted(lifted, text)

    def _values(self, text: str) -> RawStatement | None:
        """Of an INSERT of many rows. Raises 54000."""
        values = read_values(text, self._memory_bytes_max) if len(text) > VALUE_LIST_CHARACTERS_MIN else None
        return RawStatement(text, values) if values is not None else None

    def _split_large(self, text: str) -> list[RawStatement]:
        """Of a text that is not kept. Its large literals are cut out before it is parsed; what is left may be a common
        statement."""
        short = self._cut(text)
        if short is None:
            return parse(text)
        lifted = lift(short.text)
        if lifted is not None:
            literals = tuple(
                Literal(restored(literal.text, short.literals), literal.type) for literal in lifted.literals
            )
            return self._split_lifted(Lifted(lifted.text, literals), text)
        return parse_cut(short, text)

    def _cut(self, text: str) -> Cut | None:
        """Its large literals cut out. Raises 54000 where the text that is left would take more memory than a statement
        may use."""
        short = cut(text)
        structure = text if short is None else short.text
        if len(structure) * TREE_BYTES_PER_CHARACTER > self._memory_bytes_max:
            raise statement_memory_exceeded(self._memory_bytes_max)
        return short

    def _parsed(self, text: str) -> list[RawStatement]:
        """Of a text that is as it was written."""
        if len(text) <= TEXT_CHARACTERS_MAX:
            return parse(text)
        short = self._cut(text)
        return parse(text) if short is None else parse_cut(short, text)

    def _split_lifted(self, lifted: Lifted, text: str) -> list[RawStatement]:
        known = self._texts.get(lifted.text)
        if known is None:
            try:
                known = parse(lifted.text)
            except DatabaseError:
                return self._parsed(text)
            self._keep_text(lifted.text, known)
        else:
            self._texts.move_to_end(lifted.text)
        return (
            [RawStatement(lifted.text, known[0].node, lifted.literals, text)]
            if len(known) == 1 and known[0].kind in PLANNED_KINDS
            else self._parsed(text)
        )

    def parse_one(self, text: str) -> RawStatement:
        """The one statement of an extended query's string, its parameters left as they are. Raises 42601."""
        statements = self._texts.get(text)
        if statements is None:
            values = self._values(text)
            statements = [values] if values is not None else self._parsed(text)
            if len(text) <= TEXT_CHARACTERS_MAX:
                self._keep(self._texts, text, statements)
        if len(statements) > 1:
            raise DatabaseError(SYNTAX_ERROR, "cannot insert multiple commands into a prepared statement")
        return statements[0] if statements else EMPTY

    # -- plans ---------------------------------------------------------------------------------------------------------

    def prepare(
        self, raw: RawStatement, types: tuple[ColumnType | None, ...], catalog: Catalog, lasts: bool = True
    ) -> PreparedStatement:
        """Plan `raw` under `catalog` or find its plan. A lifted statement, or a list of values, that cannot be planned
        is planned as it was written. `lasts`: it will run more than once, for all that is known."""
        key = (raw.text, types, catalog.sight)
        try:
            with lifting(bool(raw.literals)):
                planned = self.planned(key, raw.node, catalog, lasts)
        except DatabaseError:
            if not raw.literals and not isinstance(raw.node, ValueList):
                raise
            types = () if raw.literals else types
            raw = self._parsed(raw.original)[0]
            key = (raw.text, types, catalog.sight)
            planned = self.planned(key, raw.node, catalog, lasts)
        return PreparedStatement(raw, planned, key, planned.plan.fields, planned.plan.parameter_types)

    def planned(self, key: tuple[Any, ...], node: Any, catalog: Catalog, lasts: bool = True) -> Planned:
        """The plan for `key` under `catalog`. A SELECT that does not `last`, for all that is known, is made for a few
        runs; asked for once more it is planned to last."""
        planned = self._plans.get(key)
        if planned is not None and planned.catalog.sight is catalog.sight:
            planned.runs_left -= 1
            if planned.runs_left != 0:
                return planned
            lasts = True
        types: tuple[ColumnType | None, ...] = key[1]
        if isinstance(node, ValueList):
            plan: Plan = self._values_plan(node, types, catalog)
        else:
            if catalog.hides:
                check_schemas(node, catalog)
            lasts = lasts or not isinstance(node, ast.SelectStmt)
            with nullcontext() if lasts else first_runs():
                plan = self._planner(node, catalog, list(types), self._settings)
        planned = Planned(node, types, plan, catalog)
        if not lasts:
            planned.runs_left = FIRST_RUNS
        is_common = catalog.version >= 0 and len(key[0]) <= TEXT_CHARACTERS_MAX
        if is_common and (lasts or self._sightings.are_again(key)):
            self._keep(self._plans, key, planned)
        return planned

    def _values_plan(self, values: ValueList, types: tuple[ColumnType | None, ...], catalog: Catalog) -> ValuesPlan:
        plans: list[RowPlan] = []
        for shape in values.shapes:
            raw = self._parse_kept(values.statement(shape))
            key = (raw.text, literal_types(shape), catalog.sight)
            plans.append(cast(RowPlan, self.planned(key, raw.node, catalog).plan))  # an INSERT's
        return ValuesPlan(values, plans, types, reader_of_literal)

    def _parse_kept(self, text: str) -> RawStatement:
        """One statement, from the cache or for it."""
        statements = self._texts.get(text)
        if statements is None:
            statements = parse(text)
            self._keep(self._texts, text, statements)
        [statement] = statements
        return statement

    def replan(self, prepared: PreparedStatement, catalog: Catalog) -> Planned:
        """The plan of `prepared` under another catalog. Raises 0A000 where it gives other columns than were
        described."""
        assert prepared.planned is not None
        planned = self.planned((*prepared.key[:2], catalog.sight), prepared.raw.node, catalog)
        if planned.plan.fields != prepared.fields and not _same_shape(planned.plan.fields, prepared.fields):
            raise DatabaseError(
                FEATURE_NOT_SUPPORTED, "cached plan must not change result type", routine="RevalidateCachedQuery"
            )
        prepared.planned = planned
        return planned

    def _keep_text(self, text: str, statements: list[RawStatement]) -> None:
        """Of a simple query: a SELECT once it comes again."""
        alone = len(statements) == 1 and statements[0].kind == "SelectStmt"
        if not alone or self._sightings.are_again(text):
            self._keep(self._texts, text, statements)

    def _keep(self, cache: OrderedDict[Any, Any], key: Any, value: Any) -> None:
        if key in cache:
            cache[key] = value
            cache.move_to_end(key)
            return
        cache[key] = value
        self._characters[id(cache)] += _length(key)
        while len(cache) > self._entries_max or self._characters[id(cache)] > CACHE_CHARACTERS_MAX:
            oldest, _ = cache.popitem(last=False)
            self._characters[id(cache)] -= _length(oldest)


def _length(key: Any) -> int:
    """Characters of a cached statement's text."""
    return len(key if isinstance(key, str) else key[0])


def _same_shape(one: list[Field] | None, other: list[Field] | None) -> bool:
    if one is None or other is None:
        return one is other
    return [(field.name, field.type) for field in one] == [(field.name, field.type) for field in other]


EMPTY = RawStatement("", None)
parse_trees: Callable[[str], tuple[Any, ...]] = parse_sql
"""A simulated cluster has one parser for all its query processors (cluster/simulation/shared_parses.py)."""


def parse(text: str) -> list[RawStatement]:
    """Parse a string of any number of statements. Raises 42601 with the position."""
    places = _async_words(text) if _MAY_BE_ASYNC.search(text) is not None else []
    source, mappings = iam_statements.cut(text) if iam_statements.MAY_BE.search(text) is not None else (text, {})
    for start, end in places:
        source = source[:start] + " " * (end - start) + source[end:]
    try:
        trees = parse_trees(source) if len(source) <= LARGE_CHARACTERS else parse_deep(source)
    except ParseError as error:
        location = (
            error.args[1] if len(error.args) > 1 and isinstance(error.args[1], int) else len(text)
        )  # at end of input
        message = str(error.args[0])
        # The grammar itself refuses some frames of windows, with a code of its own.
        code = (
            "42P20"
            if message.startswith("frame ")
            else RESERVED_NAME
            if message.endswith(" is reserved")
            else SYNTAX_ERROR
        )
        raise DatabaseError(code, message, position=location + 1) from None
    statements = []
    for tree in trees:
        start = tree.stmt_location or 0
        end = start + tree.stmt_len if tree.stmt_len else len(source)
        mapping = next((mapping for place, mapping in mappings.items() if start <= place < end), None)
        statement = RawStatement(
            (text if mapping is not None else source)[start:end].strip()
            if len(trees) > 1 or mapping is not None
            else source,
            mapping or (isinstance(tree.stmt, ast.SelectStmt) and table_of_into(tree.stmt)) or tree.stmt,
        )
        statement.is_async = any(start <= place < end for place, _ in places)
        statements.append(statement)
    return statements


def parse_cut(short: Cut, text: str) -> list[RawStatement]:
    """As `parse(text)`, of the text without its large literals, which are put back into the tree."""
    try:
        statements = parse(short.text)
    except DatabaseError as error:
        if error.position:
            error.position = short.original_place(error.position)
        raise
    for statement in statements:
        restore(statement.node, short.literals)
        statement.text = statement.original = text if len(statements) == 1 else whole(statement.text, short.literals)
    return statements


def _async_words(text: str) -> list[tuple[int, int]]:
    """Where ASYNC stands, DSQL's own word: it is blanked out before PostgreSQL's parser reads the text, so that
    positions stay."""
    try:
        tokens = [token for token in scan(text) if not token.name.endswith("COMMENT")]
    except ParseError:
        return []
    found = []
    words: list[str] = []
    for place, token in enumerate(tokens):
        word = text[token.start : token.end + 1].lower()
        if word == ";":
            words = []
            continue
        if (
            word == "async"
            and tuple(words) in _ASYNC_FORMS
            and (words[0] == "create" or _names_table(text, tokens[place + 1 :]))
        ):
            found.append((token.start, token.end + 1))
        words.append(word)
    return found


def _names_table(text: str, tokens: Sequence[Any]) -> bool:
    """What follows ALTER TABLE ASYNC begins with a table's name: else the table is called async."""
    word = text[tokens[0].start : tokens[0].end + 1].lower() if tokens else ""
    return bool(tokens) and ((tokens[0].kind == "NO_KEYWORD" and word not in (".", "*", ";")) or word in ("if", "only"))
