"""`tpcb`: pgbench's TPC-B-like transaction. Scale 1: one branch, 10 tellers, 100,000 accounts.

Each transaction changes an account, its branch and a teller by one amount and writes it to the history. With `scale`
branches it measures contention: a conflict is as likely as two clients are on one branch. Checked: accounts, tellers,
branches and history add up to one sum.
"""

from __future__ import annotations

from eagleray.workload import Checks, Client, Connection, Loader, Workload

TELLERS = 10
ACCOUNTS = 100_000
AMOUNT_MAX = 5_000
FILLER = "." * 84
"""pgbench's rows have some 100 bytes."""


class TpcB(Workload):
    name = "tpcb"
    description = "pgbench's TPC-B-like transaction: an account, a teller, a branch, a line of history"
    note = "TPC-B-like; not a TPC result, not comparable with one"
    tables = ("tpcb_branches", "tpcb_tellers", "tpcb_accounts", "tpcb_history")
    schema = (
        "CREATE TABLE tpcb_branches (bid int PRIMARY KEY, bbalance int NOT NULL, filler text)",
        "CREATE TABLE tpcb_tellers (tid int PRIMARY KEY, bid int NOT NULL, tbalance int NOT NULL, filler text)",
        "CREATE TABLE tpcb_accounts (aid int PRIMARY KEY, bid int NOT NULL, abalance int NOT NULL, filler text)",
        "CREATE TABLE tpcb_history (tid int NOT NULL, bid int NOT NULL, aid int NOT NULL, delta int NOT "
        "NULL, mtime timestamp NOT NULL)",
    )
    mix = {"transfer": 1}

    def __init__(self, scale: float = 1.0) -> None:
        super().__init__(scale)
        self._branches = self._accounts = self._known = 0
        self._acknowledged = 0

    async def load(self, loader: Loader) -> None:
        branches = max(1, round(self.scale))
        accounts = round(self.scale * ACCOUNTS) if self.scale < 1 else branches * ACCOUNTS
        each = max(1, accounts // branches)
        await loader.copy("tpcb_branches", ("bid", "bbalance"), ((bid, 0) for bid in range(1, branches + 1)))
        await loader.copy(
            "tpcb_tellers",
            ("tid", "bid", "tbalance"),
            ((tid + 1, tid // TELLERS + 1, 0) for tid in range(branches * TELLERS)),
        )
        rows = ((aid + 1, aid // each + 1, 0, FILLER) for aid in range(branches * each))
        await loader.copy("tpcb_accounts", ("aid", "bid", "abalance", "filler"), rows)

    async def attach(self, sql: Connection) -> None:
        self._branches = await sql.fetchval("SELECT count(*) FROM tpcb_branches")
        self._accounts = await sql.fetchval("SELECT count(*) FROM tpcb_accounts")
        self._known = await sql.fetchval("SELECT count(*) FROM tpcb_history")
        self.scale = self._accounts / ACCOUNTS

    async def transfer(self, client: Client) -> None:
        chance = client.random
        account, branch = chance.randint(1, self._accounts), chance.randint(1, self._branches)
        teller, amount = chance.randint(1, self._branches * TELLERS), chance.randint(-AMOUNT_MAX, AMOUNT_MAX)

        async def work(sql: Connection) -> None:
            await sql.execute("UPDATE tpcb_accounts SET abalance = abalance + $1 WHERE aid = $2", amount, account)
            await sql.fetchval("SELECT abalance FROM tpcb_accounts WHERE aid = $1", account)
            await sql.execute("UPDATE tpcb_tellers SET tbalance = tbalance + $1 WHERE tid = $2", amount, teller)
            await sql.execute("UPDATE tpcb_branches SET bbalance = bbalance + $1 WHERE bid = $2", amount, branch)
            await sql.execute(
                "INSERT INTO tpcb_history (tid, bid, aid, delta, mtime) VALUES ($1, $2, $3, $4, CURRENT_TIMESTAMP)",
                teller,
                branch,
                account,
                amount,
            )

        await client.transaction(work)
        self._acknowledged += 1

    async def check(self, sql: Connection, checks: Checks) -> None:
        lines, history = await sql.fetchrow("SELECT count(*), coalesce(sum(delta), 0) FROM tpcb_history")
        for what, column in (("accounts", "abalance"), ("tellers", "tbalance"), ("branches", "bbalance")):
            total = await sql.fetchval(f"SELECT sum({column}) FROM tpcb_{what}")
            sentence = f"the balances of the {what} add up to the history's {history:,}"
            checks.that(total == history, sentence, f"to {total:,}")
        if self._acknowledged:
            least = self._known + self._acknowledged
            checks.that(
                lines >= least,
                f"all {self._acknowledged:,} acknowledged transactions are in the history",
                f"{least - lines:,} are not",
            )
