"""Golden scripts: SQL statements, `---`, and what they must answer. A person reads them; `test_scripts.py` runs them.

    # a comment                                       session a is the default; `b:` in front of a statement is another
                                                      client's, `b@app:` that of a client who logged in as the role app
    CREATE TABLE t (id int PRIMARY KEY);
    INSERT INTO t VALUES (1);
    b: SELECT * FROM t;
    ---
    CREATE TABLE
    INSERT 0 1
    b: id
    b: 1
    b: SELECT 1

A block ends with an empty line. Rows are shown as psql -A does: names, then values, NULL as `NULL`; then the command
tag. An error is `ERROR 23505: message`, followed by its detail, hint and named fields, one a line; a warning or notice
comes before its statement's answer. A line with several statements is one query. `!open` in a script's first line lifts
DSQL's limits, `!columns` has every query that may go to DuckDB go there, however few rows there are. Sessions, planner
and executors are the product's; below them are storage's own scan programs over rows in memory.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from actors.common.errors import DatabaseError
from actors.common.settings import ADMIN, OPEN_LIMITS, Querying, Settings
from actors.postgres.formats import text_writer
from actors.query_processor.planner import make_environment, make_plan
from actors.query_processor.session import Session, SessionServices
from actors.runtime.fiber import Fiber
from actors.sql.results import Batch, Field
from tests.scripts.stored_cluster import StoredCluster

SEPARATOR = "---"
PLAN = "QUERY PLAN"
JOB = "job_id"
"""The only column of a statement that begins a job: its name is drawn by chance."""
_NAMED = re.compile(r"([a-z](?:@\w+)?): ")
"""Whose statement it is."""
CLOCKED = re.compile(r"(Planning Time|Execution Time|  Compute|  Total): [0-9.]+( ms| DPU)$")
"""Lines of EXPLAIN that tell of time: the digits are another's each time."""


@dataclass
class Block:
    """`statements` as they are written, `expected` the lines below the separator, `comments` the lines above."""

    comments: list[str]
    statements: list[str]
    expected: list[str]

    def text(self, answer: list[str]) -> str:
        return "\n".join([*self.comments, *self.statements, SEPARATOR, *answer])


def parse_script(text: str) -> list[Block]:
    blocks = []
    for part in text.strip("\n").split("\n\n"):
        lines = part.split("\n")
        comments = [line for line in lines if line.startswith("#")]
        rest = [line for line in lines if not line.startswith("#")]
        if rest:
            assert SEPARATOR in rest, f"a block without its {SEPARATOR}: {part}"
            at = rest.index(SEPARATOR)
            blocks.append(Block(comments, rest[:at], rest[at + 1 :]))
        else:
            blocks.append(Block(comments, [], []))
    return blocks


class ScriptRunner:
    """Clients of one cluster, by letter."""

    def __init__(self, open_mode: bool, small_rows_max: int = Querying.small_rows_max) -> None:
        querying = Querying(small_rows_max=small_rows_max)
        self.cluster = StoredCluster(
            Settings(mode="open", limits=OPEN_LIMITS, querying=querying) if open_mode else Settings(querying=querying)
        )
        self.cluster.bus.near = True
        self.services = SessionServices(self.cluster.context, make_plan, make_environment)
        self._sessions: dict[str, Session] = {}
        self._notices: list[str] = []

    def session(self, name: str) -> Session:
        """`name`: as statements_of gives it."""
        if name not in self._sessions:
            self._sessions[name] = Session(self.services, name.partition("@")[2] or ADMIN, on_notice=self._notice)
        return self._sessions[name]

    def _notice(self, severity: str, sqlstate: str, message: str) -> None:
        self._notices.append(f"{severity}: {message}")

    async def run(self, name: str, sql: str) -> list[str]:
        """A simple query's answer; notices come before it."""
        self._notices = lines = []
        if name not in self._sessions:
            try:
                await fiber(self.session(name).begin())
            except DatabaseError as error:  # its role may not log in
                del self._sessions[name]
                return lines + shown_error(error)
        session = self.session(name)
        try:
            for raw in (statements := session.split(sql)):
                prepared = await fiber(session.prepare(raw, (), lasts=False))
                portal = session.bind(prepared)
                portal.is_alone = len(statements) == 1
                lines += shown(portal.fields, await fiber(portal.run()), session.run_time.zone)
            await fiber(session.sync())
        except DatabaseError as error:
            session.fail()
            lines += shown_error(error)
        await self.services.jobs.settled()
        return lines


async def fiber(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Drive `coroutine` as the product does, from a task."""
    end: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    def ended(value: Any, error: BaseException | None) -> None:
        if error is not None:
            end.set_exception(error)
        else:
            end.set_result(value)

    Fiber(coroutine, ended)
    return await end


def shown(fields: list[Field] | None, batch: Batch, zone: tzinfo) -> list[str]:
    if not fields:
        return [batch.tag]
    lines = ["|".join(field.name for field in fields)]
    for row in batch.rows:
        if lines[0] == PLAN and (clocked := CLOCKED.match(row[0])):
            lines.append(f"{clocked[1]}: <measured>{clocked[2] or ''}")
            continue
        if lines[0] == JOB:
            lines.append("<job>")
            continue
        lines.append("|".join(shown_datum(field, datum, zone) for field, datum in zip(fields, row, strict=True)))
    return [*lines, batch.tag]


def shown_datum(field: Field, datum: Any, zone: tzinfo) -> str:
    return "NULL" if datum is None else text_writer(field.type, zone)(datum)


def shown_error(error: DatabaseError) -> list[str]:
    lines = [f"ERROR {error.sqlstate}: {error.message}"]
    for name in ("detail", "hint"):
        if value := getattr(error, name):
            lines += f"  {name}: {value}".split("\n")
    place = " ".join(
        f"{name}={value}" for name in ("schema", "table", "column", "constraint") if (value := getattr(error, name))
    )
    return [*lines, f"  {place}"] if place else lines


def statements_of(lines: list[str]) -> list[tuple[str, str]]:
    """(session, statement) of a block's lines; a statement ends where a line ends with a semicolon."""
    found: list[tuple[str, str]] = []
    held: list[str] = []
    for line in lines:
        held.append(line)
        if line.endswith(";"):
            found.append(_named("\n".join(held)))
            held = []
    if held:
        found.append(_named("\n".join(held)))
    return found


def _named(text: str) -> tuple[str, str]:
    named = _NAMED.match(text)
    return (named[1], text[named.end() :]) if named is not None else ("a", text)


async def answer_blocks(text: str, *, columns: bool = False) -> list[tuple[Block, list[str]]]:
    """Every block of a script with what it really answers. `columns`: as the script's directive."""
    directives = text.split("\n", 1)[0]
    runner = ScriptRunner("!open" in directives, 0 if columns or "!columns" in directives else Querying.small_rows_max)
    answered = []
    for block in parse_script(text):
        lines: list[str] = []
        for name, sql in statements_of(block.statements):
            prefix = "" if name == "a" else f"{name[0]}: "
            lines += [prefix + line for line in await runner.run(name, sql)]
        answered.append((block, lines))
    return answered
