"""A file's memory at an address where huge pages fit, which the mmap module does not choose.

    memory = Memory(fd, size, private=True)
    array = numpy.frombuffer(memory.buffer, dtype, count, offset)
    memory.drop(offset, size)

PyTorch's batches lie in a private mapping whose pages are dropped after every batch and faulted in
again by the next. In pages of 2 MiB that is nothing, in pages of 4 KiB it costs as much as a copy;
the kernel gives the former only where address and offset agree modulo 2 MiB.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import weakref

HUGE = 1 << 21
_MAP_FIXED = 0x10

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mmap.restype = ctypes.c_void_p
_libc.mmap.argtypes = [
    ctypes.c_void_p,
    ctypes.c_size_t,
    ctypes.c_int,
    ctypes.c_int,
    ctypes.c_int,
    ctypes.c_int64,
]
_libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
_libc.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]


class Memory:
    """The first `size` bytes of a file; unmapped when nothing is left that was made over `buffer`.

    `private`: writable, and a page that is written becomes this process's own. Else nobody can
    write, through `buffer` or otherwise.
    """

    def __init__(self, fd: int, size: int, *, private: bool) -> None:
        reserved = _map(None, size + HUGE, 0, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, -1)
        self.address = -(-reserved // HUGE) * HUGE
        before, behind = self.address - reserved, reserved + HUGE - self.address
        try:
            if private:
                protection, flags = mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_PRIVATE
            else:
                protection, flags = mmap.PROT_READ, mmap.MAP_SHARED
            _map(self.address, size, protection, flags | _MAP_FIXED, fd)
        except OSError:
            _libc.munmap(reserved, size + HUGE)
            raise
        if before:
            _libc.munmap(reserved, before)
        if behind:
            _libc.munmap(self.address + size, behind)
        memory = (ctypes.c_char * size).from_address(self.address)
        # Not at exit: other modules' arrays may live longer than this one.
        weakref.finalize(memory, _libc.munmap, self.address, size).atexit = False
        whole = memoryview(memory).cast("B")
        self.buffer = whole if private else whole.toreadonly()

    def drop(self, offset: int, size: int) -> None:
        """Forget what was written: pages show the file again. The mapping must be private."""
        if _libc.madvise(self.address + offset, size, mmap.MADV_DONTNEED) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _map(address: int | None, size: int, protection: int, flags: int, fd: int) -> int:
    result: int | None = _libc.mmap(address, size, protection, flags, fd, 0)
    if result is None or result == ctypes.c_void_p(-1).value:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result
