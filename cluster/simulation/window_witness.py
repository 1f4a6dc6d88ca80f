"""The windows' witness: a model beside every conflict window, which forgets nothing, and is asked whenever the window
lets a transaction through.

    I3   nobody is let through who wrote or checked a key, or wants a table to himself, that was committed by another
         since he began; nor who goes by an older schema of a table than it has
    I3   nobody who takes a row away that somebody refers to by now (a reference key, common/references.py, checked and
         committed since he began)
    I3   ... nor who meets a key or a table that an undecided transaction holds
    I3   what an undecided transaction held is free again with its outcome
    I3   ... and not before: whose marks were given up is committed by nobody
    I3   what was committed above a window's horizon is what it goes by, whether anybody asks for it or not: an outcome
         that comes late takes nothing back, and what is forgotten is old

The verdict at the end (verdict.py) sees a missed conflict only where both transactions have committed. Here it is seen
where it is missed: most of those that a window lets through by mistake are refused by another window, or fail later.

What a transaction wants of tables is taken from the messages that asked for it as well as from its claim, its keys from
the claim. The model
keeps the last commit time of every key and table of one reign, in whatever order outcomes come.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from actors.adjudicator.claim import TABLE_BYTES, Claim, Table, table_prefix
from actors.adjudicator.ownership import read_write_set
from actors.adjudicator.window import ConflictWindow
from actors.common.errors import DatabaseError
from actors.common.messages import Commit, Prepare
from actors.common.messages.base import Message
from actors.common.references import is_reference
from actors.common.timestamps import Timestamp
from actors.journal.record import TRANSACTION_BYTES
from actors.runtime.simulation.network import Kinds
from actors.runtime.simulation.world import World

Times = dict[bytes, Timestamp]


@dataclass(frozen=True)
class _Tables:
    """What a transaction wants of tables, as it was asked for."""

    changed: frozenset[Table] = frozenset()
    alone: frozenset[Table] = frozenset()
    """Nobody may have written them since its start: exclusive ones, and those of which it drops ranges."""
    dropped: frozenset[Table] = frozenset()


@dataclass(frozen=True)
class _Wish:
    """One claim: its keys, and what it needs of tables. `held`: tables that it needs to itself while it is undecided;
    `touched`: those that it writes or checks keys of."""

    written: frozenset[bytes]
    checked: frozenset[bytes]
    tables: _Tables
    held: frozenset[Table]
    touched: frozenset[Table]


@dataclass
class _Model:
    """One window's."""

    keys: Times = field(default_factory=dict)
    referred: Times = field(default_factory=dict)
    tables: Times = field(default_factory=dict)
    drops: Times = field(default_factory=dict)
    schemas: Times = field(default_factory=dict)
    undecided: dict[bytes, _Wish] = field(default_factory=dict)
    given_up: set[bytes] = field(default_factory=set)
    """Attempts that it was told, or has decided, to be aborted."""
    horizon: Timestamp = 0
    """The window's, when it was last looked at."""
    recent: Times = field(default_factory=dict)
    """Of `keys`: those that were written above it."""
    pieces: dict[Claim, tuple[set[bytes], set[bytes]]] = field(default_factory=dict)
    """Of large transactions' claims: keys written, keys checked."""


