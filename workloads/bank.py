"""`bank`: transfers between accounts, and readers who add up all balances; the sum never changes in any snapshot.
Scale 1: 200 accounts."""

from __future__ import annotations

from uuid import uuid4

from eagleray.workload import Checks, Client, Connection, Loader, Workload

ACCOUNTS_A_SCALE = 200
BALANCE_EACH = 1000


class Bank(Workload):
    name = "bank"
    description = "transfers between accounts while readers add up all balances in one snapshot"
    tables = ("bank_accounts",)
    schema = ("CREATE TABLE bank_accounts (id uuid PRIMARY KEY, number int NOT NULL UNIQUE, balance bigint NOT NULL)",)
    mix = {"transfer": 80, "add_up": 20}

    def __init__(self, scale: float = 1.0) -> None:
        super().__init__(scale)
        self._accounts = 0
        self._sums = 0
        self._wrong_sums: list[int] = []

    async def load(self, loader: Loader) -> None:
        accounts = max(2, round(self.scale * ACCOUNTS_A_SCALE))
        await loader.copy(
            "bank_accounts",
            ("id", "number", "balance"),
            ((uuid4(), number, BALANCE_EACH) for number in range(accounts)),
        )

    async def attach(self, sql: Connection) -> None:
        self._accounts = await sql.fetchval("SELECT count(*) FROM bank_accounts")
        self.scale = self._accounts / ACCOUNTS_A_SCALE

    async def transfer(self, client: Client) -> None:
        source, target = client.random.sample(range(self._accounts), 2)
        amount = client.random.randint(1, 50)

        async def work(sql: Connection) -> None:
            balance = await sql.fetchval("SELECT balance FROM bank_accounts WHERE number = $1", source)
            moved = min(amount, balance)
            await sql.execute("UPDATE bank_accounts SET balance = balance - $1 WHERE number = $2", moved, source)
            await sql.execute("UPDATE bank_accounts SET balance = balance + $1 WHERE number = $2", moved, target)

        await client.transaction(work)

    async def add_up(self, client: Client) -> None:
        ((total,),) = await client.read("SELECT sum(balance) FROM bank_accounts")
        self._sums += 1
        if total != self._accounts * BALANCE_EACH:
            self._wrong_sums.append(int(total))

    async def check(self, sql: Connection, checks: Checks) -> None:
        accounts, total, least = await sql.fetchrow("SELECT count(*), sum(balance), min(balance) FROM bank_accounts")
        expected = accounts * BALANCE_EACH
        checks.that(total == expected, f"the balances add up to {expected:,}", f"they add up to {total:,}")
        checks.that(least >= 0, "no balance is negative", f"the least is {least:,}")
        if self._sums:
            checks.that(
                not self._wrong_sums,
                f"{self._sums:,} snapshots added up, none to another sum",
                f"{len(self._wrong_sums)} did, the first to {self._wrong_sums[:1]}",
            )
