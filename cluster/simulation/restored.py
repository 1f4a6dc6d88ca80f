"""Another cluster is made of what the object store has of a lost one, as `eagleray restore` and the next `up` do, in a
world of its own that begins when the lost one's has ended.

    lost = Lost.now(image.objects, newest)     all but the store is gone at this moment
    lost.judge(evidence)                       once the lost cluster's evidence is whole
    check_restored(seed, plan, lost, at_s)     the new cluster starts, and has what the manual says

    I12  the moment that is found lies at or after the newest checkpoint that counts
    I12  where there is such a checkpoint, there is a moment
    I2   every storage replica of the new cluster has what was committed up to the moment, whole, and nothing later
         (verdict.py, against the lost cluster's journals)
    late the new cluster becomes complete, and takes SQL
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import cast

from actors.common.stored_journal import RESTORING
from actors.common.timestamps import Timestamp
from actors.runtime.interfaces import StoredObject
from actors.runtime.simulation.faults import Faults
from actors.runtime.simulation.object_store import StoreImage
from cluster.controller import Controller
from cluster.restoring import Found, NotRestorable, copy, look
from cluster.simulation import verdict
from cluster.simulation.hostile import Plan
from cluster.simulation.simulated_cluster import CONTROLLER, SimulatedCluster
from cluster.simulation.verdict import Model
from cluster.simulation.witness import Evidence

RUN_S_MAX = 300.0
"""Virtual."""
PROBED = range(-20, 20)
"""Keys that are written to the new cluster: of all owners."""


class Objects:
    """actors/runtime/object_store.Objects over what a simulated store has."""

    def __init__(self, objects: Mapping[str, tuple[bytes, float]], image: StoreImage | None = None) -> None:
        self._objects = objects
        self._image = image

    def write(self, key: str, pieces: Iterator[bytes]) -> None:
        assert self._image is not None
        self._image.put(key, b"".join(pieces))

    def read(self, key: str, offset: int, length: int) -> bytes:
        return self._objects[key][0][offset : offset + length if length >= 0 else None]

    def list(self, prefix: str) -> list[StoredObject]:
        found = sorted(self._objects.items())
        return [StoredObject(key, len(data), written_s) for key, (data, written_s) in found if key.startswith(prefix)]

    def remove(self, key: str) -> None:
        assert self._image is not None
        self._image.remove(key)


@dataclass
class Lost:
    """`newest`: the watermark of the newest checkpoint that has counted; 0 before there is one."""

    objects: dict[str, tuple[bytes, float]]
    newest: Timestamp
    found: Found | None = None
    model: Model | None = None
    """The database at that moment."""

    @classmethod
    def now(cls, objects: Mapping[str, tuple[bytes, float]], newest: Timestamp) -> Lost:
        return cls(dict(objects), newest)

    def find(self) -> Found | None:
        """None where nothing can be had, and nothing needs to be. Raises AssertionError."""
        source = Objects(self.objects)
        try:
            found = look(source.list(""), lambda key: source.read(key, 0, -1))
        except NotRestorable as error:
            assert not self.newest, f"I12: the store has a checkpoint of {self.newest}: {error}"
            return None
        assert found.at >= self.newest, f"I12: {found.at} can be had, the store has a checkpoint of {self.newest}"
        return found

    def judge(self, evidence: Evidence) -> None:
        """Raises AssertionError."""
        self.found = self.find()
        if self.found is not None:
            self.model = Model(evidence, self.found.at)


def check_restored(seed: int, plan: Plan, lost: Lost, begin_s: float) -> int:
    """The number of rows compared. Raises AssertionError, SimulationError."""
    assert lost.found is not None and lost.model is not None
    calm = replace(plan, faults=Faults(), strikes=(), losses=(), dawdle_s=0.0)
    cluster = SimulatedCluster(seed, calm, restored_s=begin_s)
    with cluster.world as world:
        assert world.stored is not None
        image = world.stored
        copy(lost.found, Objects(lost.objects), Objects(image.objects, image))
        return world.run(_restore(cluster, image, lost.model), begin_s + RUN_S_MAX)


async def _restore(cluster: SimulatedCluster, image: StoreImage, model: Model) -> int:
    world = cluster.world
    supervising = asyncio.create_task(cluster.supervise())
    await cluster.start()
    image.remove(RESTORING)
    await cluster.until_whole()
    await cluster.until_settled()
    cluster.follow_topology()
    now = world.clock.true_us()
    await verdict.await_replicas(world, cluster.newest_map, now)
    rows = await verdict.check_replicas(world, model, cluster.newest_map, [now])
    connection = await cluster.database("restored").connect()
    # A transaction of several pieces of one row pays a round trip to another region, and its quorum's, for each.
    connection.patience_s += 4 * cluster.plan.farthest_s * len(PROBED)
    await connection.execute("CREATE TABLE restored (k int PRIMARY KEY)")
    await connection.execute(f"INSERT INTO restored VALUES {', '.join(f'({key})' for key in PROBED)}")
    found, _ = await connection.execute("SELECT k FROM restored ORDER BY k")
    assert found == [(str(key),) for key in PROBED], f"I4: {found}"
    await connection.close()
    assert cast(Controller, world.processes[CONTROLLER].role(CONTROLLER)).assembly.complete
    supervising.cancel()
    return rows
