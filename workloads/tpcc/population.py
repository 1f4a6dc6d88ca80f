"""The first rows of TPC-C's tables (4.3.3), drawn from a fixed seed: the same scale is the same data. Pure."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import product
from typing import Any

from eagleray.workload.keys import last_name, non_uniform
from workloads.tpcc.schema import DISTRICTS, INFO

ITEMS = 100_000
CUSTOMERS = 3_000
"""A district's; as many orders."""
ITEMS_MIN, CUSTOMERS_MIN = 30, 10
NAMES = 1_000
DELIVERED_SHARE = 0.7
NAME_CONSTANT = 123
"""NURand's C of the last names that are loaded; that of a run must differ by 65 to 119, but not by 96 or 112
(2.1.6.1)."""
START = datetime(2026, 1, 1)
PAID = Decimal("10.00")
LETTERS = "".join(random.Random("tpcc").choices("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", k=10_000))

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Size:
    warehouses: int
    items: int
    customers: int

    @classmethod
    def of(cls, scale: float) -> Size:
        if scale >= 1:
            return cls(round(scale), ITEMS, CUSTOMERS)
        return cls(1, max(ITEMS_MIN, round(ITEMS * scale)), max(CUSTOMERS_MIN, round(CUSTOMERS * scale)))

    @property
    def scale(self) -> float:
        return self.warehouses * self.items / ITEMS

    @property
    def names(self) -> int:
        """Last names that surely occur in each district: the first customers have one each."""
        return min(NAMES, self.customers)


def text(chance: random.Random, low: int, high: int) -> str:
    """`low` to `high` letters. Two million of them make a warehouse, and randint takes twice as long."""
    length = low + int(chance.random() * (high - low + 1)) if low < high else low
    start = int(chance.random() * (len(LETTERS) - length))
    return LETTERS[start : start + length]


def data(chance: random.Random) -> str:
    """I_DATA, S_DATA: one in ten says ORIGINAL somewhere."""
    made = text(chance, 26, 50)
    if chance.random() >= 0.1:
        return made
    place = chance.randrange(len(made) - 8)
    return made[:place] + "ORIGINAL" + made[place + 8 :]


def address(chance: random.Random) -> Row:
    zip_code = f"{chance.randrange(10_000):04d}11111"
    return text(chance, 10, 20), text(chance, 10, 20), text(chance, 10, 20), text(chance, 2, 2), zip_code


def tax(chance: random.Random) -> Decimal:
    return Decimal(chance.randint(0, 2_000)).scaleb(-4)


def districts(size: Size) -> Iterator[tuple[int, int]]:
    return product(range(1, size.warehouses + 1), range(1, DISTRICTS + 1))


def warehouse_rows(size: Size) -> Iterator[Row]:
    chance = random.Random("warehouse")
    for warehouse in range(1, size.warehouses + 1):
        yield warehouse, text(chance, 6, 10), *address(chance), tax(chance), PAID * size.customers * DISTRICTS


def district_rows(size: Size) -> Iterator[Row]:
    chance = random.Random("district")
    for warehouse, district in districts(size):
        paid = PAID * size.customers
        yield warehouse, district, text(chance, 6, 10), *address(chance), tax(chance), paid, size.customers + 1


def customer_rows(size: Size) -> Iterator[Row]:
    chance = random.Random("customer")
    for warehouse, district in districts(size):
        for customer in range(1, size.customers + 1):
            number = customer - 1 if customer <= NAMES else non_uniform(chance, 255, 0, NAMES - 1, NAME_CONSTANT)
            yield (
                warehouse, district, customer, text(chance, 8, 16), "OE", last_name(number), *address(chance),
                f"{chance.randrange(10**16):016d}", START, "BC" if chance.random() < 0.1 else "GC", Decimal("50000.00"),
                Decimal(chance.randint(0, 5_000)).scaleb(-4), -PAID, PAID, 1, 0, text(chance, 300, 500),
            )  # fmt: skip


def history_rows(size: Size) -> Iterator[Row]:
    chance = random.Random("history")
    for warehouse, district in districts(size):
        for customer in range(1, size.customers + 1):
            yield customer, district, warehouse, district, warehouse, START, PAID, text(chance, 12, 24)


def item_rows(size: Size) -> Iterator[Row]:
    chance = random.Random("item")
    for item in range(1, size.items + 1):
        yield (
            item,
            chance.randint(1, 10_000),
            text(chance, 14, 24),
            Decimal(chance.randint(100, 10_000)).scaleb(-2),
            data(chance),
        )


def stock_rows(size: Size) -> Iterator[Row]:
    chance = random.Random("stock")
    for warehouse in range(1, size.warehouses + 1):
        for item in range(1, size.items + 1):
            info = (text(chance, 24, 24) for _ in INFO)
            yield warehouse, item, chance.randint(10, 100), *info, 0, 0, 0, data(chance)


def first_undelivered(size: Size) -> int:
    """The least order of each district that stands in NEW-ORDER."""
    return round(size.customers * DELIVERED_SHARE) + 1


def order_rows(size: Size) -> Iterator[Row]:
    undelivered = first_undelivered(size)
    for warehouse, district in districts(size):
        chance = random.Random(f"orders {warehouse} {district}")
        customers = chance.sample(range(1, size.customers + 1), size.customers)
        lines = line_counts(size, warehouse, district)
        for order, (customer, count) in enumerate(zip(customers, lines, strict=True), 1):
            carrier = chance.randint(1, 10) if order < undelivered else None
            yield warehouse, district, order, customer, START, carrier, count, 1


def line_counts(size: Size, warehouse: int, district: int) -> list[int]:
    chance = random.Random(f"lines {warehouse} {district}")
    return [chance.randint(5, 15) for _ in range(size.customers)]


def new_order_rows(size: Size) -> Iterator[Row]:
    for warehouse, district in districts(size):
        for order in range(first_undelivered(size), size.customers + 1):
            yield warehouse, district, order


def order_line_rows(size: Size) -> Iterator[Row]:
    chance = random.Random("order line")
    undelivered = first_undelivered(size)
    for warehouse, district in districts(size):
        for order, count in enumerate(line_counts(size, warehouse, district), 1):
            delivered = order < undelivered
            for number in range(1, count + 1):
                amount = Decimal("0.00") if delivered else Decimal(chance.randint(1, 999_999)).scaleb(-2)
                when = START if delivered else None
                item = chance.randint(1, size.items)
                yield warehouse, district, order, number, item, warehouse, when, 5, amount, text(chance, 24, 24)
