"""Clients' sockets from one process of a host to another, over a Unix socket (SCM_RIGHTS): new ones with the bytes that
were read from them already, those of parked sessions with their session.

    sender = SocketSender(path);  sender.offer(client, on_end, on_lost)      in the process that accepts
    sender.offer_session(give, on_end, on_lost)                              in the process that parks, or resumes, a
                                                                             session
    receiver = SocketReceiver(path, on_socket);  receiver.start()            in the process that serves:
                                                                             on_socket(client, already_read)

    sender                        receiver
      "?" or "&" -------------->                are you there; "&": for a session
           <------------ "!", "#" or "-"         at once: nothing but a stalled or dead process keeps it from that; "#":
                                                 no room for another; "-": it takes none, as if it were away
      the socket, bytes read --->                it is the receiver's now; after "#" only where the sender insists (a
                                                 client is to be told that there is no room)
      the socket, session ------>                likewise; `give` is called only now
           <------------ "v" or "x"              the socket is there; or it is not: the receiver has no descriptor left,
                                                 and the kernel has dropped the socket, or it is being stopped, and has
                                                 not touched it

So a client is never handed to a process that is stalled: no answer within `ANSWER_S`, a full queue and an absent
receiver end an offer with AWAY, and whoever accepts turns to another. One packet (SOCK_SEQPACKET) a message, so it is
whole or not there; answers come in the order of questions and sockets.

A sender keeps a copy of each socket until the receiver has said "v", or is gone: one that is closed, or finds the
receiver closed, hears it out (`_Farewell`). After "x" nobody has read from the client, and the sender has the only
copy: `on_lost` gets it, with what had gone with it.

A session goes on while the receiver is asked: `give` looks again whether the session may go, at the moment at which it
does, and says what goes with it. Between that look and the packet the loop has no turn, so nothing is read from the
client in between.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections import deque
from collections.abc import Callable
from enum import Enum

from actors.common.parked_session import SESSION_BYTES_MAX
from actors.runtime.descriptors import EXHAUSTED
from actors.runtime.sockets import HOST, Sockets

ALREADY_READ_BYTES_MAX = 16 << 10
"""Bytes that travel with a socket: more than any start-up packet."""
ANSWER_S = 0.25
"""A turn of a busy loop is some milliseconds."""
OFFERS_MAX = 128
"""Questions and sockets without an answer, of one sender: the answers fit into the socket's buffer (212,992 bytes by
default, 768 a packet), however late they are read."""
RECEIVE_BATCH = 8
"""Packets taken in one turn of the loop. A session that is resumed costs half a millisecond, and a cluster that a
thousand of them have woken has more urgent things to do."""
ANSWER_BATCH = 64
"""Answers taken in one turn of the loop."""
SENDERS_MAX = 256
"""A query processor's are the gateways of its host, a gateway's the query processors, and successors of both while they
are replaced."""
ACCEPT_PAUSE_S = 0.1
"""Before a listener that met a lack of descriptors or memory is looked at again."""
_ASK, _ASK_SESSION, _ROOM, _FULL, _NONE, _SOCKET, _SESSION = b"?", b"&", b"!", b"#", b"-", b"\1", b"\2"
_RECEIVED, _LOST = b"v", b"x"
"""Each begins its packets: an empty one would look like the sender's end."""
PACKET_BYTES_MAX = 1 + max(ALREADY_READ_BYTES_MAX, SESSION_BYTES_MAX)


class Outcome(Enum):
    """Of an offer. FULL: the receiver is there and has no room. AWAY: it is not there, or does not answer in time.
    WITHDRAWN: `give` gave nothing."""

    TAKEN = 1
    FULL = 2
    AWAY = 3
    WITHDRAWN = 4


logger = logging.getLogger(__name__)

OnSocket = Callable[[socket.socket, bytes], None]
OnEnd = Callable[[Outcome], None]
OnLost = Callable[[socket.socket, bytes], None]
"""(a copy of the socket, what had gone with it), after an offer that ended with TAKEN: the receiver has said that the
socket did not arrive."""
Give = Callable[[], tuple[int, bytes] | None]
"""(the socket's descriptor, the encoded session), or None: it does not go now."""


