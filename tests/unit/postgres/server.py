"""A query processor over fake sessions, or real ones, on a port of its own, in a thread with its own event loop: for
blocking clients and programs."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from random import Random
from typing import Any

import uvloop

from actors.common.messages import AskCredentials, Credentials
from actors.common.settings import Authentication, Settings
from actors.query_processor.role import QueryProcessor
from actors.query_processor.session import Session, SessionServices
from actors.runtime.clock import SystemClock
from actors.runtime.interfaces import Context
from tests.unit.postgres.fake_session import FakeSession


class NoBus:
    """Keeps what is posted."""

    topology = None

    def __init__(self) -> None:
        self.posted: list[tuple[str, str, Any]] = []
        self.credentials = Credentials(1)

    async def call(self, sender: str, destination: str, message: Any, **_: Any) -> Credentials:
        """The controller's only answer here."""
        assert destination == "controller" and isinstance(message, AskCredentials)
        return self.credentials

    def post(self, sender: str, destination: str, message: Any) -> None:
        self.posted.append((sender, destination, message))


def context(settings: Settings, bus: Any = None, name: str = "query_processor/1") -> Context:
    def spawn(coroutine: Any) -> asyncio.Task[Any]:
        return asyncio.get_running_loop().create_task(coroutine)

    return Context(name, "a", bus or NoBus(), SystemClock(), None, Random(1), spawn, settings)  # type: ignore[arg-type]


class Server:
    """`with Server() as server: connect(server.port)`. `sessions`: all that were made, in order."""

    def __init__(
        self, authentication: Authentication | None = None, settings: Settings | None = None, clients_path: str = ""
    ) -> None:
        base = settings or Settings()
        self.settings = replace(base, authentication=authentication) if authentication else base
        self.sessions: list[FakeSession] = []
        self.port = 0
        self.bus = NoBus()
        self._clients_path = clients_path
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: uvloop.run(self._main()), daemon=True)
        self._failure: BaseException | None = None

    def _make_session(self, user: str, database: str, options: dict[str, str], connection: Any) -> Any:
        session = FakeSession()
        self.sessions.append(session)
        return session

    def _make_role(self) -> QueryProcessor:
        return QueryProcessor(
            context(self.settings, self.bus),
            1,
            host="127.0.0.1",
            clients_path=self._clients_path,
            make_session=self._make_session,
        )

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        try:
            role = self._make_role()
            await role.start()
            self.role = role
            self.port = role.port
        except BaseException as error:
            self._failure = error
            raise
        finally:
            self._ready.set()
        await self._stop.wait()
        await role.stop()

    def __enter__(self) -> Server:
        self._thread.start()
        self._ready.wait(10)
        if self._failure is not None:
            raise self._failure
        return self

    def tell(self, message: Any, reply: Any) -> None:
        """The role is sent a message."""
        self._loop.call_soon_threadsafe(self.role.receive, "controller", message, reply)

    def stop(self) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(10)

    def __exit__(self, *_: object) -> None:
        self.stop()

    def dsn(self, extra: str = "") -> str:
        return f"host=127.0.0.1 port={self.port} user=admin dbname=postgres connect_timeout=5 {extra}"


class SessionServer(Server):
    """The same over real sessions, of these services."""

    def __init__(self, services: SessionServices, settings: Settings) -> None:
        super().__init__(settings=settings)
        self._services = services

    def _make_session(self, user: str, database: str, options: dict[str, str], connection: Any) -> Session:
        return Session(
            self._services,
            user,
            database,
            options=options,
            on_parameter=connection.on_parameter,
            on_notice=connection.on_notice,
            process=connection.process,
        )
