"""A process of its own for test_socket_bus.py: `echo_process.py ENDPOINT DATA_DIR` serves the role `echo/1` until it is
killed."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import uvloop

from actors.common.errors import DatabaseError
from actors.common.messages.base import Done, Message
from actors.common.messages.committing import AskPromise
from actors.common.messages.reading import Get, Got
from actors.common.settings import Settings
from actors.runtime.host import Host, RoleSpec
from actors.runtime.interfaces import Context, Reply


class Echo:
    """Answers a Get with its keys, never answers a Done, refuses all else; counts one-way messages."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.posts = 0

    async def start(self) -> None:
        self.context.disk.open("started").close()

    async def stop(self) -> None:
        await self.context.disk.replace("stopped", b"cleanly")

    def status(self) -> dict[str, Any]:
        return {"layer": "echo", "load": {"posts": self.posts}}

    def receive(self, sender: str, message: Message, reply: Reply | None) -> None:
        if reply is None:
            self.posts += 1
        elif isinstance(message, Get):
            reply(Got(list(message.keys), message.at))
        elif isinstance(message, AskPromise):
            self.context.spawn(self.fail())
        elif not isinstance(message, Done):
            raise DatabaseError("0A000", "echo does not do that", table="t")

    async def fail(self) -> None:
        raise AssertionError("an impossible state")


async def main(endpoint: str, data_dir: Path) -> None:
    host = Host.local("echo-1", endpoint, data_dir, Settings(), node="here")
    stopped = asyncio.Event()
    host.on_shutdown = stopped.set
    await host.start([RoleSpec("echo/1", "a", Echo)])
    print("ready", host.bus.endpoint, flush=True)
    await stopped.wait()
    await host.stop()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], Path(sys.argv[2])))
