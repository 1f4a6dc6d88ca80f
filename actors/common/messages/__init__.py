"""Every message of the system; one module for each conversation. A message is registered by being defined: all that is
here follows from `Message`."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, Union

from actors.common.messages.base import Done as Done
from actors.common.messages.base import Failure as Failure
from actors.common.messages.base import Message as Message
from actors.common.messages.committing import *
from actors.common.messages.control import *
from actors.common.messages.entering import *
from actors.common.messages.filling import *
from actors.common.messages.journaling import *
from actors.common.messages.membership import *
from actors.common.messages.reading import *
from actors.common.messages.resting import *
from actors.common.messages.streaming import *

MESSAGES = tuple(sorted(Message.__subclasses__(), key=lambda message: message.__name__))
"""The classes, by name."""

if TYPE_CHECKING:
    AnyMessage: TypeAlias = Message
else:
    AnyMessage = Union[MESSAGES]  # noqa: UP007
"""What a frame may hold (framing.py)."""
