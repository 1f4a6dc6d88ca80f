"""The numbers of chance in a simulation.

`Faults()` is a calm world: short delays, nothing lost. `Faults.hostile(random)` draws every number anew, each of them
often zero, so that runs differ in kind and not only in detail (swarm testing): one seed has only lost messages, another
only slow disks.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True)
class Faults:
    """Chances are of one message, one sync, one process."""

    delay_s_min: float = 0.0001
    delay_s_max: float = 0.001
    delay_spike_chance: float = 0.0
    delay_spike_s_max: float = 0.5
    loss_chance: float = 0.0
    """A request that is lost fails at once or never, by equal chance; its answer may be lost likewise."""
    repeat_chance: float = 0.0
    """Of one-way messages and of requests (a repeated request is answered twice; the first answer counts)."""
    reorder_chance: float = 0.0
    """A message is not held to the order of those sent before it on its link."""
    slow_messages: tuple[str, ...] = ()
    """Messages of these classes take up to `slow_s_max` longer, whatever overtakes them: races that usually last a
    millisecond last that long."""
    slow_s_max: float = 0.0
    reset_chance: float = 0.75
    """When a process dies, that those who wait for it hear of it at once (else they wait for their timeout)."""
    sync_s_min: float = 0.0003
    sync_s_max: float = 0.003
    sync_spike_chance: float = 0.0
    sync_spike_s_max: float = 1.0
    sync_failure_chance: float = 0.0
    tear_chance: float = 0.5
    """In a power failure: that the first write that was not kept is kept in part."""
    hole_chance: float = 0.1
    """In a power failure: that one unsynced write among those kept is a hole of zeros (it was written out of order)."""
    unsynced_entry_loss_chance: float = 0.5
    """In a power failure: that a new file that was never synced is gone, or a removed one is back."""
    clock_offset_us_max: int = 0
    clock_drift_ppm_max: float = 0.0
    clock_error_us: int = 0
    """The bound that clocks claim."""
    clock_honest: bool = True
    """Clocks keep within the claimed bound, whatever offset, drift and jumps they are given (with a bound of 0 they are
    true)."""

    @classmethod
    def hostile(cls, random: Random) -> Faults:
        """A world of its own; what it lacks is part of it."""

        def sometimes(most: float) -> float:
            return random.choice((0.0, 0.0, random.random() * most * 0.1, random.random() * most))

        return cls(
            delay_s_max=random.choice((0.001, 0.005, 0.05)),
            delay_spike_chance=sometimes(0.05),
            delay_spike_s_max=random.choice((0.05, 0.5, 3.0)),
            loss_chance=sometimes(0.05),
            repeat_chance=sometimes(0.1),
            reorder_chance=sometimes(0.2),
            reset_chance=random.random(),
            sync_s_max=random.choice((0.001, 0.01, 0.1)),
            sync_spike_chance=sometimes(0.05),
            tear_chance=random.random(),
            hole_chance=sometimes(0.5),
            clock_offset_us_max=random.choice((0, 0, 1000, 1_000_000)),
            clock_drift_ppm_max=sometimes(500.0),
            clock_error_us=random.choice((0, 1000, 100_000, 100_000)),
            clock_honest=random.random() < 0.7,
        )
