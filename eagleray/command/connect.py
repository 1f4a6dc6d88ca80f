"""Finding a running cluster from its data folder."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cluster.data_folder import DataFolder
from eagleray.command.main import OneLine

if TYPE_CHECKING:
    from actors.common.messages.base import Message

RETRY_S = 0.1


def state_of(data: Path) -> dict[str, Any]:
    """The running cluster's state file. A cluster on the nodes of a Ray outlives its supervisor. Raises OneLine where
    none runs."""
    folder = DataFolder(data)
    state = folder.read_state()
    if state is None or not (folder.is_locked() or state.get("joined")):
        raise OneLine(f"no cluster is running on {folder.root} (start one with: eagleray up --data {data})")
    return state


def ask_status(state: dict[str, Any], timeout_s: float = 10.0) -> dict[str, Any]:
    """The controller's account of the whole cluster, and how to connect. Raises OneLine."""
    from actors.common.messages import AskCluster

    return {"url": state["url"], **json.loads(ask_controller(state, AskCluster(), timeout_s).json)}


def ask_controller(state: dict[str, Any], question: Message, timeout_s: float = 10.0) -> Any:
    """The controller's answer. One that is being started again, after it died, is waited for. Raises OneLine where it
    refuses, or after `timeout_s`."""
    from actors.common.errors import CONNECTION_FAILURE, DatabaseError
    from actors.common.settings import Messaging
    from actors.runtime.socket_bus import SocketBus

    async def ask() -> Any:
        bus = SocketBus(f"unix:{state['sockets']}/command-{os.getpid()}.sock", Messaging())
        await bus.start()
        bus.add_route("controller", state["controller"])
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout_s
        try:
            while True:
                try:
                    return await bus.call("command", "controller", question, timeout_s=end - loop.time())
                except DatabaseError as error:
                    if error.sqlstate != CONNECTION_FAILURE or loop.time() + RETRY_S >= end:
                        raise
                await asyncio.sleep(RETRY_S)
        finally:
            await bus.close()

    try:
        return asyncio.run(ask())
    except DatabaseError as error:
        if error.sqlstate != CONNECTION_FAILURE:
            raise OneLine(error.message) from None
        raise OneLine(f"the controller does not answer: {error.message}") from None
    except OSError as error:  # the cluster has ended meanwhile, and with it its sockets' folder
        raise OneLine(f"the controller cannot be asked: {state['sockets']}: {error.strerror}") from None
