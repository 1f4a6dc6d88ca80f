"""The tree of a regular expression, its options, and the errors of one that is not valid."""

from __future__ import annotations

from dataclasses import dataclass

from actors.common.errors import FEATURE_NOT_SUPPORTED, INVALID_PARAMETER_VALUE, DatabaseError
from actors.sql.patterns.character_sets import Ranges

INVALID_REGULAR_EXPRESSION = "2201B"

LONGER, SHORTER = 1, 2
"""What a quantifier, and so a part of an expression, prefers; 0: nothing."""

EXPRESSION_CHARACTERS_MAX = 16 << 10
"""A longer pattern is refused as too complex: reading it would hold a process for more than its turn."""
POSITIONS_MAX = 5000
"""Characters of an expression once its bounds are written out: a larger one is refused as too complex."""
NESTING_MAX = 100
"""Parentheses within parentheses."""

NOT_BALANCED_PARENTHESES = "parentheses () not balanced"
NOT_BALANCED_BRACKETS = "brackets [] not balanced"
NOT_BALANCED_BRACES = "braces {} not balanced"
BAD_ESCAPE = "invalid escape \\ sequence"
BAD_CLASS = "invalid character class"
BAD_COLLATING_ELEMENT = "invalid collating element"
BAD_BACK_REFERENCE = "invalid backreference number"
BAD_COUNT = "invalid repetition count(s)"
BAD_RANGE = "invalid character range"
BAD_QUANTIFIER = "quantifier operand invalid"
BAD_OPTION = "invalid embedded option"
BAD_PATTERN = "invalid regexp (reg version 0.8)"
BAD_ARGUMENT = "invalid argument to regex function"
TOO_COMPLEX = "regular expression is too complex"
"""PostgreSQL's texts (regerrs.h)."""


def invalid(reason: str) -> DatabaseError:
    return DatabaseError(INVALID_REGULAR_EXPRESSION, f"invalid regular expression: {reason}")


def unsupported(what: str) -> DatabaseError:
    return DatabaseError(FEATURE_NOT_SUPPORTED, f"{what} not supported in regular expressions")


@dataclass(frozen=True, slots=True)
class Characters:
    """One character of a set."""

    ranges: Ranges


@dataclass(frozen=True, slots=True)
class Anchor:
    """`text_start`, `text_end`, `line_start`, `line_end`, `word_start`, `word_end`, `boundary`, `no_boundary`, or
    `never`."""

    kind: str


@dataclass(frozen=True, slots=True)
class Group:
    """Parentheses; `number` 0: they capture nothing."""

    number: int
    body: Alternatives


@dataclass(frozen=True, slots=True)
class Repeat:
    """`most` None: no bound. `prefers`: LONGER, SHORTER, or 0 as its operand ({m})."""

    operand: Characters | Group
    least: int
    most: int | None
    prefers: int


@dataclass(frozen=True, slots=True)
class Branch:
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Alternatives:
    branches: tuple[Branch, ...]


Item = Characters | Anchor | Group | Repeat


@dataclass(slots=True)
class Options:
    """How a pattern is read. `every`: the flag "g", for those functions that know it."""

    ignore_case: bool = False
    newline_stops: bool = False
    newline_anchors: bool = False
    expanded: bool = False
    literal: bool = False
    every: bool = False


def parse_options(flags: str) -> Options:
    """Of a function's flags argument. Raises 22023 for an unknown letter, 0A000 for basic and extended expressions
    (b, e)."""
    options = Options()
    for flag in flags:
        if flag == "g":
            options.every = True
        elif not set_option(options, flag):
            raise DatabaseError(INVALID_PARAMETER_VALUE, f'invalid regular expression option: "{flag}"')
    if options.literal and (options.expanded or options.newline_stops or options.newline_anchors):
        raise invalid(BAD_ARGUMENT)
    return options


def set_option(options: Options, letter: str) -> bool:
    """Whether there is such an option."""
    if letter in "be":
        raise unsupported("basic and extended syntax (options b and e) is")
    if letter in "ci":
        options.ignore_case = letter == "i"
    elif letter in "mnpsw":
        options.newline_stops = letter in "mnp"
        options.newline_anchors = letter in "mnw"
    elif letter in "tx":
        options.expanded = letter == "x"
    elif letter == "q":
        options.literal = True
    else:
        return False
    return True
