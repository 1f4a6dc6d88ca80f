"""Who has lost is told when it writes the row, in open mode, as far as its process knows; at COMMIT in the other."""

from __future__ import annotations

import pytest

from actors.common.errors import DatabaseError, conflict
from actors.common.messages import AskOverwritten, Message, Overwritten
from actors.common.settings import OPEN_LIMITS, Settings
from actors.query_processor.planner import make_environment, make_plan
from actors.query_processor.session import SessionServices
from actors.query_processor.transaction.losing import KEYS_MAX, TRANSACTION_KEYS_MAX, Losing
from tests.scripts.stored_cluster import StoredCluster
from tests.unit.query_processor.support.client import Client
from tests.unit.query_processor.support.cluster import FakeBus

OPEN = Settings(mode="open", limits=OPEN_LIMITS)
UPDATE = "UPDATE t SET v = v + 1 WHERE k = 1"


def services_of(cluster: StoredCluster) -> SessionServices:
    return SessionServices(cluster.context, make_plan, make_environment)


def two_clients(cluster: StoredCluster, apart: bool = False) -> tuple[Client, Client]:
    """`apart`: of two query processors."""
    services = services_of(cluster)
    one, other = Client(cluster, services), Client(cluster, services_of(cluster) if apart else services)
    one.query("CREATE TABLE t (k int PRIMARY KEY, v int)")
    one.query("INSERT INTO t VALUES (1, 0), (2, 0)")
    return one, other


def begin(client: Client) -> None:
    client.query("BEGIN")
    client.query("SELECT v FROM t WHERE k = 2")


@pytest.mark.parametrize("statement", [UPDATE, "DELETE FROM t WHERE k = 1"])
def test_a_loser_is_told_when_it_writes(statement: str) -> None:
    loser, winner = two_clients(StoredCluster(OPEN))
    begin(loser)
    winner.query(UPDATE)
    error = loser.error(statement)
    at_commit = conflict()
    assert (error.sqlstate, error.message, error.hint) == ("40001", at_commit.message, at_commit.hint)
    assert loser.session.status == "E"
    loser.query("ROLLBACK")
    loser.query(UPDATE)
    assert winner.rows("SELECT v FROM t WHERE k = 1") == [(2,)]


def test_who_began_after_the_commit_or_writes_another_row_has_not_lost() -> None:
    one, other = two_clients(StoredCluster(OPEN))
    begin(one)
    other.query(UPDATE)
    one.query("UPDATE t SET v = 7 WHERE k = 2")
    one.query("COMMIT")
    begin(one)
    one.query(UPDATE)
    one.query("COMMIT")
    assert other.rows("SELECT v FROM t ORDER BY k") == [(2,), (7,)]


def test_another_query_processors_commits_are_told_at_commit() -> None:
    loser, winner = two_clients(StoredCluster(OPEN), apart=True)
    begin(loser)
    winner.query(UPDATE)
    loser.query(UPDATE)
    assert loser.code("COMMIT") == "40001"


def test_dsql_tells_at_commit() -> None:
    loser, winner = two_clients(StoredCluster(Settings()))
    begin(loser)
    winner.query(UPDATE)
    loser.query(UPDATE)
    assert loser.code("COMMIT") == "40001"


class Near(FakeBus):
    """An adjudicator in this process knows one commit."""

    def answer_now(self, sender: str, destination: str, message: Message) -> Message | None:
        assert isinstance(message, AskOverwritten) and destination == "adjudicator/1"
        return Overwritten() if message.key == b"key" and message.start_ts < 7 else None


def test_an_adjudicator_of_this_process_is_asked() -> None:
    bus = Near()
    known = Losing(bus, "query_processor/1", True)
    known.look(b"key", 6)
    bus.set_topology(StoredCluster(OPEN, 1).bus.topology)
    known.look(b"key", 7)
    known.look(b"other", 6)
    with pytest.raises(DatabaseError, match="OC000"):
        known.look(b"key", 6)


def test_what_is_remembered_is_bounded() -> None:
    known = Losing(FakeBus(), "query_processor/1", True)
    keys = [number.to_bytes(4, "big") for number in range(3 * KEYS_MAX)]
    for place, key in enumerate(keys, 1):
        known.note([key], place)
    assert len(known._last) + len(known._former) <= KEYS_MAX + 1
    with pytest.raises(DatabaseError):
        known.look(keys[-1], 0)
    known.look(keys[0], 0)
    known.note([b"a%d" % number for number in range(TRANSACTION_KEYS_MAX + 1)], 9)
    known.look(b"a0", 0)
