"""TPC-C's five transactions (2.4 to 2.8). What a terminal would show is fetched and dropped."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import TypeAlias

from eagleray.workload import Checks, Client, Connection, Loader, Rollback, Workload
from eagleray.workload.keys import last_name, non_uniform
from workloads.tpcc import population
from workloads.tpcc.consistency import CONDITIONS
from workloads.tpcc.population import Size
from workloads.tpcc.schema import DISTRICTS, INFO, SCHEMA, TABLES

NAME_CONSTANT = population.NAME_CONSTANT + 85
CUSTOMER_CONSTANT, ITEM_CONSTANT = 259, 7_911
REMOTE_LINE, REMOTE_PAYMENT, BY_NAME, UNUSED_ITEM = 0.01, 0.15, 0.60, 0.01
LINES_MIN, LINES_MAX = 5, 15
Line: TypeAlias = tuple[int, int, int]
"""Item, supplying warehouse, quantity."""
STOCK_LEVEL_ORDERS = 20

CUSTOMER = "c_w_id = $1 AND c_d_id = $2 AND c_id = $3"
STOCK_UPDATE = (
    "UPDATE tpcc_stock SET s_quantity = $3, s_ytd = s_ytd + $4, s_order_cnt = s_order_cnt + 1, "
    "s_remote_cnt = s_remote_cnt + $5 WHERE s_w_id = $1 AND s_i_id = $2"
)
LINE_INSERT = (
    "INSERT INTO tpcc_order_line (ol_w_id, ol_d_id, ol_o_id, ol_number, ol_i_id, ol_supply_w_id, ol_quantity, "
    "ol_amount, ol_dist_info) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
)
COPIED = (
    ("tpcc_warehouse", population.warehouse_rows),
    ("tpcc_district", population.district_rows),
    ("tpcc_item", population.item_rows),
    ("tpcc_customer", population.customer_rows),
    ("tpcc_history", population.history_rows),
    ("tpcc_stock", population.stock_rows),
    ("tpcc_orders", population.order_rows),
    ("tpcc_new_order", population.new_order_rows),
    ("tpcc_order_line", population.order_line_rows),
)


class TpcC(Workload):
    name = "tpcc"
    description = "TPC-C-like order entry: five transactions, eleven consistency conditions"
    note = "TPC-C-like; not an audited TPC result, not comparable with one"
    tables = TABLES
    schema = SCHEMA
    mix = {"new_order": 45, "payment": 43, "order_status": 4, "delivery": 4, "stock_level": 4}

    def __init__(self, scale: float = 1.0) -> None:
        super().__init__(scale)
        self._size = Size.of(scale)
        self._orders = 0
        self._acknowledged = 0

    async def load(self, loader: Loader) -> None:
        for table, rows in COPIED:
            await loader.copy(table, (), rows(self._size))

    async def attach(self, sql: Connection) -> None:
        warehouses = await sql.fetchval("SELECT count(*) FROM tpcc_warehouse")
        items = await sql.fetchval("SELECT count(*) FROM tpcc_item")
        customers = await sql.fetchval("SELECT count(*) FROM tpcc_customer WHERE c_w_id = 1 AND c_d_id = 1")
        self._size = Size(warehouses, items, customers)
        self._orders = await sql.fetchval("SELECT sum(d_next_o_id) FROM tpcc_district")
        self.scale = self._size.scale

    def _warehouse(self, client: Client) -> int:
        """A client's own: terminals do not move (5.2.1)."""
        return client.number % self._size.warehouses + 1

    def _other_warehouse(self, home: int, chance: random.Random) -> int:
        other = chance.randint(1, self._size.warehouses - 1)
        return other + (other >= home)

    def _customer_id(self, chance: random.Random) -> int:
        return non_uniform(chance, 1023, 1, self._size.customers, CUSTOMER_CONSTANT)

    def _customer(self, chance: random.Random) -> int | str:
        """An id, or (60 %) a last name."""
        if chance.random() < BY_NAME:
            return last_name(non_uniform(chance, 255, 0, self._size.names - 1, NAME_CONSTANT))
        return self._customer_id(chance)

    async def new_order(self, client: Client) -> None:
        chance, home = client.random, self._warehouse(client)
        district, customer = chance.randint(1, DISTRICTS), self._customer_id(chance)
        count = chance.randint(LINES_MIN, LINES_MAX)
        drawn: set[int] = set()  # different items: one stock row is changed once
        while len(drawn) < count:
            drawn.add(non_uniform(chance, 8191, 1, self._size.items, ITEM_CONSTANT))
        items = sorted(drawn, key=lambda _: chance.random())
        remote = [self._size.warehouses > 1 and chance.random() < REMOTE_LINE for _ in items]
        supply = [self._other_warehouse(home, chance) if far else home for far in remote]
        quantities = [chance.randint(1, 10) for _ in items]
        if chance.random() < UNUSED_ITEM:
            items[-1] = self._size.items + 1
        lines = list(zip(items, supply, quantities, strict=True))

        async def work(sql: Connection) -> None:
            await sql.fetchrow("SELECT w_tax FROM tpcc_warehouse WHERE w_id = $1", home)
            order = await sql.fetchval(
                "UPDATE tpcc_district SET d_next_o_id = d_next_o_id + 1 WHERE d_w_id = $1 AND d_id = $2 "
                "RETURNING d_next_o_id - 1, d_tax",
                home, district,
            )  # fmt: skip
            await sql.fetchrow(
                f"SELECT c_discount, c_last, c_credit FROM tpcc_customer WHERE {CUSTOMER}",
                home,
                district,
                customer,
            )
            await sql.execute(
                "INSERT INTO tpcc_orders (o_w_id, o_d_id, o_id, o_c_id, o_entry_d, o_ol_cnt, o_all_local) "
                "VALUES ($1, $2, $3, $4, CURRENT_TIMESTAMP, $5, $6)",
                home, district, order, customer, count, int(not any(remote)),
            )  # fmt: skip
            await sql.execute(
                "INSERT INTO tpcc_new_order (no_w_id, no_d_id, no_o_id) VALUES ($1, $2, $3)", home, district, order
            )
            await self._lines(sql, home, district, order, lines)

        await client.transaction(work)
        self._acknowledged += 1

    async def _lines(self, sql: Connection, home: int, district: int, order: int, lines: list[Line]) -> None:
        """Order lines, and the stock that they take. Raises Rollback for an item that is not there."""
        changed, added = [], []
        for number, (item, supply, quantity) in enumerate(lines, 1):
            price = await sql.fetchval("SELECT i_price, i_name, i_data FROM tpcc_item WHERE i_id = $1", item)
            if price is None:
                raise Rollback("an item that is not there")
            stock = await sql.fetchrow(
                f"SELECT s_quantity, {INFO[district - 1]}, s_data FROM tpcc_stock WHERE s_w_id = $1 AND s_i_id = $2",
                supply, item,
            )  # fmt: skip
            left = stock[0] - quantity if stock[0] >= quantity + 10 else stock[0] - quantity + 91
            changed.append((supply, item, left, quantity, int(supply != home)))
            added.append((home, district, order, number, item, supply, quantity, price * quantity, stock[1]))
        await sql.executemany(STOCK_UPDATE, changed)
        await sql.executemany(LINE_INSERT, added)

    async def payment(self, client: Client) -> None:
        chance, home = client.random, self._warehouse(client)
        district, wanted = chance.randint(1, DISTRICTS), self._customer(chance)
        amount = Decimal(chance.randint(100, 500_000)).scaleb(-2)
        warehouse, other = home, district
        if self._size.warehouses > 1 and chance.random() < REMOTE_PAYMENT:
            warehouse, other = self._other_warehouse(home, chance), chance.randint(1, DISTRICTS)

        async def work(sql: Connection) -> None:
            place = await sql.fetchval(
                "UPDATE tpcc_warehouse SET w_ytd = w_ytd + $2 WHERE w_id = $1 RETURNING w_name", home, amount
            )
            part = await sql.fetchval(
                "UPDATE tpcc_district SET d_ytd = d_ytd + $3 WHERE d_w_id = $1 AND d_id = $2 RETURNING d_name",
                home, district, amount,
            )  # fmt: skip
            customer = await self._find(sql, warehouse, other, wanted)
            credit = await sql.fetchval(
                "UPDATE tpcc_customer SET c_balance = c_balance - $4, c_ytd_payment = c_ytd_payment + $4, "
                f"c_payment_cnt = c_payment_cnt + 1 WHERE {CUSTOMER} RETURNING c_credit",
                warehouse, other, customer, amount,
            )  # fmt: skip
            if credit == "BC":
                said = f"{customer} {other} {warehouse} {district} {home} {amount} "
                await sql.execute(
                    f"UPDATE tpcc_customer SET c_data = substr($4 || c_data, 1, 500) WHERE {CUSTOMER}",
                    warehouse, other, customer, said,
                )  # fmt: skip
            await sql.execute(
                "INSERT INTO tpcc_history (h_c_id, h_c_d_id, h_c_w_id, h_d_id, h_w_id, h_date, h_amount, h_data) "
                "VALUES ($1, $2, $3, $4, $5, CURRENT_TIMESTAMP, $6, $7)",
                customer, other, warehouse, district, home, amount, f"{place}    {part}",
            )  # fmt: skip

        await client.transaction(work)

    async def _find(self, sql: Connection, warehouse: int, district: int, wanted: int | str) -> int:
        """A customer's id; of several with one last name that in the middle, by first name (2.5.2.2)."""
        if isinstance(wanted, int):
            return wanted
        found = await sql.fetch(
            "SELECT c_id FROM tpcc_customer WHERE c_w_id = $1 AND c_d_id = $2 AND c_last = $3 ORDER BY c_first",
            warehouse, district, wanted,
        )  # fmt: skip
        return int(found[(len(found) - 1) // 2][0])

    async def order_status(self, client: Client) -> None:
        home, district = self._warehouse(client), client.random.randint(1, DISTRICTS)
        wanted = self._customer(client.random)

        async def work(sql: Connection) -> None:
            customer = await self._find(sql, home, district, wanted)
            await sql.fetchrow(
                f"SELECT c_balance, c_first, c_middle, c_last FROM tpcc_customer WHERE {CUSTOMER}",
                home, district, customer,
            )  # fmt: skip
            order = await sql.fetchrow(
                "SELECT o_id, o_entry_d, o_carrier_id FROM tpcc_orders "
                "WHERE o_w_id = $1 AND o_d_id = $2 AND o_c_id = $3 ORDER BY o_id DESC LIMIT 1",
                home, district, customer,
            )  # fmt: skip
            if order is not None:
                await sql.fetch(
                    "SELECT ol_i_id, ol_supply_w_id, ol_quantity, ol_amount, ol_delivery_d FROM tpcc_order_line "
                    "WHERE ol_w_id = $1 AND ol_d_id = $2 AND ol_o_id = $3",
                    home, district, order[0],
                )  # fmt: skip

        await client.transaction(work)

    async def delivery(self, client: Client) -> None:
        home, carrier = self._warehouse(client), client.random.randint(1, 10)

        async def work(sql: Connection) -> None:
            for district in range(1, DISTRICTS + 1):
                await self._deliver(sql, home, district, carrier)

        await client.transaction(work)

    async def _deliver(self, sql: Connection, home: int, district: int, carrier: int) -> None:
        """The oldest new order of one district, where there is one."""
        order = await sql.fetchval(
            "SELECT no_o_id FROM tpcc_new_order WHERE no_w_id = $1 AND no_d_id = $2 ORDER BY no_o_id LIMIT 1",
            home, district,
        )  # fmt: skip
        if order is None:
            return
        await sql.execute(
            "DELETE FROM tpcc_new_order WHERE no_w_id = $1 AND no_d_id = $2 AND no_o_id = $3", home, district, order
        )
        customer = await sql.fetchval(
            "UPDATE tpcc_orders SET o_carrier_id = $4 WHERE o_w_id = $1 AND o_d_id = $2 AND o_id = $3 RETURNING o_c_id",
            home, district, order, carrier,
        )  # fmt: skip
        await sql.execute(
            "UPDATE tpcc_order_line SET ol_delivery_d = CURRENT_TIMESTAMP "
            "WHERE ol_w_id = $1 AND ol_d_id = $2 AND ol_o_id = $3",
            home, district, order,
        )  # fmt: skip
        amount = await sql.fetchval(
            "SELECT sum(ol_amount) FROM tpcc_order_line WHERE ol_w_id = $1 AND ol_d_id = $2 AND ol_o_id = $3",
            home, district, order,
        )  # fmt: skip
        await sql.execute(
            "UPDATE tpcc_customer SET c_balance = c_balance + $4, c_delivery_cnt = c_delivery_cnt + 1 "
            f"WHERE {CUSTOMER}",
            home, district, customer, amount,
        )  # fmt: skip

    async def stock_level(self, client: Client) -> None:
        home, district = self._warehouse(client), client.random.randint(1, DISTRICTS)
        threshold = client.random.randint(10, 20)

        async def work(sql: Connection) -> None:
            following = await sql.fetchval(
                "SELECT d_next_o_id FROM tpcc_district WHERE d_w_id = $1 AND d_id = $2", home, district
            )
            lines = await sql.fetch(
                "SELECT ol_i_id FROM tpcc_order_line WHERE ol_w_id = $1 AND ol_d_id = $2 AND ol_o_id >= $3 "
                        "AND ol_o_id < $4",
                home, district, following - STOCK_LEVEL_ORDERS, following,
            )  # fmt: skip
            await sql.fetchval(
                "SELECT count(*) FROM tpcc_stock WHERE s_w_id = $1 AND s_i_id = ANY ($2) AND s_quantity < $3",
                home, sorted({line[0] for line in lines}), threshold,
            )  # fmt: skip

        await client.transaction(work)

    async def check(self, sql: Connection, checks: Checks) -> None:
        for number, (sentence, query) in CONDITIONS.items():
            wrong = await sql.fetchval(query)
            checks.that(wrong == 0, f"3.3.2.{number}: {sentence}", f"{wrong:,} times not")
        if self._acknowledged:
            grown = await sql.fetchval("SELECT sum(d_next_o_id) FROM tpcc_district") - self._orders
            checks.that(
                grown >= self._acknowledged,
                f"all {self._acknowledged:,} acknowledged new orders are there",
                f"{grown:,} are",
            )
