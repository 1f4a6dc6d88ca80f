"""Statements answered by this system and by PostgreSQL 18, side by side: values, column names, type OIDs, SQLSTATEs.

    python -m tests.sql.differential tests/sql/statements/*.sql          statements of a file, one a line or up to a
                                                                         line's end with `;`
    python -m tests.sql.differential --catalog 4                         generated from PostgreSQL's operators,
                                                                         functions and casts (catalog_statements.py)
    python -m tests.sql.differential --kinds 1            every pair of types where two types meet (kinds.py);
                                                          --columns has DuckDB run them
    python -m tests.sql.differential --url postgresql://... --show wrong FILE

The system runs in process, as in the golden scripts. Run by hand: it needs `pip install -e '.[bench]'`. Each statement
ends in one verdict:

    agrees | wrong (another value) | type | name | fails (an error where a value is due) | accepted (a value where
        an error is due) | sqlstate
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from actors.common.errors import DatabaseError
from actors.common.settings import Querying
from actors.postgres.formats import text_writer
from tests.scripts.golden import ScriptRunner, fiber
from tests.sql.kinds import kind_statements
from tests.sql.oracle import Answer, Oracle

VERDICTS = ("wrong", "crashed", "fails", "refused", "accepted", "type", "name", "sqlstate", "agrees")
"""Worst first; "crashed" is XX000, "refused" 0A000 or 42883 where PostgreSQL has a value."""
REFUSALS = frozenset({"0A000", "42883"})


@dataclass
class Outcome:
    sql: str
    verdict: str
    ours: str
    theirs: str


class System:
    """This system, in open mode, in this process."""

    def __init__(self, small_rows_max: int = Querying.small_rows_max) -> None:
        self._runner = ScriptRunner(True, small_rows_max)
        self._session: Any = None

    async def ask(self, sql: str) -> Answer:
        if self._session is None:
            self._session = self._runner.session("a")
            await fiber(self._session.begin())
        session, answer = self._session, Answer()
        try:
            for raw in session.split(sql):
                prepared = await fiber(session.prepare(raw))
                portal = session.bind(prepared)
                batch = await fiber(portal.run())
                fields = portal.fields or []
                zone = session.run_time.zone
                writers = [text_writer(field.type, zone) for field in fields]
                rows = [
                    tuple(None if value is None else write(value) for write, value in zip(writers, row, strict=True))
                    for row in batch.rows
                ]
                answer = Answer(
                    "", "", [field.name for field in fields], [_oid(field) for field in fields], rows if fields else []
                )
            await fiber(session.sync())
        except DatabaseError as error:
            session.fail()
            return Answer(error.sqlstate, error.message)
        except Exception as error:
            session.fail()
            return Answer("XX000", f"{type(error).__name__}: {error}")
        return answer


def _oid(field: Any) -> int:
    from actors.sql.types import by_name

    return by_name[field.type.name].oid


ORDERED = re.compile(r"\border\s+by\b", re.IGNORECASE)


def verdict_of(sql: str, ours: Answer, theirs: Answer) -> str:
    if ours.sqlstate == "XX000" and theirs.sqlstate != "XX000":
        return "crashed"
    if ours.sqlstate and not theirs.sqlstate:
        return "refused" if ours.sqlstate in REFUSALS else "fails"
    if theirs.sqlstate and not ours.sqlstate:
        return "accepted"
    if ours.sqlstate != theirs.sqlstate:
        return "sqlstate"
    if ours.sqlstate:
        return "agrees"
    one, other = ours.rows, theirs.rows
    if not ORDERED.search(sql):
        one, other = sorted(one, key=repr), sorted(other, key=repr)
    if one != other:
        return "wrong"
    if ours.oids != theirs.oids:
        return "type"
    return "agrees" if ours.names == theirs.names else "name"


def shown(answer: Answer) -> str:
    if answer.sqlstate:
        return f"{answer.sqlstate} {answer.message}"
    rows = "; ".join("|".join("NULL" if value is None else value for value in row) for row in answer.rows[:12])
    return f"{','.join(answer.names)} {answer.oids} {rows}"


def statements_of(path: Path) -> Iterator[str]:
    held: list[str] = []
    for line in path.read_text().splitlines():
        if line.startswith("--") or (not line.strip() and not held):
            continue
        held.append(line)
        if line.rstrip().endswith(";"):
            yield "\n".join(held).rstrip().removesuffix(";")
            held = []


async def compare(oracle: Oracle, statements: Iterable[str], small_rows_max: int) -> list[Outcome]:
    system = System(small_rows_max)
    outcomes = []
    for sql in statements:
        theirs = oracle.ask(sql)
        ours = await system.ask(sql)
        outcomes.append(Outcome(sql, verdict_of(sql, ours, theirs), shown(ours), shown(theirs)))
    return outcomes


BLOCK_STATEMENTS = 8


async def golden_script(outcomes: list[Outcome], heading: str) -> str:
    """The statements on which both agree, with their answers, as a golden script (tests/scripts/golden.py)."""
    runner = ScriptRunner(True)
    agreed = []
    for outcome in outcomes:
        if outcome.verdict == "agrees" and "" not in await runner.run(
            "a", outcome.sql
        ):  # an empty line would end the block
            agreed.append(outcome.sql + ";")
    runner = ScriptRunner(True)
    blocks = []
    for start in range(0, len(agreed), BLOCK_STATEMENTS):
        statements = agreed[start : start + BLOCK_STATEMENTS]
        answers = [line for sql in statements for line in await runner.run("a", sql.removesuffix(";"))]
        blocks.append("\n".join([*statements, "---", *answers]))
    return f"# !open\n# {heading}\n\n" + "\n\n".join(blocks) + "\n"


def report(outcomes: list[Outcome], show: list[str]) -> None:
    for outcome in outcomes:
        if outcome.verdict in show:
            print(f"{outcome.verdict}: {outcome.sql}\n    ours   {outcome.ours}\n    theirs {outcome.theirs}")
    counts = Counter(outcome.verdict for outcome in outcomes)
    total = len(outcomes) or 1
    print(
        f"{total} statements: "
        + ", ".join(f"{name} {counts[name]} ({100 * counts[name] / total:.1f} %)" for name in VERDICTS if counts[name])
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="statements of files, or generated ones, beside PostgreSQL 18")
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--url", default="", help="a PostgreSQL that runs (an empty database of its own)")
    parser.add_argument(
        "--catalog", type=int, default=0, metavar="N", help="at most N statements for each operator, function and cast"
    )
    parser.add_argument("--kinds", type=int, default=0, metavar="N", help="N draws for each pair of types (kinds.py)")
    parser.add_argument("--seed", type=int, default=1, help="of --kinds and --catalog")
    parser.add_argument("--columns", action="store_true", help="every query that may go to DuckDB goes there")
    parser.add_argument("--only", default="", help="only statements that match this pattern")
    parser.add_argument(
        "--show", default="wrong,crashed,fails,accepted,type,name,sqlstate,refused", help="verdicts to list"
    )
    parser.add_argument(
        "--golden", type=Path, help="write the statements that agree, with their answers, as a golden script"
    )
    parser.add_argument("--json", type=Path, help="all outcomes")
    given = parser.parse_args()
    rows_max = 0 if given.columns else Querying.small_rows_max
    with Oracle(given.url) as oracle:
        oracle.ask("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        outcomes = []
        for path in given.files:
            outcomes += asyncio.run(compare(oracle, statements_of(path), rows_max))
            oracle.ask("DROP SCHEMA public CASCADE; CREATE SCHEMA public; RESET ALL")
        if given.catalog:
            from tests.sql.catalog_statements import catalog_statements

            found = [sql for sql in catalog_statements(oracle, given.catalog, given.seed) if re.search(given.only, sql)]
            outcomes += asyncio.run(compare(oracle, found, rows_max))
        if given.kinds:
            found = [sql for sql in kind_statements(given.kinds, given.seed) if re.search(given.only, sql)]
            outcomes += asyncio.run(compare(oracle, found, rows_max))
    report(outcomes, given.show.split(","))
    if given.golden:
        heading = (
            f"Answers that PostgreSQL 18 gives: {', '.join(path.name for path in given.files)} in tests/sql/statements."
        )
        given.golden.write_text(asyncio.run(golden_script(outcomes, heading)))
    if given.json:
        given.json.write_text(json.dumps([asdict(outcome) for outcome in outcomes], indent=1))
    sys.stdout.flush()
    os._exit(
        any(outcome.verdict in ("wrong", "crashed") for outcome in outcomes)
    )  # DuckDB's binding tells at length what it leaves behind


if __name__ == "__main__":
    main()
