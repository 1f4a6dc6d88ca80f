"""`SchemaChanges`: columns and indexes come and go, tables are made and dropped, while clients insert, update and read.

A client that begins after a change was acknowledged sees it (it may lose with 40001, never with "does not exist");
every acknowledged row keeps the values that it was given, an added column's default included; every index gives what
the table gives. Rows without a primary key are inserted without a read before: what such an insert goes by, nobody but
the adjudicators can tell to be stale. One client does nothing else: its query processor may not hear of a change for a
long time.
"""

from __future__ import annotations

from workloads.proofs.attempt import ABORTED, COMMITTED, UNKNOWN, ProofClient
from workloads.proofs.connection import Connection, SqlError
from workloads.proofs.proof import SETUP_ATTEMPTS_MAX, Proof

COLUMNS_MAX = 8
UNDEFINED_TABLE = "42P01"
DUPLICATE = ("42701", "42P07", "42704")


class SchemaChanges(Proof):
    name = "schema"
    rewrites = ("UPDATE items SET v = v", "UPDATE notes SET n = n")

    def __init__(self, pace_s: float = 0.0, recent: bool = True, crowded: bool = False) -> None:
        super().__init__(pace_s, recent, crowded)
        self._columns: list[str] = []
        """Those whose ADD COLUMN was acknowledged; column cN has the default N."""
        self._maybe_columns: set[str] = set()
        self._index_known: dict[str, bool | None] = {"items": False, "notes": False}
        """By table: whether its index is there; None: not known."""
        self._side_tables: set[str] = set()
        self._sequence = 0
        self._rows: dict[str, tuple[str, str, str]] = {}
        """Row -> outcome, value, the columns that it was given besides."""
        self._notes: dict[str, str] = {}
        """Note -> outcome; ABORTED once it was deleted."""

    async def setup(self, connection: Connection) -> None:
        await connection.execute("CREATE TABLE items (id int PRIMARY KEY, v text NOT NULL)")
        await connection.execute("CREATE TABLE notes (v text NOT NULL, n int NOT NULL)")

    async def step(self, client: ProofClient, number: int) -> None:
        if number == 0:
            await self._change(client)
            await client.database.sleep(client.random.uniform(0, 4 * self.pace_s))
        elif number == 1 and client.random.random() < 0.95:
            await self._note(client, reads=False)
        else:
            work = client.random.choices((self._insert, self._note, self._tear_off, self._look), (3, 4, 1, 3))[0]
            await work(client)

    async def rewrite(self, client: ProofClient) -> None:
        """Nobody holds a table any more, either: its index can come or go, in the end."""
        await super().rewrite(client)
        for _ in range(SETUP_ATTEMPTS_MAX):
            before = client.commits
            await self._toggle_index(client)
            if client.commits > before:
                return
            await client.database.sleep(0.1)
        raise SqlError("XX000", "no progress: no index can be made or dropped")

    # -- changes -------------------------------------------------------------------------------------------------------

    async def _change(self, client: ProofClient) -> None:
        choice = client.random.random()
        if choice < 0.3 and len(self._columns) + len(self._maybe_columns) < COLUMNS_MAX:
            await self._add_column(client)
        elif choice < 0.8:
            await self._toggle_index(client)
        else:
            await self._side_table(client)

    async def _add_column(self, client: ProofClient) -> None:
        number = len(self._columns) + len(self._maybe_columns) + 1
        column = f"c{number}"
        self._maybe_columns.add(column)
        outcome, _ = await client.statement(
            f"ALTER TABLE items ADD COLUMN {column} int DEFAULT {number}", also=DUPLICATE
        )
        if outcome == COMMITTED:
            self._columns.append(column)
        if outcome != UNKNOWN:
            self._maybe_columns.discard(column)

    async def _toggle_index(self, client: ProofClient) -> None:
        table = client.random.choice(("items", "notes"))
        known = self._index_known[table]
        if known is None:
            outcome, _ = await client.statement(
                f"DROP INDEX IF EXISTS {table}_v", also=() if self.recent else DUPLICATE
            )
            self._index_known[table] = False if outcome == COMMITTED else None
        elif not known:
            outcome, _ = await client.statement(
                f"CREATE INDEX ASYNC {table}_v ON {table} (v)", also=() if self.recent else DUPLICATE
            )
            self._index_known[table] = True if outcome == COMMITTED else False if outcome == ABORTED else None
        else:
            outcome, _ = await client.statement(f"DROP INDEX {table}_v", also=() if self.recent else DUPLICATE)
            self._index_known[table] = False if outcome == COMMITTED else True if outcome == ABORTED else None

    async def _side_table(self, client: ProofClient) -> None:
        name = f"side_{self._sequence}"
        self._sequence += 1
        outcome, _ = await client.statement(f"CREATE TABLE {name} (id int PRIMARY KEY, v text)", also=DUPLICATE)
        if outcome != COMMITTED:
            return
        outcome, _ = await client.statement(f"INSERT INTO {name} VALUES (1, 'x'), (-1, 'y')")
        if outcome == COMMITTED:
            outcome, rows = await client.statement(f"SELECT count(*) FROM {name}")
            if outcome == COMMITTED and self.recent and rows != [("2",)]:
                self.problems.append(f"{name} has {rows} of two rows")
        outcome, _ = await client.statement(f"DROP TABLE {name}")
        if outcome == COMMITTED and self.recent:
            also = (UNDEFINED_TABLE,)
            connection = await client.connect()
            if connection is not None:
                try:
                    found = await connection.execute(f"SELECT * FROM {name}")
                    self.problems.append(f"{name} was dropped and answers {found.rows}")
                except SqlError as error:
                    client.note(error, f"reading the dropped {name}", also)

    # -- rows ----------------------------------------------------------------------------------------------------------

    async def _insert(self, client: ProofClient) -> None:
        self._sequence += 1
        row = str(self._sequence * client.random.choice((-1, 1)))
        value = f"v{client.random.randint(1, 9)}"
        known = [column for column in self._columns if client.random.random() < 0.5]
        names = "".join(f", {column}" for column in known)
        values = "".join(f", {self._sequence + int(column[1:])}" for column in known)
        outcome, _ = await client.statement(f"INSERT INTO items (id, v{names}) VALUES ({row}, '{value}'{values})")
        self._rows[row] = (outcome, value, ",".join(known))

    async def _note(self, client: ProofClient, reads: bool | None = None) -> None:
        self._sequence += 1
        notes = [f"{self._sequence}{place}" for place in range(client.random.randint(1, 3))]
        values = ", ".join(f"('v{client.random.randint(1, 9)}', {note})" for note in notes)
        also_reads = client.random.random() < 0.5 if reads is None else reads

        async def work(connection: Connection) -> None:
            await connection.execute(f"INSERT INTO notes VALUES {values}")
            if also_reads:
                await connection.execute(f"SELECT v FROM items WHERE id = {notes[0]}")

        outcome, _ = await client.attempt(work)
        self._notes.update(dict.fromkeys(notes, outcome))

    async def _tear_off(self, client: ProofClient) -> None:
        """Delete a note that is certainly there."""
        there = [note for note, outcome in self._notes.items() if outcome == COMMITTED]
        if not there:
            return
        note = client.random.choice(there)
        self._notes[note] = UNKNOWN
        outcome, found = await client.statement(f"DELETE FROM notes WHERE n = {note} RETURNING n")
        if outcome != UNKNOWN:
            self._notes[note] = ABORTED if outcome == COMMITTED and found else COMMITTED
            if outcome == COMMITTED and not found and self.recent:
                self.problems.append(f"note {note} was acknowledged before a DELETE, which does not find it")

    async def _look(self, client: ProofClient) -> None:
        columns = list(self._columns)
        expected = dict(self._rows)

        async def work(connection: Connection) -> None:
            names = "".join(f", {column}" for column in columns)
            rows = (await connection.execute(f"SELECT id, v{names} FROM items")).rows
            self.problems += self._judge(rows, columns, expected if self.recent else {})
            value = f"v{client.random.randint(1, 9)}"
            by_value = (await connection.execute(f"SELECT id FROM items WHERE v = '{value}'")).rows
            if sorted(by_value) != sorted((row[0],) for row in rows if row[1] == value):
                self.problems.append(
                    f"items with v = {value}: {len(by_value)} by index, {sum(row[1] == value for row in rows)} by table"
                )
            notes = (await connection.execute("SELECT v, n FROM notes")).rows
            by_value = (await connection.execute(f"SELECT v, n FROM notes WHERE v = '{value}'")).rows
            if sorted(by_value) != sorted(row for row in notes if row[0] == value):
                self.problems.append(f"notes with v = {value}: {by_value} by index, {notes} by table")

        await client.attempt(work)

    def _judge(
        self, rows: list[tuple[str | None, ...]], columns: list[str], expected: dict[str, tuple[str, str, str]]
    ) -> list[str]:
        """`expected`: rows whose inserts had ended when the snapshot began."""
        wrong: list[str] = []
        found = {str(row[0]): row for row in rows}
        for row, (outcome, value, given) in expected.items():
            if outcome == COMMITTED and row not in found:
                wrong.append(f"item {row} was acknowledged and is not there")
            elif outcome == ABORTED and row in found:
                wrong.append(f"item {row} was refused and is there")
            elif row in found:
                wanted = [str(abs(int(row)) + int(c[1:])) if c in given.split(",") else c[1:] for c in columns]
                if list(found[row][1:]) != [value, *wanted]:
                    wrong.append(f"item {row} is {found[row]}, not {[value, *wanted]}")
        return wrong

    async def check(self, client: ProofClient) -> list[str]:
        names = "".join(f", {column}" for column in self._columns)
        rows = await self.final(client, f"SELECT id, v{names} FROM items")
        wrong = self._judge(rows, self._columns, self._rows)
        notes = await self.final(client, "SELECT v, n FROM notes")
        there = [note for _, note in notes]
        wrong += [
            f"note {note} was acknowledged and is there {there.count(note)} times"
            for note, outcome in self._notes.items()
            if outcome == COMMITTED and there.count(note) != 1
        ]
        wrong += [
            f"note {note} was refused, or deleted, and is there"
            for note, outcome in self._notes.items()
            if outcome == ABORTED and note in there
        ]
        for number in range(1, 10):
            if sorted(await self.final(client, f"SELECT v, n FROM notes WHERE v = 'v{number}'")) != sorted(
                row for row in notes if row[0] == f"v{number}"
            ):
                wrong.append(f"v{number}: the index of notes does not give what the table gives")
            by_value = await self.final(client, f"SELECT id FROM items WHERE v = 'v{number}'")
            by_table = [(row[0],) for row in rows if row[1] == f"v{number}"]
            if sorted(by_value) != sorted(by_table):
                wrong.append(f"v{number}: the index has {len(by_value)} rows, the table {len(by_table)}")
        return wrong
