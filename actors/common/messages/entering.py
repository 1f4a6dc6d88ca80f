"""Query processor, controller and a person: what clients are let in with, where `authentication.method` is tokens
(cluster/key_distribution.py)."""

from __future__ import annotations

from actors.common.access_key import AccessKey
from actors.common.messages.base import Message


class AskCredentials(Message, frozen=True):
    """Query processor -> controller, as it starts. Answer: Credentials. Failure 55000: this controller cannot read
    them."""


class Credentials(Message, frozen=True):
    """Controller -> query processor: these access keys count from now on, and no others. Versions are clock times; a
    lower one is ignored. Answer: Informed, of the newest version that it goes by.

    `certificate`: the server's certificate and its private key, PEM; "" where the settings name files.
    """

    version: int
    keys: tuple[AccessKey, ...] = ()
    certificate: str = ""

    def __repr__(self) -> str:
        """Messages are logged: no secret."""
        return f"Credentials({self.version}, {len(self.keys)} keys)"


class KeysChanged(Message, frozen=True):
    """A person -> controller: the cluster's file of access keys is another one. Answer: Done, once every query
    processor that runs goes by it. Failure 55000: one does not answer; it is told as soon as it does."""
