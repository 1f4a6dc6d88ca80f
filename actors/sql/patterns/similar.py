"""SQL's own regular expressions (SIMILAR TO) as PostgreSQL's advanced ones: `similar_to_escape(pattern, escape)`.

a(b|c)%_d       ^(?:a(?:b|c).*.d)$
x#"y#"z         ^(?:x){1,1}?(y){1,1}(?:z)$      with escape #: what substring() is to give is group 1, "x" as short
as can be
"""

from __future__ import annotations

from actors.common.errors import INVALID_ESCAPE_SEQUENCE, DatabaseError
from actors.sql.patterns.like import ESCAPE_HINT

TOO_MANY_SEPARATORS = "SQL regular expression may not contain more than two escape-double-quote separators"
_SEPARATORS = ("){1,1}?(", "){1,1}(?:")
_PLAIN = {"%": ".*", "_": ".", "(": "(?:", "\\": "\\\\", ".": "\\.", "^": "\\^", "$": "\\$"}


def similar_to_escape(pattern: str, escape: str = "\\") -> str:
    """Raises 22025 for an escape of more than one character, 2200C for a third escape-double-quote."""
    if len(escape) > 1:
        raise DatabaseError(INVALID_ESCAPE_SEQUENCE, "invalid escape string", hint=ESCAPE_HINT)
    result = ["^(?:"]
    after_escape = False
    depth = 0  # of brackets
    place = 0  # in a bracket: 1 and 2 are where "]" is a plain character
    separators = 0
    for character in pattern:
        if after_escape:
            after_escape = False
            if character == '"' and depth < 1:
                if separators == len(_SEPARATORS):
                    raise DatabaseError("2200C", TOO_MANY_SEPARATORS)
                result.append(_SEPARATORS[separators])
                separators += 1
            else:
                result.append("\\" + character)
                place = 3
        elif character == escape:
            after_escape = True
        elif depth > 0:
            result.append("\\\\" if character == "\\" else character)
            if character == "]" and place > 2:
                depth -= 1
            elif character == "[":
                depth += 1
                place = 3
            elif character == "^":
                place += 1
            else:
                place = 3
        elif character == "[":
            result.append(character)
            depth = place = 1
        else:
            result.append(_PLAIN.get(character, character))
    result.append(")$")
    return "".join(result)
