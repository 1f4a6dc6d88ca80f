"""How many seeds a storm test runs: a few in every run, many where one says so.

SEEDS=200 python -m pytest tests/sim tests/unit/journal tests/unit/crossbar        every storm with seeds 0 to 199
"""

from __future__ import annotations

import os


def seeds(few: int) -> range:
    return range(int(os.environ.get("SEEDS", few)))


CAMPAIGN_S, PAUSE = 30.0, 20.0
"""Of the campaign that tests run: a quarter of the virtual time of `eagleray sim`, and fewer transactions a seed, so
that two hundred fit into minutes."""
HUNT_PAUSE = 6.0
"""Of the campaign that planted bugs are hunted in."""
