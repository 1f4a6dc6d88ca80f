"""Two regions that read and write and a witness, 75 ms apart, as real processes of one machine: clients of both under
the checkers of histories, while a region is cut off and heard again, or stopped and goes on."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from tests.cluster.under_proofs import commits_until, under_proofs, whole
from tests.conftest import LiveCluster, discard, eagleray_here, make_cluster

CONFIG = Path(__file__).resolve().parents[2] / "configs" / "two-regions.toml"
EAST, WEST, NORTH = "east", "west", "north"
ROUND_TRIP_S = 0.075
ATTEMPTS_MAX = 50


class Regions:
    """The cluster, and a URL by region."""

    def __init__(self, cluster: LiveCluster) -> None:
        self.cluster = cluster
        state = json.loads((cluster.data / "run" / "state.json").read_text())
        self.urls: dict[str, str] = state["regions"]

    def client(self, region: str) -> psycopg.Connection[Any]:
        return psycopg.connect(self.urls[region], autocommit=True)

    def command(self, *arguments: str) -> str:
        done = eagleray_here("region", arguments[0], "--data", str(self.cluster.data), *arguments[1:])
        assert done.returncode == 0, done.stderr
        return done.stdout

    def row(self, region: str) -> dict[str, Any]:
        return next(row for row in self.cluster.status()["regions"] if row["region"] == region)

    def pids(self, zone: str) -> list[int]:
        """Of processes with roles in the zone."""
        return sorted({actor["pid"] for actor in self.cluster.status()["actors"] if actor["az"] == zone})


@pytest.fixture(scope="module")
def regions() -> Iterator[Regions]:
    cluster = make_cluster()
    try:
        cluster.port = 0
        cluster.start("--config", str(CONFIG))
        yield Regions(cluster)
    finally:
        discard(cluster)


def key_led_in(region: str) -> UUID:
    """At a cluster's start the first half of the uuids is adjudicator 1's, in east."""
    return UUID(int=(0 if region == EAST else 200) << 120)


def refusal(client: psycopg.Connection[Any], key: UUID) -> str:
    """The SQLSTATE with which a write of the cut-off region ends; "": it was committed."""
    try:
        client.execute("UPDATE both_sides SET v = v + 1 WHERE k = %s", (key,))
    except psycopg.Error as error:
        return error.sqlstate or "08006"
    return ""


def test_each_region_is_told_of(regions: Regions) -> None:
    rows = {row["region"]: row for row in regions.cluster.status()["regions"]}
    assert {name: (row["zones"], row["serves"], row["leads"]) for name, row in rows.items()} == {
        EAST: (["a"], True, ["adjudicator/1"]),
        WEST: (["b"], True, ["adjudicator/2"]),
        NORTH: (["c"], False, []),
    }
    assert rows[EAST]["url"] != rows[WEST]["url"] and rows[NORTH]["url"] == ""
    told = regions.command("status")
    assert all(text in told for text in ("1 of 2 ranges", "a witness", rows[WEST]["url"]))
    asked = eagleray_here("ranges", "--data", str(regions.cluster.data))
    assert "led in" in asked.stdout and EAST in asked.stdout and WEST in asked.stdout


@pytest.mark.timeout(120)
def test_a_client_has_a_query_processor_of_its_region_and_of_two_that_write_one_row_one_loses(regions: Regions) -> None:
    with regions.client(EAST) as east, regions.client(WEST) as west:
        assert {east.info.backend_pid >> 20, west.info.backend_pid >> 20} == {1, 2}
        east.execute("CREATE TABLE both_sides (k uuid PRIMARY KEY, v int NOT NULL)")
        for region in (EAST, WEST):
            east.execute("INSERT INTO both_sides VALUES (%s, 0)", (key_led_in(region),))
        for key in map(key_led_in, (EAST, WEST)):
            for client in (east, west):
                client.execute("BEGIN")
                assert client.execute("SELECT v FROM both_sides WHERE k = %s", (key,)).fetchone() == (0,)
                client.execute("UPDATE both_sides SET v = v + 1 WHERE k = %s", (key,))
            west.execute("COMMIT")
            with pytest.raises(psycopg.errors.SerializationFailure):
                east.execute("COMMIT")
            assert east.execute("SELECT v FROM both_sides WHERE k = %s", (key,)).fetchone() == (1,), "no stale read"


def test_distances_are_paid_for(regions: Regions) -> None:
    """A commit is acknowledged after a round trip at the least (a bound that no load of the machine breaks), and a read
    of the other region's row is no less new for it."""
    with regions.client(EAST) as east, regions.client(WEST) as west:
        taken_s = []
        for number in range(5):
            begun_s = time.monotonic()
            east.execute("UPDATE both_sides SET v = v + 10 WHERE k = %s", (key_led_in(EAST),))
            taken_s.append(time.monotonic() - begun_s)
            found = west.execute("SELECT v FROM both_sides WHERE k = %s", (key_led_in(EAST),)).fetchone()
            assert found == (1 + 10 * (number + 1),)
        assert min(taken_s) >= ROUND_TRIP_S
        print("commits led here, ms:", *(f"{1000 * seconds:.1f}" for seconds in taken_s))


@pytest.mark.timeout(400)
def test_a_region_is_cut_off_under_load_and_heals(regions: Regions) -> None:
    """Nothing acknowledged is lost, the cut-off region refuses with 08xxx, the other one goes on."""
    before = {region: key_led_in(region) for region in (EAST, WEST)}

    def strike(proofs: list[Any]) -> None:
        with regions.client(EAST) as east, regions.client(WEST) as west:
            regions.command("cut", EAST)
            assert refusal(east, before[EAST]).startswith("08"), "it has no majority"
            assert regions.row(EAST)["cut_from"] == [NORTH, WEST]
            commits_until(proofs, 30, 90.0)
            assert any(refusal(west, before[EAST]) == "" for _ in range(ATTEMPTS_MAX)), "what east led is led elsewhere"
            regions.command("heal")
        whole(regions.cluster)
        commits_until(proofs, 30, 90.0)

    assert under_proofs(regions.cluster, strike, list(regions.urls.values())) == []
    until_home(regions)


@pytest.mark.timeout(400)
def test_a_region_is_stopped_under_load_and_goes_on(regions: Regions) -> None:
    def strike(proofs: list[Any]) -> None:
        pids = regions.pids("b")
        try:
            for pid in pids:
                os.kill(pid, signal.SIGSTOP)
            commits_until(proofs, 30, 90.0)
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)
        whole(regions.cluster)
        commits_until(proofs, 30, 90.0)

    assert under_proofs(regions.cluster, strike, list(regions.urls.values())) == []
    until_home(regions)


def until_home(regions: Regions) -> None:
    """Each region leads again what it led."""
    end = time.monotonic() + 90.0
    while [regions.row(region)["leads"] for region in (EAST, WEST)] != [["adjudicator/1"], ["adjudicator/2"]]:
        assert time.monotonic() < end, regions.cluster.status()["regions"]
        whole(regions.cluster)


def test_what_cannot_be_cut_is_told(regions: Regions) -> None:
    def refused(*arguments: str) -> str:
        done = eagleray_here("region", "cut", "--data", str(regions.cluster.data), *arguments)
        assert done.returncode != 0 and done.stderr.count("\n") == 1, done
        return done.stderr

    assert "there is no region 'south'" in refused("south")
    assert "from itself" in refused(EAST, EAST)
    assert "no cluster is running" in refused("--data", "/nonexistent", EAST)
