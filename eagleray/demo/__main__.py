"""`make demo`: both parts; exit status 0 only if both held. DEMO_PICTURE: where the day is drawn, as HTML.

On few cores the day's nodes stay: each node that Ray's autoscaler adds starts half a dozen processes of Ray's own, so
that on two busy cores a cold connection took 35 to 67 s, twice a day, where it takes some 5 to 10 s on nodes that are
there.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from eagleray.demo import scale_to_zero, shop

CORES_MIN = 4
"""For a day whose nodes come and go."""


def main() -> int:
    picture = os.environ.get("DEMO_PICTURE")
    cores = len(os.sched_getaffinity(0))
    if status := shop.main():
        return status
    if cores < CORES_MIN and "DEMO_NODES" not in os.environ:
        print(
            f"\nWith {cores} cores Ray's nodes stay in this demo. They come and go in `eagleray demo "
            f"scale-to-zero`, which takes minutes here.",
            flush=True,
        )
    return scale_to_zero.main(Path(picture) if picture else None, nodes="go" if cores >= CORES_MIN else "stay")


if __name__ == "__main__":
    sys.exit(main())
