"""`HeldCredentials`: the keys of tokens and the certificate for clients, as the controller gave them to this query
processor last.

The controller, which has had the role started, has them: where tokens are checked, nobody is served before it has
answered. From then on it sends each newer version itself. An older version that arrives late changes nothing. A
certificate of the settings goes before the controller's.
"""

from __future__ import annotations

import asyncio
import logging

from actors.common.errors import DatabaseError
from actors.common.messages import AskCredentials, Credentials
from actors.postgres.tls import TlsSettings
from actors.query_processor.connection_services import ConnectionServices
from actors.runtime.interfaces import Context

logger = logging.getLogger(__name__)

CREDENTIALS_TIMEOUT_S = 2.0
CREDENTIALS_RETRY_S = 0.2


class HeldCredentials:
    """They are used by `services`: its authenticator has the keys, its `tls` the certificate."""

    def __init__(self, context: Context, services: ConnectionServices) -> None:
        self._context = context
        self._services = services
        self._held = Credentials(0)

    @property
    def version(self) -> int:
        """0: none yet."""
        return self._held.version

    async def ask(self) -> None:
        """Ask the controller until it answers."""
        while True:
            try:
                answer = await self._context.bus.call(
                    self._context.name, "controller", AskCredentials(), timeout_s=CREDENTIALS_TIMEOUT_S
                )
            except DatabaseError as error:
                logger.warning("no credentials yet: %s", error.message)
                await asyncio.sleep(CREDENTIALS_RETRY_S)
                continue
            assert isinstance(answer, Credentials)
            self.take(answer)
            return

    def take(self, credentials: Credentials) -> None:
        if credentials.version > self._held.version:
            before, self._held = self._held, credentials
            services = self._services
            services.authenticator.take_keys(credentials.keys)
            if credentials.certificate != before.certificate and not services.settings.authentication.tls_certificate:
                try:
                    services.tls = TlsSettings.from_pem(credentials.certificate)
                except (OSError, ValueError) as error:
                    logger.error("the certificate for clients cannot be used: %s", error)
