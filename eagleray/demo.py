"""`make demo`: a new cluster, the article's `orders` schema through the PostgreSQL port, the orders workload, its checks, a clean stop.

Exit status 0 only if every check held.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SECONDS = float(os.environ.get("DEMO_SECONDS", "20"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eagleray(*arguments: str) -> int:
    return subprocess.call([sys.executable, "-m", "eagleray.command.main", *arguments])


def main() -> int:
    data = Path(tempfile.mkdtemp(prefix="eagleray-demo-"))
    begun = time.monotonic()
    try:
        print("Starting Ray and a one-region cluster in three availability zones ...", flush=True)
        if eagleray("up", "--detach", "--data", str(data), "--port", str(free_port())) != 0:
            return 1
        print(f"  up after {time.monotonic() - begun:.1f} s\n", flush=True)
        eagleray("status", "--data", str(data))
        print("\nThe article's shop: concurrent clients place orders, move stock, cancel, and retry on 40001.", flush=True)
        held = eagleray("workload", "run", "orders", "--data", str(data), "--seconds", str(SECONDS)) == 0
        stopped = eagleray("down", "--data", str(data)) == 0
        print("\nThe demo held: no stock was lost or invented." if held and stopped else "\nThe demo FAILED.", flush=True)
        return 0 if held and stopped else 1
    except KeyboardInterrupt:
        return 130
    finally:
        if (data / "run" / "state.json").exists():
            eagleray("down", "--data", str(data))
        shutil.rmtree(data, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
