"""Shards that end and others that take their place, as states: who owns and who follows a key, against a model; and
what is refused."""

from __future__ import annotations

from random import Random

import pytest
from msgspec.structs import replace

from actors.common.errors import DatabaseError
from actors.common.ranges import KEYSPACE_BYTES
from actors.common.settings import Layout, Settings
from cluster.initial import arranged, initial_state, with_keepers
from cluster.policies.placement import Placement
from cluster.shards import begun, ended, handed_on, replicas, resized
from cluster.state import ClusterState, Reshape, decode_state, encode_state, with_transfer

SPACE = bytes(KEYSPACE_BYTES)
KEYS = [bytes([byte, tail]) for byte in range(0, 256, 3) for tail in (0, 9)]


def first(placement: str = "az", shards: int = 2, adjudicators: int = 2) -> ClusterState:
    settings = Settings(layout=Layout(shards=shards, adjudicators=adjudicators, placement=placement))
    return with_keepers(initial_state(settings, Placement(placement)))


def under_way(state: ClusterState) -> Reshape:
    assert state.reshape is not None
    return state.reshape


def through(state: ClusterState) -> ClusterState:
    return ended(after := handed_on(state, under_way(state)), under_way(after))


@pytest.mark.parametrize("placement", ["az", "role"])
def test_a_split_goes_step_by_step(placement: str) -> None:
    state = begun(first(placement), [2], b"\xc0")
    assert (state.shard_map.shards, state.shard_map.all_shards()) == ((1, 2), [1, 2, 3, 4])
    assert state.shard_map.spans(3) == ((b"\x80", b"\xc0"),) and state.shard_map.spans(4) == ((b"\xc0", None),)
    assert replicas(state, [3]) == ["storage/3/a", "storage/3/b", "storage/3/c"] and len(replicas(state, [2, 4])) == 6
    after = handed_on(state, under_way(state))
    assert (
        after.shard_map.shards == (1, 3, 4) and after.shard_map.spans(2) == ((b"\x80", None),) and replicas(after, [2])
    )
    last = ended(after, under_way(after))
    assert (last.shard_map.shards, last.shard_map.followers, last.reshape) == ((1, 3, 4), (), None)
    assert replicas(last, [2]) == [] and replicas(last, [3, 4]) == replicas(state, [3, 4])
    assert last.shard_map.version == 4 and decode_state(encode_state(last)) == last
    names = {process.name for process in last.processes}
    assert ("storage-3-a" in names, "storage-2-a" in names) == ((placement == "role"), False)


def test_steps_that_are_over_change_nothing() -> None:
    state = begun(first(), [2], b"\xc0")
    reshape = under_way(state)
    assert ended(state, reshape) == state, "not before it was handed on"
    after = handed_on(state, reshape)
    assert handed_on(after, reshape) == after and ended(after, reshape) == after, "a later step's is another reshape"
    last = ended(after, under_way(after))
    assert ended(last, under_way(after)) == last


@pytest.mark.parametrize("seed", range(30))
def test_every_key_is_held_by_whoever_must_hold_it_and_columns_never_change(seed: int) -> None:
    random = Random(seed)
    state = first(shards=random.randint(1, 3), adjudicators=random.randint(1, 4))
    known: dict[int, object] = {}
    used: set[int] = set(state.shard_map.shards)
    for _ in range(8):
        before = state
        owners = {key: state.shard_map.shard(SPACE + key) for key in KEYS}
        parents, cut = _wish(state, random)
        state = begun(state, parents, cut)
        children = under_way(state).children
        assert used.isdisjoint(children), "a number is never used again"
        used.update(children)
        middle = handed_on(state, under_way(state))
        for one in (before, state, middle):
            for shard, spans in one.shard_map.holdings().items():
                assert known.setdefault(shard, spans) == spans
        last = ended(middle, under_way(middle))
        for key in KEYS:
            moves = owners[key] in parents
            child = last.shard_map.shard(SPACE + key)
            assert (child in children) == moves and (moves or child == owners[key])
            both = {owners[key], child}
            assert (
                set(state.shard_map.holders().of(SPACE + key))
                == both
                == set(middle.shard_map.holders().of(SPACE + key))
            )
            assert state.shard_map.shard(SPACE + key) == owners[key] and middle.shard_map.shard(SPACE + key) == child
            assert before.shard_map.adjudicator(SPACE + key) == last.shard_map.adjudicator(SPACE + key)
        state = last


