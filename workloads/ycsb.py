"""`ycsb-a` to `ycsb-f`: the Yahoo! Cloud Serving Benchmark's core workloads. Scale 1: 1,000 records of ten fields of
100 characters.

| | mix | keys |
| --- | --- | --- |
| A | 50 % read, 50 % update of one field | zipfian |
| B | 95 % read, 5 % update | zipfian |
| C | read | zipfian |
| D | 95 % read, 5 % insert | the latest |
| E | 95 % scan of 1 to 100 records, 5 % insert | zipfian |
| F | 50 % read, 50 % read, change and write in one transaction | zipfian |

As YCSB's JDBC client, each operation is one statement in a transaction of its own (F's second kind: a transaction of
two). Zipfian keys (0.99) are scrambled over the records that were loaded; YCSB scrambles them over 10^10 numbers,
which spreads the hottest key's share a little. Field values begin with their record's key: the check finds a value in
a wrong row.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from eagleray.workload import Checks, Client, Connection, Loader, Workload
from eagleray.workload.keys import Zipfian, fnv_hash, latest, scrambled

RECORDS_A_SCALE = 1_000
FIELDS = 10
FIELD_CHARACTERS = 100
SCAN_MAX = 100
LETTERS = "".join(random.Random("ycsb").choices("abcdefghijklmnopqrstuvwxyz0123456789", k=4_096))
COLUMNS = ("ycsb_key", *(f"field{number}" for number in range(FIELDS)))

READ = "SELECT * FROM usertable WHERE ycsb_key = $1"
SCAN = "SELECT * FROM usertable WHERE ycsb_key >= $1 ORDER BY ycsb_key LIMIT $2"
UPDATES = [f"UPDATE usertable SET field{number} = $2 WHERE ycsb_key = $1" for number in range(FIELDS)]
PLACES = ", ".join(f"${number}" for number, _ in enumerate(COLUMNS, 1))
INSERT = f"INSERT INTO usertable ({', '.join(COLUMNS)}) VALUES ({PLACES})"
FIELD_TYPES = ", ".join(f"{name} text NOT NULL" for name in COLUMNS[1:])


def key_of(number: int) -> str:
    return f"user{fnv_hash(number)}"


def value_of(key: str, chance: random.Random) -> str:
    start = chance.randrange(len(LETTERS) - FIELD_CHARACTERS)
    return f"{key}:{LETTERS[start : start + FIELD_CHARACTERS]}"[:FIELD_CHARACTERS]


class Ycsb(Workload):
    tables = ("usertable",)
    schema = (f"CREATE TABLE usertable (ycsb_key varchar(64) PRIMARY KEY, {FIELD_TYPES})",)

    def __init__(self, scale: float = 1.0) -> None:
        super().__init__(scale)
        self._ranks = Zipfian(1)  # of the records that were loaded: the popular ones stay popular
        self._readable = Zipfian(1)  # and of those that were inserted since
        self._records = 0
        self._started = 0
        self._inserted: set[int] = set()
        self._acknowledged = 0

    async def load(self, loader: Loader) -> None:
        await loader.copy("usertable", COLUMNS, self._rows(max(1, round(self.scale * RECORDS_A_SCALE))))

    def _rows(self, records: int) -> Iterator[tuple[str, ...]]:
        chance = random.Random(records)
        for number in range(records):
            key = key_of(number)
            yield (key, *(value_of(key, chance) for _ in range(FIELDS)))

    async def attach(self, sql: Connection) -> None:
        self._records = self._started = await sql.fetchval("SELECT count(*) FROM usertable")
        self._ranks, self._readable = Zipfian(self._records), Zipfian(self._records)
        self.scale = self._records / RECORDS_A_SCALE

    def _key(self, client: Client) -> str:
        return key_of(scrambled(self._ranks, client.random))

    async def read(self, client: Client) -> None:
        await client.read(READ, self._key(client))

    async def read_latest(self, client: Client) -> None:
        await client.read(READ, key_of(latest(self._readable, client.random)))

    async def scan(self, client: Client) -> None:
        await client.read(SCAN, self._key(client), client.random.randint(1, SCAN_MAX))

    async def update(self, client: Client) -> None:
        key = self._key(client)
        await client.write(client.random.choice(UPDATES), key, value_of(key, client.random))

    async def insert(self, client: Client) -> None:
        number = self._started
        self._started += 1
        key = key_of(number)
        await client.write(INSERT, key, *(value_of(key, client.random) for _ in range(FIELDS)))
        self._acknowledged += 1
        self._inserted.add(number)
        # Readers draw from the numbers below the first that is not acknowledged yet.
        while (upper := self._readable.items) in self._inserted:
            self._inserted.discard(upper)
            self._readable.grow(upper + 1)

    async def read_modify_write(self, client: Client) -> None:
        key = self._key(client)
        statement, value = client.random.choice(UPDATES), value_of(key, client.random)

        async def work(sql: Connection) -> None:
            await sql.fetch(READ, key)
            await sql.execute(statement, key, value)

        await client.transaction(work)

    async def check(self, sql: Connection, checks: Checks) -> None:
        records = await sql.fetchval("SELECT count(*) FROM usertable")
        if self._records:
            least, most = self._records + self._acknowledged, self._started
            checks.that(
                least <= records <= most,
                f"all {least:,} records that were loaded or acknowledged are there",
                f"{records:,} are",
            )
        strange = " OR ".join(
            f"length({name}) <> {FIELD_CHARACTERS} OR {name} NOT LIKE ycsb_key || ':%'" for name in COLUMNS[1:]
        )
        wrong = await sql.fetchval(f"SELECT count(*) FROM usertable WHERE {strange}")
        checks.that(
            wrong == 0,
            f"every value of {records:,} records is its record's own and whole",
            f"{wrong:,} records have others",
        )


class YcsbA(Ycsb):
    name = "ycsb-a"
    description = "YCSB A, update heavy: 50 % reads, 50 % updates, zipfian"
    mix = {"read": 50, "update": 50}


class YcsbB(Ycsb):
    name = "ycsb-b"
    description = "YCSB B, read mostly: 95 % reads, 5 % updates, zipfian"
    mix = {"read": 95, "update": 5}


class YcsbC(Ycsb):
    name = "ycsb-c"
    description = "YCSB C, read only, zipfian"
    mix = {"read": 100}


class YcsbD(Ycsb):
    name = "ycsb-d"
    description = "YCSB D, read latest: 95 % reads, 5 % inserts"
    mix = {"read_latest": 95, "insert": 5}


class YcsbE(Ycsb):
    name = "ycsb-e"
    description = "YCSB E, short ranges: 95 % scans, 5 % inserts"
    mix = {"scan": 95, "insert": 5}


class YcsbF(Ycsb):
    name = "ycsb-f"
    description = "YCSB F, read, change and write: 50 % reads, 50 % transactions"
    mix = {"read": 50, "read_modify_write": 50}