class _Offer:
    __slots__ = ("give", "insist", "kind", "on_end", "on_lost", "timer")

    timer: asyncio.TimerHandle

    def __init__(self, kind: bytes, give: Give, insist: bool, on_end: OnEnd, on_lost: OnLost) -> None:
        self.kind = kind
        self.give = give
        self.insist = insist
        self.on_end: OnEnd | None = on_end
        """None: it has ended, and its answer is awaited only because answers are counted."""
        self.on_lost = on_lost

    def end(self, outcome: Outcome) -> None:
        on_end, self.on_end = self.on_end, None
        self.timer.cancel()
        if on_end is not None:
            on_end(outcome)


class _Passed:
    """A socket on its way: `copy` is closed when the receiver has it."""

    __slots__ = ("_on_lost", "_sockets", "copy", "data")

    def __init__(self, copy: int, data: bytes, on_lost: OnLost, sockets: Sockets) -> None:
        self.copy = copy
        self.data = data
        self._on_lost = on_lost
        self._sockets = sockets

    def settle(self, answer: bytes) -> None:
        if answer != _LOST:
            self.forget()
            return
        self._on_lost(self._sockets.adopt(self.copy), self.data)

    def forget(self) -> None:
        self._sockets.close(self.copy)


class SocketSender:
    """Connects when it is needed, and again after the receiver was away. `on_free`: called where it was `busy` and is
    so no more."""

    def __init__(self, path: str, on_free: Callable[[], None] = lambda: None, sockets: Sockets = HOST) -> None:
        self._path = path
        self._sockets = sockets
        self._on_free = on_free
        self._socket: socket.socket | None = None
        self._awaited: deque[_Offer | _Passed] = deque()
        """What the receiver owes an answer to, in the order of the answers."""
        self._late = 0
        """How many of them are offers that have ended."""

    def offer(
        self, client: socket.socket, on_end: OnEnd, on_lost: OnLost, already_read: bytes = b"", *, insist: bool = False
    ) -> None:
        """`on_end(TAKEN)` once `client` is with the receiver (which may still die with it, or say that it has it not):
        the caller then closes its own copy. Else, perhaps before this returns, it is the caller's as before. A receiver
        that owes the answer to an offer that has ended is not asked again. `insist`: it is passed to a receiver without
        room, too."""
        assert len(already_read) <= ALREADY_READ_BYTES_MAX
        self._offer(_Offer(_SOCKET, lambda: (client.fileno(), already_read), insist, on_end, on_lost), _ASK)

    def offer_session(self, give: Give, on_end: OnEnd, on_lost: OnLost, *, insist: bool = False) -> None:
        """As `offer`; `give` is called once the receiver wants it, and `on_end(TAKEN)` right after the packet is
        sent."""
        self._offer(_Offer(_SESSION, give, insist, on_end, on_lost), _ASK_SESSION)

    def pass_session(self, give: Give, on_lost: OnLost) -> Outcome:
        """To a receiver that has just said that it wants it."""
        if self._socket is None or len(self._awaited) >= OFFERS_MAX:
            return Outcome.AWAY
        return self._send(_SESSION, give, on_lost)

    @property
    def busy(self) -> bool:
        """Whether so much is under way to a receiver that is there that another offer is no use now."""
        return len(self._awaited) >= OFFERS_MAX and not self._late

    @property
    def passing(self) -> bool:
        """Whether a socket is on its way that the receiver may say it has not got."""
        return any(isinstance(one, _Passed) for one in self._awaited)

    def _offer(self, offer: _Offer, question: bytes) -> None:
        if self._late or len(self._awaited) >= OFFERS_MAX or not self._ask(question):
            assert offer.on_end is not None
            offer.on_end(Outcome.AWAY)
            return
        offer.timer = asyncio.get_running_loop().call_later(ANSWER_S, self._give_up, offer)
        self._awaited.append(offer)

    def _give_up(self, offer: _Offer) -> None:
        self._late += 1
        offer.end(Outcome.AWAY)

    def _ask(self, question: bytes) -> bool:
        for _ in range(2):  # a receiver that was started again is found at the second attempt
            try:
                if self._socket is None:
                    self._socket = self._connect()
                self._socket.send(question)
                return True
            except (BlockingIOError, InterruptedError):
                return False
            except OSError:
                self.close()
        return False

    def _connect(self) -> socket.socket:
        connecting = self._sockets.connect_to(self._path)
        asyncio.get_running_loop().add_reader(connecting.fileno(), self._answered)
        return connecting

    def _answered(self) -> None:
        was_busy = self.busy
        self._take_answers()
        if was_busy and not self.busy:
            self._on_free()

    def _take_answers(self) -> None:
        for _ in range(ANSWER_BATCH):
            if self._socket is None:
                return
            try:
                answer = self._socket.recv(1)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                answer = b""
            if not answer or not self._awaited:
                self.close()
                return
            answered = self._awaited.popleft()
            if isinstance(answered, _Passed):
                answered.settle(answer)
            elif answered.on_end is None:
                self._late -= 1
            elif answer == _ROOM or (answer == _FULL and answered.insist):
                answered.end(self._send(answered.kind, answered.give, answered.on_lost))
            else:
                answered.end(Outcome.FULL if answer == _FULL else Outcome.AWAY)

    def _send(self, kind: bytes, give: Give, on_lost: OnLost) -> Outcome:
        assert self._socket is not None
        given = give()
        if given is None:
            return Outcome.WITHDRAWN
        descriptor, data = given
        try:
            copy = self._sockets.duplicate(descriptor)
        except OSError:  # this process has no descriptor left, either
            return Outcome.AWAY
        try:
            self._sockets.send_with(self._socket, kind + data, descriptor)
        except OSError:
            self._sockets.close(copy)
            return Outcome.AWAY
        self._awaited.append(_Passed(copy, data, on_lost, self._sockets))
        return Outcome.TAKEN

    def close(self) -> None:
        """What is offered ends with AWAY. What was passed is the receiver's, which may have read from it, unless it
        still says that it has it not."""
        leaving, self._socket = self._socket, None
        awaited, self._awaited, self._late = self._awaited, deque(), 0
        if leaving is not None:
            asyncio.get_running_loop().remove_reader(leaving.fileno())
            if any(isinstance(one, _Passed) for one in awaited):
                _Farewell(leaving, deque(one if isinstance(one, _Passed) else None for one in awaited))
            else:
                leaving.close()
        for one in awaited:
            if isinstance(one, _Offer):
                one.end(Outcome.AWAY)


