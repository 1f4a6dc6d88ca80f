"""A plan in which nothing goes wrong, for what is measured or counted."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from actors.common.settings import Settings
from actors.runtime.simulation.faults import Faults
from cluster.simulation.hostile import Plan, draw


def undisturbed(settings: Settings) -> Plan:
    """The network loses nothing, nobody is struck, and no setting is a hostile one."""
    return replace(
        draw(Random(0), ("bank",), 60.0),
        settings=settings,
        faults=Faults(),
        strikes=(),
        one_host=False,
        keeps_state=False,
        bounds=(),
        dawdle_s=0.0,
    )
