"""A stream of a daemon, from the trainer's side, without tensors: the Python twin of client.h.

stream = Stream(None, Request(settings=["data.train=/photos"], start=0), copy_on_write=True)
ring, slot = stream.take()         # None when all steps are done
... ring.memory at slot.offset ...
stream.give_back(ring, slot)
stream.close()
"""

from __future__ import annotations

import os
import select
import time
import weakref
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from tenfold import daemon
from tenfold.errors import (
    DaemonGone,
    DaemonStopped,
    Error,
    ProtocolError,
    WaitTimeout,
    from_message,
)
from tenfold.protocol import PART, Message
from tenfold.ring import Ring, Slot

_OPEN_WAIT = 300  # s for the reply to `open`: the daemon may have to scan the data set first


@dataclass
class Request:
    """What `open` asks for."""

    config: dict[str, Any] | None = None  # as in docs/protocol.md, or {"text": of any length}
    settings: list[str] = field(default_factory=list)
    rank: int = 0
    world: int = 1
    start: int | None = None
    state: dict[str, Any] | None = None
    share: bool = True
    slow: str = "hold"

    def message(self) -> Message:
        """Return the fields of `open`."""
        fields = {
            "settings": self.settings,
            "folder": os.getcwd(),
            "rank": self.rank,
            "world": self.world,
            "share": self.share,
            "slow": self.slow,
            "transport": "memory",
        }
        for key in ("config", "start", "state"):
            if getattr(self, key) is not None:
                fields[key] = getattr(self, key)
        return fields


class Stream:
    """A connection and the rings behind it. One thread at a time, in the process that opened it."""

    def __init__(
        self,
        address: str | None,
        request: Request,
        *,
        copy_on_write: bool,
        psk: str | os.PathLike[str] | None = None,
    ) -> None:
        self._copy_on_write = copy_on_write
        self._rings: list[Ring] = []  # the last one is current; before it, those still held
        self._moves: deque[tuple[int, Ring]] = deque()
        self._stopped: Error | None = None
        self._finished = False
        self._last: Slot | None = None  # taken
        self._connection = daemon.connect(address, psk)
        _live.add(self)
        try:
            self._open(request)
        except (KeyError, TypeError, ValueError, ZeroDivisionError) as e:
            self.close()
            if isinstance(e, Error):
                raise
            raise ProtocolError(f"'opened' lacks what it must say: {e!r}") from e
        except BaseException:
            self.close()
            raise

    def _open(self, request: Request) -> None:
        ask = self._connection.request
        self.pid = self._connection.welcome["pid"]  # the daemon's
        fields = request.message()
        text = (request.config or {}).get("text", "").encode()
        if len(text) > PART:
            for part in _cut(text):
                ask("part", text=part)
            fields["config"] = {"parts": True}
        opened, fds = ask("open", wait=_OPEN_WAIT, **fields)
        self._rings.append(Ring(opened.get("ring"), fds, copy_on_write=self._copy_on_write))
        self.name = str(opened["stream"])
        self.next = int(opened["next"])  # step of the batch that `take` returns next
        self.samples = int(opened["samples"])
        self.steps_per_epoch = int(opened["steps_per_epoch"])
        self.classes = int(opened["classes"])
        self._state = dict(opened["state"])
        self._batch = int(self._state["batch"])
        divmod(self.next, self.steps_per_epoch)

    @property
    def ring(self) -> Ring:
        """The ring that batches come from now."""
        return self._rings[-1]

    def take(self, timeout: float = 0) -> tuple[Ring, Slot] | None:
        """Wait for the next batch (0: as long as the daemon lives) and return it.

        None: the stream is done. Raises what the daemon says went wrong at this step, WaitTimeout,
        or DaemonGone within moments of the daemon's death.
        """
        deadline = time.monotonic() + timeout if timeout else None
        while True:
            if self._moves and self.next >= self._moves[0][0]:
                self._rings.append(self._moves.popleft()[1])
            ring = self.ring
            if ring.published > self.next:
                slot = self._last = ring.take(self.next)
                self.next = slot.step + 1
                return ring, slot
            if self._reason_to_end(ring):
                return None
            self._wait(ring, deadline)

    def give_back(self, ring: Ring, slot: Slot) -> None:
        """Let the daemon fill the slot again; nothing to do once the stream is closed."""
        if ring not in self._rings:
            return
        ring.give_back(slot.step)
        if ring is not self._rings[-1] and not ring.held:
            self._rings.remove(ring)
            ring.close()

    def state(self) -> dict[str, Any]:
        """All that it takes to go on with the batch after the last one taken."""
        state = dict(self._state)
        if self._last:
            state["epoch"], step = divmod(self._last.step + 1, self.steps_per_epoch)
            state["position"] = step * self._batch
            state["bad"] = self._last.bad if step else 0
        return state

    def close(self) -> None:
        """Leave the daemon, which then has back all that was held here."""
        self._connection.close()
        for ring in self._rings + [ring for _, ring in self._moves]:
            ring.close()
        self._rings.clear()
        self._moves.clear()

    def _reason_to_end(self, ring: Ring) -> bool:
        """Whether the stream is done; raises if it has come to another end before `next`."""
        if self.next >= ring.end:
            if self._stopped:
                raise self._stopped
            if self._finished:
                return True
        if self._connection.ended:
            raise self._stopped or DaemonGone(
                "the daemon has ended the connection or died", self._connection.place
            )
        return False

    def _wait(self, ring: Ring, deadline: float | None) -> None:
        """Sleep until there may be a batch, then read what else the daemon has said."""
        begin = time.monotonic_ns()
        poll = select.poll()
        poll.register(self._connection, select.POLLIN)
        poll.register(ring.ready, select.POLLIN)
        left = None if deadline is None else (deadline - time.monotonic()) * 1000
        if left is not None and left <= 0:
            raise WaitTimeout("no batch has come in time", self._connection.place)
        said = self._connection.unread
        for fd, _ in poll.poll(0 if said else left):
            if fd == ring.ready:
                os.eventfd_read(fd)
            else:
                said = True
        ring.add_wait(time.monotonic_ns() - begin)
        if said:
            for message, fds in self._connection.events():
                self._hear(message, fds)

    def _hear(self, message: Message, fds: list[int]) -> None:
        kind = message["type"]
        if kind == "moved":
            ring = Ring(message.get("ring"), fds, copy_on_write=self._copy_on_write)
            at = message.get("at")
            last = self._moves[-1][0] if self._moves else self.next
            if type(at) is not int or at < last or ring.tensors != self.ring.tensors:
                ring.close()
                raise ProtocolError(f"'moved' to another kind of ring, or at {at!r}")
            self._moves.append((at, ring))
        elif kind == "ended":
            self._finished = True
        elif kind in ("failed", "error"):
            self._stopped = from_message(message)
        elif kind == "draining":
            self._stopped = DaemonStopped("the daemon has been stopped", self._connection.place)


def _cut(text: bytes) -> list[str]:
    """Cut UTF-8 text into parts of at most PART bytes that are text of their own."""
    parts = []
    while text:
        end = min(PART, len(text))
        while end < len(text) and text[end] & 0xC0 == 0x80:
            end -= 1
        parts.append(text[:end].decode())
        text = text[end:]
    return parts


_live: weakref.WeakSet[Stream] = weakref.WeakSet()


def _after_fork() -> None:
    """Close the child's copies, so that the parent's end is the connection's end."""
    for stream in list(_live):
        stream.close()


os.register_at_fork(after_in_child=_after_fork)
