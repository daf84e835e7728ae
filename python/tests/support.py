"""What the tests share: the fake daemon as a process, and libraries to run every test with."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))

import tenfold

FAKE = Path(__file__).parent / "fake_daemon.py"


class FakeDaemon:
    """A fake daemon in a process of its own."""

    def __init__(self, path: Path) -> None:
        self.address = f"unix:{path}"
        self.process = subprocess.Popen(
            [sys.executable, FAKE, "--listen", self.address], stdout=subprocess.PIPE
        )
        assert self.process.stdout
        assert self.process.stdout.readline().startswith(b"listening")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Case(unittest.TestCase):
    """A test with a fake daemon; `self.loader` makes Loaders of it that are closed at the end."""

    output = "numpy"

    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.daemon = FakeDaemon(self.folder / "fake.sock")
        self.addCleanup(self.daemon.kill)

    def loader(self, **arguments: Any) -> tenfold.Loader:
        arguments = {
            "address": self.daemon.address,
            "batch_size": 8,
            "output": self.output,
        } | arguments
        loader = tenfold.Loader(**arguments)
        self.addCleanup(loader.close)
        return loader

    def ask(self, loader: tenfold.Loader, kind: str, **fields: Any) -> dict:
        """A request that only the fake daemon knows."""
        return loader._stream._connection.request(kind, **fields)[0]


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def equal(a: Any, b: Any) -> bool:
    return bool(np.array_equal(np.asarray(a), np.asarray(b)))
