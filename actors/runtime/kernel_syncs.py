"""fdatasync that neither holds the event loop nor needs a thread: Linux's asynchronous I/O (io_submit, kernel 4.18 and
later) with an eventfd that the loop reads.

    syncs = KernelSyncs.open()              None where the system has none (another kernel, a sandbox without it)
    syncs.begin(descriptor, on_done)        on_done(0) in the loop once it is done, on_done(errno) where it failed
    await syncs.close()

Why not a thread: handing over and back costs two wakes of a thread and the interpreter's lock, which a busy loop gives
away half a millisecond late. A begun sync is some 10 us of the loop's time, its end another 10.

The kernel holds the file itself until its sync has ended, so the descriptor may be closed meanwhile.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import platform
import struct
import sys
from collections.abc import Callable

OnDone = Callable[[int], None]

SYNCS_MAX = 64
"""Under way at once; a journal has one for each file, so one or two. What is more is refused."""

_IOCB = struct.Struct("<QIIHhIQQqQII")
"""struct iocb (linux/aio_abi.h): data, key, rw_flags, opcode, priority, descriptor, buffer, bytes, offset, reserved,
flags, eventfd."""
_EVENT = struct.Struct("<QQqq")
"""struct io_event: data, iocb, result, second result."""
_FDATASYNC = 3
_TELLS_EVENTFD = 1
_CALLS = {"x86_64": (206, 207, 209, 208), "aarch64": (0, 1, 2, 4)}
"""By machine: io_setup, io_destroy, io_submit, io_getevents."""


class KernelSyncs:
    """Of the running event loop. Made by `open`."""

    def __init__(self, context: int, destroy: int, submit: int, get: int) -> None:
        # Without a release of the interpreter's lock around each call: none of them blocks.
        self._call = ctypes.PyDLL(None, use_errno=True).syscall
        self._under_way: dict[int, OnDone] = {}
        self._number = 0
        self._closed: asyncio.Future[None] | None = None
        self._eventfd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._control = ctypes.create_string_buffer(_IOCB.size)
        self._controls = (ctypes.c_void_p * 1)(ctypes.addressof(self._control))
        self._events = ctypes.create_string_buffer(_EVENT.size * SYNCS_MAX)
        number, at_once = ctypes.c_ulong(context), (ctypes.c_long * 2)(0, 0)
        self._destroy = (ctypes.c_long(destroy), number)
        self._submit = (ctypes.c_long(submit), number, ctypes.c_long(1), self._controls)
        self._get = (ctypes.c_long(get), number, ctypes.c_long(0), ctypes.c_long(SYNCS_MAX), self._events, at_once)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._eventfd, self._end)

    @classmethod
    def open(cls) -> KernelSyncs | None:
        calls = _CALLS.get(platform.machine())
        if sys.platform != "linux" or calls is None:
            return None
        setup, destroy, submit, get = calls
        context = ctypes.c_ulong(0)
        if ctypes.PyDLL(None).syscall(ctypes.c_long(setup), ctypes.c_long(SYNCS_MAX), ctypes.byref(context)) != 0:
            return None
        return cls(context.value, destroy, submit, get)

    def begin(self, descriptor: int, on_done: OnDone) -> bool:
        """False where the kernel does not take it, for now or for this file, or after `close`; `on_done` is not called
        then."""
        if self._closed is not None:
            return False
        self._number += 1
        number = self._number
        _IOCB.pack_into(
            self._control, 0, number, 0, 0, _FDATASYNC, 0, descriptor, 0, 0, 0, 0, _TELLS_EVENTFD, self._eventfd
        )
        if self._call(*self._submit) != 1:
            return False
        self._under_way[number] = on_done
        return True

    async def close(self) -> None:
        """Returns once what is under way has ended and been called back; nothing more is begun."""
        self._closed = self._closed or self._loop.create_future()
        if not self._under_way and not self._closed.done():
            self._give_up()
        await self._closed

    def _give_up(self) -> None:
        self._loop.remove_reader(self._eventfd)
        self._call(*self._destroy)
        os.close(self._eventfd)
        assert self._closed is not None
        self._closed.set_result(None)

    def _end(self) -> None:
        try:
            os.eventfd_read(self._eventfd)
        except BlockingIOError:
            return
        for place in range(max(self._call(*self._get), 0)):
            number, _, result, _ = _EVENT.unpack_from(self._events, place * _EVENT.size)
            self._under_way.pop(number)(-result)
        if self._closed is not None and not self._under_way:
            self._give_up()
