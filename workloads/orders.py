"""`orders`: the article's shop. Clients place orders against a stock in two warehouses, cancel some, and move stock between the warehouses.

Checked at the end: no stock was lost or invented (what is on the shelves plus what open orders hold is what was loaded), no shelf is negative,
every order's total is the sum of its lines, and every acknowledged order is there.
"""

from __future__ import annotations

import threading
import uuid
from decimal import Decimal
from typing import Any

import psycopg

from eagleray.workload import Client, Workload

WAREHOUSES = ("north", "south")
ITEMS = 100
STOCK_EACH = 10_000
LINES_MAX = 3

SCHEMA = (
    """CREATE TABLE orders (
        id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
        customer_id UUID NOT NULL,
        total NUMERIC(18,2) NOT NULL,
        status TEXT NOT NULL DEFAULT 'pending',
        created_at TIMESTAMPTZ NOT NULL DEFAULT now()
    )""",
    "CREATE INDEX idx_orders_customer ON orders (customer_id)",
    "CREATE INDEX idx_orders_status ON orders (status, created_at)",
    """CREATE TABLE order_lines (
        order_id UUID NOT NULL,
        line INT NOT NULL,
        item_id UUID NOT NULL,
        warehouse TEXT NOT NULL,
        quantity INT NOT NULL CHECK (quantity > 0),
        price NUMERIC(18,2) NOT NULL,
        PRIMARY KEY (order_id, line)
    )""",
    """CREATE TABLE stock (
        item_id UUID NOT NULL,
        warehouse TEXT NOT NULL,
        quantity INT NOT NULL CHECK (quantity >= 0),
        PRIMARY KEY (item_id, warehouse)
    )""",
)
TABLES = ("orders", "order_lines", "stock")


