"""`KeyDistribution`: the controller's part in letting clients in with tokens. Every query processor knows the access
keys, and the certificate that it shows, as they lie in the data folder of `up` (access_keys.py, server_certificate.py);
both travel over the bus, never through Ray.

    a query processor starts      it asks, and serves nobody before it has the answer
    `eagleray key` has changed    the controller reads the file and tells every query processor that the cluster's state
                                  names, until each has answered;
    the file (KeysChanged)        then it answers: whoever has removed a key knows that no session begins with it any
                                  more
    a controller starts           it does the same, since its predecessor may have died on the way

A query processor that starts meanwhile may have asked before the file was changed: it is told once it has started. One
that is out of reach keeps the former keys as long as it is: the answer is 55000 then, after TELL_S_MAX, and it is told
as soon as it can be. In the simulator: tests/sim/test_key_distribution.py.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection

from msgspec.structs import replace

from actors.common.errors import OBJECT_NOT_IN_PREREQUISITE_STATE, DatabaseError
from actors.common.messages import AskCredentials, Credentials, Done, Informed, KeysChanged
from actors.common.messages.base import Message
from actors.runtime.interfaces import Context, Reply

TELL_TIMEOUT_S = 1.0
TELL_RETRY_S = 0.5
TELL_S_MAX = 10.0

ABOUT_CREDENTIALS = AskCredentials | KeysChanged
Read = Callable[[], Credentials]
"""What lies in the data folder, of whatever version. Raises OSError, or ValueError with words for a person."""


logger = logging.getLogger(__name__)


class KeyDistribution:
    """`names`: the query processors of the cluster's state, those that do not run just now among them. `read`: None
    where there are no keys to be had."""

    def __init__(self, context: Context, names: Callable[[], Collection[str]], read: Read | None) -> None:
        self._context = context
        self._names = names
        self._read = read
        self._version = 0
        self._begun = False
        """The cluster's state is known."""
        self._untold: set[str] = set()
        """Of the newest ones."""
        self._newest = Credentials(0)
        """That were to be told to all."""
        self._owed: list[tuple[Reply, asyncio.TimerHandle]] = []
        self.stopped = False

    def begin(self) -> None:
        """From now on the cluster's state is known."""
        self._begun = True
        if self._read is not None:
            try:
                self._tell_all(self._current())
            except DatabaseError as error:
                logger.error("%s", error.message)

    def receive(self, sender: str, message: Message, reply: Reply | None) -> None:
        assert reply is not None
        try:
            credentials = self._current()
        except DatabaseError as error:
            reply.fail(error)
            return
        if isinstance(message, AskCredentials):
            reply(credentials)
            return
        self._owed.append((reply, asyncio.get_running_loop().call_later(TELL_S_MAX, self._late, reply)))
        if self._begun:
            self._tell_all(credentials)

    def _current(self) -> Credentials:
        if self._read is None:
            raise DatabaseError(OBJECT_NOT_IN_PREREQUISITE_STATE, "this cluster has no access keys")
        try:
            read = self._read()
        except (OSError, ValueError) as error:
            raise DatabaseError(OBJECT_NOT_IN_PREREQUISITE_STATE, f"the access keys cannot be read: {error}") from None
        self._version = max(self._version + 1, self._context.clock.now().latest)
        return Credentials(self._version, read.keys, read.certificate)

    def _tell_all(self, credentials: Credentials) -> None:
        self._newest = credentials
        self._untold = set(self._names())
        for name in sorted(self._untold):
            self._tell(name)
        self._settle()

    def _tell(self, name: str) -> None:
        credentials = self._newest

        def counts() -> bool:
            """Nothing newer is on its way to all, and the query processor is still one."""
            if self.stopped or name not in self._untold or self._newest is not credentials:
                return False
            if name in self._names():
                return True
            self._untold.discard(name)
            self._settle()
            return False

        def again() -> None:
            if counts():
                self._tell(name)

        def failed(_: DatabaseError) -> None:
            if counts():
                asyncio.get_running_loop().call_later(TELL_RETRY_S, again)

        def told(answer: Message) -> None:
            assert isinstance(answer, Informed)
            if self._newest is not credentials:
                return
            if answer.version > credentials.version:  # an earlier controller's clock was ahead of ours
                self._version = max(self._version, answer.version) + 1
                self._newest = replace(credentials, version=self._version)
                for other in sorted(self._untold):
                    self._tell(other)
                return
            self._untold.discard(name)
            self._settle()

        self._context.bus.request(self._context.name, name, credentials, told, failed, timeout_s=TELL_TIMEOUT_S)

    def _settle(self) -> None:
        if self._untold:
            return
        owed, self._owed = self._owed, []
        for reply, timer in owed:
            timer.cancel()
            reply(Done())

    def _late(self, reply: Reply) -> None:
        self._owed = [pair for pair in self._owed if pair[0] is not reply]
        names = ", ".join(sorted(self._untold)) or "the cluster"
        reply.fail(
            DatabaseError(
                OBJECT_NOT_IN_PREREQUISITE_STATE,
                f"{names} does not answer, and goes by the former access keys until it does; it is told then",
            )
        )
