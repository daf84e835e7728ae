"""A ring of batches in memory that the daemon fills (docs/protocol.md, Memory).

    ring = Ring(opened["ring"], fds, copy_on_write=True)
    if ring.published > step:
        slot = ring.take(step)         # its header; the tensors lie in ring.memory at slot.offset
        ...
        ring.give_back(step)

Memory order. The daemon fills a slot and then raises `published` with a release store; we must see
the slot's bytes when we have seen the number, and must have finished with them when it sees that we
gave them back. Three things make this right from Python:

1. A word is read and written whole. It is aligned, and an item of a memoryview of format "Q" is
   moved by a memcpy of eight bytes, which every C compiler makes one load or store.
2. Neither side is reordered. x86 keeps loads in order, stores in order, and stores behind earlier
   loads; that is all that is needed here. Processors that do not (ARM) get a full fence from
   `_fence`: a lock's release followed by its acquisition may not be crossed in either direction.
3. Where we waited, the daemon's write to the eventfd came after its store and our read of it after
   that write, through the kernel's lock: what it had stored is visible.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
import threading
from dataclasses import dataclass
from math import prod
from typing import Any, NamedTuple

from tenfold.errors import ProtocolError
from tenfold.memory import Memory

PAGE = 4096
UNKNOWN = 2**64 - 1
ITEM_BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "uint8": 1, "int64": 8}

_SEAL_SHRINK = 2  # F_SEAL_SHRINK; a file that cannot shrink cannot fault under us
_PUBLISHED, _END = 4, 5  # words of the ring's header
_TAKEN, _WAITED, _GIVEN_BACK = 2, 3, 8  # words of the control page
_SLOT = struct.Struct("<IIQQIIQ")

_lock = threading.Lock()
_lock.acquire()


def _fence() -> None:
    _lock.release()
    _lock.acquire()


@dataclass(frozen=True)
class Tensor:
    """Where a tensor lies in every slot."""

    name: str
    dtype: str
    offset: int
    shape: tuple[int, ...]


class Slot(NamedTuple):
    """The header of a slot that has been taken, and where its bytes start in the ring."""

    version: int
    epoch: int
    step: int
    first_position: int
    places: int
    valid: int
    bad: int
    offset: int


class Ring:
    """The descriptors of `opened` or `moved`, owned and mapped.

    What is mapped lives as long as something is made over it, also after `close`.

    With `copy_on_write` the tensors lie in a private mapping: it shows the daemon's pages until
    somebody writes into one, and from then on a copy of that page, until the slot is given back.
    Without, they lie in a mapping that nobody can write.
    """

    def __init__(self, layout: Any, fds: list[int], *, copy_on_write: bool) -> None:
        self._fds = fds
        self.held = 0  # slots taken and not yet given back
        self.made: dict[tuple[str, int], Any] = {}  # by name and slot's offset: see batch.View
        try:
            self._map(layout, copy_on_write)
        except (OSError, ValueError, TypeError, KeyError) as e:
            self.close()
            raise ProtocolError(f"the daemon's ring cannot be used: {e!r}") from e
        except ProtocolError:
            self.close()
            raise

    def _map(self, layout: Any, copy_on_write: bool) -> None:
        ring, control, self.ready, self._freed = self._fds
        self.slots = _integer(layout, "slots", 1, 1 << 16)
        self.slot_bytes = _integer(layout, "slot_bytes", PAGE, 1 << 46)
        self.header_bytes = _integer(layout, "header_bytes", PAGE, 1 << 30)
        self.tensors = {t.name: t for t in map(self._tensor, layout["tensors"])}
        for name in ("images", "label", "id", "weight"):
            if name not in self.tensors:
                raise ProtocolError(f"the daemon's ring has no tensor {name!r}")
        self._places = self.tensors["label"].shape[0]
        page = mmap.PAGESIZE if copy_on_write else PAGE
        if self.slot_bytes % page or self.header_bytes % page:
            raise ProtocolError(f"the ring's slots do not start at pages of {page} bytes")
        size = self.header_bytes + self.slots * self.slot_bytes
        if os.fstat(ring).st_size < size or not fcntl.fcntl(ring, fcntl.F_GET_SEALS) & _SEAL_SHRINK:
            raise ProtocolError("the ring's memory is smaller than it says, or could shrink")
        if os.fstat(control).st_size < 8 * (_GIVEN_BACK + self.slots):
            raise ProtocolError("the control page is too small")

        self._shared = Memory(ring, size, private=False)
        self._private = Memory(ring, size, private=True) if copy_on_write else None
        self._head = self._shared.buffer[:64].cast("Q")
        control_map = mmap.mmap(control, 0, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)
        self._control = memoryview(control_map)[: 8 * (_GIVEN_BACK + self.slots)].cast("Q")

        magic, version, slots, slot_bytes, self.first = struct.unpack_from(
            "<8sIIQQ", self._shared.buffer
        )
        if (magic, version, slots, slot_bytes) != (b"TENFRING", 1, self.slots, self.slot_bytes):
            raise ProtocolError("the ring's header does not agree with its description")

    def _tensor(self, entry: Any) -> Tensor:
        name, dtype, shape = entry["name"], entry["dtype"], entry["shape"]
        if dtype not in ITEM_BYTES:
            raise ProtocolError(f"tensor {name!r} has the unknown type {dtype!r}")
        if not 1 <= len(shape) <= 4 or not all(type(n) is int and 0 < n < 1 << 31 for n in shape):
            raise ProtocolError(f"tensor {name!r} has the shape {shape!r}")
        size = prod(shape) * ITEM_BYTES[dtype]
        offset = _integer(entry, "offset", _SLOT.size, self.slot_bytes)
        if offset % 8 or size > self.slot_bytes - offset:
            raise ProtocolError(f"tensor {name!r} does not lie within its slot")
        return Tensor(str(name), dtype, offset, tuple(shape))

    @property
    def memory(self) -> memoryview:
        """The bytes that tensors are made over."""
        return (self._private or self._shared).buffer

    @property
    def published(self) -> int:
        """Steps below are complete, and their bytes visible."""
        value: int = self._head[_PUBLISHED]
        _fence()
        return value

    @property
    def end(self) -> int:
        """No batch of this step or later comes in this ring; UNKNOWN while there is no end."""
        value: int = self._head[_END]
        _fence()
        return value

    def take(self, step: int) -> Slot:
        """Read the header of a published step and tell the daemon which step comes next."""
        offset = self._offset(step)
        slot = Slot._make((*_SLOT.unpack_from(self._shared.buffer, offset), offset))
        if (slot.version, slot.step, slot.places) != (
            1,
            step,
            self._places,
        ) or slot.valid > slot.places:
            raise ProtocolError(f"the slot of step {step} holds {slot}")
        if self._private is not None:
            # What was written into it after its last batch had been given back.
            self._private.drop(offset, self.slot_bytes)
        self._control[_TAKEN] = step + 1
        self.held += 1
        return slot

    def give_back(self, step: int) -> None:
        """Let the daemon fill the slot again.

        What was written into it here goes first: a private page that outlived its batch would hide
        the next one.
        """
        if self._private is not None:
            self._private.drop(self._offset(step), self.slot_bytes)
        self.held -= 1
        _fence()
        self._control[_GIVEN_BACK + (step - self.first) % self.slots] = step + 1
        os.eventfd_write(self._freed, 1)

    def add_wait(self, nanoseconds: int) -> None:
        """Count time spent waiting, for the daemon's statistics."""
        self._control[_WAITED] = (self._control[_WAITED] + nanoseconds) % 2**64

    def close(self) -> None:
        """Close the descriptors. Mapped memory goes when the last tensor over it goes."""
        while self._fds:
            os.close(self._fds.pop())

    def _offset(self, step: int) -> int:
        slot: int = (step - self.first) % self.slots
        return self.header_bytes + slot * self.slot_bytes


def _integer(of: Any, key: str, least: int, most: int) -> int:
    value = of[key]
    if type(value) is not int or not least <= value <= most:
        raise ProtocolError(f"{key} is {value!r}; must be {least}..{most}")
    return int(value)
