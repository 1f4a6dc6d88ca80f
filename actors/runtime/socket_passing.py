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

What is offered in one turn of the loop goes together: a packet (SOCK_SEQPACKET, so it is whole or not there) has a
question for each of up to OFFERS_MAX clients ("&&&?"), or up to SOCKETS_MAX sockets, each with its bytes behind their
kind and length; the answer has a letter for each ("!!#!"). Packets are answered in their order. A thousand sessions
that wake at once cost some hundred packets.

So a client is never handed to a process that is stalled: no answer within `ANSWER_S`, a full queue and an absent
receiver end an offer with AWAY, and whoever accepts turns to another.

A sender keeps a copy of each socket until the receiver has said "v", or is gone: one that is closed, or finds the
receiver closed, hears it out (`_Farewell`). After "x" nobody has read from the client, and the sender has the only
copy: `on_lost` gets it, with what had gone with it. Of the sockets of a packet the kernel drops the last ones, those
for which there is no descriptor.

A session goes on while the receiver is asked: `give` looks again whether the session may go, at the moment at which it
does, and says what goes with it. Between that look and the packet the loop has no turn, so nothing is read from the
client in between.
"""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Callable, Sequence
from enum import Enum

from actors.runtime.passed_packets import (
    ALREADY_READ_BYTES_MAX,
    ASK,
    ASK_SESSION,
    FULL,
    LOST,
    PACKET_BYTES_MAX,
    PACKETS_BATCH,
    PIECE_HEAD_BYTES,
    ROOM,
    SESSION,
    SOCKET,
    SOCKETS_MAX,
    pack,
)
from actors.runtime.sockets import HOST, Sockets

ANSWER_S = 0.25
"""A turn of a busy loop is some milliseconds."""
OFFERS_MAX = 128
"""Questions and sockets without an answer, of one sender: the answers fit into the socket's buffer (212,992 bytes by
default, 768 a packet), however late they are read."""


class Outcome(Enum):
    """Of an offer. FULL: the receiver is there and has no room. AWAY: it is not there, or does not answer in time.
    WITHDRAWN: `give` gave nothing."""

    TAKEN = 1
    FULL = 2
    AWAY = 3
    WITHDRAWN = 4


OnEnd = Callable[[Outcome], None]
OnLost = Callable[[socket.socket, bytes], None]
"""(a copy of the socket, what had gone with it), after an offer that ended with TAKEN: the receiver has said that the
socket did not arrive."""
Give = Callable[[], tuple[int, bytes] | None]
"""(the socket's descriptor, the encoded session), or None: it does not go now."""


class _Offer:
    __slots__ = ("give", "insist", "kind", "on_end", "on_lost")

    def __init__(self, kind: int, give: Give, insist: bool, on_end: OnEnd, on_lost: OnLost) -> None:
        self.kind = kind
        self.give = give
        self.insist = insist
        self.on_end = on_end
        self.on_lost = on_lost


class _Question:
    """Offers that the receiver was asked about together. `offers` is empty once they were given up: the answer is
    awaited only because answers are counted."""

    __slots__ = ("count", "offers", "timer")

    timer: asyncio.TimerHandle

    def __init__(self, offers: list[_Offer]) -> None:
        self.offers = offers
        self.count = len(offers)


class _Passed:
    """Sockets on their way in one packet: (a copy, what goes with it, whom to tell if it is lost) of each. The copies
    are closed when the receiver has them."""

    __slots__ = ("_passed", "_sockets", "count")

    def __init__(self, passed: list[tuple[int, bytes, OnLost]], sockets: Sockets) -> None:
        self._passed = passed
        self._sockets = sockets
        self.count = len(passed)

    def settle(self, answers: bytes) -> None:
        for answer, (copy, data, on_lost) in zip(answers, self._passed, strict=True):
            if answer == LOST:
                on_lost(self._sockets.adopt(copy), data)
            else:
                self._sockets.close(copy)

    def forget(self) -> None:
        for copy, _, _ in self._passed:
            self._sockets.close(copy)


class SocketSender:
    """Connects when it is needed, and again after the receiver was away. `on_free`: called where it was `busy` and is
    so no more."""

    def __init__(self, path: str, on_free: Callable[[], None] = lambda: None, sockets: Sockets = HOST) -> None:
        self._path = path
        self._sockets = sockets
        self._on_free = on_free
        self._socket: socket.socket | None = None
        self._gathered: list[_Offer] = []
        """The receiver is asked at the end of this turn of the loop."""
        self._awaited: deque[_Question | _Passed] = deque()
        """Packets that the receiver owes an answer to, in the order of the answers."""
        self._owed = 0
        """How many offers and sockets those are, and the gathered ones."""
        self._late = 0
        """How many questions were given up."""

    def offer(
        self, client: socket.socket, on_end: OnEnd, on_lost: OnLost, already_read: bytes = b"", *, insist: bool = False
    ) -> None:
        """`on_end(TAKEN)` once `client` is with the receiver (which may still die with it, or say that it has it not):
        the caller then closes its own copy. Else, perhaps before this returns, it is the caller's as before. A receiver
        that owes the answer to an offer that has ended is not asked again. `insist`: it is passed to a receiver without
        room, too."""
        assert len(already_read) <= ALREADY_READ_BYTES_MAX
        self._offer(_Offer(SOCKET, lambda: (client.fileno(), already_read), insist, on_end, on_lost))

    def offer_session(self, give: Give, on_end: OnEnd, on_lost: OnLost, *, insist: bool = False) -> None:
        """As `offer`; `give` is called once the receiver wants it, and `on_end(TAKEN)` right after the packet is
        sent."""
        self._offer(_Offer(SESSION, give, insist, on_end, on_lost))

    def pass_session(self, give: Give, on_lost: OnLost) -> Outcome:
        """To a receiver that has just said that it wants it."""
        if self._socket is None or self._owed >= OFFERS_MAX:
            return Outcome.AWAY
        outcomes: list[Outcome] = []
        self._pass([_Offer(SESSION, give, False, outcomes.append, on_lost)])
        return outcomes[0]

    @property
    def busy(self) -> bool:
        """Whether so much is under way to a receiver that is there that another offer is no use now."""
        return self._owed >= OFFERS_MAX and not self._late

    @property
    def passing(self) -> bool:
        """Whether a socket is on its way that the receiver may say it has not got."""
        return any(isinstance(one, _Passed) for one in self._awaited)

    def _offer(self, offer: _Offer) -> None:
        if self._late or self._owed >= OFFERS_MAX or not self._is_connected():
            offer.on_end(Outcome.AWAY)
            return
        if not self._gathered:
            asyncio.get_running_loop().call_soon(self._ask)
        self._gathered.append(offer)
        self._owed += 1

    def _is_connected(self) -> bool:
        """Now, if it can be."""
        if self._socket is None:
            try:
                connecting = self._sockets.connect_to(self._path)
            except OSError:
                return False
            asyncio.get_running_loop().add_reader(connecting.fileno(), self._answered)
            self._socket = connecting
        return True

    def _ask(self) -> None:
        """About all that was gathered. A receiver that was started again is found at the second attempt."""
        offers, self._gathered = self._gathered, []
        question = bytes([ASK_SESSION if offer.kind == SESSION else ASK for offer in offers])
        for _ in range(2 if offers else 0):
            if not self._is_connected():
                break
            assert self._socket is not None
            try:
                self._socket.send(question)
            except (BlockingIOError, InterruptedError):
                break
            except OSError:
                self._disconnect()
                self._owed += len(offers)
                continue
            asked = _Question(offers)
            asked.timer = asyncio.get_running_loop().call_later(ANSWER_S, self._give_up, asked)
            self._awaited.append(asked)
            return
        self._owed -= len(offers)
        for offer in offers:
            offer.on_end(Outcome.AWAY)

    def _give_up(self, question: _Question) -> None:
        self._late += 1
        offers, question.offers = question.offers, []
        for offer in offers:
            offer.on_end(Outcome.AWAY)

    def _answered(self) -> None:
        was_busy = self.busy
        self._take_answers()
        if was_busy and not self.busy:
            self._on_free()

    def _take_answers(self) -> None:
        for _ in range(PACKETS_BATCH):
            if self._socket is None:
                return
            try:
                answers = self._socket.recv(OFFERS_MAX)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                answers = b""
            if not self._awaited or len(answers) != self._awaited[0].count:
                self._disconnect()
                return
            answered = self._awaited.popleft()
            self._owed -= answered.count
            if isinstance(answered, _Passed):
                answered.settle(answers)
            else:
                self._hear(answered, answers)

    def _hear(self, question: _Question, answers: bytes) -> None:
        question.timer.cancel()
        if not question.offers:
            self._late -= 1
            return
        welcome: list[_Offer] = []
        for answer, offer in zip(answers, question.offers, strict=True):
            if answer == ROOM or (answer == FULL and offer.insist):
                welcome.append(offer)
            else:
                offer.on_end(Outcome.FULL if answer == FULL else Outcome.AWAY)
        if welcome:
            self._pass(welcome)

    def _pass(self, offers: Sequence[_Offer]) -> None:
        """In packets as large as may be. They are told once all packets are sent."""
        ended: list[tuple[_Offer, Outcome]] = []
        packet: list[tuple[_Offer, int, bytes]] = []
        size = 0
        for offer in offers:
            given = offer.give()
            if given is None:
                ended.append((offer, Outcome.WITHDRAWN))
                continue
            descriptor, data = given
            if len(packet) >= SOCKETS_MAX or size + PIECE_HEAD_BYTES + len(data) > PACKET_BYTES_MAX:
                self._send(packet, ended)
                packet, size = [], 0
            packet.append((offer, descriptor, data))
            size += PIECE_HEAD_BYTES + len(data)
        if packet:
            self._send(packet, ended)
        for offer, outcome in ended:
            offer.on_end(outcome)

    def _send(self, packet: list[tuple[_Offer, int, bytes]], ended: list[tuple[_Offer, Outcome]]) -> None:
        buffers: list[bytes] = []
        copies: list[tuple[int, bytes, OnLost]] = []
        outcome = Outcome.AWAY
        try:
            for offer, descriptor, data in packet:
                copies.append((self._sockets.duplicate(descriptor), data, offer.on_lost))
                buffers += pack(offer.kind, data)
            if self._socket is not None:
                self._sockets.send_with(self._socket, buffers, [copy for copy, _, _ in copies])
                outcome = Outcome.TAKEN
        except OSError:  # the receiver is gone, or reads nothing; or this process has no descriptor left, either
            pass
        passed = _Passed(copies, self._sockets)
        if outcome is Outcome.TAKEN:
            self._awaited.append(passed)
            self._owed += passed.count
        else:
            passed.forget()
        ended += [(offer, outcome) for offer, _, _ in packet]

    def close(self) -> None:
        """What is offered ends with AWAY. What was passed is the receiver's, which may have read from it, unless it
        still says that it has it not."""
        gathered, self._gathered = self._gathered, []
        self._disconnect()
        for offer in gathered:
            offer.on_end(Outcome.AWAY)

    def _disconnect(self) -> None:
        """As `close`, but for what was gathered, about which nobody was asked."""
        leaving, self._socket = self._socket, None
        awaited, self._awaited = self._awaited, deque()
        self._late, self._owed = 0, len(self._gathered)
        if leaving is not None:
            asyncio.get_running_loop().remove_reader(leaving.fileno())
            if any(isinstance(one, _Passed) for one in awaited):
                _Farewell(leaving, awaited)
            else:
                leaving.close()
        for one in awaited:
            if isinstance(one, _Question):
                one.timer.cancel()
                for offer in one.offers:
                    offer.on_end(Outcome.AWAY)


class _Farewell:
    """The answers that a receiver has given, or still gives, to a sender that is done with it."""

    def __init__(self, leaving: socket.socket, awaited: deque[_Question | _Passed]) -> None:
        self._socket = leaving
        self._awaited = awaited
        asyncio.get_running_loop().add_reader(leaving.fileno(), self._answered)

    def _answered(self) -> None:
        while self._awaited:
            try:
                answers = self._socket.recv(OFFERS_MAX)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                answers = b""
            if len(answers) != self._awaited[0].count:
                break
            answered = self._awaited.popleft()
            if isinstance(answered, _Passed):
                answered.settle(answers)
        asyncio.get_running_loop().remove_reader(self._socket.fileno())
        self._socket.close()
        for one in self._awaited:
            if isinstance(one, _Passed):
                one.forget()
