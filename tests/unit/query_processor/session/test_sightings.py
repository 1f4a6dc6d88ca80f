"""What comes once leaves nothing in the caches; what comes again is kept, and planned to last if it goes on coming."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from actors.query_processor.session.sightings import Sightings
from actors.sql.expressions.compile import first_made
from tests.scripts.golden import ScriptRunner


def test_keys_are_known_again_until_as_many_others_have_come_twice_over() -> None:
    sightings = Sightings(4)
    assert [sightings.are_again(key) for key in "abab"] == [False, False, True, True]
    assert not any(sightings.are_again(number) for number in range(6))
    assert sightings.are_again("a")
    assert not any(sightings.are_again(number) for number in range(10, 20))
    assert not sightings.are_again("a")


def test_a_select_is_kept_once_it_comes_again_and_planned_to_last_later(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[bool] = []

    async def run() -> None:
        runner = ScriptRunner(True)
        cache = runner.services.statements
        usual = cache._planner

        def planner(node: Any, *rest: Any) -> Any:
            made.append(first_made.get() is None)
            return usual(node, *rest)

        monkeypatch.setattr(cache, "_planner", planner)
        await runner.run("a", "CREATE TABLE t (a int PRIMARY KEY, b int)")
        assert await runner.run("a", "INSERT INTO t VALUES (1, 10)") == ["INSERT 0 1"]
        before = len(cache._plans), len(cache._texts)
        made.clear()
        for number in range(10):
            assert await runner.run("a", f"SELECT a + {number} FROM t GROUP BY a")
            if number == 0:
                assert (len(cache._plans), len(cache._texts)) == before
        assert (len(cache._plans), len(cache._texts)) == (before[0] + 1, before[1] + 1)

    asyncio.run(run())
    assert made == [False, False, True]
