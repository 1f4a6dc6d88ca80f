"""A world whose violations reach the test that caused them, at once."""

from actors.runtime.simulation.world import World


class Told(Exception):
    """What a witness told the world."""


class TellingWorld(World):
    """Raises where the witness stands, in place of ending a run."""

    def violated(self, invariant: str, what: str) -> None:
        raise Told(f"{invariant}: {what}")
