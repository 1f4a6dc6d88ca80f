"""EXPLAIN: the plan of a statement, and with ANALYZE what its run read and took.

    EXPLAIN (ANALYZE, VERBOSE) SELECT * FROM test_table;
    Full Scan (btree-table) on test_table  (actual rows=120)
      ...
    Query Identifier: 1lqnb5nqkf1sy
    Planning Time: 0.871 ms
    Execution Time: 4.528 ms
    Statement DPU Estimate:
      Compute: 0.00317 DPU
      Read: 0.04312 DPU
      Write: 0.00000 DPU
      Total: 0.04629 DPU

The order of these lines is Aurora DSQL's. Compute is the processor time of planning and running the statement, DuckDB's
threads included; its COMMIT is not in it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

from pglast.parser import ParseError, fingerprint

from actors.common.errors import FEATURE_NOT_SUPPORTED, OBJECT_NOT_IN_PREREQUISITE_STATE, DatabaseError, unavailable
from actors.common.metering import statement_estimate
from actors.query_processor.metering import Tally, measured
from actors.query_processor.session.sight import with_catalog
from actors.query_processor.session.statements import PLANNED_KINDS, PreparedStatement, RawStatement
from actors.query_processor.transaction import CatalogStale, Transaction
from actors.sql.binding.permissions import check, check_schemas, required
from actors.sql.binding.trees import relations_of
from actors.sql.results import Batch, passed_over
from actors.sql.types import by_name
from actors.sql.types.column_type import ColumnType

if TYPE_CHECKING:
    from actors.query_processor.session.session import Session

_PREFIX = re.compile(r"\s*explain\b\s*(?:\([^()]*\)|(?:(?:analy[sz]e|verbose)\b\s*)*)", re.IGNORECASE)
IDENTIFIER_LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"
IDENTIFIER_LENGTH = 13
"""Of 64 bits."""


def _options(node: Any) -> dict[str, bool]:
    options: dict[str, bool] = {}
    for option in node.options or ():
        value = option.arg
        if option.defname == "format":
            if value.sval.lower() != "text":
                raise DatabaseError(FEATURE_NOT_SUPPORTED, f"EXPLAIN format {value.sval} is not supported")
            continue
        text = (
            "on"
            if value is None
            else str(getattr(value, "sval", getattr(value, "ival", getattr(value, "boolval", "on")))).lower()
        )
        options[option.defname] = text in ("on", "true", "1")
    return options


async def explain(session: Session, raw: RawStatement, types: Sequence[ColumnType], parameters: Sequence[Any]) -> Batch:
    """`parameters`: of the query, of `types`."""
    options = _options(raw.node)
    query = raw.node.query
    if type(query).__name__ not in PLANNED_KINDS:
        raise DatabaseError(
            FEATURE_NOT_SUPPORTED, f"EXPLAIN of {type(query).__name__.removesuffix('Stmt')} is not supported"
        )
    if options.get("parts", False):
        return await _parts(session, query)
    analyze, verbose = options.get("analyze", False), options.get("verbose", False)
    run = _Run(session)
    prepared = await run.plan(RawStatement(raw.text, query), [by_name[type_.name].oid for type_ in types])
    if analyze:
        await run.execute(prepared, parameters)
    else:
        await session.authorize(prepared)
    assert prepared.planned is not None
    lines = list(prepared.planned.plan.explain(analyze=analyze, verbose=verbose))
    if verbose and analyze:
        lines.append(f"Query Identifier: {query_identifier(raw.original)}")
    if options.get("summary", analyze):
        lines.append(f"Planning Time: {run.planning_ns / 1e6:.3f} ms")
        if analyze:
            lines.append(f"Execution Time: {run.execution_ns / 1e6:.3f} ms")
    if verbose and analyze:
        lines += run.estimate()
    return Batch([(line,) for line in lines], True, "EXPLAIN")


class _Run:
    """One statement, with what its planning and its execution take."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._tally = Tally()
        self._before = self._after = _used(session.transaction)
        self.planning_ns = self.execution_ns = 0

    async def plan(self, raw: RawStatement, oids: Sequence[int]) -> PreparedStatement:
        begun = perf_counter_ns()
        prepared = await measured(self._session.prepare(raw, oids), self._tally)
        self.planning_ns = perf_counter_ns() - begun
        return prepared

    async def execute(self, prepared: PreparedStatement, parameters: Sequence[Any]) -> None:
        async def run() -> None:
            await passed_over(await self._session.bind(prepared, parameters).start())

        begun = perf_counter_ns()
        await measured(run(), self._tally)
        self.execution_ns = perf_counter_ns() - begun
        self._after = _used(self._session.transaction)

    def estimate(self) -> list[str]:
        read, written = (after - before for after, before in zip(self._after, self._before, strict=True))
        return statement_estimate(self._tally.ns, read, written, self._session.settings.metering)


def _used(transaction: Transaction | None) -> tuple[int, int]:
    """Bytes read, and bytes to be written, as they count."""
    if transaction is None:
        return 0, 0
    return transaction.bytes_read, transaction.buffer.bytes + transaction.buffer.padding


def query_identifier(text: str) -> str:
    """Of an EXPLAIN: 13 letters and digits, the same for statements that differ in nothing but literals (libpg_query's
    fingerprint)."""
    prefix = _PREFIX.match(text)
    try:
        number = int(fingerprint(text[prefix.end() :] if prefix else text), 16)
    except ParseError:  # comments stand between the words
        number = int(fingerprint(text), 16)
    letters = ""
    for _ in range(IDENTIFIER_LENGTH):
        number, digit = divmod(number, len(IDENTIFIER_LETTERS))
        letters = IDENTIFIER_LETTERS[digit] + letters
    return letters


async def _parts(session: Session, query: Any) -> Batch:
    """EXPLAIN (PARTS), an extension of ours: one row, a ReadPlan's text (actors/reading/plan.py), at the transaction's
    snapshot."""
    from actors.query_processor.column_executor.parts import read_plan

    transaction = session.transaction or await session.begin_transaction()
    transaction.check_age()
    if transaction.buffer.values or transaction.has_ddl:
        raise DatabaseError(
            OBJECT_NOT_IN_PREREQUISITE_STATE,
            "EXPLAIN (PARTS) reads what is committed, and this transaction has written",
        )
    try:
        await transaction.verify_catalog()
    except CatalogStale as stale:
        await transaction.reload_catalog(stale.catalog_ts)
    topology = session.services.context.bus.topology
    if topology is None:
        raise unavailable("the cluster's map", "not known yet")
    for relation in relations_of(query):
        table = transaction.catalog.find_table(relation.schemaname, relation.relname)
        if table is not None and table.temporary:
            raise DatabaseError(FEATURE_NOT_SUPPORTED, "EXPLAIN (PARTS) of temporary tables is not supported")
    check_schemas(query, transaction.catalog)
    check(required(query, transaction.catalog), transaction.catalog, session.role)
    plan = await with_catalog(
        session, lambda catalog: read_plan(query, catalog, session.settings, transaction.start_ts, topology)
    )
    return Batch([(plan.text(),)], True, "EXPLAIN")
