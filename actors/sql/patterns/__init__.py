"""Patterns over text, in time that is linear in the text: LIKE, SIMILAR TO and PostgreSQL's advanced regular
expressions.

    like.py         LIKE and ILIKE: segments between percent signs, each looked for once from left to right
    character_sets.py, syntax.py, parser.py
                    an advanced regular expression (ARE) as a tree; PostgreSQL's errors for one that is not valid
    words.py        \\m and \\M as RE2's \\b, where their neighbours allow that
    structure.py    which parts prefer long, which short matches: PostgreSQL's rules, as a tree of parts
    automaton.py    RE2: the only file that knows it. Every program is a deterministic automaton; nothing backtracks
    expression.py   a compiled expression: search, then dissection of the match into its groups
    similar.py      SIMILAR TO and substring(... SIMILAR ...) as AREs
    functions.py    regexp_replace, regexp_substr, ... of text

What a regular expression cannot say without backtracking is refused with 0A000: back references and lookaround. A
text and an expression that would together cost more than a bounded time are refused with 54000.
"""
