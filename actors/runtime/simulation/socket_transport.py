"""`ClientTransport`: asyncio's transport of a client's socket in a simulated kernel.

As asyncio's: the protocol hears of the connection, of bytes and of the end in turns of their own; what is written
leaves at once, or (as the seed draws) stays in the write buffer for a while, and is lost with `abort`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from actors.runtime.simulation.loop import OWNER
from actors.runtime.simulation.socket_files import ClientSocket

READ_BYTES = 256 << 10
SLOW_SHARE, SLOW_S_MAX = 0.05, 0.05
"""Of writes that find the socket's buffer full, and for how long it stays so."""


class ClientTransport(asyncio.Transport):
    """`client`, a SimulatedSocket, is this transport's from here on."""

    def __init__(self, loop: asyncio.AbstractEventLoop, client: Any, protocol: asyncio.Protocol) -> None:
        super().__init__({"socket": client, "peername": ("127.0.0.1", 0)})
        self._loop = loop
        self._client = client
        self._protocol = protocol
        self._file: ClientSocket = client.file
        owner = OWNER.get()
        assert owner is not None
        self._process = owner.name
        self._unsent = bytearray()
        self._reading = False
        self._closing = False
        self._ended = False

    def begin(self) -> None:
        if not self._ended:
            self._read_on()

    def _read_on(self) -> None:
        self._reading = True
        self._file.kernel.reads(self._file, self._process)
        self._loop.add_reader(self._client.fileno(), self._can_read)

    def _rest(self) -> None:
        if self._reading:
            self._reading = False
            self._loop.remove_reader(self._client.fileno())
            self._file.kernel.rests(self._file, self._process)

    def _can_read(self) -> None:
        try:
            data = self._client.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            self._end(error)
            return
        if data:
            self._protocol.data_received(data)
        elif not self._protocol.eof_received():
            self.close()

    def pause_reading(self) -> None:
        self._rest()

    def resume_reading(self) -> None:
        if not self._reading and not self._closing:
            self._read_on()

    def is_closing(self) -> bool:
        return self._closing

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """The protocol is never asked to pause."""

    def get_write_buffer_size(self) -> int:
        return len(self._unsent)

    def write(self, data: bytes | bytearray | memoryview[int]) -> None:
        if self._closing:
            return
        if self._unsent:
            self._unsent += data
            return
        random = self._file.kernel.random
        if random.random() < SLOW_SHARE:
            self._unsent += data
            self._loop.call_later(random.uniform(0, SLOW_S_MAX), self._can_write)
        else:
            self._send(bytes(data))

    def _send(self, data: bytes) -> None:
        try:
            self._client.send(data)
        except OSError as error:
            self._end(error)

    def _can_write(self) -> None:
        if self._ended or not self._unsent:
            return
        data, self._unsent = bytes(self._unsent), bytearray()
        self._send(data)
        if self._closing:
            self._end(None)

    def write_eof(self) -> None:
        """A client that sends on is not simulated."""

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            self._rest()
            if not self._unsent:
                self._end(None)

    def abort(self) -> None:
        self._unsent = bytearray()
        self._end(None)

    def _end(self, error: Exception | None) -> None:
        if not self._ended:
            self._ended = self._closing = True
            self._rest()
            self._loop.call_soon(self._lose, error)

    def _lose(self, error: Exception | None) -> None:
        try:
            self._protocol.connection_lost(error)
        finally:
            self._client.close()


async def serve(make: Callable[[], asyncio.Protocol], client: Any) -> tuple[asyncio.Transport, asyncio.Protocol]:
    """As asyncio's connect_accepted_socket."""
    loop = asyncio.get_running_loop()
    protocol = make()
    transport = ClientTransport(loop, client, protocol)
    begun: asyncio.Future[None] = loop.create_future()
    loop.call_soon(protocol.connection_made, transport)
    loop.call_soon(transport.begin)
    loop.call_soon(begun.set_result, None)
    await begun
    return transport, protocol
