"""Joins by index look-up."""
from __future__ import annotations

from typing import Any

from actors.query_processor.planner.scope import NotRowStatement


def plan_join(planning: Any, statement: Any) -> Any:
    raise NotRowStatement
