"""PostgreSQL's own programs against a live cluster: psql (a session, its catalog commands) and pgbench in its three
protocols."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.conftest import program


def run(name: str, *arguments: str, script: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run([program(name), *arguments], input=script, capture_output=True, text=True, timeout=60)


def test_psql_session(cluster_url: str) -> None:
    script = """
        DROP TABLE IF EXISTS psql_items;
        CREATE TABLE psql_items (id int PRIMARY KEY, name text NOT NULL, price numeric(8,2) DEFAULT 1.5);
        INSERT INTO psql_items (id, name) VALUES (1, 'one'), (2, 'two');
        BEGIN;
        UPDATE psql_items SET price = price * 2 WHERE id = 2;
        SELECT * FROM psql_items ORDER BY id;
        ROLLBACK;
        SELECT sum(price) FROM psql_items;
        SELECT 1/0;
        \\copy psql_items TO STDOUT CSV HEADER
        DROP TABLE psql_items;
    """
    done = run("psql", "-X", "-A", "-t", "-q", cluster_url, script=script)
    assert done.stdout == "1|one|1.50\n2|two|3.00\n3.00\nid,name,price\n1,one,1.50\n2,two,1.50\n"
    assert "division by zero" in done.stderr


def test_psql_describes(cluster_url: str) -> None:
    made = run(
        "psql", "-X", "-q", cluster_url, "-c", "CREATE TABLE psql_shown (id int PRIMARY KEY, code varchar(10) UNIQUE)"
    )
    assert made.returncode == 0, made.stderr
    try:
        tables = run("psql", "-X", "-A", "-t", cluster_url, "-c", "\\dt").stdout
        assert "public|psql_shown|table|" in tables
        indexes = run("psql", "-X", "-A", "-t", cluster_url, "-c", "\\di").stdout
        assert "psql_shown_pkey" in indexes and "psql_shown_code_key" in indexes
        columns = run("psql", "-X", "-A", cluster_url, "-c", "\\d psql_shown").stdout
        assert "id|integer||not null|" in columns and "code|character varying(10)|||" in columns
        assert '"psql_shown_pkey" PRIMARY KEY, btree (id)' in columns
        assert "postgres|" in run("psql", "-X", "-A", "-t", cluster_url, "-c", "\\l").stdout
    finally:
        run("psql", "-X", "-q", cluster_url, "-c", "DROP TABLE psql_shown")


@pytest.mark.parametrize("mode", ["simple", "extended", "prepared"])
def test_pgbench_script(cluster_url: str, mode: str, tmp_path: Path) -> None:
    """Counters that four clients raise: none is lost, whoever conflicts tries again."""
    made = "DROP TABLE IF EXISTS bench_items; CREATE TABLE bench_items (id int PRIMARY KEY, n int)"
    assert run("psql", "-X", "-q", cluster_url, "-c", made.split(";")[0], "-c", made.split(";")[1]).returncode == 0
    assert (
        run(
            "psql", "-X", "-q", cluster_url, "-c", "INSERT INTO bench_items SELECT i, 0 FROM generate_series(1, 10) i"
        ).returncode
        == 0
    )
    file = tmp_path / "script.sql"
    file.write_text(
        "\\set id random(1, 10)\nBEGIN;\nUPDATE bench_items SET n = n + 1 WHERE id = :id;\nSELECT n FROM "
        "bench_items WHERE id = :id;\nEND;\n"
    )
    done = run("pgbench", "-n", "-f", str(file), "-M", mode, "-c", "4", "-t", "25", "--max-tries=100", cluster_url)
    assert done.returncode == 0, done.stderr
    assert "number of transactions actually processed: 100/100" in done.stdout
    total = run("psql", "-X", "-A", "-t", cluster_url, "-c", "SELECT sum(n) FROM bench_items").stdout
    assert total.strip() == "100"
    run("psql", "-X", "-q", cluster_url, "-c", "DROP TABLE bench_items")
