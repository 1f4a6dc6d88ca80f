"""An error of syntax or of a name points at its place in the statement, as in PostgreSQL 15, which gave these
positions: psql shows LINE and a caret there."""

from __future__ import annotations

import asyncio

import pytest

from actors.common.errors import DatabaseError
from tests.scripts.golden import ScriptRunner, fiber

POSITIONS = [
    ("selec 1", 1),
    ("  selec 1", 3),
    ("select (", 9),
    ("select 1 frm x y z", 14),
    ("select 'é', 1 frm x y z", 19),
    ("select 1; selec 2", 11),
    ("select nothing from t", 8),
    ("select a, nothing from t where id = 1", 11),
    ("select a from t where id = 123456 and nothing = 1", 39),
    ("select 'a long literal', nothing from t", 26),
    ("select 1; select nothing from t", 18),
    ("select t.nothing from t", 8),
    ("select x.a from t", 8),
    ("select x.* from t", 8),
    ("select * from missing", 15),
    ("select * from t join missing on true", 22),
    ("select * from nos.missing", 15),
    ("insert into missing values (1)", 13),
    ("insert into t (id, nothing) values (1, 2)", 20),
    ("update t set nothing = 1", 14),
    ("update missing set a = 1", 8),
    ("delete from missing", 13),
    ("delete from t where nothing = 1", 21),
    ("select missing(1)", 8),
    ("select a + b from t", 10),
    ("select a from t where b", 23),
    ("select max(a) from t where b group by a", 28),
    ("select sum(a), b from t", 16),
    ("select cast(1 as missing)", 18),
    ("create table u (id missing)", 20),
    ("alter table t add column c missing", 28),
    ("select * from t where a = any (select nothing from t)", 39),
    ("with c as (select nothing from t) select * from c", 19),
    ("select missing(a) over () from t", 8),
    ("select a from t order by nothing", 26),
    ("select count(nothing) from t group by a", 14),
    ("alter table missing add column c int", 0),
    ("drop table missing", 0),
]


@pytest.mark.parametrize(("statement", "position"), POSITIONS)
def test_an_error_points_at_its_place(statement: str, position: int) -> None:
    async def run() -> DatabaseError:
        session = ScriptRunner(open_mode=True).session("a")
        await fiber(session.begin())
        with pytest.raises(DatabaseError) as caught:
            for sql in ("CREATE TABLE t (id int PRIMARY KEY, a int, b text)", statement):
                for raw in session.split(sql):
                    await fiber(session.bind(await fiber(session.prepare(raw))).run())
                await fiber(session.sync())
        return caught.value

    assert asyncio.run(run()).position == position
