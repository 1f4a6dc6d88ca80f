"""Whole simulated clusters: 200 seeds of half a virtual minute under faults, the seeds that once found something, and
one seed's one trace.

SEEDS=1000 python -m pytest tests/sim/test_campaign.py       more of them; `eagleray sim` is the same without pytest
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from actors.runtime.simulation.nemesis import STRIKES
from cluster.simulation.campaign import Options, Totals, run_campaign
from cluster.simulation.emphases import EMPHASES
from cluster.simulation.hostile import BOUNDS
from cluster.simulation.saved_plan import plan_from
from tests.sim.seeds import CAMPAIGN_S, PAUSE
from workloads.proofs import PROOFS

SEEDS = int(os.environ.get("SEEDS", "200"))
CHUNK = 25
PROCESSES = 1 if "PYTEST_XDIST_WORKER" in os.environ else 0
"""Of a chunk: the other processors have chunks of their own, or are all this test's."""
REGRESSIONS = Path(__file__).parent / "regressions.jsonl"
"""Seeds of whole simulated clusters that once failed, one a line, with the plans that they had then: a later change of
the draw does not change them. Each is kept, for what it costs, and for what it tells."""


def say(totals: Totals) -> str:
    return "\n".join(f"seed {report.seed}: {report.failure}\n{report.details}" for report in totals.failing)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_no_promise_is_broken(first: int) -> None:
    totals = Totals()
    for report in run_campaign(range(first, min(first + CHUNK, SEEDS)), Options(CAMPAIGN_S, pause=PAUSE), PROCESSES):
        totals.add(report)
    assert not totals.failing, say(totals)
    assert totals.commits > 20 * totals.seeds and totals.reads > totals.commits, "nothing was proved"
    assert len(totals.strikes) >= 10 and len(totals.proofs) >= 4


def test_the_campaign_draws_every_kind() -> None:
    """Of all its seeds together: 25 of them can miss a proof."""
    plans = [Options(CAMPAIGN_S, pause=PAUSE).plan(seed) for seed in range(200)]
    for of, kinds in [("proofs", PROOFS), ("strikes", STRIKES), ("bounds", BOUNDS), ("emphases", EMPHASES)]:
        drawn = Counter(kind for plan in plans for kind in getattr(plan, of))
        rare = {kind: drawn[kind] for kind in kinds if drawn[kind] < 5}
        assert not rare, f"{of} that few seeds draw: {rare}"


KEPT = [json.loads(line) for line in REGRESSIONS.read_text().splitlines()]


@pytest.mark.parametrize("kept", KEPT, ids=lambda kept: str(kept["seed"]))
def test_a_seed_that_once_failed(kept: dict[str, Any]) -> None:
    assert kept["what"]
    report = Options(min(kept["seconds"], CAMPAIGN_S)).run(kept["seed"], plan=plan_from(kept["plan"]))
    assert report.failure is None, f"{report.failure}\n{report.details}"


ONE_TRACE = [11, 43, 76]
"""Some of those that had several traces once: a query processor that stops ended its connections in the order of a set
of objects, that of their addresses. In the last one sessions are handed over."""


@pytest.mark.timeout(300)
def test_one_seed_is_one_trace_under_any_hash_seed() -> None:
    program = (
        "import json, logging; logging.disable(50); from cluster.simulation.campaign import Options;"
        f"reports = [Options(15.0, pause={PAUSE}).run(seed) for seed in {ONE_TRACE}];"
        "print(json.dumps([[report.seed, report.digest, report.events, report.commits, report.failure] for "
        "report in reports]))"
    )
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", program], env={**os.environ, "PYTHONHASHSEED": hash_seed}, stdout=subprocess.PIPE
        )
        for hash_seed in ("0", "4242")
    ]
    try:
        one, other = (json.loads(run.communicate()[0]) for run in runs)
    finally:
        for run in runs:
            run.kill()
    assert one == other
    assert [report[0] for report in one] == ONE_TRACE
    for _, digest, events, _, failure in one:
        assert len(digest) == 64 and events > 1000 and failure is None
    assert sum(commits for _, _, _, commits, _ in one) > 5 * len(one)


@pytest.mark.timeout(300)
def test_the_command_replays_a_seed_and_counts_many(tmp_path: Path) -> None:
    def sim(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "eagleray.command.main", "sim", *arguments],
            capture_output=True,
            text=True,
            check=False,
        )

    replay = sim("--seed", "3", "--seconds", "10", "--pause", "6", "-v")
    assert replay.returncode == 0 and "all checks held" in replay.stdout and replay.stdout.count("\n") > 500, (
        replay.stderr
    )
    summary = tmp_path / "totals.json"
    many = sim(
        "--seeds", "4", "--seconds", "10", "--pause", "6", "--proof", "bank", "--processes", "2", "--json", str(summary)
    )
    assert many.returncode == 0, many.stderr
    totals = json.loads(summary.read_text())
    assert totals["seeds"] == 4 and totals["failing_seeds"] == [] and totals["proofs"] == {"bank": 4}
    for expected in ("4 seeds, 0 failed", "seeds a minute", "virtual hours", "transactions", "faults"):
        assert expected in many.stdout
    assert sim("--proof", "nonsense").returncode != 0