class Orders(Workload):
    name = "orders"
    description = "place orders, cancel some, move stock; no stock may be lost or invented"

    def __init__(self) -> None:
        self._items = [uuid.uuid5(uuid.NAMESPACE_OID, f"item {number}") for number in range(ITEMS)]
        self._prices = {item: Decimal(100 + 7 * number) / 100 for number, item in enumerate(self._items)}
        self._acknowledged: dict[uuid.UUID, str] = {}
        self._lock = threading.Lock()

    def setup(self, connection: psycopg.Connection[Any]) -> None:
        for table in TABLES:
            connection.execute(f"DROP TABLE IF EXISTS {table}")
        for statement in SCHEMA:
            connection.execute(statement)
        with connection.cursor() as cursor:
            rows = [(item, warehouse, STOCK_EACH) for item in self._items for warehouse in WAREHOUSES]
            cursor.executemany("INSERT INTO stock (item_id, warehouse, quantity) VALUES (%s, %s, %s)", rows)

    def step(self, client: Client) -> None:
        dice = client.random.random()
        if dice < 0.7:
            self._place(client)
        elif dice < 0.9:
            self._move(client)
        else:
            self._cancel(client)

    def _place(self, client: Client) -> None:
        order = uuid.UUID(int=client.random.getrandbits(128))
        customer = uuid.UUID(int=client.random.getrandbits(128))
        warehouse = client.random.choice(WAREHOUSES)
        items = client.random.sample(self._items, client.random.randint(1, LINES_MAX))
        lines = [(item, client.random.randint(1, 5)) for item in items]

        def work(cursor: psycopg.Cursor[Any]) -> bool:
            total = Decimal(0)
            for number, (item, quantity) in enumerate(lines, 1):
                cursor.execute(
                    "UPDATE stock SET quantity = quantity - %s WHERE item_id = %s AND warehouse = %s AND quantity >= %s",
                    (quantity, item, warehouse, quantity),
                )
                if cursor.rowcount != 1:
                    cursor.connection.rollback()
                    return False
                price = self._prices[item]
                total += price * quantity
                cursor.execute(
                    "INSERT INTO order_lines (order_id, line, item_id, warehouse, quantity, price) VALUES (%s, %s, %s, %s, %s, %s)",
                    (order, number, item, warehouse, quantity, price),
                )
            cursor.execute("INSERT INTO orders (id, customer_id, total) VALUES (%s, %s, %s)", (order, customer, total))
            return True

        if client.transaction("place", work):
            with self._lock:
                self._acknowledged[order] = "pending"

    def _move(self, client: Client) -> None:
        item = client.random.choice(self._items)
        source, target = client.random.sample(WAREHOUSES, 2)
        quantity = client.random.randint(1, 20)

        def work(cursor: psycopg.Cursor[Any]) -> None:
            cursor.execute("SELECT quantity FROM stock WHERE item_id = %s AND warehouse = %s", (item, source))
            (there,) = cursor.fetchone() or (0,)
            moved = min(quantity, there)
            cursor.execute("UPDATE stock SET quantity = quantity - %s WHERE item_id = %s AND warehouse = %s", (moved, item, source))
            cursor.execute("UPDATE stock SET quantity = quantity + %s WHERE item_id = %s AND warehouse = %s", (moved, item, target))

        client.transaction("move", work)

    def _cancel(self, client: Client) -> None:
        with self._lock:
            if not self._acknowledged:
                return
            order = client.random.choice(list(self._acknowledged)[-50:])

        def work(cursor: psycopg.Cursor[Any]) -> bool:
            cursor.execute("SELECT status FROM orders WHERE id = %s", (order,))
            row = cursor.fetchone()
            if row is None or row[0] != "pending":
                return False
            cursor.execute("SELECT item_id, warehouse, quantity FROM order_lines WHERE order_id = %s", (order,))
            for item, warehouse, quantity in cursor.fetchall():
                cursor.execute(
                    "UPDATE stock SET quantity = quantity + %s WHERE item_id = %s AND warehouse = %s", (quantity, item, warehouse)
                )
            cursor.execute("UPDATE orders SET status = 'cancelled' WHERE id = %s", (order,))
            return True

        if client.transaction("cancel", work):
            with self._lock:
                self._acknowledged[order] = "cancelled"

    def check(self, connection: psycopg.Connection[Any]) -> tuple[list[str], list[str]]:
        held: list[str] = []
        wrong: list[str] = []

        def verify(good: bool, sentence: str, found: str) -> None:
            (held if good else wrong).append(sentence if good else f"not so: {sentence} ({found})")

        shelves = connection.execute("SELECT sum(quantity), min(quantity) FROM stock").fetchone() or (0, 0)
        open_lines = connection.execute(
            "SELECT coalesce(sum(l.quantity), 0) FROM order_lines l JOIN orders o ON o.id = l.order_id WHERE o.status = 'pending'"
        ).fetchone() or (0,)
        loaded = ITEMS * len(WAREHOUSES) * STOCK_EACH
        found = int(shelves[0] or 0) + int(open_lines[0])
        verify(found == loaded, f"stock on the shelves and in open orders is what was loaded, {loaded:,}", f"found {found:,}")
        verify(shelves[1] >= 0, "no shelf is negative", f"least {shelves[1]}")
        crooked = connection.execute(
            "SELECT count(*) FROM orders o JOIN (SELECT order_id, sum(quantity * price) AS due FROM order_lines GROUP BY order_id) l "
            "ON l.order_id = o.id WHERE l.due <> o.total"
        ).fetchone() or (0,)
        verify(crooked[0] == 0, "every order's total is the sum of its lines", f"{crooked[0]} differ")
        stored = dict(connection.execute("SELECT id, status FROM orders").fetchall())
        lost = [order for order, status in self._acknowledged.items() if stored.get(order) != status]
        verify(not lost, f"all {len(self._acknowledged):,} acknowledged orders are there as acknowledged", f"{len(lost)} are not")
        return held, wrong
