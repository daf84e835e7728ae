"""Messages to and from the daemon over a Unix socket (docs/protocol.md).

    connection = Connection(sock, "unix:/run/user/1000/tenfold/nnprepd.sock")
    connection.greet()
    opened, fds = connection.request("open", wait=300, settings=["data.train=/photos"])
    ...
    for message, fds in connection.events(): ...
    connection.close()

Every message is a 4-byte length and a JSON object. Descriptors travel beside the bytes; since the
kernel keeps their order, those that have come wait in a queue until a message claims them.
"""

from __future__ import annotations

import json
import os
import select
import socket
import struct
import time
from collections import deque
from collections.abc import Iterator
from typing import Any

from tenfold.errors import DaemonGone, ProtocolError, from_message

VERSION = 1
SOFTWARE = "tenfold-python/0.1.0"
MESSAGE_MAX = 65536
PART = 32768  # bytes of config text in a `part`: escapes may double it and still fit a message
RING_FDS = 4  # ring, control, ready, freed

Message = dict[str, Any]


class Connection:
    """A connection to a daemon. One thread at a time; a request waits for its reply."""

    def __init__(self, sock: socket.socket, place: str) -> None:
        sock.setblocking(False)
        self.place = place
        self.welcome: Message = {}
        self._sock = sock
        self._bytes = bytearray()
        self._fds: deque[int] = deque()
        self._events: deque[tuple[Message, list[int]]] = deque()
        self._id = 0
        self._ended = False

    def fileno(self) -> int:
        """Return the socket's descriptor, for poll; -1 once closed."""
        return self._sock.fileno()

    def greet(self) -> None:
        """Say which protocol we speak and hear who answers: the first thing on a connection."""
        self.welcome, _ = self.request("hello", version=VERSION, software=SOFTWARE)

    def request(self, kind: str, wait: float = 10, **fields: Any) -> tuple[Message, list[int]]:
        """Send a request and return its reply with the descriptors, which the caller owns.

        An `error` reply is raised. Events that come first are kept for `events`.
        """
        self._id += 1
        self._send({"type": kind, "id": self._id, **fields})
        deadline = time.monotonic() + wait
        while True:
            reply = None
            for message, fds in self._messages():
                if message.get("id") == self._id:
                    reply = message, fds
                else:
                    self._events.append((message, fds))
            if reply and reply[0]["type"] == "error":
                raise from_message(reply[0])
            if reply:
                return reply
            if self._ended:
                raise self._gone(f"the connection ended before {kind!r} was answered")
            left = deadline - time.monotonic()
            if left <= 0:
                raise self._gone(f"{kind!r} was not answered within {wait:g} s")
            self._wait(select.POLLIN, left)
            self._receive()

    def events(self) -> Iterator[tuple[Message, list[int]]]:
        """Read what has come without waiting; the caller owns the descriptors."""
        while not self._ended and self._receive():
            pass
        self._events.extend(self._messages())
        while self._events:
            yield self._events.popleft()

    @property
    def unread(self) -> bool:
        """Whether there is an event that came before a reply and was not asked for yet."""
        return bool(self._events)

    @property
    def ended(self) -> bool:
        """Whether the daemon has closed the connection or died."""
        return self._ended

    def close(self) -> None:
        """Close the socket and every descriptor that nobody has claimed."""
        self._sock.close()
        self._ended = True
        for _, fds in self._events:
            self._fds.extend(fds)
        self._events.clear()
        while self._fds:
            os.close(self._fds.popleft())

    def _gone(self, what: str) -> DaemonGone:
        return DaemonGone(what, self.place)

    def _wait(self, mask: int, seconds: float) -> None:
        poll = select.poll()
        poll.register(self._sock, mask)
        poll.poll(max(1, seconds * 1000))

    def _send(self, message: Message) -> None:
        body = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()
        if len(body) > MESSAGE_MAX:
            raise ProtocolError(
                f"a message of {len(body)} bytes; at most {MESSAGE_MAX} are allowed"
            )
        rest = memoryview(struct.pack("<I", len(body)) + body)
        while rest:
            try:
                rest = rest[self._sock.send(rest, socket.MSG_NOSIGNAL) :]
            except BlockingIOError:
                self._wait(select.POLLOUT, 10)
            except OSError as e:
                raise self._gone(f"the daemon is gone ({e.strerror})") from e

    def _receive(self) -> bool:
        """Read once. False when there is nothing now or the connection has ended."""
        try:
            data, fds, flags, _ = socket.recv_fds(
                self._sock, MESSAGE_MAX, 2 * RING_FDS, socket.MSG_CMSG_CLOEXEC
            )
        except BlockingIOError:
            return False
        except OSError:
            data, fds, flags = b"", [], 0
        self._fds.extend(fds)
        if flags & socket.MSG_CTRUNC:
            raise ProtocolError(
                "descriptors were lost: too many, or this process has no room", self.place
            )
        if not data:
            self._ended = True
            return False
        self._bytes += data
        return True

    def _messages(self) -> Iterator[tuple[Message, list[int]]]:
        while len(self._bytes) >= 4:
            (size,) = struct.unpack_from("<I", self._bytes)
            if not 1 <= size <= MESSAGE_MAX:
                raise ProtocolError(
                    f"a message of {size} bytes; 1..{MESSAGE_MAX} are allowed", self.place
                )
            if len(self._bytes) < 4 + size:
                return
            body = bytes(self._bytes[4 : 4 + size])
            del self._bytes[: 4 + size]
            try:
                message = json.loads(body)
            except (ValueError, RecursionError) as e:
                raise ProtocolError(f"a message is no JSON ({e})", self.place) from e
            if not isinstance(message, dict) or not isinstance(message.get("type"), str):
                raise ProtocolError("a message has no type", self.place)
            yield message, self._claim(message)

    def _claim(self, message: Message) -> list[int]:
        if message["type"] not in ("opened", "moved"):
            return []
        if len(self._fds) < RING_FDS:
            raise ProtocolError(f"{message['type']!r} came without its descriptors", self.place)
        return [self._fds.popleft() for _ in range(RING_FDS)]
