"""pgbench as it comes: -i in open mode, then its built-in scripts in all three protocols, retrying on conflicts."""

from __future__ import annotations

import re
import subprocess

import psycopg
import pytest

from tests.conftest import program

SCALE = 1
ACCOUNTS = 100_000 * SCALE


def pgbench(url: str, *arguments: str) -> str:
    done = subprocess.run(
        [program("pgbench"), *arguments, url], capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def loaded(cluster_url: str) -> str:
    pgbench(cluster_url, "-i", "-q", "-s", str(SCALE))
    return cluster_url


def test_initialize_loads_every_row_and_the_keys(loaded: str) -> None:
    with psycopg.connect(loaded) as connection:
        counts = [
            connection.execute(f"SELECT count(*) FROM pgbench_{name}").fetchone()
            for name in ("accounts", "tellers", "branches")
        ]
        assert counts == [(ACCOUNTS,), (10 * SCALE,), (SCALE,)]
        plan = "\n".join(
            row[0]
            for row in connection.execute("EXPLAIN SELECT abalance FROM pgbench_accounts WHERE aid = 1").fetchall()
        )
        assert "pgbench_accounts_pkey" in plan


@pytest.mark.parametrize("protocol", ["simple", "extended", "prepared"])
@pytest.mark.parametrize("script", ["tpcb-like", "simple-update", "select-only"])
def test_built_in_scripts(loaded: str, script: str, protocol: str) -> None:
    """Every transaction counted by pgbench as done is there: the history has it, and the balances add up to its
    deltas."""
    with psycopg.connect(loaded) as connection:
        before = connection.execute("SELECT count(*), coalesce(sum(delta), 0) FROM pgbench_history").fetchone()
        balance_before = connection.execute("SELECT sum(abalance) FROM pgbench_accounts").fetchone()
    told = pgbench(loaded, "-n", "-M", protocol, "-b", script, "-c", "4", "-j", "2", "-t", "25", "--max-tries=1000")
    found = re.search(r"number of transactions actually processed: (\d+)/(\d+)", told)
    assert found is not None and found.group(1) == found.group(2) == "100", told
    with psycopg.connect(loaded) as connection:
        after = connection.execute("SELECT count(*), coalesce(sum(delta), 0) FROM pgbench_history").fetchone()
        balance_after = connection.execute("SELECT sum(abalance) FROM pgbench_accounts").fetchone()
    assert before is not None and after is not None and balance_before is not None and balance_after is not None
    assert after[0] - before[0] == (0 if script == "select-only" else 100)
    assert balance_after[0] - balance_before[0] == after[1] - before[1]
