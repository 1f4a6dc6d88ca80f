"""Routing while shards follow others: every row goes to every shard that holds its key, against a look at each row."""

from __future__ import annotations

from random import Random

import pytest

from actors.common import small_write_set, write_set
from actors.common.ranges import ShardMap, followed, handed_on
from actors.common.write_set import DELETE, DROP_RANGE, PUT
from actors.crossbar.router import route

Row = tuple[bytes, bytes | None, int]


def key(table: int, column: int) -> bytes:
    return table.to_bytes(4, "big") + bytes(2) + bytes([column])


def holds(shard_map: ShardMap, shard: int, row: Row) -> bool:
    one, value, kind = row
    if kind != DROP_RANGE:
        return shard in shard_map.holders().of(one)
    assert value is not None
    if one[:6] != value[:6]:
        return True
    return any(
        shard in shard_map.holders().of(key(int.from_bytes(one[:4], "big"), column))
        for column in range(one[6], value[6])
    )


@pytest.mark.parametrize("seed", range(40))
def test_every_holder_gets_its_rows(seed: int) -> None:
    random = Random(seed)
    first = ShardMap(1, (b"\x50", b"\xa0"), (1, 2, 1), random.choice(((1, 2, 1), (1, 2, 3), (1, 1, 1))))
    shard = first.shards[1]
    spans = {7: first.spans(shard)}
    shard_map = random.choice((first, followed(first, spans), handed_on(first, spans)))
    count = random.choice((1, 3, 40))
    rows: list[Row] = []
    for one in sorted({key(random.randint(1, 2), random.randrange(256)) for _ in range(count)}):
        kind = random.choice((PUT, PUT, DELETE, DROP_RANGE))
        end = (
            key(int.from_bytes(one[:4], "big"), min(one[6] + random.randint(1, 90), 255))
            if random.random() < 0.7
            else key(9, 0)
        )
        if kind == DROP_RANGE and end > one:
            rows.append((one, end, kind))
        else:
            rows.append((one, b"v" if kind == PUT else None, DELETE if kind == DROP_RANGE else kind))
    keys, values, kinds = (list(column) for column in zip(*rows, strict=True))
    encoded = (small_write_set if len(rows) <= small_write_set.ROWS_MAX else write_set).encode(keys, values, kinds)
    routed = route(encoded, shard_map)
    for number in shard_map.all_shards():
        expected = [row for row in rows if holds(shard_map, number, row)]
        got = list(zip(*small_write_set.columns(routed[number]), strict=True)) if number in routed else []
        assert got == expected, number
    assert set(routed) <= set(shard_map.all_shards())


@pytest.mark.parametrize("shards", [(1, 2, 3), (1, 2, 1), (2, 2, 2)])
@pytest.mark.parametrize("kinds_of", [(PUT,), (PUT, DELETE)])
@pytest.mark.parametrize("order", ["ascending", "of two tables", "shuffled", "above a cut"])
def test_many_rows_go_where_each_of_them_belongs(
    shards: tuple[int, ...], kinds_of: tuple[int, ...], order: str
) -> None:
    random = Random(f"{shards} {kinds_of} {order}")
    shard_map = ShardMap(1, (b"\x50", b"\xa0"), (1, 1, 1), shards)
    low = 0xA0 if order == "above a cut" else 0
    rows: list[Row] = []
    for number in range(600):
        kind = random.choice(kinds_of)
        table = 1 + number // 300 if order == "of two tables" else 1
        column = bytes([low + number % 300 * (255 - low) // 300]) + number.to_bytes(2, "big")
        rows.append((table.to_bytes(4, "big") + bytes(2) + column, b"v" * 20 if kind == PUT else None, kind))
    rows.sort()
    if order == "shuffled":
        random.shuffle(rows)
    keys, values, kinds = (list(one) for one in zip(*rows, strict=True))
    routed = route(write_set.encode(keys, values, kinds), shard_map)
    expected: dict[int, list[Row]] = {}
    for row in rows:
        expected.setdefault(shard_map.shard(row[0]), []).append(row)
    assert {shard: list(write_set.rows(part)) for shard, part in routed.items()} == expected
