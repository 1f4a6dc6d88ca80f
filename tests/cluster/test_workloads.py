"""Packaged workloads on a cluster."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path

import pytest

import eagleray
import workloads
from eagleray import workload as eagleray_workload
from eagleray.workload import Checks, runner
from eagleray.workload.report import Report
from tests.conftest import LiveCluster
from tests.conftest import eagleray as command

PLANTED = {
    "bank": "UPDATE bank_accounts SET balance = balance + 1 WHERE number = 3",
    "orders": "UPDATE stock SET quantity = quantity - 1 WHERE warehouse = 'north'",
    "tpcb": "UPDATE tpcb_accounts SET abalance = abalance + 1 WHERE aid = 7",
    "tpcc": "DELETE FROM tpcc_order_line WHERE ol_d_id = 3 AND ol_o_id = 2 AND ol_number = 1",
    "ycsb-a": "UPDATE usertable SET field3 = 'x' || substr(field3, 2) WHERE ycsb_key = (SELECT min(ycsb_key) FROM usertable)",
}
"""A change by hand that each workload's check must find."""
SCALES = {"bank": 0.1, "orders": 0.1, "tpcb": 0.01, "tpcc": 0.003, "ycsb-a": 0.2}


@pytest.mark.parametrize("name", sorted(PLANTED))
def test_a_workload_runs_and_its_check_finds_a_change_by_hand(live_cluster: LiveCluster, name: str) -> None:
    workload = workloads.load(name, SCALES[name])

    async def whole() -> tuple[Report, Checks, Checks]:
        await runner.init(workload, live_cluster.url)
        report = await runner.run(workload, runner.Plan(live_cluster.url, 4, 1.0))
        checks = await runner.check(workload, live_cluster.url)
        with eagleray.connect(live_cluster.url, autocommit=True) as by_hand:
            by_hand.execute(PLANTED[name])
        later = workloads.load(name)
        await runner.attach(later, live_cluster.url)
        return report, checks, await runner.check(later, live_cluster.url)

    report, checks, spoiled = runner.in_loop(whole())
    assert not report.problems and report.done > 0 and set(report.kinds) == set(workload.mix)
    assert checks.held and not checks.wrong
    assert spoiled.wrong


@pytest.mark.parametrize("letter", "bcdef")
def test_the_other_mixes_of_ycsb(live_cluster: LiveCluster, letter: str) -> None:
    workload = workloads.load(f"ycsb-{letter}", 0.2)

    async def whole() -> tuple[Report, Checks]:
        await runner.init(workload, live_cluster.url)
        report = await runner.run(workload, runner.Plan(live_cluster.url, 4, 0.5))
        return report, await runner.check(workload, live_cluster.url)

    report, checks = runner.in_loop(whole())
    assert not report.problems and report.done > 0 and checks.held and not checks.wrong


def test_a_file_of_ones_own_by_the_command(live_cluster: LiveCluster, tmp_path: Path) -> None:
    """The example of eagleray/workload, under an open loop that follows a curve."""
    example = next(part for part in (eagleray_workload.__doc__ or "").split("\n\n    from")[1:])
    body = "from" + example.partition("\n\n`eagleray")[0]
    file, curve, report = tmp_path / "mine.py", tmp_path / "curve", tmp_path / "report.json"
    file.write_text(textwrap.dedent("    " + body))
    curve.write_text("0 50\n1 50\n1 100\n2 100\n")
    common = ("--data", str(live_cluster.data))
    done = command("workload", "run", str(file), *common, "--curve", str(curve), "--clients", "4", "--json", str(report))
    assert done.returncode == 0, done.stdout + done.stderr
    for word in ("throughput", "conflicts", "open loop", "ok          no counter is negative"):
        assert word in done.stdout
    assert "transactions/s  p50" in done.stderr, "progress, a line a second"
    document = json.loads(report.read_text())
    assert document["seconds"] >= 2 and document["loop"] == "open" and document["timeline"][0]["meant"] == 50
    with eagleray.connect(live_cluster.url, autocommit=True) as by_hand:
        by_hand.execute("UPDATE counters SET n = -1 WHERE id = 5")
    found = command("workload", "check", str(file), *common)
    assert found.returncode == 1 and "WRONG" in found.stdout
