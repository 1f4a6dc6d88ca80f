"""`Sessions`: clients that keep their connection for long, and look whether the session at its other end is still the
one that they left, wherever it has been meanwhile.

Each has a row of its own, which nobody else writes. A step looks at one or several of

    application_name        what was last SET
    EXECUTE mine            what was last prepared under that name
    currval                 what nextval last gave to this session
    the row                 no older than this session has seen it, or was told that it wrote it (I11)

and changes one of them. A connection that has broken is another session: of the last one only the row is left. When
faults are over those that are still open must be answered once more: nobody may have forgotten their sockets.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from workloads.proofs.attempt import COMMITTED, ProofClient, is_allowed
from workloads.proofs.connection import Connection, SqlError
from workloads.proofs.proof import Proof

NO_ANSWER = "no answer"
"""How the message of a client begins whose patience has ended."""
CLIENTS_MAX = 10


@dataclass
class _Known:
    """What a client knows of its session. Empty: nothing was set."""

    connection: Connection | None = None
    name: str = ""
    prepared: int = 0
    value: int = 0
    row: int = 0


class Sessions(Proof):
    name = "sessions"
    rewrites = ("UPDATE session_rows SET v = v",)

    def __init__(self, pace_s: float = 0.0, recent: bool = True, crowded: bool = False) -> None:
        super().__init__(pace_s, recent, crowded)
        self._known: dict[int, _Known] = {}
        self._acknowledged: dict[int, int] = {}
        """By client: the newest of its row's values that was acknowledged to any of its sessions."""
        self._sequence = 0
        self._kept: list[tuple[ProofClient, int]] = []

    async def setup(self, connection: Connection) -> None:
        await connection.execute("CREATE TABLE session_rows (k int PRIMARY KEY, v int NOT NULL)")
        await connection.execute("CREATE SEQUENCE session_numbers CACHE 1")
        rows = ", ".join(f"({number}, 0)" for number in range(CLIENTS_MAX))
        await connection.execute(f"INSERT INTO session_rows VALUES {rows}")

    async def leave(self, client: ProofClient, number: int) -> None:
        """The connection is left open, for the check."""
        self._kept.append((client, number))

    def pause_s(self, random: Random, now_s: float) -> float:
        """Rests of all lengths: a session is asked for at any moment of its being parked."""
        return random.uniform(0, self.pace_s / 50 if random.random() < 0.5 else self.pace_s)

    async def step(self, client: ProofClient, number: int) -> None:
        connection = await client.connect()
        if connection is None:
            return
        known = self._known.setdefault(number, _Known())
        if known.connection is not connection:
            known = self._known[number] = _Known(connection)
        looks = client.random.sample((self._look_at_name, self._look_at_prepared, self._look_at_value), 2)
        change = client.random.choice((self._rename, self._prepare, self._next_value, self._write, self._write))
        try:
            for look in looks:
                await look(connection, known)
            await self._look_at_row(connection, known, number)
            await change(client, connection, known, number)
        except SqlError as error:
            client.note(error, "a statement of a session")
            if error.sqlstate == "40001" and not connection.closed and change == self._write:
                return  # it met the final rewrite of all rows

    # -- looks ---------------------------------------------------------------------------------------------------------

    async def _look_at_name(self, connection: Connection, known: _Known) -> None:
        found = (await connection.execute("SHOW application_name")).rows
        if found != [(known.name,)]:
            self.problems.append(f"a session's application_name was set to {known.name!r}, and is {found}")

    async def _look_at_prepared(self, connection: Connection, known: _Known) -> None:
        if known.prepared:
            found = (await connection.execute("EXECUTE mine")).rows
            if found != [(str(known.prepared),)]:
                self.problems.append(f"a session prepared {known.prepared}, and finds {found}")

    async def _look_at_value(self, connection: Connection, known: _Known) -> None:
        if known.value:
            found = (await connection.execute("SELECT currval('session_numbers')")).rows
            if found != [(str(known.value),)]:
                self.problems.append(f"nextval gave {known.value} to a session, whose currval is {found}")

    async def _look_at_row(self, connection: Connection, known: _Known, number: int) -> None:
        told = self._acknowledged.get(number, 0) if self.recent else 0
        rows = (await connection.execute(f"SELECT v FROM session_rows WHERE k = {number}")).rows
        value = int(rows[0][0] or 0) if rows else -1
        if value < max(known.row, told):
            self.problems.append(f"a session knew its row as {max(known.row, told)}, and finds {value}")
        known.row = max(known.row, value)

    # -- changes -------------------------------------------------------------------------------------------------------

    def _another(self) -> int:
        self._sequence += 1
        return self._sequence

    async def _rename(self, client: ProofClient, connection: Connection, known: _Known, number: int) -> None:
        name = f"client {number} for the {self._another()}th time"
        await connection.execute(f"SET application_name = '{name}'")
        known.name = name

    async def _prepare(self, client: ProofClient, connection: Connection, known: _Known, number: int) -> None:
        value = self._another()
        if known.prepared:
            await connection.execute("DEALLOCATE mine")
            known.prepared = 0
        await connection.execute(f"PREPARE mine AS SELECT {value}")
        known.prepared = value

    async def _next_value(self, client: ProofClient, connection: Connection, known: _Known, number: int) -> None:
        known.value = 0  # where the answer is an error, it may have been given all the same
        rows = (await connection.execute("SELECT nextval('session_numbers')")).rows
        known.value = int(rows[0][0] or 0)

    async def _write(self, client: ProofClient, connection: Connection, known: _Known, number: int) -> None:
        value = self._another()
        outcome, _ = await client.statement(f"UPDATE session_rows SET v = {value} WHERE k = {number}")
        if outcome == COMMITTED:
            known.row = self._acknowledged[number] = value

    async def check(self, client: ProofClient) -> list[str]:
        """What is still open is answered; then what every session finds was looked at on the way."""
        wrong = []
        for kept, number in self._kept:
            known = self._known.get(number)
            connection = kept.connection
            if known is None or connection is None or connection.closed or known.connection is not connection:
                continue
            before = len(self.problems)
            try:
                for look in (self._look_at_name, self._look_at_prepared, self._look_at_value):
                    await look(connection, known)
                await self._look_at_row(connection, known, number)
            except SqlError as error:
                if error.message.startswith(NO_ANSWER) or not is_allowed(error):
                    wrong.append(f"a session is not answered any more: {error}")
            wrong += self.problems[before:]
        for kept, _ in self._kept:
            await kept.close()
        return wrong
