"""What can go wrong, as exceptions.

Each carries the daemon's `place` (a file and line, a sample's key, a socket) and `message`;
printed, they read `place: message`, as the programs print them.
"""

from __future__ import annotations

from typing import Any


class Error(Exception):
    """Something failed that is neither the caller's mistake nor the data's: no memory, no file."""

    def __init__(self, message: str, place: str = "") -> None:
        super().__init__(message, place)
        self.message = message
        self.place = place

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" if self.place else self.message


class UsageError(Error, ValueError):
    """A wrong argument, config or setting, or a use that a Loader refuses; the text says which."""


class DataError(Error):
    """The data set is refused: unreadable, broken images above the limit, a state of other data."""


class DaemonGone(Error, ConnectionError):  # noqa: N818 -- the condition, as in ConnectionReset
    """The daemon has died or cannot be reached. `state_dict()` still holds; see Loader."""


class DaemonStopped(DaemonGone):
    """The daemon was asked to stop; every batch that it had made has been handed out."""


class ProtocolError(DaemonGone):
    """The daemon sent what docs/protocol.md does not allow; the connection is of no more use."""


class WaitTimeout(Error, TimeoutError):  # noqa: N818
    """No batch came within the Loader's `timeout`. Asking again is allowed."""


_KINDS: dict[str, type[Error]] = {
    "failed": Error,
    "usage": UsageError,
    "data": DataError,
    "interrupted": DaemonStopped,
}


def from_message(message: dict[str, Any]) -> Error:
    """Turn the daemon's `error` or `failed` message into the exception for its kind."""
    kind = _KINDS.get(str(message.get("kind")), Error)
    return kind(str(message.get("message", "unknown error")), str(message.get("place") or ""))
