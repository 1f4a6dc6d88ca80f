"""JSON: PostgreSQL's errors to the word, the order of jsonb, bounds, and values made at random."""

from __future__ import annotations

import json
import random
from decimal import Decimal
from typing import Any

import pytest

from actors.common.errors import DatabaseError
from actors.sql.expressions.json_functions import json_items, json_members
from actors.sql.types import by_name
from actors.sql.types.json_values import DEPTH_MAX, order_key, parse, write
from tests.unit.sql import golden, json_errors

parse_json, parse_jsonb = by_name["json"].parse_text, by_name["jsonb"].parse_text
RECORDED = json_errors.read()


def refusal(case: tuple[str, str]) -> str:
    type_, text = case
    try:
        by_name[type_].parse_text(text, -1)
    except DatabaseError as error:
        return json_errors.said(error.sqlstate, error.message, error.detail, error.context)
    return "  'ok'"


def test_a_text_that_is_no_json_is_refused_in_postgresqls_words() -> None:
    assert len(RECORDED) > 100
    wrong = golden.differences([((type_, text), expected) for type_, text, expected in RECORDED], refusal)
    assert not wrong, "\n".join(wrong)


def test_the_order_of_jsonb() -> None:
    """The manual's: Object > Array > Boolean > Number > String > null, and an empty array below all."""
    ascending = [
        "[]",
        "null",
        '"a"',
        '"aa"',
        '"b"',
        "-1",
        "0.5",
        "1",
        "2",
        "10",
        "false",
        "true",
        "[1]",
        '["a", 1]',
        "[1, 1]",
        "[1, 2]",
        "{}",
    ]
    ascending += ['{"a": 1}', '{"a": 2}', '{"aa": 0}', '{"b": 0}', '{"a": 1, "b": 1}']
    keys = [order_key(parse_jsonb(text, -1)) for text in ascending]
    assert keys == sorted(keys)
    assert len(set(keys)) == len(keys)
    assert order_key("1.0") == order_key("1") == order_key("1.00")


def value_of(draw: random.Random, depth: int) -> Any:
    kind = draw.randrange(8 if depth else 6)
    if kind == 0:
        return draw.choice([None, True, False])
    if kind == 1:
        return draw.randrange(-(10**20), 10**20)
    if kind == 2:
        return Decimal(draw.randrange(-(10**12), 10**12)).scaleb(-draw.randrange(8))
    if kind <= 5:
        return "".join(
            draw.choice(["a", '"', "\\", "\n", "é", "😀", "\x01", " ", "/"]) for _ in range(draw.randrange(5))
        )
    if kind == 6:
        return [value_of(draw, depth - 1) for _ in range(draw.randrange(4))]
    return {
        value_of(draw, 0).__repr__()[: draw.randrange(6)]: value_of(draw, depth - 1) for _ in range(draw.randrange(4))
    }


def shown(value: Any, blank: str) -> str:
    """As JSON, with `blank` wherever one may stand."""
    if isinstance(value, dict):
        pairs = [f"{blank}{json.dumps(key)}{blank}:{blank}{shown(item, blank)}{blank}" for key, item in value.items()]
        return "{" + ",".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ",".join(f"{blank}{shown(item, blank)}{blank}" for item in value) + "]"
    return f"{value:f}" if isinstance(value, Decimal) else json.dumps(value)


@pytest.mark.parametrize("first", range(0, 200, 50))
def test_values_come_back(first: int) -> None:
    for seed in range(first, first + 50):
        comes_back(seed)


def comes_back(seed: int) -> None:
    draw = random.Random(seed)
    value = value_of(draw, 4)
    text = shown(value, draw.choice(["", " ", "\n\t "]))
    assert parse_json(text, -1) == text
    datum = parse_jsonb(text, -1)
    assert parse(datum) == value
    assert parse_jsonb(datum, -1) == datum
    assert write(parse(datum)) == datum
    for type_ in ("json", "jsonb"):
        known = by_name[type_]
        kept = known.parse_text(text, -1)
        assert known.parse_binary(known.format_binary(kept, -1), -1) == kept
    if isinstance(value, dict):
        assert [(key, parse_jsonb(part, -1)) for key, part in json_members(text)] == [
            (key, parse_jsonb(shown(item, ""), -1)) for key, item in value.items()
        ]
    if isinstance(value, list):
        assert [parse_jsonb(part, -1) for part in json_items(text)] == [
            parse_jsonb(shown(item, ""), -1) for item in value
        ]


@pytest.mark.parametrize("type_", ["json", "jsonb"])
@pytest.mark.parametrize("opening", ["[", '{"a":', '[{"a":'])
def test_nesting_is_bounded(type_: str, opening: str) -> None:
    levels = opening.count("[") + opening.count("{")
    closing = "".join({"[": "]", "{": "}"}.get(character, "") for character in reversed(opening))
    fits = DEPTH_MAX // levels
    by_name[type_].parse_text(opening * fits + "1" + closing * fits, -1)
    for many in (fits + 1, 100_000):
        with pytest.raises(DatabaseError) as refused:
            by_name[type_].parse_text(opening * many + "1" + closing * many, -1)
        assert refused.value.sqlstate == "54001"
    brackets = json.dumps("[{" * 100_000)
    assert by_name[type_].parse_text(brackets, -1) == brackets


def test_numbers_are_bounded() -> None:
    assert parse_jsonb("1" * 5000, -1) == "1" * 5000
    assert parse(parse_jsonb("1" * 5000, -1)) == int("1" * 4000) * 10**1000 + int("1" * 1000)
    with pytest.raises(DatabaseError) as refused:
        parse_jsonb("[" + ",".join(["1e131000"] * 1000) + "]", -1)
    assert refused.value.sqlstate == "54000"


def test_binary_jsonb_says_its_version() -> None:
    known = by_name["jsonb"]
    assert known.format_binary('{"a": 1}', -1) == b'\x01{"a": 1}'
    with pytest.raises(DatabaseError, match="unsupported jsonb version number 2"):
        known.parse_binary(b"\x02{}", -1)
