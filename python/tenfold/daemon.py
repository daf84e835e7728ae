"""Reach the daemon, and start one when there is none.

    connection = connect(None)                  # the user's daemon, started if need be
    connection = connect("unix:/run/nnprepd.sock")
    connection = connect("tcp:node7:4711")      # through a local relay, which holds the TLS

A daemon that we start belongs to nobody: it has a session of its own, so that Ctrl-C in a terminal
does not reach it, other trainers of the user may attach, and it ends by itself when nobody has been
connected for a while, however its clients ended.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import socket
import stat
import subprocess
import time
from pathlib import Path

from tenfold.errors import DaemonGone, UsageError
from tenfold.protocol import Connection

IDLE_EXIT = 10  # s without a client after which a daemon that we started ends
_START_WAIT = 10

_started: list[subprocess.Popen[bytes]] = []


def connect(address: str | None, psk: str | os.PathLike[str] | None = None) -> Connection:
    """Connect to `unix:PATH`, `tcp:HOST:PORT`, or for None or "auto" to the user's own daemon.

    `psk` names the file with the pre-shared key of a remote daemon; "munge": MUNGE carries one.
    """
    address = resolve(address)
    if address == "auto":
        return _own(folder() / "nnprepd.sock", [])
    kind, _, rest = address.partition(":")
    if kind == "unix" and rest:
        try:
            return _dial(rest)
        except OSError as e:
            raise DaemonGone(f"no daemon answers ({e.strerror or e})", address) from e
    if kind == "tcp" and rest.rpartition(":")[2].isdecimal():
        psk = psk or os.environ.get("TENFOLD_PSK")
        arguments = ["--relay", rest]
        if psk:
            arguments += ["--munge"] if psk == "munge" else ["--psk", os.path.abspath(psk)]
        name = hashlib.sha256("\0".join(arguments).encode()).hexdigest()[:16]
        return _own(folder() / f"relay-{name}.sock", arguments)
    raise UsageError(f"address is {address!r}; must be unix:PATH, tcp:HOST:PORT or auto")


def resolve(address: str | None) -> str:
    """Fill in the address that the environment names, or "auto"."""
    return address or os.environ.get("TENFOLD_DAEMON") or "auto"


def folder() -> Path:
    """Return the folder of the user's sockets, made if need be: private, or it is refused."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    path = Path(runtime) / "tenfold" if runtime else Path(f"/tmp/tenfold-{os.getuid()}")
    with contextlib.suppress(FileExistsError):
        path.mkdir(mode=0o700)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise UsageError(
            "must be a folder that belongs to you and that others cannot enter", str(path)
        )
    return path


def find_nnprepd() -> str:
    """Return the daemon's program: $TENFOLD_NNPREPD, of the PATH, or of the checkout around us."""
    named = os.environ.get("TENFOLD_NNPREPD")
    if named:
        return os.path.abspath(named)
    checkout = Path(__file__).resolve().parents[2] / "bin" / "nnprepd"
    found = shutil.which("nnprepd") or (str(checkout) if os.access(checkout, os.X_OK) else None)
    if found is None:
        raise UsageError(
            "there is no daemon and no program nnprepd to start one: put it on the PATH or name it "
            "in TENFOLD_NNPREPD"
        )
    return found


def _dial(path: str) -> Connection:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.connect(path)
        connection = Connection(sock, f"unix:{path}")
        connection.greet()
    except BaseException:
        sock.close()
        raise
    return connection


def _own(path: Path, arguments: list[str]) -> Connection:
    """Connect to the user's daemon at `path`, started if need be.

    One that is ending may still take a connection, which it leaves without an answer, and keep the
    next one from its place for a moment: hence the tries.
    """
    for pause in (0.05, 0.2, 1, 0):
        with contextlib.suppress(OSError, DaemonGone):
            return _dial(str(path))
        _start(path, arguments)
        try:
            return _dial(str(path))
        except (OSError, DaemonGone) as e:
            log = path.with_suffix(".log")
            said = log.read_text(errors="replace").strip().splitlines()[-3:] if log.exists() else []
            gone = DaemonGone(
                "nnprepd could not be started: " + ("; ".join(said) or f"it said nothing ({e})"),
                f"unix:{path}",
            )
            if not any("served by another process" in line for line in said):
                raise gone from e
        time.sleep(pause)
    raise gone


def _start(path: Path, arguments: list[str]) -> None:
    """Start a daemon and wait until it listens or has ended (another may have been faster)."""
    program = find_nnprepd()
    command = [program, "--listen", f"unix:{path}", "--idle-exit", str(IDLE_EXIT), *arguments]
    try:
        with path.with_suffix(".log").open("wb") as log:
            child = subprocess.Popen(
                command,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
    except OSError as e:
        raise UsageError(f"cannot be run ({e.strerror})", program) from e
    _started[:] = [process for process in _started if process.poll() is None] + [child]
    assert child.stdout is not None
    with child.stdout as ready:
        os.set_blocking(ready.fileno(), False)
        deadline = time.monotonic() + _START_WAIT
        while time.monotonic() < deadline:
            if ready.read() is not None:  # a line, or the end of file
                return
            time.sleep(0.002)
