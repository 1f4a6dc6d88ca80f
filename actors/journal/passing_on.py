"""A question to a journal's adjudicator that comes by one of its replicas: the crossbar (crossbar/detour.py) or the
query processor (transaction/resolving.py) that asks cannot reach the adjudicator, and both hear the replica."""

from __future__ import annotations

from actors.common.messages import AskCommit, AskPromise
from actors.runtime.interfaces import Context, Reply

PASSED_ON_S = 1.0
"""Whoever asks has given the question up by then."""


def pass_on(context: Context, writer: str, message: AskPromise | AskCommit, reply: Reply | None) -> None:
    """The writer says itself what it promises, or has decided; the replica has no part in it."""
    if reply is not None:
        context.bus.request(context.name, writer, message, reply, reply.fail, PASSED_ON_S)
