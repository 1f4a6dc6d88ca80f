"""`RoleLimits`: a role's CONNECTION LIMIT, which counts its sessions in all query processors and those that sleep in
gateways.

    await limits.admit(session)     before its client is told that it is ready. 53300 where the role has too many

Only a login of a role that has such a limit asks anybody; no counter is kept. As with PostgreSQL, the limit is
approximate: a login counts itself before it asks the others, so of two at once that find one place both may be refused,
but not both admitted. A session on its way between two processes, or one with a process that does not answer, is not
counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from actors.common.errors import TOO_MANY_CONNECTIONS, DatabaseError
from actors.common.messages import AskSessions
from actors.query_processor.session.identity import LOGIN
from actors.runtime.fiber import from_future

if TYPE_CHECKING:
    from actors.query_processor.session.session import Session
    from actors.runtime.interfaces import Context

ANSWER_S_MAX = 2.0
ASKED = ("query_processor/", "gateway/")


class RoleLimits:
    """`sessions`: those of this query processor whose clients are ready."""

    def __init__(self, context: Context, sessions: Callable[[], Iterable[Session]]) -> None:
        self._context = context
        self._sessions = sessions
        self._arriving: Counter[int] = Counter()

    def count(self, role: int) -> int:
        return self._arriving[role] + sum(session.role_oids.get(LOGIN) == role for session in self._sessions())

    async def admit(self, session: Session) -> None:
        """Raises 53300."""
        catalog = session.services.catalogs.current
        assert catalog is not None, "the session has begun, and looked its role up"
        oid = session.role_oids[LOGIN]
        role = catalog.roles.with_id(oid)
        if role is None or role.connections_max < 0:
            return
        self._arriving[oid] += 1
        try:
            if self.count(oid) + await self._elsewhere(oid) > role.connections_max:
                raise DatabaseError(TOO_MANY_CONNECTIONS, f'too many connections for role "{role.name}"')
        finally:
            self._arriving[oid] -= 1

    async def _elsewhere(self, role: int) -> int:
        bus, name = self._context.bus, self._context.name
        topology = bus.topology
        others = [other for other in topology.azs if other.startswith(ASKED)] if topology is not None else []
        answers = [bus.call(name, other, AskSessions(role), ANSWER_S_MAX) for other in sorted(others) if other != name]
        count = 0
        for answer in answers:
            try:
                count += (await from_future(answer)).count
            except DatabaseError:  # it is away, and its sessions have ended with it
                continue
        return count
