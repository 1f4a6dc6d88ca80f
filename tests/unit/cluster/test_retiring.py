"""Nobody comes under the name of one who is still being stopped."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from actors.common.errors import DatabaseError
from actors.common.settings import Layout, Settings
from cluster.initial import initial_state
from cluster.policies.placement import Placement
from cluster.retiring import Retiring
from cluster.state import with_query_processor, without_process


def test_a_name_is_free_once_its_last_bearer_has_ended() -> None:
    stopping: list[Any] = []

    async def done(*_: Any) -> None:
        """Whoever is asked to stop has stopped."""

    context = SimpleNamespace(name="controller", spawn=stopping.append, bus=SimpleNamespace(call=done))
    directory = SimpleNamespace(knows=lambda name: False, publish=lambda: None)
    failover = SimpleNamespace(home={}, forget=lambda name: None)
    retiring = Retiring(cast(Any, context), cast(Any, directory), lambda name: None)
    state = initial_state(Settings(layout=Layout(query_processors=2)), Placement("role"))
    more = with_query_processor(state, "a")
    retiring.follow(more, without_process(more, "query_processor-3"), cast(Any, failover))
    assert len(stopping) == len(state.processes) + 1, "nobody is known to this directory"
    retiring.check(more, more)
    with pytest.raises(DatabaseError, match="query_processor-3 of before is still being stopped") as refused:
        retiring.check(state, more)
    assert refused.value.sqlstate == "55000"

    async def stopped() -> None:
        await asyncio.gather(*stopping)

    asyncio.run(stopped())
    retiring.check(state, more)
