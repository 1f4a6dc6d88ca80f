"""AWS IAM GRANT role TO 'arn' and AWS IAM REVOKE role FROM 'arn': Aurora DSQL's own statements, which PostgreSQL's
grammar does not have.

    cut("SELECT 1; AWS IAM GRANT app TO 'arn:...'")
    ->  ("SELECT 1; SELECT 1                       ", {10: IamStmt(True, "app", "arn:...")})

Each is replaced by a statement of the same length that the parser knows, so that the places of the others' tokens stay;
the caller puts the IamStmt where the parser has found that.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pglast
from pglast.parser import ParseError

from actors.common.errors import SYNTAX_ERROR, DatabaseError

MAY_BE = re.compile(r"\baws\b.*\biam\b", re.IGNORECASE | re.DOTALL)
_STAND_IN = "SELECT 1"


@dataclass(frozen=True, slots=True)
class IamStmt:
    is_grant: bool
    role: str
    arn: str


def cut(text: str) -> tuple[str, dict[int, IamStmt]]:
    """(the text with stand-ins, the statements by their place). Raises 42601 for one that begins with AWS IAM and goes
    on otherwise."""
    try:
        tokens = [token for token in pglast.parser.scan(text) if not token.name.endswith("COMMENT")]
    except ParseError:
        return text, {}
    found: dict[int, IamStmt] = {}
    statement: list[Any] = []
    for token in [*tokens, None]:
        if token is not None and text[token.start : token.end + 1] != ";":
            statement.append(token)
            continue
        if [_word(text, one) for one in statement[:2]] == ["aws", "iam"]:
            start, end = statement[0].start, statement[-1].end + 1
            found[start] = _statement(text, statement)
            text = text[:start] + _STAND_IN.ljust(end - start) + text[end:]
        statement = []
    return text, found


def _word(text: str, token: Any) -> str:
    return text[token.start : token.end + 1].lower()


def _statement(text: str, tokens: list[Any]) -> IamStmt:
    words = [_word(text, token) for token in tokens]
    for place, wanted in enumerate(
        (("grant", "revoke"), None, ("to",) if words[2:3] == ["grant"] else ("from",), None), 2
    ):
        if place >= len(words) or (wanted is not None and words[place] not in wanted):
            raise _syntax_error(text, tokens, place)
    if len(words) > 6:
        raise _syntax_error(text, tokens, 6)
    role, arn = (text[tokens[place].start : tokens[place].end + 1] for place in (3, 5))
    if role.startswith('"'):
        role = role[1:-1].replace('""', '"')
    elif not role.replace("_", "a").replace("$", "a").isalnum() or role[0].isdigit():
        raise _syntax_error(text, tokens, 3)
    else:
        role = role.lower()
    if not arn.startswith("'"):
        raise _syntax_error(text, tokens, 5)
    return IamStmt(words[2] == "grant", role, arn[1:-1].replace("''", "'"))


def _syntax_error(text: str, tokens: list[Any], place: int) -> DatabaseError:
    if place >= len(tokens):
        return DatabaseError(SYNTAX_ERROR, "syntax error at end of input", position=len(text) + 1)
    token = tokens[place]
    return DatabaseError(
        SYNTAX_ERROR, f'syntax error at or near "{text[token.start : token.end + 1]}"', position=token.start + 1
    )
