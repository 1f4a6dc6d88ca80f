"""`orders`: the article's shop. Clients place orders against a stock in two warehouses, cancel some, and move stock
between the warehouses. Scale 1: 100 items.

Checked at the end: no stock was lost or invented (what is on the shelves plus what open orders hold is what was
loaded), no shelf is negative, every order's total is the sum of its lines, and every acknowledged order is there.
"""

from __future__ import annotations

import uuid
from decimal import Decimal

from eagleray.workload import Checks, Client, Connection, Loader, Rollback, UnknownOutcome, Workload

WAREHOUSES = ("north", "south")
ITEMS_A_SCALE = 100
STOCK_EACH = 10_000
LINES_MAX = 3
RECENT = 50
"""Orders are cancelled among the latest so many."""

TAKE = "UPDATE stock SET quantity = quantity - $1 WHERE item_id = $2 AND warehouse = $3 AND quantity >= $1"
GIVE = "UPDATE stock SET quantity = quantity + $1 WHERE item_id = $2 AND warehouse = $3"
ADD_LINE = (
    "INSERT INTO order_lines (order_id, line, item_id, warehouse, quantity, price) VALUES ($1, $2, $3, $4, $5, $6)"
)


class Orders(Workload):
    name = "orders"
    description = "place orders, cancel some, move stock; no stock may be lost or invented"
    tables = ("orders", "order_lines", "stock")
    schema = (
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
    mix = {"place": 70, "move": 20, "cancel": 10}

    def __init__(self, scale: float = 1.0) -> None:
        super().__init__(scale)
        self._items: list[uuid.UUID] = []
        self._prices: dict[uuid.UUID, Decimal] = {}
        self._acknowledged: dict[uuid.UUID, str] = {}
        self._uncertain: set[uuid.UUID] = set()
        self._recent: list[uuid.UUID] = []

    async def load(self, loader: Loader) -> None:
        items = [_item(number) for number in range(max(LINES_MAX, round(self.scale * ITEMS_A_SCALE)))]
        rows = ((item, warehouse, STOCK_EACH) for item in items for warehouse in WAREHOUSES)
        await loader.copy("stock", ("item_id", "warehouse", "quantity"), rows)

    async def attach(self, sql: Connection) -> None:
        count = await sql.fetchval("SELECT count(*) FROM stock") // len(WAREHOUSES)
        self.scale = count / ITEMS_A_SCALE
        self._items = [_item(number) for number in range(count)]
        self._prices = {item: Decimal(100 + 7 * number) / 100 for number, item in enumerate(self._items)}

    async def place(self, client: Client) -> None:
        chance = client.random
        customer = uuid.UUID(int=chance.getrandbits(128))
        order = uuid.uuid4()  # not drawn from the seed: a second run on the same tables would draw the same
        warehouse = chance.choice(WAREHOUSES)
        lines = [(item, chance.randint(1, 5)) for item in chance.sample(self._items, chance.randint(1, LINES_MAX))]
        total = sum((self._prices[item] * quantity for item, quantity in lines), Decimal(0))

        async def work(sql: Connection) -> None:
            for number, (item, quantity) in enumerate(lines, 1):
                if await sql.execute(TAKE, quantity, item, warehouse) != "UPDATE 1":
                    raise Rollback(f"sold out: {item} in {warehouse}")
                await sql.execute(ADD_LINE, order, number, item, warehouse, quantity, self._prices[item])
            await sql.execute("INSERT INTO orders (id, customer_id, total) VALUES ($1, $2, $3)", order, customer, total)

        await client.transaction(work)
        self._acknowledged[order] = "pending"
        self._recent = [*self._recent[1 - RECENT :], order]

    async def move(self, client: Client) -> None:
        item = client.random.choice(self._items)
        source, target = client.random.sample(WAREHOUSES, 2)
        quantity = client.random.randint(1, 20)

        async def work(sql: Connection) -> None:
            there = await sql.fetchval("SELECT quantity FROM stock WHERE item_id = $1 AND warehouse = $2", item, source)
            moved = min(quantity, there)
            await sql.execute(TAKE, moved, item, source)
            await sql.execute(GIVE, moved, item, target)

        await client.transaction(work)

    async def cancel(self, client: Client) -> None:
        if not self._recent:
            raise Rollback("there is no order yet")
        order = client.random.choice(self._recent)

        async def work(sql: Connection) -> bool:
            if await sql.fetchval("SELECT status FROM orders WHERE id = $1", order) != "pending":
                return False
            for item, warehouse, quantity in await sql.fetch(
                "SELECT item_id, warehouse, quantity FROM order_lines WHERE order_id = $1", order
            ):
                await sql.execute(GIVE, quantity, item, warehouse)
            await sql.execute("UPDATE orders SET status = 'cancelled' WHERE id = $1", order)
            return True

        try:
            if await client.transaction(work):
                self._acknowledged[order] = "cancelled"
        except UnknownOutcome:
            self._uncertain.add(order)
            raise

    async def check(self, sql: Connection, checks: Checks) -> None:
        rows, shelves, least = await sql.fetchrow("SELECT count(*), sum(quantity), min(quantity) FROM stock")
        held = await sql.fetchval(
            "SELECT coalesce(sum(l.quantity), 0) FROM order_lines l JOIN orders o ON o.id = l.order_id WHERE "
            "o.status = 'pending'"
        )
        loaded = rows * STOCK_EACH
        checks.that(
            shelves + held == loaded,
            f"stock on the shelves and in open orders is what was loaded, {loaded:,}",
            f"found {shelves + held:,}",
        )
        checks.that(least >= 0, "no shelf is negative", f"least {least}")
        crooked = await sql.fetchval(
            "SELECT count(*) FROM orders o "
            "JOIN (SELECT order_id, sum(quantity * price) AS due FROM order_lines GROUP BY order_id) l "
            "ON l.order_id = o.id WHERE l.due <> o.total"
        )
        checks.that(crooked == 0, "every order's total is the sum of its lines", f"{crooked} differ")
        if self._acknowledged:
            stored = {row["id"]: row["status"] for row in await sql.fetch("SELECT id, status FROM orders")}
            lost = [
                order
                for order, status in self._acknowledged.items()
                if stored.get(order) != status and not (order in self._uncertain and order in stored)
            ]
            checks.that(
                not lost,
                f"all {len(self._acknowledged):,} acknowledged orders are there as acknowledged",
                f"{len(lost)} are not",
            )


def _item(number: int) -> uuid.UUID:
    return uuid.uuid5(uuid.NAMESPACE_OID, f"item {number}")
