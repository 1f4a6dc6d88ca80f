"""What statements ask of storage: how many messages, and what is pushed down with them."""

from __future__ import annotations

from typing import Any

import pytest

from actors.common.messages import Commit, Get, Scan
from actors.query_processor.session.copying import CopyInPortal
from actors.sql.encoding import scan_program
from tests.unit.query_processor.planner.test_access_paths import Client
from tests.unit.query_processor.support.cluster import run


@pytest.fixture
def client() -> Client:
    made = Client()
    made.query("CREATE TABLE t (id int PRIMARY KEY, a int, b text, c int, d int)")
    made.query("CREATE INDEX t_a ON t (a)")
    made.query("CREATE TABLE history (n int, at timestamptz)")
    made.query("INSERT INTO t VALUES " + ", ".join(f"({n}, {n % 3}, 'x', {n}, {n})" for n in range(1, 7)))
    return made


def reads(client: Client, sql: str) -> list[Any]:
    """The Gets and Scans that `sql` sends."""
    del client.cluster.bus.sent[:]
    client.query(sql)
    return [message for _, message in client.cluster.bus.sent if isinstance(message, Get | Scan)]


def scans(client: Client, sql: str) -> list[Scan]:
    return [message for message in reads(client, sql) if isinstance(message, Scan)]


def test_point_statements_read_one_key(client: Client) -> None:
    for sql in (
        "SELECT a FROM t WHERE id = 3",
        "UPDATE t SET d = d + 1 WHERE id = 3",
        "DELETE FROM t WHERE id = 4",
        "INSERT INTO t VALUES (9)",
    ):
        [message] = reads(client, sql)
        assert isinstance(message, Get) and len(message.keys) == 1, sql


def test_a_table_without_keys_is_inserted_into_unread(client: Client) -> None:
    assert reads(client, "INSERT INTO history VALUES (1, now()), (2, now())") == []


def test_keys_of_many_rows_are_read_in_one_batch(client: Client) -> None:
    rows = ", ".join(f"({number})" for number in range(100, 120))
    [message] = reads(client, f"INSERT INTO t VALUES {rows}")
    assert len(message.keys) == 20
    [message] = reads(client, "SELECT * FROM t WHERE id IN (1, 2, 3, 100)")
    assert len(message.keys) == 4


def test_entries_are_written_only_where_they_change(client: Client) -> None:
    def written(sql: str) -> int:
        del client.cluster.bus.sent[:]
        client.query(sql)
        from actors.common import write_set

        return sum(
            len(list(write_set.rows(message.write_set)))
            for _, message in client.cluster.bus.sent
            if isinstance(message, Commit)
        )

    assert written("UPDATE t SET d = 7 WHERE id = 3") == 1
    assert written("UPDATE t SET a = a WHERE id = 3") == 1
    assert written("UPDATE t SET a = 77 WHERE id = 3") == 3
    assert written("UPDATE t SET id = 33 WHERE id = 3") == 4
    assert written("DELETE FROM t WHERE id = 33") == 2


def test_a_range_bounds_the_scan_and_its_filter_and_limit_are_pushed(client: Client) -> None:
    [message] = scans(client, "SELECT * FROM t WHERE id >= 2 AND id < 5 AND b = 'x' ORDER BY id DESC LIMIT 2")
    assert message.reverse and message.limit == 2
    assert message.start[:6] == message.end[:6] and message.start < message.end
    assert scan_program.decode(message.program).filter is not None
    [message] = scans(client, "SELECT * FROM t WHERE id >= 2 AND id < 5 AND b = 'x'")
    assert scan_program.decode(message.program).parameters == ("x",), (
        "the bounds of the range are no parameters of the filter"
    )


def test_few_columns_of_many_come_as_columns(client: Client) -> None:
    message, *_ = scans(client, "SELECT d FROM t WHERE c > 1 + 1")
    program = scan_program.decode(message.program)
    assert (program.output, program.project) == ("columns", (3, 4))
    client.query("BEGIN; UPDATE t SET d = 0 WHERE id = 1; SELECT d FROM t WHERE c > 1; ROLLBACK")
    assert client.cluster.programs[-1].output == "rows", "own writes are merged row by row"


def test_what_storage_may_not_evaluate_stays_here(client: Client) -> None:
    message, *_ = scans(client, "SELECT * FROM t WHERE d > random() - 1 LIMIT 1")
    assert not message.program and not message.limit
    message, *_ = scans(client, "SELECT * FROM history WHERE at <= now()")
    program = scan_program.decode(message.program)
    assert len(program.parameters) == 1 and isinstance(program.parameters[0], int), "now() travels as a datum"


def test_rows_behind_an_index_are_fetched_in_one_batch(client: Client) -> None:
    messages = reads(client, "SELECT * FROM t WHERE a = 1")
    assert [type(message) for message in messages] == [Scan, Get]
    assert len(messages[1].keys) == 2


def test_long_in_lists_are_reads_of_keys_or_ranges_asked_for_together(client: Client) -> None:
    numbers = ", ".join(map(str, range(5000)))
    messages = reads(client, f"SELECT * FROM t WHERE id IN ({numbers})")
    assert (
        all(isinstance(message, Get) for message in messages) and sum(len(message.keys) for message in messages) == 5000
    )
    messages = reads(client, "SELECT id FROM t WHERE a IN (0, 1, 2, 3, 4)")
    assert [type(message) for message in messages] == [Scan] * 5 + [Get]
    [message] = scans(client, f"SELECT id FROM t WHERE a IN ({numbers}) AND id BETWEEN 2 AND 3")
    assert scan_program.decode(message.program).filter is not None, "too many ranges: the list is a filter"


def test_joined_rows_are_fetched_in_one_batch(client: Client) -> None:
    messages = reads(client, "SELECT x.id, y.b FROM t x JOIN t y ON y.id = x.d WHERE x.id BETWEEN 1 AND 5")
    assert [type(message) for message in messages] == [Scan, Get]
    assert len(messages[1].keys) == 5


def test_copy_into_a_table_of_this_transaction_reads_nothing(client: Client) -> None:
    def copy(first: int) -> int:
        async def work() -> None:
            portal = client.session.bind(await client.session.prepare("COPY t (id, a) FROM STDIN"))
            assert isinstance(portal, CopyInPortal)
            await portal.copy_rows([(number, 1) for number in range(first, first + 50)])
            await portal.copy_end()

        del client.cluster.bus.sent[:]
        run(work())
        return sum(isinstance(message, Get) for _, message in client.cluster.bus.sent)

    client.query("BEGIN")
    assert copy(1000) == 1
    client.query("COMMIT")
    client.query("BEGIN; TRUNCATE t")
    assert copy(1000) == 0
    with pytest.raises(Exception, match="duplicate key"):
        copy(1049)
