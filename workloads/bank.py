"""`bank`: transfers between accounts, and readers who add up all balances; the sum never changes in any snapshot."""

from __future__ import annotations

from typing import Any

import psycopg

from eagleray.workload import Client, Workload

ACCOUNTS = 200
BALANCE_EACH = 1000


class Bank(Workload):
    name = "bank"
    description = "transfers between accounts while readers add up all balances in one snapshot"

    def __init__(self) -> None:
        self._wrong_sums: list[int] = []
        self._sums = 0

    def setup(self, connection: psycopg.Connection[Any]) -> None:
        connection.execute("DROP TABLE IF EXISTS bank_accounts")
        connection.execute("CREATE TABLE bank_accounts (id uuid PRIMARY KEY, number int NOT NULL UNIQUE, balance bigint NOT NULL)")
        with connection.cursor() as cursor:
            rows = [(number, BALANCE_EACH) for number in range(ACCOUNTS)]
            cursor.executemany("INSERT INTO bank_accounts VALUES (gen_random_uuid(), %s, %s)", rows)

    def step(self, client: Client) -> None:
        if client.random.random() < 0.2:
            self._add_up(client)
            return
        source, target = client.random.sample(range(ACCOUNTS), 2)
        amount = client.random.randint(1, 50)

        def work(cursor: psycopg.Cursor[Any]) -> None:
            cursor.execute("SELECT balance FROM bank_accounts WHERE number = %s", (source,))
            (balance,) = cursor.fetchone() or (0,)
            moved = min(amount, balance)
            cursor.execute("UPDATE bank_accounts SET balance = balance - %s WHERE number = %s", (moved, source))
            cursor.execute("UPDATE bank_accounts SET balance = balance + %s WHERE number = %s", (moved, target))

        client.transaction("transfer", work)

    def _add_up(self, client: Client) -> None:
        def work(cursor: psycopg.Cursor[Any]) -> int:
            cursor.execute("SELECT sum(balance) FROM bank_accounts")
            (total,) = cursor.fetchone() or (0,)
            return int(total)

        total = client.transaction("sum", work)
        self._sums += 1
        if total != ACCOUNTS * BALANCE_EACH:
            self._wrong_sums.append(total)

    def check(self, connection: psycopg.Connection[Any]) -> tuple[list[str], list[str]]:
        (total, least) = connection.execute("SELECT sum(balance), min(balance) FROM bank_accounts").fetchone() or (0, 0)
        held: list[str] = []
        wrong: list[str] = []
        expected = ACCOUNTS * BALANCE_EACH
        (held if total == expected else wrong).append(f"the balances add up to {total:,} of {expected:,}")
        (held if least >= 0 else wrong).append(f"the least balance is {least}")
        (wrong if self._wrong_sums else held).append(f"{self._sums} snapshots added up, {len(self._wrong_sums)} wrong")
        return held, wrong
