"""TPC-C's first rows and draws, without a server. That the rows meet the consistency conditions, a server says
(tests/cluster/test_workloads.py)."""

from __future__ import annotations

import random
import re
from collections import Counter
from itertools import islice

import pytest

from eagleray.workload.keys import last_name
from workloads.tpcc import TpcC, population
from workloads.tpcc.population import Size
from workloads.tpcc.schema import DISTRICTS, SCHEMA
from workloads.tpcc.transactions import COPIED, NAME_CONSTANT


def columns_of(table: str) -> int:
    """How many columns `table` has, by its CREATE TABLE."""
    body = next(statement for statement in SCHEMA if statement.startswith(f"CREATE TABLE {table} ("))
    body = body[body.index("(") :].partition("PRIMARY KEY (")[0]
    return len(re.findall(r"[(,]\s*[a-z0-9_]+ (?:int|char|varchar|numeric|timestamp)\b", body))


@pytest.mark.parametrize("table", [table for table, _ in COPIED])
def test_rows_are_as_wide_as_their_tables_and_the_same_each_time(table: str) -> None:
    rows = dict(COPIED)[table]
    made = list(islice(rows(Size.of(0.01)), 500))
    assert made and {len(row) for row in made} == {columns_of(table)}
    assert made == list(islice(rows(Size.of(0.01)), 500))


def test_a_warehouse_has_what_the_specification_asks_for() -> None:
    size = Size.of(2)
    assert (size.warehouses, size.items, size.customers) == (2, 100_000, 3_000)
    assert sum(1 for _ in population.new_order_rows(size)) == 2 * DISTRICTS * 900
    assert population.first_undelivered(size) == 2_101
    warehouse = next(iter(population.warehouse_rows(size)))
    assert warehouse[-1] == 300_000
    assert 65 <= NAME_CONSTANT - population.NAME_CONSTANT <= 119
    assert NAME_CONSTANT - population.NAME_CONSTANT not in (96, 112)


@pytest.mark.parametrize("scale", [1e-9, 0.003, 0.1, 1])
def test_every_last_name_that_is_drawn_was_loaded(scale: float) -> None:
    size = Size.of(scale)
    first = islice(population.customer_rows(size), size.customers)
    assert {row[5] for row in first} >= {last_name(number) for number in range(size.names)}


def test_orders_of_a_district_are_its_customers_in_any_order_and_lines_agree() -> None:
    size = Size.of(0.01)
    orders = list(population.order_rows(size))
    lines = Counter((row[0], row[1], row[2]) for row in population.order_line_rows(size))
    assert {(row[0], row[1], row[2]): row[6] for row in orders} == lines
    district = [row[3] for row in orders if row[1] == 4]
    assert sorted(district) == list(range(1, size.customers + 1)) != district


@pytest.mark.parametrize("warehouses", [2, 3, 10])
def test_another_warehouse_is_any_but_ones_own(warehouses: int) -> None:
    workload, chance = TpcC(warehouses), random.Random(warehouses)
    for home in range(1, warehouses + 1):
        drawn = {workload._other_warehouse(home, chance) for _ in range(300)}
        assert drawn == set(range(1, warehouses + 1)) - {home}