class WindowWitness:
    """An Observer (runtime/simulation/network.py). `watching()` puts it between adjudicators and their windows."""

    looks_at: Kinds | None = frozenset([Commit, Prepare])

    def __init__(self, world: World) -> None:
        self._world = world
        self._asked: dict[bytes, _Tables] = {}
        self._models: dict[ConflictWindow, _Model] = {}
        self.judged = 0

    def wiped(self, role: str) -> None:
        """Windows are on no disk."""

    def rotten(self, role: str) -> None:
        """Likewise."""

    def answered(self, requester: str, role: str, request: Message, answer: Message) -> None:
        """What is let through is seen before it is answered."""

    def delivered(self, sender: str, destination: str, message: Message) -> None:
        if isinstance(message, Commit) and (message.schema_changes or message.exclusive):
            _, dropped = read_write_set(message.write_set)
            self._ask(message.transaction, message.schema_changes, message.exclusive, dropped)
        elif isinstance(message, Prepare) and (message.schema_changes or message.exclusive or message.dropped):
            name = message.transaction[:TRANSACTION_BYTES]
            self._ask(name, message.schema_changes, message.exclusive, message.dropped)

    def _ask(
        self, transaction: bytes, changes: Iterable[int], exclusive: Iterable[int], dropped: Iterable[Table]
    ) -> None:
        before = self._asked.get(transaction, _Tables())
        self._asked[transaction] = _Tables(
            before.changed | {*map(table_prefix, changes)},
            before.alone | {*map(table_prefix, exclusive), *dropped},
            before.dropped | {*dropped},
        )

    def _fail(self, what: str) -> None:
        self._world.violated("I3", what)

    def check(self, committed: Iterable[bytes]) -> None:
        """At the end of a run, with the names that the journals' records have. Raises AssertionError."""
        given_up = set[bytes]().union(*(model.given_up for model in self._models.values()))
        lost = given_up.intersection(committed)
        assert not lost, f"I3: the marks of {min(lost).hex()} were given up, and it is committed"

    # -- between an adjudicator and its window -------------------------------------------------------------------------

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Every window tells this witness what it does, meanwhile."""
        usual = {name: getattr(ConflictWindow, name) for name in ("judge", "commit", "mark", "release", "gather")}
        for name, method in usual.items():
            setattr(ConflictWindow, name, self._telling(method, getattr(self, f"_{name}")))
        try:
            yield
        finally:
            for name, method in usual.items():
                setattr(ConflictWindow, name, method)

    @staticmethod
    def _telling(method: Callable[..., Any], tell: Callable[..., None]) -> Callable[..., Any]:
        def told(window: ConflictWindow, *arguments: Any) -> Any:
            result = method(window, *arguments)
            tell(window, result, *arguments)
            return result

        return told

    def _model(self, window: ConflictWindow) -> _Model:
        model = self._models.get(window)
        if model is None:
            model = self._models[window] = _Model()
        return model

    def _wish(self, model: _Model, claim: Claim) -> _Wish:
        asked = self._asked.get(claim.transaction[:TRANSACTION_BYTES], _Tables())
        tables = _Tables(
            asked.changed.union(claim.schema_changes),
            asked.alone.union(claim.exclusive),
            asked.dropped.union(claim.dropped),
        )
        written, checked = model.pieces.get(claim, (claim.written, claim.checked))
        held = tables.changed.union(tables.alone, claim.held_tables)
        return _Wish(frozenset(written), frozenset(checked), tables, held, frozenset(claim.touched_tables))

    def _judge(self, window: ConflictWindow, verdict: DatabaseError | bytes | None, claim: Claim) -> None:
        if verdict is not None:
            return
        self.judged += 1
        model = self._model(window)
        wish = self._wish(model, claim)
        for what, wanted, times, since in (
            ("key", wish.written | wish.checked, model.keys, claim.start_ts),
            ("referred key", wish.written, model.referred, claim.start_ts),
            ("table", wish.tables.alone, model.tables, claim.start_ts),
            ("dropped table", wish.touched, model.drops, claim.start_ts),
            ("schema", wish.held | wish.touched, model.schemas, claim.catalog_ts),
        ):
            for one in wanted:
                if times.get(one, 0) > since:
                    who = claim.transaction.hex()
                    self._fail(
                        f"{who} of {claim.start_ts}, {claim.catalog_ts} is let through: {what} {one.hex()} "
                        f"of {times[one]}"
                    )
        for other, held in model.undecided.items():
            if other != claim.transaction and _meet(wish, held):
                self._fail(
                    f"{claim.transaction.hex()} is let through and meets what {other.hex()} holds, which is undecided"
                )

    def _commit(self, window: ConflictWindow, _: None, claim: Claim, commit_ts: Timestamp) -> None:
        model = self._model(window)
        wish = self._wish(model, claim)
        tables = wish.tables
        for times, names in (
            (model.keys, wish.written),
            (model.referred, filter(is_reference, wish.checked)),
            (model.tables, tables.dropped.union(claim.tables)),
            (model.drops, tables.dropped),
            (model.schemas, tables.changed),
        ):
            for name in names:
                times[name] = max(commit_ts, times.get(name, 0))
        model.recent.update((key, model.keys[key]) for key in wish.written)
        model.given_up.discard(claim.transaction)
        model.pieces.pop(claim, None)
        self._look_back(window, model, wish.written)

    def _look_back(self, window: ConflictWindow, model: _Model, keys: Iterable[bytes]) -> None:
        """At what the window remembers: of `keys`, or of all where it has just forgotten some; and of tables."""
        horizon = window.horizon
        if horizon != model.horizon:
            model.horizon = horizon
            model.recent = {key: commit_ts for key, commit_ts in model.recent.items() if commit_ts > horizon}
            keys = model.recent
        bulk = window._table_bulk
        for key in keys:
            commit_ts = model.keys[key]
            if commit_ts > horizon and max(window._last.get(key, 0), bulk.get(key[:TABLE_BYTES], 0)) < commit_ts:
                self._fail(f"key {key.hex()} of {commit_ts} is forgotten, the horizon is {horizon}")
        for what, known, times, since in (
            ("table", window._table_last, model.tables, horizon),
            ("dropped table", bulk, model.drops, horizon),
            ("schema", window._table_versions, model.schemas, 0),
        ):
            for table, commit_ts in times.items():
                if commit_ts > since and known.get(table, 0) < commit_ts:
                    self._fail(f"{what} {table.hex()} of {commit_ts} is forgotten, known is {known.get(table, 0)}")

    def _mark(self, window: ConflictWindow, _: None, claim: Claim) -> None:
        model = self._model(window)
        model.undecided[claim.transaction] = self._wish(model, claim)

    def _release(self, window: ConflictWindow, _: Claim | None, transaction: bytes) -> None:
        model = self._model(window)
        if model.undecided.pop(transaction, None) is not None:
            model.given_up.add(transaction)  # what is committed, is so in the same turn
        left = [
            *(name for holders in window._table_pending.values() for name in holders if name not in model.undecided),
            *(claim.transaction for claim in window._table_holds.values() if claim.transaction not in model.undecided),
        ]
        if not model.undecided:
            left += [claim.transaction for claim in window._write_marks.values()]
            left += [name for holders in window._read_marks.values() for name in holders]
        if left:
            self._fail(f"{left[0].hex()} is decided and still holds keys or tables")

    def _gather(
        self, window: ConflictWindow, _: None, claim: Claim, written: list[bytes], checked: list[bytes]
    ) -> None:
        pieces = self._model(window).pieces.setdefault(claim, (set(), set()))
        pieces[0].update(written)
        pieces[1].update(checked)


def _meet(one: _Wish, held: _Wish) -> bool:
    """Whether `one` may not go on while `held` is undecided."""
    return not (
        held.written.isdisjoint(one.written | one.checked)
        and held.checked.isdisjoint(one.written)
        and held.held.isdisjoint(one.touched | one.held)
        and one.held.isdisjoint(held.touched)
    )
