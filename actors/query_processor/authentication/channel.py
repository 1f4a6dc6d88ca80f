"""`Channel`: a connection as authentication sees it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

ACCESS_DENIED = "unable to accept connection, access denied"
"""Aurora DSQL's, for whoever may not connect."""

Entropy = Callable[[int], bytes]
"""So many bytes that nobody can guess."""


class Channel(Protocol):
    @property
    def certificate_hash(self) -> bytes | None:
        """The TLS channel's binding data; None without TLS."""

    @property
    def address(self) -> str:
        """The client's IP address; "" where it is not known."""

    def send(self, data: bytes) -> None: ...

    async def password(self) -> bytes:
        """The payload of the client's next message of that kind."""
