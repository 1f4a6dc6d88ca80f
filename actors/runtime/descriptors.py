"""File descriptors: as many as the system lets a process have, and how many of them clients may take.

Clients' sockets, the bus, journals and segments share one process's descriptors. A share is kept for files, so that a
crowd of clients is refused before a journal or a checkpoint finds none left.
"""

from __future__ import annotations

import errno
import resource

FILES = 1024
"""Kept for files and the bus where there is room for it: some hundreds of segments, logs and peers."""
EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
"""What accept and its like fail with while there are none left: they are to be tried again later, not at once."""


def raise_limit() -> int:
    """Raise the soft limit of open files to the hard one, at the start of a process. The limit that holds."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (OSError, ValueError):  # a hard limit above the kernel's own bound
            return soft
    return limit()


def limit() -> int:
    """How many descriptors this process may have."""
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return 1 << 20 if soft == resource.RLIM_INFINITY else soft


def for_clients(descriptors: int) -> int:
    """How many of a process's descriptors clients may take."""
    return descriptors - min(FILES, descriptors // 2)
