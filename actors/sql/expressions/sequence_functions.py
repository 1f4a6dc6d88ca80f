"""nextval and its kin: the environment's sequences answer (query_processor/sequences). A sequence is named by text, as
regclass would read it, or by its oid."""

from __future__ import annotations

from typing import Any

from actors.sql.expressions.environment import Environment
from actors.sql.expressions.registry import VOLATILE, register


def _nextval(environment: Environment, reference: Any) -> int:
    return environment.sequences.nextval(reference)


def _setval(environment: Environment, reference: Any, value: int, is_called: bool = True) -> int:
    return environment.sequences.setval(reference, value, is_called)


def _currval(environment: Environment, reference: Any) -> int:
    return environment.sequences.currval(reference)


for _type in ("text", "oid"):
    register("nextval", _type, "int8", _nextval, volatility=VOLATILE, environment=True)
    register("currval", _type, "int8", _currval, volatility=VOLATILE, environment=True)
    register("setval", f"{_type} int8", "int8", _setval, volatility=VOLATILE, environment=True)
    register("setval", f"{_type} int8 bool", "int8", _setval, volatility=VOLATILE, environment=True)
register(
    "lastval", "", "int8", lambda environment: environment.sequences.lastval(), volatility=VOLATILE, environment=True
)
