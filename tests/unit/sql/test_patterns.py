"""Patterns: what they answer is recorded from PostgreSQL (patterns.golden); here is what keeps them linear
and bounded."""

from __future__ import annotations

import ast
import asyncio
import random
from pathlib import Path

import pytest

import actors.sql.patterns
from actors.common.errors import DatabaseError
from actors.sql.patterns import automaton, expression, functions, like
from actors.sql.patterns.automaton import write
from actors.sql.patterns.automaton_size import is_small
from actors.sql.patterns.expression import Expression
from actors.sql.patterns.functions import regexp_count, regexp_replace_flags, regexp_substr
from actors.sql.patterns.like import like_matcher
from actors.sql.patterns.parser import parse
from actors.sql.patterns.syntax import Options


def parsed(pattern: str) -> actors.sql.patterns.syntax.Alternatives:
    return parse(pattern, Options()).tree


def test_no_pattern_goes_to_a_backtracking_engine() -> None:
    for path in Path(actors.sql.patterns.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                assert "re" not in [name.name for name in node.names], path


def slow_like(text: str, pattern: str) -> bool:
    """LIKE without escapes, by the book: every choice tried, each once."""
    reachable = {0}
    for character in pattern:
        if character == "%":
            reachable = set(range(min(reachable), len(text) + 1)) if reachable else set()
        else:
            reachable = {place + 1 for place in reachable if place < len(text) and character in ("_", text[place])}
    return len(text) in reachable


@pytest.mark.parametrize("by_masks", [False, True])
def test_like_matches_as_by_trying_every_choice(by_masks: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if by_masks:
        monkeypatch.setattr(like, "COMPARED_PLACES_MAX", 0)
    chance = random.Random(5)
    for _ in range(3000):
        pattern = "".join(chance.choice("ab__%é") for _ in range(chance.randint(0, 9)))
        text = "".join(chance.choice("aabé") for _ in range(chance.randint(0, 14)))
        assert like_matcher(pattern)(text) == slow_like(text, pattern), (text, pattern)


def test_like_with_many_choices_over_a_large_text_ends() -> None:
    text = "ab" * 50_000
    assert not like_matcher("%a%b" * 40 + "%c")(text)
    assert like_matcher("%a_a_a%" + "_b" * 200)(text)
    assert not like_matcher("%" + "a_" * 500 + "c%")(text)


def test_a_like_that_would_take_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(like, "MASKED_WORK_MAX", 1000)
    with pytest.raises(DatabaseError, match="too complex") as refused:
        like_matcher("%" + "a_" * 500 + "c%")("ab" * 50_000)
    assert refused.value.sqlstate == "54000"


@pytest.mark.parametrize(
    ("pattern", "small"),
    [
        (r"\d+-\d+", True),
        ("^(a|b)*$", True),
        (r"([^,]*),([^,]*)", True),
        ("|".join(f"word{number}" for number in range(100)), True),
        (".{200}x", True),
        ("[ab]*a[ab]{14}c", False),
        ("x(a|b)*a(a|b){20}$", False),
    ],
)
def test_the_size_of_an_automaton_is_known(pattern: str, small: bool) -> None:
    assert is_small(parsed(pattern)) is small


def test_a_large_text_is_searched_only_by_a_small_automaton() -> None:
    text = "ab" * 200_000
    assert Expression("(ab)+$", "").matches(text)
    with pytest.raises(DatabaseError, match="too complex for a text of 400000 bytes") as refused:
        Expression("[ab]*a[ab]{14}c", "").matches(text)
    assert refused.value.sqlstate == "54000"
    assert not Expression("[ab]*a[ab]{14}c", "").matches("ab" * 200)


def test_a_text_beyond_the_bound_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(automaton, "BYTES_MAX", 300_000)
    with pytest.raises(DatabaseError, match="too complex"):
        Expression("(ab)+$", "").matches("ab" * 200_000)


TOO_LARGE = ["a" * 20_000, "((a{100}){100}){100}", "(" * 200 + "a" + ")" * 200, "(((a{9}){9}){9}){9}"]


@pytest.mark.parametrize("pattern", TOO_LARGE)
def test_an_expression_that_is_too_large_is_refused(pattern: str) -> None:
    with pytest.raises(DatabaseError, match="invalid regular expression: regular expression is too complex") as refused:
        Expression(pattern, "")
    assert refused.value.sqlstate == "2201B"


def test_bounds_within_bounds_are_written_out() -> None:
    assert Expression(r"^(\w{1,50}\.){3,30}$", "").matches("abc." * 30)
    assert not Expression(r"^(\w{1,50}\.){3,30}$", "").matches("abc." * 31)


def test_a_dissection_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expression, "QUESTIONS_MAX", 50)
    assert regexp_substr("ab" * 10, "^((a)|b)*$", 1, 1, "", 1) == "b"
    with pytest.raises(DatabaseError, match="too complex for a match of this size"):
        regexp_substr("ab" * 100, "^((a)|b)*$", 1, 1, "", 1)


def test_matches_without_end_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(functions, "CPU_SECONDS_MAX", 0.0)
    with pytest.raises(DatabaseError, match="too many matches"):
        regexp_count("a" * 10_000, "a")


def test_groups_and_places_are_right_in_any_alphabet() -> None:
    assert regexp_replace_flags("żółć é 漢字", r"(\S)(\S)", r"\2\1", "g") == "óżćł é 字漢"
    assert regexp_count("aéb", r"\Y") == 0  # RE2 sees a place between the bytes of a character; there is none


def test_what_is_written_for_re2_leaves_nothing_to_its_options() -> None:
    assert write(parsed("a.[b-d]$")) == r"a(?s:.)[\x{62}-\x{64}]\z"


def test_what_an_event_loop_evaluates_ends_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(functions, "LOOP_CPU_SECONDS_MAX", 0.0)

    async def on_the_loop() -> None:
        regexp_count("a" * 1000, "a")

    assert regexp_count("a" * 1000, "a") == 1000
    with pytest.raises(DatabaseError, match="too many matches"):
        asyncio.run(on_the_loop())
