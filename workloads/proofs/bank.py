"""`BankTransfers`: money moves between accounts on both halves of the key space, and its sum never changes in any
snapshot.

A transfer reads both balances and writes both; now and then an account is closed (its balance goes to another one) or
opened again. In every snapshot the balances add up, none is negative, and the ledger of transfers explains every
balance.
"""

from __future__ import annotations

from workloads.proofs.attempt import ABORTED, COMMITTED, UNKNOWN, ProofClient
from workloads.proofs.connection import Connection, as_dict
from workloads.proofs.proof import Proof

ACCOUNTS = tuple(number * sign for number in range(1, 5) for sign in (-1, 1))
BALANCE_EACH = 100
CROWDED_ACCOUNTS = 3


class BankTransfers(Proof):
    name = "bank"
    rewrites = ("UPDATE accounts SET balance = balance",)

    def __init__(self, pace_s: float = 0.0, recent: bool = True, crowded: bool = False) -> None:
        super().__init__(pace_s, recent, crowded)
        self._accounts = ACCOUNTS[:CROWDED_ACCOUNTS] if crowded else ACCOUNTS
        self._total = BALANCE_EACH * len(self._accounts)
        self._sequence = 0
        self.transfers: dict[str, list[str]] = {COMMITTED: [], ABORTED: [], UNKNOWN: []}

    async def setup(self, connection: Connection) -> None:
        await connection.execute("CREATE TABLE accounts (id int PRIMARY KEY, balance int NOT NULL)")
        await connection.execute(
            "CREATE TABLE transfers (id int PRIMARY KEY, source int NOT NULL, target int NOT NULL, amount int NOT NULL)"
        )
        await connection.execute(
            f"INSERT INTO accounts VALUES {', '.join(f'({account}, {BALANCE_EACH})' for account in self._accounts)}"
        )

    async def step(self, client: ProofClient, number: int) -> None:
        choice = client.random.random()
        if choice < 0.15:
            await self._add_up(client)
        elif choice < 0.3:
            await self._page_through(client)
        else:
            await self._transfer(client)

    async def _transfer(self, client: ProofClient) -> None:
        random = client.random
        source, target = random.sample(self._accounts, 2)
        self._sequence += 1
        transfer = self._sequence * random.choice((-1, 1))
        share = random.random()
        close = random.random() < 0.1

        async def work(connection: Connection) -> None:
            balances = as_dict(
                await connection.execute(f"SELECT id, balance FROM accounts WHERE id IN ({source}, {target})")
            )
            held = int(balances.get(str(source)) or 0)
            amount = held if close else int(held * share)
            if close:
                await connection.execute(f"DELETE FROM accounts WHERE id = {source}")
                if rows := (await connection.execute(f"SELECT balance FROM accounts WHERE id = {source}")).rows:
                    self.problems.append(f"a transaction reads {rows} in the account that it has closed")
            elif str(source) in balances:
                await connection.execute(f"UPDATE accounts SET balance = balance - {amount} WHERE id = {source}")
            await connection.execute(
                f"INSERT INTO accounts VALUES ({target}, {amount}) ON CONFLICT (id) DO UPDATE SET balance = "
                f"accounts.balance + {amount}"
            )
            await connection.execute(f"INSERT INTO transfers VALUES ({transfer}, {source}, {target}, {amount})")

        outcome, _ = await client.attempt(work)
        self.transfers[outcome].append(str(transfer))

    async def _add_up(self, client: ProofClient) -> None:
        """By a scan, or key by key."""
        by_key = client.random.random() < 0.5
        acknowledged = set(self.transfers[COMMITTED]) if self.recent else set()

        async def work(connection: Connection) -> None:
            if by_key:
                found = (
                    await connection.execute(
                        f"SELECT id, balance FROM accounts WHERE id IN ({', '.join(map(str, self._accounts))})"
                    )
                ).rows
                balances = [int(balance or 0) for _, balance in found]
                total, least = sum(balances), min(balances, default=0)
            else:
                [sums] = (await connection.execute("SELECT sum(balance), min(balance), count(*) FROM accounts")).rows
                total, least, counted = (int(value or 0) for value in sums)
                listed = len((await connection.execute("SELECT id FROM accounts")).rows)
                if counted != listed:
                    self.problems.append(f"a snapshot counts {counted} accounts and lists {listed}")
            if total != self._total or least < 0:
                self.problems.append(f"a snapshot adds up to {total} of {self._total}, the least balance is {least}")
            known = {row[0] for row in (await connection.execute("SELECT id FROM transfers")).rows}
            if acknowledged - known:
                self.problems.append(
                    f"transfers were acknowledged before a snapshot and are not in it: {sorted(acknowledged - known)}"
                )

        await client.attempt(work)

    async def _page_through(self, client: ProofClient) -> None:
        """The same by pages of a few rows, in either direction."""
        size = client.random.randint(1, 3)
        order, beyond = client.random.choice((("ASC", ">"), ("DESC", "<")))

        async def work(connection: Connection) -> None:
            total, where = 0, ""
            while rows := (
                await connection.execute(f"SELECT id, balance FROM accounts {where} ORDER BY id {order} LIMIT {size}")
            ).rows:
                total += sum(int(balance or 0) for _, balance in rows)
                where = f"WHERE id {beyond} {rows[-1][0]}"
            if total != self._total:
                self.problems.append(f"the pages of a snapshot add up to {total} of {self._total}")

        await client.attempt(work)

    async def check(self, client: ProofClient) -> list[str]:
        balances = {
            int(account or 0): int(balance or 0)
            for account, balance in await self.final(client, "SELECT id, balance FROM accounts")
        }
        ledger = await self.final(client, "SELECT id, source, target, amount FROM transfers")
        there = {row[0] for row in ledger}
        wrong = [
            f"transfer {name} was acknowledged and is lost" for name in self.transfers[COMMITTED] if name not in there
        ]
        wrong += [f"transfer {name} was refused and is there" for name in self.transfers[ABORTED] if name in there]
        explained = dict.fromkeys(self._accounts, BALANCE_EACH)
        for _, source, target, amount in ledger:
            explained[int(source or 0)] -= int(amount or 0)
            explained[int(target or 0)] += int(amount or 0)
        for account, balance in explained.items():
            if balances.get(account, 0) != balance:
                wrong.append(f"account {account} holds {balances.get(account, 0)}, its transfers come to {balance}")
        if sum(balances.values()) != self._total:
            wrong.append(f"the balances add up to {sum(balances.values())} of {self._total}")
        return wrong
