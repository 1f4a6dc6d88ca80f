#!/usr/bin/env bash
# uvloop 0.23.0 (libuv): one turn of the loop calls a protocol's data_received up to 32 times for one socket, as long as the peer keeps it full; asyncio's own
# loop calls it once a turn. A protocol that works for 2 ms on what it is given, and relies on its return to let others in, holds uvloop's loop for 64 ms, and
# a callback of loop.call_soon waits for all of it. Pausing the transport ends the reads of the turn. Seen on Python 3.11: asyncio 1, uvloop 32.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet uvloop==0.23.0
"$folder/venv/bin/python" - <<'PY'
import asyncio
import socket
import sys
import threading
import time
from collections import Counter

import uvloop


class Counting(asyncio.Protocol):
    """Counts the calls of data_received by the turn of the loop."""

    def __init__(self, ended, pauses):
        self.ended, self.pauses, self.turn, self.reads = ended, pauses, 0, Counter()

    def connection_made(self, transport):
        self.transport = transport
        self.next_turn()

    def next_turn(self):
        self.turn += 1
        if not self.ended.done():
            self.transport.resume_reading()
            asyncio.get_running_loop().call_soon(self.next_turn)

    def data_received(self, data):
        self.reads[self.turn] += 1
        time.sleep(0.002)
        if self.pauses:
            self.transport.pause_reading()

    def connection_lost(self, error):
        self.ended.set_result(max(self.reads.values()))


async def most_reads_a_turn(pauses=False):
    loop = asyncio.get_running_loop()
    ended = loop.create_future()
    server = await loop.create_server(lambda: Counting(ended, pauses), "127.0.0.1", 0)
    address = server.sockets[0].getsockname()

    def send():
        with socket.create_connection(address) as client:
            client.sendall(bytes(16 << 20))

    sender = threading.Thread(target=send)
    sender.start()
    most = await ended
    sender.join()
    server.close()
    return most


found = {
    "asyncio": asyncio.run(most_reads_a_turn()),
    "uvloop": uvloop.run(most_reads_a_turn()),
    "uvloop, paused in data_received": uvloop.run(most_reads_a_turn(pauses=True)),
}
print("uvloop", uvloop.__version__, "most calls of data_received in one turn:", found)
sys.exit(0 if list(found.values()) == [1, 32, 1] else "the behaviour has changed")
PY
