"""Finding the daemon, starting one, and leaving none behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path
from unittest import mock

from support import FAKE

import tenfold
from tenfold import daemon

TRAINER = """
import sys; sys.path.insert(0, sys.argv[1])
import tenfold, tenfold.daemon
tenfold.daemon.IDLE_EXIT = 1
loader = tenfold.Loader(output="numpy", batch_size=8)
print(loader._stream.pid, flush=True)
for epoch in range(100000):
    for batch in loader: pass
"""


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


class OwnDaemon(unittest.TestCase):
    def setUp(self) -> None:
        self.runtime = Path(self.enterContext(tempfile.TemporaryDirectory()))
        environment = {"XDG_RUNTIME_DIR": str(self.runtime), "TENFOLD_NNPREPD": str(FAKE)}
        self.enterContext(mock.patch.dict(os.environ, environment))
        self.enterContext(mock.patch.object(daemon, "IDLE_EXIT", 1))
        os.environ.pop("TENFOLD_DAEMON", None)

    def tearDown(self) -> None:
        for process in daemon._started:
            process.terminate()
            process.wait()
        daemon._started.clear()

    def gone(self, pid: int) -> bool:
        deadline = time.monotonic() + 5
        while alive(pid) and time.monotonic() < deadline:
            daemon._started[:] = [p for p in daemon._started if p.poll() is None]
            time.sleep(0.05)
        return not alive(pid)

    def test_it_is_started_shared_and_ends(self):
        one = tenfold.Loader(output="numpy", batch_size=8)
        two = tenfold.Loader(output="numpy", batch_size=8, address="auto")
        pid = one._stream.pid
        self.assertEqual(pid, two._stream.pid)
        self.assertNotEqual(os.getsid(pid), os.getsid(0))  # Ctrl-C does not reach it
        self.assertEqual(len(list(one)), 10)
        one.close()
        time.sleep(1.5)
        self.assertTrue(alive(pid))
        two.close()
        self.assertTrue(self.gone(pid))

    def test_an_interrupted_or_killed_trainer_leaves_none(self):
        package = str(Path(tenfold.__file__).parents[1])
        for number in (signal.SIGINT, signal.SIGKILL):
            trainer = subprocess.Popen(
                [sys.executable, "-c", TRAINER, package],
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            )  # fmt: skip
            pid = int(trainer.stdout.readline())
            self.assertTrue(alive(pid))
            trainer.send_signal(number)
            trainer.wait(5)
            trainer.stdout.close()
            self.assertTrue(self.gone(pid), signal.Signals(number).name)

    def test_a_program_that_fails_says_why(self):
        program = self.runtime / "nnprepd"
        program.write_text("#!/bin/sh\necho 'nnprepd: no memory today' >&2\nexit 1\n")
        program.chmod(0o755)
        os.environ["TENFOLD_NNPREPD"] = str(program)
        with self.assertRaisesRegex(tenfold.DaemonGone, "could not be started: .*no memory today"):
            tenfold.Loader(output="numpy")

    def test_no_program(self):
        os.environ["TENFOLD_NNPREPD"] = str(self.runtime / "none")
        with self.assertRaisesRegex(tenfold.UsageError, "none: cannot be run"):
            tenfold.Loader(output="numpy")
        del os.environ["TENFOLD_NNPREPD"]
        with mock.patch.dict(os.environ, {"PATH": ""}), \
             mock.patch.object(os, "access", return_value=False), \
             self.assertRaisesRegex(tenfold.UsageError, "TENFOLD_NNPREPD"):  # fmt: skip
            tenfold.Loader(output="numpy")

    def test_a_folder_that_others_may_enter_is_refused(self):
        (self.runtime / "tenfold").mkdir(mode=0o755)
        with self.assertRaisesRegex(tenfold.UsageError, "belongs to you"):
            tenfold.Loader(output="numpy")

    def test_a_stale_socket_is_no_daemon(self):
        one = tenfold.Loader(output="numpy", batch_size=8)
        pid = one._stream.pid
        os.kill(pid, signal.SIGKILL)
        self.assertTrue(self.gone(pid))
        one.load_state_dict(one.state_dict())
        self.assertNotEqual(one._stream.pid, pid)
        one.close()

    def test_a_daemon_that_takes_a_connection_while_it_ends_is_none(self):
        (self.runtime / "tenfold").mkdir(mode=0o700)
        with socket.socket(socket.AF_UNIX) as ending:
            ending.bind(str(self.runtime / "tenfold" / "nnprepd.sock"))
            ending.listen()
            thread = threading.Thread(target=lambda: ending.accept()[0].close())
            thread.start()
            loader = tenfold.Loader(output="numpy", batch_size=8)
            thread.join()
        self.assertEqual(len(list(loader)), 10)
        loader.close()

    def test_the_next_daemon_waits_for_the_place_of_one_that_ends(self):
        program = self.runtime / "nnprepd"
        program.write_text(
            "#!/bin/sh\n"
            f"[ -e {self.runtime}/tried ] && exec {FAKE} \"$@\"\n"
            f"touch {self.runtime}/tried\n"
            "echo 'nnprepd: nnprepd.sock: is served by another process' >&2\nexit 1\n"
        )
        program.chmod(0o755)
        os.environ["TENFOLD_NNPREPD"] = str(program)
        loader = tenfold.Loader(output="numpy", batch_size=8)
        self.assertEqual(len(list(loader)), 10)
        loader.close()

    def test_a_remote_daemon_is_reached_through_a_relay(self):
        log = self.runtime / "arguments"
        program = self.runtime / "nnprepd"
        program.write_text(f'#!/bin/sh\necho "$@" >{log}\nexec {FAKE} "$@"\n')
        program.chmod(0o755)
        os.environ["TENFOLD_NNPREPD"] = str(program)
        loader = tenfold.Loader(
            output="numpy", batch_size=8, address="tcp:node7:4711", psk="secret"
        )
        self.assertIn(f"--relay node7:4711 --psk {os.getcwd()}/secret", log.read_text())
        self.assertEqual(len(list(loader)), 10)
        loader.close()


if __name__ == "__main__":
    unittest.main()
