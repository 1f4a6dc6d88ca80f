"""`make demo`, its first part: a new cluster, and the article's shop on it through the PostgreSQL port: first as fast
as eight clients go (a closed loop), then a day's curve squeezed into seconds (an open loop, its peak a share of what
the first part did).

Exit status 0 only if every check held and the cluster stopped cleanly. DEMO_SECONDS: how long the day lasts.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from eagleray.own_cluster import NotStarted, eagleray, own_cluster

SECONDS = float(os.environ.get("DEMO_SECONDS", "12"))
PEAK_SHARE, NIGHT_SHARE = 0.5, 0.05
"""Of the closed loop's throughput: a peak that leaves room, so that responses are the server's and not a queue's."""


def run_shop(data: Path) -> bool:
    """Both parts. Whether every check held."""
    report = data.parent / "orders.json"
    common = ("workload", "run", "orders", "--data", str(data))
    print("\nThe article's shop: eight clients place orders, move stock, cancel, and retry on 40001.", flush=True)
    if eagleray(*common, "--clients", "8", "--duration", str(SECONDS / 2), "--json", str(report)) != 0:
        return False
    throughput = json.loads(report.read_text())["transactions_per_second"]
    curve = f"day:{NIGHT_SHARE * throughput:.1f}..{PEAK_SHARE * throughput:.1f}"
    print(
        f"\nA day of the same shop in {SECONDS:.0f} seconds, {curve} orders a second, whether the server "
        f"keeps up or not."
    )
    print("Responses count from when a customer came.", flush=True)
    day = ("--no-init", "--clients", "16", "--duration", str(SECONDS), "--curve", curve)
    return eagleray(*common, *day) == 0


def main() -> int:
    begun = time.monotonic()
    try:
        print("Starting Ray and a one-region cluster in three availability zones ...", flush=True)
        with own_cluster("demo") as data:
            print(f"  up after {time.monotonic() - begun:.1f} s\n", flush=True)
            eagleray("status", "--data", str(data))
            held = run_shop(data)
            stopped = eagleray("down", "--data", str(data)) == 0
            verdict = "The demo held: no stock was lost or invented." if held and stopped else "The demo FAILED."
            print(f"\n{verdict}", flush=True)
            return 0 if held and stopped else 1
    except NotStarted:
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