class _Farewell:
    """The answers that a receiver has given, or still gives, to a sender that is done with it. `awaited`: None for an
    offer, which has ended."""

    def __init__(self, leaving: socket.socket, awaited: deque[_Passed | None]) -> None:
        self._socket = leaving
        self._awaited = awaited
        asyncio.get_running_loop().add_reader(leaving.fileno(), self._answered)

    def _answered(self) -> None:
        while self._awaited:
            try:
                answer = self._socket.recv(1)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                answer = b""
            if not answer:
                break
            passed = self._awaited.popleft()
            if passed is not None:
                passed.settle(answer)
        asyncio.get_running_loop().remove_reader(self._socket.fileno())
        self._socket.close()
        for one in filter(None, self._awaited):
            one.forget()


class SocketReceiver:
    """Takes the sockets that senders pass to `path`; `has_room()`: another one is welcome; None: none is, and the
    sender is not to insist. Whoever can open that path can pass sockets: it is made for the own user only.
    `on_session(client, session)` and `has_seat()` are the same for sessions; None: sessions are not wanted."""

    def __init__(
        self,
        path: str,
        on_socket: OnSocket,
        has_room: Callable[[], bool | None] = lambda: True,
        on_session: OnSocket | None = None,
        has_seat: Callable[[], bool | None] = lambda: True,
        sockets: Sockets = HOST,
    ) -> None:
        self._path = path
        self._sockets = sockets
        self._on_socket = on_socket
        self._has_room = has_room
        self._on_session = on_session
        self._has_seat = has_seat
        self._listener: socket.socket | None = None
        self._senders: dict[socket.socket, None] = {}
        """In the order in which they came."""

    def start(self) -> None:
        """Raises OSError where the path cannot be made. What a dead process left there is replaced."""
        self._listener = listener = self._sockets.listen_at(self._path, SENDERS_MAX)
        asyncio.get_running_loop().add_reader(listener.fileno(), self._accept)

    def _accept(self) -> None:
        if self._listener is None:
            return
        try:
            sender, _ = self._listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return
        except OSError as error:
            if error.errno not in EXHAUSTED:
                raise
            pause_listening(self._listener, self._accept)
            return
        if len(self._senders) >= SENDERS_MAX:
            sender.close()
            return
        sender.setblocking(False)
        self._senders[sender] = None
        asyncio.get_running_loop().add_reader(sender.fileno(), self._receive, sender)

    def _receive(self, sender: socket.socket) -> None:
        for _ in range(RECEIVE_BATCH):
            if sender not in self._senders:
                return
            try:
                data, descriptors = self._sockets.receive_with(sender, PACKET_BYTES_MAX)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                data = b""
            if data in (_ASK, _ASK_SESSION):
                data = self._answer(sender, data)
            elif data and not self._acknowledge(sender, descriptors):
                self._take(data, descriptors)
                data = b""
            if not data:
                self._drop(sender)
                return
            self._take(data, descriptors)

    def _acknowledge(self, sender: socket.socket, descriptors: list[int]) -> bool:
        """Whether the sender could be told that the socket has arrived, or has not."""
        if not descriptors:
            logger.warning("a client's socket was lost on its way here: this process has no descriptor left")
        with contextlib.suppress(OSError):
            sender.send(_RECEIVED if descriptors else _LOST)
            return True
        return False

    def _take(self, data: bytes, descriptors: list[int]) -> None:
        for descriptor in descriptors:
            client = self._sockets.adopt(descriptor)
            if data[:1] == _SOCKET:
                self._on_socket(client, data[1:])
            elif self._on_session is not None:
                self._on_session(client, data[1:])
            else:
                client.close()

    def _answer(self, sender: socket.socket, question: bytes) -> bytes:
        """Nothing where it cannot be told: the sender is gone, or does not read."""
        welcome = self._has_room() if question == _ASK else self._has_seat() if self._on_session is not None else None
        try:
            sender.send(_NONE if welcome is None else _ROOM if welcome else _FULL)
        except OSError:
            return b""
        return question

    def _drop(self, sender: socket.socket, refuse: bool = False) -> None:
        """Clients that are on their way here are taken, as their sender has let them go already. `refuse`: they go back
        to it, where it still listens."""
        self._senders.pop(sender, None)
        asyncio.get_running_loop().remove_reader(sender.fileno())
        with contextlib.suppress(OSError):
            sender.shutdown(socket.SHUT_RD)  # nothing more comes in
            while (packet := self._sockets.receive_with(sender, PACKET_BYTES_MAX))[0]:
                if packet[0] in (_ASK, _ASK_SESSION):
                    if refuse:
                        sender.send(_NONE)
                elif refuse and self._give_back(sender, packet[1]):
                    continue
                else:
                    self._acknowledge(sender, packet[1])
                    self._take(packet[0], packet[1])
        sender.close()

    def _give_back(self, sender: socket.socket, descriptors: list[int]) -> bool:
        """Whether the sender could be told that it has the only copies."""
        try:
            sender.send(_LOST)
        except OSError:
            return False
        for descriptor in descriptors:
            self._sockets.close(descriptor)
        return True

    def stop(self) -> None:
        """What is on its way here goes back."""
        for sender in list(self._senders):
            self._drop(sender, refuse=True)
        if self._listener is not None:
            asyncio.get_running_loop().remove_reader(self._listener.fileno())
            self._listener.close()
            self._listener = None
            self._sockets.remove(self._path)


def pause_listening(listener: socket.socket, accept: Callable[[], None]) -> None:
    """`accept`, the reader of `listener`, met a lack of descriptors or memory: it is called again after a pause, since
    the listener stays readable and the loop would spin. Clients wait in the kernel's queue meanwhile."""
    loop = asyncio.get_running_loop()
    loop.remove_reader(listener.fileno())

    def resume() -> None:
        if listener.fileno() >= 0:  # it may have been closed
            loop.add_reader(listener.fileno(), accept)

    loop.call_later(ACCEPT_PAUSE_S, resume)
