"""Which parts of a match prefer to be long and which short: PostgreSQL's rules (regcomp.c, parseqatom), as a tree
of parts.

    x*(a+?)b      a concatenation: "x*" as long as can be, then the rest: group 1 as short as can be, then "b"

A part without groups inside and without a clash of preferences is a leaf: one automaton decides about it. Only what
is inside a group, or prefers otherwise than what stands before it, gets a node of its own. `expression.py` dissects
a match along these nodes.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from actors.sql.patterns.syntax import LONGER, SHORTER, Alternatives, Anchor, Branch, Characters, Group, Item, Repeat

MIXED, CAPTURES = 4, 8
_PREFERENCE = LONGER | SHORTER
_MESSY = MIXED | CAPTURES

LEAF, SEQUENCE, CHOICE, ITERATION, WRAPPER = "leaf", "sequence", "choice", "iteration", "wrapper"


@dataclass(eq=False, slots=True)
class Part:
    """`tree`: what it matches. `flags`: LONGER or SHORTER (its preference), MIXED, CAPTURES. `group`: the group
    that it is, or 0. `most`: of an iteration."""

    kind: str
    flags: int
    tree: Alternatives
    children: list[Part] = field(default_factory=list)
    group: int = 0
    most: int | None = None

    @property
    def shorter(self) -> bool:
        return bool(self.flags & SHORTER)


def build(tree: Alternatives) -> Part:
    """The parts of a whole expression."""
    if len(tree.branches) == 1:
        return _branch(tree.branches[0].items)
    flags = LONGER
    children: list[Part] = []
    for branch in tree.branches:
        child = _branch(branch.items)
        flags |= _upward(flags | child.flags)
        children.append(child)
    return Part(CHOICE, flags, tree, children) if flags & _MESSY else Part(LEAF, flags, tree)


def _upward(flags: int) -> int:
    """What a part tells the part around it: a clash below makes that one mixed."""
    return flags & _MESSY | (MIXED if flags & _PREFERENCE == _PREFERENCE else 0)


def _combined(one: int, other: int) -> int:
    return _upward(one | other) | (one & _PREFERENCE or other & _PREFERENCE)


def _sequence(items: tuple[Item, ...]) -> Alternatives:
    return Alternatives((Branch(items),))


def _branch(items: tuple[Item, ...]) -> Part:
    """Items are gathered into one leaf as long as they agree; the first that does not splits what is left into
    itself and the rest."""
    flags = 0
    for place, item in enumerate(items):
        if isinstance(item, Anchor):
            continue
        operand, least, most, prefers = _bounds(item)
        if most == 0:
            continue
        atom = _atom(operand)
        joint = flags | prefers | atom.flags
        captures = isinstance(operand, Group) and operand.number > 0
        if not captures and not _upward(joint) & _MESSY:
            flags = joint
            continue
        part = _quantified(atom, operand, least, most, prefers)
        return _joined(items, place, flags, part, _combined(prefers, atom.flags))
    return Part(LEAF, flags, _sequence(items))


def _bounds(item: Characters | Group | Repeat) -> tuple[Characters | Group, int, int | None, int]:
    return (item.operand, item.least, item.most, item.prefers) if isinstance(item, Repeat) else (item, 1, 1, 0)


def _atom(operand: Characters | Group) -> Part:
    if isinstance(operand, Characters):
        return Part(LEAF, 0, _sequence((operand,)))
    atom = build(operand.body)
    if operand.number == 0:
        return atom
    if atom.group:
        return Part(WRAPPER, atom.flags | CAPTURES, _sequence((operand,)), [atom], group=operand.number)
    atom.flags |= CAPTURES
    atom.group = operand.number
    return atom


def _quantified(atom: Part, operand: Characters | Group, least: int, most: int | None, prefers: int) -> Part:
    preference = atom.flags & (LONGER | SHORTER | MIXED)
    if least == 1 and most == 1 and (prefers == 0 or preference == 0 or prefers == preference):
        return atom
    flags = _combined(prefers, atom.flags)
    whole = _sequence((Repeat(operand, least, most, prefers),))
    if not atom.flags & CAPTURES:
        return Part(LEAF, flags, whole)
    if least > 0:  # only the last repetition's groups count, so the ones before it are a leaf
        before = Repeat(operand, least - 1, None if most is None else most - 1, prefers)
        return Part(SEQUENCE, flags, whole, [Part(LEAF, flags & _PREFERENCE, _sequence((before,))), atom])
    return Part(ITERATION, flags, whole, [atom], most=most)


def _joined(items: tuple[Item, ...], place: int, flags: int, part: Part, part_flags: int) -> Part:
    """What stands before the part, the part, and the rest of the branch."""
    prefix = Part(LEAF, flags, _sequence(items[:place]))
    rest_items = items[place + 1 :]
    if not rest_items:
        return Part(SEQUENCE, flags | _combined(flags, part.flags), _sequence(items), [prefix, part]) if place else part
    rest = _branch(rest_items)
    tail = Part(SEQUENCE, part_flags | _combined(part_flags, rest.flags), _sequence(items[place:]), [part, rest])
    all_flags = flags | _combined(flags, tail.flags)
    if not place:
        tail.flags = all_flags
        return tail
    if part.kind == LEAF == rest.kind and not _upward(part.flags | rest.flags) & _MESSY:
        tail = Part(LEAF, _combined(part.flags, rest.flags), tail.tree)
    return Part(SEQUENCE, all_flags, _sequence(items), [prefix, tail])
