"""PostgreSQL's advanced regular expressions (regc_lex.c, regcomp.c) as trees: `parse(pattern, options) -> Parsed`.

Raises 2201B with PostgreSQL's text where the pattern is not valid, 0A000 for back references, lookaround and basic
syntax.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from actors.sql.patterns.character_sets import (
    CLASSES,
    CODE_POINT_MAX,
    EVERYTHING,
    Ranges,
    both_cases,
    complement,
    normalized,
    without_newline,
)
from actors.sql.patterns.syntax import (
    BAD_BACK_REFERENCE,
    BAD_CLASS,
    BAD_COLLATING_ELEMENT,
    BAD_COUNT,
    BAD_ESCAPE,
    BAD_OPTION,
    BAD_PATTERN,
    BAD_QUANTIFIER,
    BAD_RANGE,
    EXPRESSION_CHARACTERS_MAX,
    LONGER,
    NESTING_MAX,
    NOT_BALANCED_BRACES,
    NOT_BALANCED_BRACKETS,
    NOT_BALANCED_PARENTHESES,
    SHORTER,
    TOO_COMPLEX,
    Alternatives,
    Anchor,
    Branch,
    Characters,
    Group,
    Item,
    Options,
    Repeat,
    invalid,
    set_option,
    unsupported,
)

COUNT_MAX = 255
_SPACE = " \t\n\v\f\r"
_PLAIN_ESCAPES = {"a": 7, "b": 8, "B": 0x5C, "e": 0x1B, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}
_CLASS_ESCAPES = {"d": "digit", "s": "space", "w": "word"}
_ANCHOR_ESCAPES = {
    "A": "text_start",
    "Z": "text_end",
    "m": "word_start",
    "M": "word_end",
    "y": "boundary",
    "Y": "no_boundary",
}
_LOOKAROUND = {"=": "lookahead is", "!": "lookahead is", "<": "lookbehind is"}


@dataclass(frozen=True)
class Parsed:
    tree: Alternatives
    groups: int


def parse(pattern: str, options: Options) -> Parsed:
    if len(pattern) > EXPRESSION_CHARACTERS_MAX:
        raise invalid(TOO_COMPLEX)
    parser = _Parser(pattern, replace(options))
    return parser.parse()


class _Parser:
    """A cursor over the pattern; one method a level of the grammar."""

    def __init__(self, pattern: str, options: Options) -> None:
        self._pattern = pattern
        self._at = 0
        self._options = options
        self._groups = 0
        self._closed: set[int] = set()
        self._depth = 0

    def parse(self) -> Parsed:
        self._prefixes()
        if self._options.literal:
            items = [self._one(ord(character)) for character in self._pattern[self._at :]]
            return Parsed(Alternatives((Branch(tuple(items)),)), 0)
        tree = self._alternatives()
        if not self._ended():
            raise invalid(NOT_BALANCED_PARENTHESES)
        return Parsed(tree, self._groups)

    # the cursor

    def _ended(self) -> bool:
        return self._at >= len(self._pattern)

    def _peek(self) -> str:
        return self._pattern[self._at] if self._at < len(self._pattern) else ""

    def _take(self) -> str:
        character = self._pattern[self._at]
        self._at += 1
        return character

    def _eat(self, text: str) -> bool:
        if self._pattern.startswith(text, self._at):
            self._at += len(text)
            return True
        return False

    def _skip(self) -> None:
        """Comments in parentheses, and white space and comments of expanded syntax."""
        while True:
            start = self._at
            if self._options.expanded:
                while self._peek() and self._peek() in _SPACE:
                    self._at += 1
                if self._peek() == "#":
                    end = self._pattern.find("\n", self._at)
                    self._at = len(self._pattern) if end < 0 else end
            if self._eat("(?#"):
                end = self._pattern.find(")", self._at)
                self._at = len(self._pattern) if end < 0 else end + 1
            if self._at == start:
                return

    def _prefixes(self) -> None:
        """The director *** and the embedded options, at the very start."""
        if self._options.literal:
            return
        if len(self._pattern) > 3 and self._pattern.startswith("***"):
            director = self._pattern[3]
            if director not in "?=:":
                raise invalid(BAD_QUANTIFIER)
            if director == "?":
                raise invalid(BAD_PATTERN)
            self._at = 4
            if director == "=":
                self._options.literal, self._options.expanded = True, False
                self._options.newline_stops = self._options.newline_anchors = False
                return
        after = self._pattern[self._at + 2 : self._at + 3]
        if not (self._pattern.startswith("(?", self._at) and after.isascii() and after.isalpha()):
            return
        self._at += 2
        while self._peek().isascii() and self._peek().isalpha():
            if not set_option(self._options, self._take()):
                raise invalid(BAD_OPTION)
        if not self._eat(")"):
            raise invalid(BAD_OPTION)
        if self._options.literal:
            self._options.expanded = self._options.newline_stops = self._options.newline_anchors = False

    # the grammar

    def _alternatives(self) -> Alternatives:
        branches = [self._branch()]
        while self._eat("|"):
            branches.append(self._branch())
        return Alternatives(tuple(branches))

    def _branch(self) -> Branch:
        items: list[Item] = []
        while True:
            self._skip()
            if self._ended() or self._peek() in "|)":
                if self._peek() == ")" and not self._depth:
                    raise invalid(NOT_BALANCED_PARENTHESES)
                return Branch(tuple(items))
            atom = self._atom()
            items.append(atom if isinstance(atom, Anchor) else self._quantified(atom))

    def _atom(self) -> Characters | Anchor | Group:
        character = self._take()
        if character in "*+?":
            raise invalid(BAD_QUANTIFIER)
        if character == "{":
            self._skip_white()
            if self._peek().isascii() and self._peek().isdigit():
                raise invalid(BAD_QUANTIFIER)
            return self._one(0x7B)
        if character == "(":
            return self._group()
        if character == "[":
            return self._brackets()
        if character == ".":
            return Characters(without_newline(EVERYTHING) if self._options.newline_stops else EVERYTHING)
        if character == "^":
            return Anchor("line_start" if self._options.newline_anchors else "text_start")
        if character == "$":
            return Anchor("line_end" if self._options.newline_anchors else "text_end")
        if character == "\\":
            escaped = self._escape()
            return self._one(escaped) if isinstance(escaped, int) else escaped
        return self._one(ord(character))

    def _skip_white(self) -> None:
        if self._options.expanded:
            self._skip()

    def _group(self) -> Characters | Anchor | Group:
        number = 0
        if self._eat("?"):
            if self._ended():
                raise invalid(BAD_QUANTIFIER)
            kind = self._take()
            if kind == "<" and (self._ended() or self._take() not in "=!"):
                raise invalid(BAD_QUANTIFIER)
            if kind in _LOOKAROUND:
                raise unsupported(_LOOKAROUND[kind])
            if kind != ":":
                raise invalid(BAD_QUANTIFIER)
        else:
            self._groups += 1
            number = self._groups
        self._depth += 1
        if self._depth > NESTING_MAX:
            raise invalid(TOO_COMPLEX)
        body = self._alternatives()
        if not self._eat(")"):
            raise invalid(NOT_BALANCED_PARENTHESES)
        self._depth -= 1
        self._closed.add(number)
        return Group(number, body)

    def _quantified(self, atom: Characters | Group) -> Item:
        self._skip()
        sign = self._peek()
        if sign and sign in "*+?":
            self._at += 1
            bounds: tuple[int, int | None] = {"*": (0, None), "+": (1, None), "?": (0, 1)}[sign]
            return Repeat(atom, *bounds, SHORTER if self._eat("?") else LONGER)
        if sign != "{":
            return atom
        start = self._at
        self._at += 1
        self._skip_white()
        if not (self._peek().isascii() and self._peek().isdigit()):
            self._at = start
            return atom  # a brace that begins no bound is a plain character
        return self._bounds(atom)

    def _bounds(self, atom: Characters | Group) -> Item:
        least = self._number()
        most: int | None = least
        ranged = self._eat(",")
        if ranged:
            self._skip_white()
            most = self._number() if self._peek().isascii() and self._peek().isdigit() else None
            if most is not None and least > most:
                raise invalid(BAD_COUNT)
        if self._ended():
            raise invalid(NOT_BALANCED_BRACES)
        if not self._eat("}"):
            raise invalid(BAD_COUNT)
        shorter = self._eat("?")
        prefers = (SHORTER if shorter else LONGER) if ranged else 0
        return Repeat(atom, least, most, prefers)

    def _number(self) -> int:
        number = 0
        while self._peek().isascii() and self._peek().isdigit():
            number = number * 10 + int(self._take())
            if number > COUNT_MAX:
                raise invalid(BAD_COUNT)
            self._skip_white()
        return number

    def _one(self, point: int) -> Characters:
        if point > CODE_POINT_MAX:
            return Characters(())
        ranges: Ranges = ((point, point),)
        return Characters(both_cases(ranges) if self._options.ignore_case else ranges)

    # escapes

    def _escape(self, in_brackets: bool = False) -> int | Characters | Anchor:
        """What follows a backslash: a code point, a class, or an anchor."""
        if self._ended():
            raise invalid(BAD_ESCAPE)
        letter = self._take()
        if not (letter.isascii() and letter.isalnum()):
            return ord(letter)
        if letter in _PLAIN_ESCAPES:
            return _PLAIN_ESCAPES[letter]
        if letter in _ANCHOR_ESCAPES:
            return Anchor(_ANCHOR_ESCAPES[letter])
        if letter.lower() in _CLASS_ESCAPES:
            ranges = CLASSES[_CLASS_ESCAPES[letter.lower()]]
            return Characters(ranges if letter.islower() else complement(ranges))
        if letter == "c":
            if self._ended():
                raise invalid(BAD_ESCAPE)
            return ord(self._take()) & 0x1F
        if letter in "uUx":
            least, most = {"u": (4, 4), "U": (8, 8), "x": (1, 255)}[letter]
            point = self._digits(16, least, most)
            if point > 0x7FFFFFFE:
                raise invalid(BAD_ESCAPE)
            return point
        if letter.isdigit():
            self._at -= 1
            return self._numbered(in_brackets)
        raise invalid(BAD_ESCAPE)

    def _numbered(self, in_brackets: bool) -> int:
        """\\0 and octal numbers; a back reference is refused."""
        start = self._at
        if self._peek() != "0":
            number = self._digits(10, 1, 255)
            if self._at == start + 1 or 0 < number <= self._groups:
                if in_brackets:
                    raise invalid(BAD_ESCAPE)
                if number not in self._closed:
                    raise invalid(BAD_BACK_REFERENCE)
                raise unsupported("back references are")
            self._at = start
        point = self._digits(8, 1, 3)
        if point > 0xFF:
            self._at -= 1
            point >>= 3
        return point

    def _digits(self, base: int, least: int, most: int) -> int:
        number, count = 0, 0
        digits = "0123456789abcdef"[:base]
        while count < most and self._peek() and self._peek().lower() in digits:
            number = number * base + digits.index(self._take().lower())
            count += 1
        if count < least:
            raise invalid(BAD_ESCAPE)
        return number & 0xFFFFFFFF

    # brackets

    def _brackets(self) -> Characters | Anchor:
        for text, kind in (("[:<:]]", "word_start"), ("[:>:]]", "word_end")):
            if self._eat(text):
                return Anchor(kind)
        negated = self._eat("^")
        ranges: list[tuple[int, int]] = []
        excluded: list[tuple[int, int]] = []
        first = True
        while first or self._peek() != "]":
            if self._ended():
                raise invalid(NOT_BALANCED_BRACKETS)
            self._bracket_part(first, ranges, excluded)
            first = False
        self._at += 1
        result = normalized(ranges)
        if self._options.ignore_case:
            result = both_cases(result)
        result = normalized((*result, *excluded))
        if negated:
            if self._options.newline_stops:
                result = normalized((*result, (10, 10)))
            result = complement(result)
        return Characters(result)

    def _bracket_part(self, first: bool, ranges: list[tuple[int, int]], complements: list[tuple[int, int]]) -> None:
        """One element, class or range. Complemented classes go apart: the other case of a letter is not theirs to
        add."""
        low = self._element(first)
        if isinstance(low, Characters):
            (complements if low.ranges[0][0] == 0 else ranges).extend(low.ranges)
            return
        if self._peek() != "-" or self._pattern.startswith("-]", self._at):
            ranges.append((low, low))
            return
        self._at += 1
        if self._ended():
            raise invalid(NOT_BALANCED_BRACKETS)
        if self._peek() == "-":
            self._at += 1
            high: int | Characters = 0x2D
        else:
            high = self._element(False, end_of_range=True)
        if isinstance(high, Characters):
            raise invalid(BAD_RANGE)
        if low > high:
            raise invalid(BAD_RANGE)
        if low <= CODE_POINT_MAX:
            ranges.append((low, min(high, CODE_POINT_MAX)))

    def _element(self, first: bool, end_of_range: bool = False) -> int | Characters:
        character = self._take()
        if character == "-" and not first and self._peek() != "]":
            raise invalid(BAD_RANGE)
        if character == "]" and not first:
            raise invalid(BAD_RANGE)
        if character == "\\":
            escaped = self._escape(in_brackets=True)
            if isinstance(escaped, Anchor):
                raise invalid(BAD_ESCAPE)
            return escaped
        if character != "[":
            return ord(character)
        if self._ended():
            raise invalid(NOT_BALANCED_BRACKETS)
        if self._peek() not in ".=:":
            return ord(character)
        kind = self._take()
        end = self._pattern.find(kind + "]", self._at)
        if end < 0:
            raise invalid(NOT_BALANCED_BRACKETS)
        name = self._pattern[self._at : end]
        self._at = end + 2
        if self._ended():
            raise invalid(NOT_BALANCED_BRACKETS)
        if end_of_range and kind != ".":
            raise invalid(BAD_RANGE)
        if kind == ":":
            return self._named_class(name)
        if not name:
            raise invalid(BAD_COLLATING_ELEMENT)
        if len(name) > 1:
            raise unsupported(f'collating element "{name}" is')
        return Characters(((ord(name), ord(name)),)) if kind == "=" else ord(name)

    def _named_class(self, name: str) -> Characters:
        if self._options.ignore_case and name in ("lower", "upper"):
            name = "alpha"
        if name not in CLASSES:
            raise invalid(BAD_CLASS)
        return Characters(CLASSES[name])
