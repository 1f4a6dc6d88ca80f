"""\\m and \\M, which look at the characters on both sides, as RE2's \\b, which sees only that the two differ in kind.

\\mfoo       what follows is a word character, so a boundary is a beginning
\\s\\m.       what precedes is none, so a boundary is a beginning
.\\m.        both unknown: refused (0A000)
"""

from __future__ import annotations

from actors.sql.patterns.character_sets import WORD, is_disjoint, is_subset
from actors.sql.patterns.syntax import Alternatives, Anchor, Branch, Characters, Group, Item, Repeat, unsupported

NONE, IN_WORD, OUTSIDE, UNKNOWN = 0, 1, 2, 3
"""What is known of a neighbouring character (bits): the ends of the text are outside of words. NONE: nothing can
stand there."""

_BEGINS = {"text_end": OUTSIDE, "line_end": OUTSIDE}
_ENDS = {"text_start": OUTSIDE, "line_start": OUTSIDE}
"""What an anchor tells of the character after it, or before it. Another \\m or \\M tells nothing: it would be
resolved by the very one that asks."""


def resolve_words(tree: Alternatives) -> Alternatives:
    """The tree without `word_start` and `word_end`."""
    return _alternatives(tree, UNKNOWN, UNKNOWN) if _has_words(tree) else tree


def _has_words(node: Alternatives | Item) -> bool:
    if isinstance(node, Alternatives):
        return any(_has_words(item) for branch in node.branches for item in branch.items)
    if isinstance(node, Anchor):
        return node.kind in ("word_start", "word_end")
    if isinstance(node, Characters):
        return False
    return _has_words(node.body if isinstance(node, Group) else node.operand)


def _kind(node: Characters) -> int:
    if is_subset(node.ranges, WORD):
        return IN_WORD if node.ranges else NONE
    return OUTSIDE if is_disjoint(node.ranges, WORD) else UNKNOWN


def _edge(node: Alternatives | Item, forward: bool) -> tuple[int, bool]:
    """(kinds of the first character, or of the last one, whether the node may be empty)."""
    if isinstance(node, Characters):
        return _kind(node), False
    if isinstance(node, Anchor):
        known = (_BEGINS if forward else _ENDS).get(node.kind)
        return (NONE, True) if known is None else (known, False)
    if isinstance(node, Group):
        return _edge(node.body, forward)
    if isinstance(node, Repeat):
        kinds, empty = _edge(node.operand, forward)
        return (NONE, True) if node.most == 0 else (kinds, empty or node.least == 0)
    edges = [_sequence_edge(branch.items, forward) for branch in node.branches]
    kinds = 0
    for kind, _ in edges:
        kinds |= kind
    return kinds, any(empty for _, empty in edges)


def _sequence_edge(items: tuple[Item, ...], forward: bool) -> tuple[int, bool]:
    kinds = 0
    for item in items if forward else reversed(items):
        kind, empty = _edge(item, forward)
        kinds |= kind
        if not empty:
            return kinds, False
    return kinds, True


def _alternatives(node: Alternatives, before: int, after: int) -> Alternatives:
    return Alternatives(tuple(_branch(branch, before, after) for branch in node.branches))


def _branch(node: Branch, before: int, after: int) -> Branch:
    items: list[Item] = []
    for place, item in enumerate(node.items):
        left, left_empty = _sequence_edge(node.items[:place], False)
        right, right_empty = _sequence_edge(node.items[place + 1 :], True)
        items.append(_item(item, left | before if left_empty else left, right | after if right_empty else right))
    return Branch(tuple(items))


def _item(item: Item, before: int, after: int) -> Item:
    if isinstance(item, Anchor):
        return _anchor(item, before, after)
    if isinstance(item, Group):
        return Group(item.number, _alternatives(item.body, before, after))
    if isinstance(item, Repeat) and isinstance(item.operand, Group):
        if item.most is None or item.most > 1:
            before |= _edge(item.operand, False)[0]
            after |= _edge(item.operand, True)[0]
        return Repeat(
            Group(item.operand.number, _alternatives(item.operand.body, before, after)),
            item.least,
            item.most,
            item.prefers,
        )
    return item


def _anchor(anchor: Anchor, before: int, after: int) -> Anchor:
    if anchor.kind not in ("word_start", "word_end"):
        return anchor
    if anchor.kind == "word_end":
        before, after = after, before
    if not after & IN_WORD or not before & OUTSIDE:
        return Anchor("never")
    if after == IN_WORD or before == OUTSIDE:
        return Anchor("boundary")
    raise unsupported("\\m or \\M between characters of which neither is known to be in or outside of a word is")
