"""Which moment a store gives, of pieces that this version or an earlier one has uploaded."""

from __future__ import annotations

import pytest

from actors.common.ranges import ShardMap
from actors.common.settings import Layout, Settings
from actors.common.stored_journal import STATE_JOURNAL, UNTOLD, Header, Piece, PieceName, encode, named, parse
from actors.journal.record import COMMIT, STATE, MappedHeader, decode_header, encode_record
from actors.runtime.interfaces import StoredObject
from cluster.initial import initial_state, with_keepers
from cluster.policies.placement import Placement
from cluster.restoring import NotRestorable, look
from cluster.state import encode_state

STATE_VERSIONS = (1, 0)


def uploaded(journal: int, records: list[bytes], *, tells: bool) -> tuple[str, bytes]:
    """A piece that begins with the journal."""
    piece = Piece(journal, 1, 0, 0, records)
    data = encode(piece)
    last: Header = decode_header(records[-1])
    name = named(piece, last, len(data))
    return (name if tells else name._replace(map_version=UNTOLD, set_version=UNTOLD)).key, data


def commit(lsn: int, at: int, *versions: int) -> bytes:
    return encode_record(MappedHeader(lsn, 1, COMMIT, at, at, 1000, map_version=versions[0], set_version=versions[1]))


def moment(*pieces: tuple[str, bytes]) -> int:
    objects = dict(pieces)
    return look([StoredObject(key, len(data), 0.0) for key, data in pieces], objects.__getitem__).at


def state_piece(*, tells: bool) -> tuple[str, bytes]:
    layout = Settings(layout=Layout(placement="role", adjudicators=1))
    state = with_keepers(initial_state(layout, Placement("role")))
    assert isinstance(state.shard_map, ShardMap) and state.shard_map.version == STATE_VERSIONS[0]
    header = MappedHeader(1, 1, STATE, 5, 5, 1000, map_version=STATE_VERSIONS[0] if tells else 0)
    return uploaded(STATE_JOURNAL, [encode_record(header, encode_state(state))], tells=tells)


@pytest.mark.parametrize("tells", [True, False])
def test_names_with_and_without_versions_are_read(tells: bool) -> None:
    known = [commit(1, 10, 0, 0), commit(2, 20, 1, 0)]
    key, data = uploaded(1, known, tells=tells)
    name = parse(key, len(data))
    assert name is not None and name.key == key and name.tells_versions is tells and name.last == 2
    assert moment(state_piece(tells=tells), (key, data)) == 20


def test_pieces_that_waited_for_no_state_count_up_to_what_it_does_not_know() -> None:
    records = [commit(1, 10, 0, 0), commit(2, 20, 1, 0), commit(3, 30, 2, 0)]
    assert moment(state_piece(tells=True), uploaded(1, records, tells=False)) == 29
    with pytest.raises(NotRestorable, match="no state of the cluster that goes with"):
        moment(state_piece(tells=True), uploaded(1, records, tells=True))


def test_a_name_with_another_count_of_numbers_is_none() -> None:
    key = PieceName(1, 1, 2, 3, 4, 5, 10).key
    assert parse(key, 10) is not None
    assert parse(key.removesuffix("-10"), 10) is None and parse(f"{key}-10", 10) is None
