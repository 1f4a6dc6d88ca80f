"""Runs whose clients come by gateways, and whose sessions are parked and handed over all the time; and who watches
them.

`SessionWitness`, in the simulated kernel: nobody reads a client's socket while another process does, or goes on with a
session whose last message has not been answered; no session that was served ends without a last word to its client,
unless the client has left or a process that had its socket has died; and where everybody is well, what a client has
sent is read. What a session is, and that it is answered in the end, the proof of sessions sees
(workloads/proofs/sessions.py).
"""

from __future__ import annotations

from dataclasses import replace
from random import Random

from actors.common.settings import Sessions
from actors.runtime.simulation.socket_files import ClientSocket
from actors.runtime.simulation.world import World
from cluster.simulation.hostile import Plan

SHARE = 0.1
PROOF = "sessions"
PACE_S_MAX = 1.0
UNREAD_S_MAX = 3.0
"""While everybody is well."""


def parked(plan: Plan, random: Random, proofs: tuple[str, ...]) -> Plan:
    """Sessions rest for a moment and are parked, while gateways and query processors die, stall, come and go."""
    if plan.distances:
        return plan  # regions are several hosts
    settings = replace(plan.settings, sessions=Sessions(park_after_s=random.choice((0.05, 0.3, 1.0))))
    layout = replace(settings.layout, query_processors=random.choice((1, 2, 3)))
    settings = replace(settings, layout=layout)
    others = [name for name in plan.proofs if name != PROOF]
    chosen = (PROOF, others[0]) if len(proofs) > 1 and others else plan.proofs
    strikes = (*plan.strikes, *(("kill", "stall", "rolling") if random.random() < 0.7 else ()))
    if plan.keeps_state and random.random() < 0.7:
        strikes = (*strikes, *("scale",) * max(1, len(strikes) // 3))
    return replace(
        plan,
        settings=settings,
        proofs=tuple(sorted(chosen)),
        strikes=strikes,
        gateways=True,
        lull=True,
        lost_descriptors=random.choice((0.0, 0.02, 0.1)),
        clients=max(3, plan.clients),
        pace_s=min(plan.pace_s, PACE_S_MAX),
        pause_s_max=min(plan.pause_s_max, 5.0),
    )


class SessionWitness:
    """See the module."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._readers: dict[ClientSocket, str] = {}
        self._seen: dict[ClientSocket, None] = {}
        """That somebody has read from."""
        self.resumed = 0
        """How many times a session went on, here or elsewhere, after it was parked."""

    def reads(self, client: ClientSocket, process: str) -> None:
        other = self._readers.setdefault(client, process)
        if other != process:
            self._world.violated("sessions", f"{process} reads from a client that {other} reads from")
        if client in self._seen:
            self.resumed += 1
            if client.unanswered:
                self._world.violated("sessions", f"{process} goes on with a session in the middle of a message")
        self._seen[client] = None

    def rests(self, client: ClientSocket, process: str) -> None:
        if self._readers.get(client) == process:
            del self._readers[client]

    def look(self) -> None:
        """Everybody has been well for a while."""
        now_s = self._world.loop.time()
        for client in self._seen:
            if client.unread_since_s is not None and now_s - client.unread_since_s > UNREAD_S_MAX:
                self._world.violated("sessions", f"nobody reads what a client sent at {client.unread_since_s:.3f} s")

    def closed(self, client: ClientSocket) -> None:
        self._readers.pop(client, None)
        self._seen.pop(client, None)
        if client.served and not (client.leaving or client.mourned or b"SFATAL\0" in client.last_sent):
            self._world.violated("sessions", "a session's socket was closed without a word")
