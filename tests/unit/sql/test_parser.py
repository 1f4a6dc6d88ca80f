"""pglast's nodes without their checks hold what they would hold with them."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pglast import ast
from pglast.parser import ParseError

from actors.sql.parser import parse_sql
from tests.scripts.golden import parse_script, statements_of

SCRIPTS = sorted(Path("tests/scripts").glob("**/*.sql"))


def checked_nodes() -> ModuleType:
    """pglast.ast as it comes, whose nodes check each attribute."""
    spec = importlib.util.spec_from_file_location("pglast.checked", ast.__file__)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert "__setattr__" in vars(module.Node)
    return module


def checked(value: Any, nodes: ModuleType) -> Any:
    """The same made of `nodes`. Raises ValueError for an attribute that they refuse."""
    if isinstance(value, tuple):
        return tuple(checked(item, nodes) for item in value)
    if not isinstance(value, ast.Node):
        return value
    made = getattr(nodes, type(value).__name__).__new__(getattr(nodes, type(value).__name__))
    for name in value.__slots__:
        setattr(made, name, checked(getattr(value, name), nodes))
    return made


def differences(value: Any, other: Any, nodes: ModuleType) -> list[str]:
    if isinstance(value, tuple) and isinstance(other, tuple):
        return [found for pair in zip(value, other, strict=True) for found in differences(*pair, nodes)]
    if isinstance(other, nodes.Node):
        return [
            f"{type(value).__name__}.{name}: {found}"
            for name in value.__slots__
            for found in differences(getattr(value, name), getattr(other, name), nodes)
        ]
    return [] if type(value) is type(other) and value == other else [f"{value!r}, checked {other!r}"]


@pytest.fixture(scope="module")
def nodes() -> ModuleType:
    return checked_nodes()


def test_the_parser_gives_nodes_what_their_checks_would_leave(nodes: ModuleType) -> None:
    texts = 0
    for script in SCRIPTS:
        for block in parse_script(script.read_text()):
            for _, sql in statements_of(block.statements):
                try:
                    trees = parse_sql(sql)
                except ParseError:
                    continue
                texts += 1
                assert differences(trees, checked(trees, nodes), nodes) == [], sql
    assert texts > 3000


def test_a_difference_is_seen(nodes: ModuleType) -> None:
    [raw] = parse_sql("SELECT true")
    assert differences(raw, checked(raw, nodes), nodes) == []
    raw.stmt.targetList[0].val.isnull = 0
    assert len(differences(raw, checked(raw, nodes), nodes)) == 1


def test_nodes_take_what_they_are_given() -> None:
    node = ast.ColumnRef(fields=(ast.String(sval="a"),), location="anywhere")  # type: ignore[arg-type]
    assert node.location == "anywhere"
