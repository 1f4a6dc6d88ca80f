"""LIKE, SIMILAR TO and regular expressions as operators and functions; actors/sql/patterns does the work."""

from __future__ import annotations

from actors.sql.expressions.registry import HELPERS, register
from actors.sql.patterns.expression import regular_expression
from actors.sql.patterns.functions import (
    regexp_count,
    regexp_instr,
    regexp_like,
    regexp_match,
    regexp_replace_flags,
    regexp_replace_from,
    regexp_split_to_array,
    regexp_substr,
    regexp_substring,
    similar_substring,
)
from actors.sql.patterns.like import like_escape, like_matcher
from actors.sql.patterns.similar import similar_to_escape

HELPERS["like_matcher"] = like_matcher
HELPERS["regular_expression"] = regular_expression
for _name, _template in (
    ("~~", "like_matcher({1})({0})"),
    ("!~~", "(not like_matcher({1})({0}))"),
    ("~~*", "like_matcher({1}, True)({0})"),
    ("!~~*", "(not like_matcher({1}, True)({0}))"),
    ("~", "regular_expression({1}).matches({0})"),
    ("!~", "(not regular_expression({1}).matches({0}))"),
    ("~*", "regular_expression({1}, 'i').matches({0})"),
    ("!~*", "(not regular_expression({1}, 'i').matches({0}))"),
):
    register(_name, "text text", "bool", template=_template)
    register(_name, "bpchar text", "bool", template=_template)
register("like_escape", "text text", "text", like_escape)
register("similar_to_escape", "text", "text", similar_to_escape)
register("similar_to_escape", "text text", "text", similar_to_escape)
register("substring", "text text", "text", regexp_substring)
register("substring", "text text text", "text", similar_substring)
register("regexp_like", "text text", "bool", regexp_like)
register("regexp_like", "text text text", "bool", regexp_like)
register("regexp_replace", "text text text", "text", regexp_replace_flags, slow=True)
register("regexp_replace", "text text text text", "text", regexp_replace_flags, slow=True)
for _arguments in ("int4", "int4 int4", "int4 int4 text"):
    register("regexp_replace", f"text text text {_arguments}", "text", regexp_replace_from, slow=True)
for _arguments in ("", "int4", "int4 text"):
    register("regexp_count", f"text text {_arguments}", "int4", regexp_count, slow=True)
for _arguments in ("", "int4", "int4 int4", "int4 int4 text", "int4 int4 text int4"):
    register("regexp_substr", f"text text {_arguments}", "text", regexp_substr, slow=True)
for _arguments in ("", "int4", "int4 int4", "int4 int4 int4", "int4 int4 int4 text", "int4 int4 int4 text int4"):
    register("regexp_instr", f"text text {_arguments}", "int4", regexp_instr, slow=True)
for _arguments in ("", "text"):
    register("regexp_match", f"text text {_arguments}", "_text", regexp_match, slow=True)
    register("regexp_split_to_array", f"text text {_arguments}", "_text", regexp_split_to_array, slow=True)