def _wish(state: ClusterState, random: Random) -> tuple[list[int], bytes | None]:
    owners = state.shard_map.shards
    place = random.randrange(len(owners))
    if random.random() < 0.5:
        cut = random.choice(KEYS[1:])
        return [state.shard_map.shard(SPACE + cut)], cut if all(_parts(state, cut)) else None
    if place and owners[place] != owners[place - 1]:
        return [owners[place - 1], owners[place]], None
    return [owners[place]], None


def _parts(state: ClusterState, cut: bytes) -> tuple[bool, bool]:
    spans = state.shard_map.spans(state.shard_map.shard(SPACE + cut))
    return spans[0][0] < cut, spans[-1][1] is None or spans[-1][1] > cut


def test_a_cluster_that_was_down_starts_with_the_shards_that_it_had() -> None:
    for before, now in (("az", "az"), ("az", "role"), ("role", "az")):
        kept = through(begun(first(before), [2], b"\xc0"))
        started = arranged(replace(kept, version=9), first(now))
        assert started.shard_map == kept.shard_map and replicas(started, range(9)) == replicas(kept, range(9))
        assert arranged(started, first(now)) == started, "and the next time nothing changes"
        assert decode_state(encode_state(started)) == started


def test_a_range_and_a_shard_wait_for_each_other() -> None:
    moving = with_transfer(first(), b"\xc0", None, 1)
    with pytest.raises(DatabaseError, match="a range is on its way"):
        begun(moving, [2], b"\xc0")
    state = begun(first(), [2], b"\xc0")
    both = with_transfer(state, b"\xc0", None, 1)
    with pytest.raises(DatabaseError, match="a range is on its way"):
        handed_on(both, under_way(both))


@pytest.mark.parametrize(
    ("parents", "cut", "why"),
    [
        ([7], None, "there is no shard 7"),
        ([], None, "are named once each"),
        ([1, 1], None, "are named once each"),
        ([1], b"\x90", "the cut does not lie inside of shard 1"),
        ([2], b"\x80", "the cut does not lie inside of shard 2"),
        ([1, 3], None, "shards 1 and 3 are no neighbours"),
    ],
)
def test_what_makes_no_sense_is_refused(parents: list[int], cut: bytes | None, why: str) -> None:
    with pytest.raises(DatabaseError, match=why) as refused:
        begun(
            first(shards=2) if len(parents) < 2 or 3 not in parents else first(shards=3, adjudicators=1), parents, cut
        )
    assert refused.value.sqlstate == "22023"


def test_one_at_a_time() -> None:
    with pytest.raises(DatabaseError, match="other shards are on their way") as refused:
        begun(begun(first(), [2], b"\xc0"), [1], None)
    assert refused.value.sqlstate == "55000"


@pytest.mark.parametrize("placement", ["az", "role"])
def test_replicas_that_only_serve_reads_come_and_go(placement: str) -> None:
    state = first(placement)
    more = resized(state, 2, 5)
    assert replicas(more, [2]) == ["storage/2/a", "storage/2/a2", "storage/2/b", "storage/2/b3", "storage/2/c"]
    assert {process.az for process in more.processes for role in process.roles if role.name == "storage/2/b3"} == {"b"}
    assert (
        more.shard_map == state.shard_map
        and replicas(resized(more, 2, 4), [2]) == replicas(more, [2])[:3] + replicas(more, [2])[4:]
    )
    fewer = resized(more, 2, 3)
    assert (fewer.processes, fewer.shard_map) == (state.processes, state.shard_map)
    assert replicas(resized(fewer, 2, 4), [2])[1] == "storage/2/a4", "no number is given again"
    split = through(begun(more, [2], b"\xc0"))
    assert len(replicas(split, [3])) == 5, "children have as many as their parent"
    for count in (2, 99):
        with pytest.raises(DatabaseError, match="one in each zone"):
            resized(state, 2, count)
    with pytest.raises(DatabaseError, match="on its way"):
        resized(begun(state, [2], b"\xc0"), 2, 4)
