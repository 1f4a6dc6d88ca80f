"""What the verdict says of histories written by hand: each rule passes what is just right, and names what is just
wrong."""

from __future__ import annotations

import pytest

from actors.common import write_set
from actors.common.messages import Get, Got
from actors.common.references import reference_key
from actors.journal.record import COMMIT, EPOCH_BEGIN, RecordHeader, encode_record
from actors.runtime.simulation.world import World
from cluster.simulation.verdict import Commitment, Model, check_conflicts, check_offers, check_schemas
from cluster.simulation.witness import Evidence, Told, Witness

TABLE = 7
KEY = TABLE.to_bytes(4, "big") + b"k"
OTHER = TABLE.to_bytes(4, "big") + b"l"


class History:
    def __init__(self) -> None:
        self.evidence = Evidence()
        self.model = Model(self.evidence)

    def commit(
        self, name: bytes, told: Told, commit_ts: int, keys: tuple[bytes, ...] = (), changes: tuple[int, ...] = ()
    ) -> None:
        rows = [(key, b"value", write_set.PUT) for key in keys]
        header = RecordHeader(
            len(self.model.commits) + 1, 1, COMMIT, commit_ts, commit_ts, 1000, name, schema_changes=list(changes)
        )
        self.model.commits[name] = Commitment(header, rows)
        self.model._apply(commit_ts, rows)
        self.evidence.told[name] = told


def test_a_commit_is_after_its_start() -> None:
    history = History()
    history.commit(b"a", Told(10, ()), 11, (KEY,))
    check_conflicts(history.evidence, history.model)
    history.commit(b"b", Told(20, ()), 20, (OTHER,))
    with pytest.raises(AssertionError, match="before its start"):
        check_conflicts(history.evidence, history.model)


def test_what_is_checked_is_not_written_meanwhile() -> None:
    history = History()
    history.commit(b"a", Told(10, ()), 15, (KEY,))
    history.commit(b"b", Told(15, (KEY,)), 20, (OTHER,))
    check_conflicts(history.evidence, history.model)
    history.commit(b"c", Told(14, (KEY,)), 21)
    with pytest.raises(AssertionError, match="wrote"):
        check_conflicts(history.evidence, history.model)


def test_who_takes_a_row_away_has_seen_who_refers_to_it() -> None:
    reference = reference_key(TABLE.to_bytes(4, "big") + b"\0\1k")
    history = History()
    history.commit(b"refers", Told(10, (reference,)), 15)
    history.commit(b"refers, too", Told(10, (reference,)), 16)
    check_conflicts(history.evidence, history.model)
    history.commit(b"has not seen", Told(15, ()), 20, (reference,))
    with pytest.raises(AssertionError, match="refers since 16"):
        check_conflicts(history.evidence, history.model)


@pytest.mark.parametrize(("keys", "checked", "changes"), [((KEY,), (), ()), ((), (KEY,), ()), ((), (), (TABLE,))])
def test_who_uses_a_table_knows_its_schema(
    keys: tuple[bytes, ...], checked: tuple[bytes, ...], changes: tuple[int, ...]
) -> None:
    history = History()
    history.commit(b"change", Told(10, (), 10), 15, changes=(TABLE,))
    history.commit(b"knows", Told(16, checked, 15), 20, keys, changes)
    check_schemas(history.evidence, history.model)
    history.commit(b"does not", Told(16, checked, 14), 21, keys, changes)
    with pytest.raises(AssertionError, match="knows not of a change"):
        check_schemas(history.evidence, history.model)


def test_a_table_held_alone_is_not_written_meanwhile() -> None:
    history = History()
    history.commit(b"write", Told(10, (), 10), 15, (KEY,))
    history.commit(b"after", Told(15, (), 15, (TABLE,)), 20)
    check_schemas(history.evidence, history.model)
    history.commit(b"beside", Told(14, (), 14, (TABLE,)), 21)
    with pytest.raises(AssertionError, match="to itself"):
        check_schemas(history.evidence, history.model)


def test_a_table_whose_keys_are_dropped_is_not_written_meanwhile() -> None:
    history = History()
    history.commit(b"write", Told(10, (), 10), 15, (KEY,))
    drop = [(TABLE.to_bytes(4, "big") + b"\0\1", TABLE.to_bytes(4, "big") + b"\0\2", write_set.DROP_RANGE)]
    for name, start_ts, commit_ts in ((b"after", 15, 20), (b"beside", 14, 21)):
        header = RecordHeader(len(history.model.commits) + 1, 1, COMMIT, commit_ts, commit_ts, 1000, name)
        history.model.commits[name] = Commitment(header, list(drop))
        history.evidence.told[name] = Told(start_ts, (), start_ts)
        if name == b"after":
            check_schemas(history.evidence, history.model)
    with pytest.raises(AssertionError, match="to itself"):
        check_schemas(history.evidence, history.model)


def test_a_participants_next_epoch_begins_above_what_it_has_offered() -> None:
    history = History()
    history.commit(b"a", Told(10, set()), 20, (KEY,))
    history.evidence.offers[2, b"a"] = 4
    for begin, epoch in ((9, 4), (21, 5)):
        history.evidence.records[2] = {
            1: encode_record(RecordHeader(1, epoch, EPOCH_BEGIN, begin, begin, 1000, b""), b"")
        }
        check_offers(history.evidence, history.model)
    history.evidence.records[2] = {1: encode_record(RecordHeader(1, 5, EPOCH_BEGIN, 20, 20, 1000, b""), b"")}
    with pytest.raises(AssertionError, match="epoch 5 begins at 20"):
        check_offers(history.evidence, history.model)


def test_a_read_of_no_keys_asks_how_far_a_replica_is_and_is_not_judged() -> None:
    with World(1) as world:
        witness = Witness(world, lambda _: True)
        witness.answered("controller", "storage/1/a", Get([], 5), Got([], 0))
        assert witness.evidence.reads == []
        witness.answered("query_processor/1", "storage/1/a", Get([KEY], 5), Got([None], 0))
        assert len(witness.evidence.reads) == 1
