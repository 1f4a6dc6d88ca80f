"""Packaged workloads on a cluster."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import eagleray
import workloads
from eagleray.workload import Checks, runner
from eagleray.workload.report import Report
from tests.conftest import LiveCluster
from tests.conftest import eagleray as command
from workloads.tpcc.consistency import CONDITIONS

PLANTED = {
    "bank": "UPDATE bank_accounts SET balance = balance + 1 WHERE number = 3",
    "orders": "UPDATE stock SET quantity = quantity - 1 WHERE warehouse = 'north'",
    "tpcb": "UPDATE tpcb_accounts SET abalance = abalance + 1 WHERE aid = 7",
    "tpcc": "DELETE FROM tpcc_order_line WHERE ol_d_id = 3 AND ol_o_id = 2 AND ol_number = 1",
    "ycsb-a": "UPDATE usertable SET field3 = 'x' || substr(field3, 2) WHERE ycsb_key = (SELECT min(ycsb_key) FROM "
    "usertable)",
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
        again = await runner.run(workloads.load(name), runner.Plan(live_cluster.url, 4, 0.3))
        assert not again.problems, "a second run with the same seed on the same tables"
        with eagleray.connect(live_cluster.url, autocommit=True) as by_hand:
            by_hand.execute(PLANTED[name])
        later = workloads.load(name)
        await runner.attach(later, live_cluster.url)
        return report, checks, await runner.check(later, live_cluster.url)

    report, checks, spoiled = runner.in_loop(whole())
    assert not report.problems and report.done > 0 and set(report.kinds) == set(workload.mix)
    assert checks.held and not checks.wrong
    assert spoiled.wrong


LINE = "DELETE FROM tpcc_order_line WHERE ol_d_id = 4 AND ol_o_id = 2 AND ol_number = 1"
BREAKS = {
    1: "UPDATE tpcc_warehouse SET w_ytd = w_ytd + 1",
    2: "UPDATE tpcc_district SET d_next_o_id = d_next_o_id + 1 WHERE d_id = 4",
    3: "DELETE FROM tpcc_new_order WHERE no_d_id = 4 AND no_o_id = 9",
    4: LINE,
    5: "UPDATE tpcc_orders SET o_carrier_id = 7 WHERE o_d_id = 4 AND o_id = 9",
    6: LINE,
    7: "UPDATE tpcc_order_line SET ol_delivery_d = NULL WHERE ol_d_id = 4 AND ol_o_id = 2 AND ol_number = 1",
    8: "DELETE FROM tpcc_history WHERE h_c_d_id = 4 AND h_c_id = 1",
    9: "UPDATE tpcc_history SET h_amount = h_amount + 1 WHERE h_c_d_id = 4 AND h_c_id = 1",
    10: "UPDATE tpcc_customer SET c_balance = c_balance - 1 WHERE c_d_id = 4 AND c_id = 1",
    12: "UPDATE tpcc_customer SET c_ytd_payment = c_ytd_payment + 1 WHERE c_d_id = 4 AND c_id = 1",
}
"""A change by hand that each of TPC-C's conditions must find in the first rows of ten orders a district, of which the
last three are new."""


def test_each_condition_of_tpcc_finds_what_breaks_it(live_cluster: LiveCluster) -> None:
    runner.in_loop(runner.init(workloads.load("tpcc", SCALES["tpcc"]), live_cluster.url))
    assert set(BREAKS) == set(CONDITIONS)
    with eagleray.connect(live_cluster.url) as by_hand:
        for number, change in BREAKS.items():
            query = CONDITIONS[number][1].encode()
            assert by_hand.execute(query).fetchone() == (0,), f"condition {number} of the first rows"
            by_hand.execute(change.encode())
            broken = by_hand.execute(query).fetchone()
            assert broken is not None and broken[0] > 0, f"condition {number}"
            by_hand.rollback()


@pytest.mark.parametrize("letter", "bcdef")
def test_the_other_mixes_of_ycsb(live_cluster: LiveCluster, letter: str) -> None:
    workload = workloads.load(f"ycsb-{letter}", 0.2)

    async def whole() -> tuple[Report, Checks]:
        await runner.init(workload, live_cluster.url)
        report = await runner.run(workload, runner.Plan(live_cluster.url, 4, 0.5))
        return report, await runner.check(workload, live_cluster.url)

    report, checks = runner.in_loop(whole())
    assert not report.problems and report.done > 0 and checks.held and not checks.wrong


PAGE = Path(__file__).parents[2] / "docs" / "workloads.md"
EXAMPLE = PAGE.read_text().partition("```python\n")[2].partition("```")[0]


def test_a_file_of_ones_own_by_the_command(live_cluster: LiveCluster, tmp_path: Path) -> None:
    """The example of docs/workloads.md, under an open loop that follows a curve."""
    file, curve, report = tmp_path / "mine.py", tmp_path / "curve", tmp_path / "report.json"
    file.write_text(EXAMPLE)
    curve.write_text("0 50\n1 50\n1 100\n2 100\n")
    common = ("--data", str(live_cluster.data))
    done = command(
        "workload", "run", str(file), *common, "--curve", str(curve), "--clients", "4", "--json", str(report)
    )
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
