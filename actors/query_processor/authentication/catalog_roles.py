"""`CatalogRoles`: what the catalog of now says of who may log in, also where this process has not heard of its newest
change; in a region that is cut off, the catalog of the time that its storage has reached."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.common.settings import ADMIN
from actors.query_processor.session.sight import present_catalog
from actors.sql.catalog.roles import Roles

EPOCH_US = 946_684_800_000_000
"""2000-01-01 in microseconds since 1970: datums of timestamptz count from the former."""

if TYPE_CHECKING:
    from actors.query_processor.session.services import SessionServices


class CatalogRoles:
    """See the module. Of admin nothing is looked up: the role is always there."""

    def __init__(self, services: SessionServices) -> None:
        self._services = services

    async def _roles(self) -> Roles:
        return (await present_catalog(self._services)).roles

    async def may_log_in(self, user: str) -> bool:
        if user == ADMIN:
            return True
        role = (await self._roles()).find(user)
        return role is not None and role.login

    async def is_mapped(self, arn: str, user: str) -> bool:
        return user != ADMIN and (await self._roles()).may_log_in(arn, user)

    async def verifier(self, user: str) -> str:
        """The SCRAM-SHA-256 verifier that CREATE ROLE ... PASSWORD has made; "" where there is none that counts."""
        if user == ADMIN:
            return ""
        role = (await self._roles()).find(user)
        if role is None or not role.login:
            return ""
        now = self._services.clock.now().latest - EPOCH_US
        return role.verifier if role.valid_until is None or now < role.valid_until else ""
