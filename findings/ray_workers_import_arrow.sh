#!/usr/bin/env bash
# Ray 2.60.0 with pyarrow 26.0.1 beside it: a worker imports pyarrow and numpy as soon as it serializes its first value, whatever that is: an actor that
# returns an integer, and neither it nor its driver knows of Arrow, grows by some 10 MB of memory of its own. (Ray then registers how Ray Data's classes are
# serialized.) Where many small actors live long, that is a fifth of each. Seen: 40 MB before its first answer, 50 MB after.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet 'ray==2.60.0' 'pyarrow==26.0.1' 'numpy==2.4.6'
export RAY_TMPDIR="$folder" RAY_USAGE_STATS_ENABLED=0
"$folder/venv/bin/python" - <<'PY'
import sys

import ray

ray.init(num_cpus=1, include_dashboard=False, logging_level="ERROR", log_to_driver=False, _node_ip_address="127.0.0.1")


@ray.remote
class Small:
    def __init__(self):
        self.seen = []

    def look(self):
        with open("/proc/self/smaps_rollup") as file:
            dirty = next(line for line in file if line.startswith("Private_Dirty:"))
        self.seen.append(("pyarrow" in sys.modules, "numpy" in sys.modules, int(dirty.split()[1]) // 1024))
        return len(self.seen)

    def told(self):
        return self.seen


small = Small.remote()
for _ in range(2):
    ray.get(small.look.remote())
before, after = ray.get(small.told.remote())
print("ray", ray.__version__, "(pyarrow, numpy, MB): before the first answer", before, "after", after)
ray.shutdown()
sys.exit(0 if before[:2] == (False, False) and after[:2] == (True, True) and after[2] - before[2] >= 5 else "the behaviour has changed")
PY
