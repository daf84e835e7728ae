"""Positions, states, ends and faults of a Loader, with a daemon that fails on demand."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
import unittest
from unittest import mock

import numpy as np
import torch
from fake_daemon import images_of
from support import Case, FakeDaemon, descriptors, equal

import tenfold
from tenfold import daemon

SHAPE = (8, 3, 40, 50)


def steps(loader) -> list[int]:
    return [batch.step for batch in loader]


class Positions(Case):
    def test_an_iteration_is_an_epoch(self):
        loader = self.loader()
        self.assertEqual(steps(loader), list(range(10)))
        self.assertEqual(loader.epoch, 1)
        self.assertEqual(steps(loader), list(range(10, 20)))

    def test_one_that_was_left_is_followed_by_the_next_epoch(self):
        loader = self.loader()
        next(iter(loader))
        self.assertEqual(steps(loader), list(range(10, 20)))

    def test_set_epoch(self):
        loader = self.loader()
        loader.sampler.set_epoch(7)
        self.assertEqual(steps(loader), list(range(70, 80)))
        loader.set_epoch(8)
        self.assertEqual(steps(loader), list(range(80, 90)))
        next(iter(loader))
        loader.set_epoch(9)
        self.assertEqual(steps(loader), list(range(90, 100)))
        with self.assertRaisesRegex(tenfold.UsageError, "epoch is -1"):
            loader.set_epoch(-1)

    def test_one_iteration_at_a_time(self):
        loader = self.loader()
        old = iter(loader)
        next(old)
        iter(loader)
        with self.assertRaisesRegex(tenfold.UsageError, "another iteration"):
            next(old)

    def test_a_state_goes_on_with_the_next_batch(self):
        loader = self.loader()
        iterator = iter(loader)
        for _ in range(14):
            batch = next(iterator, None) or next(iterator := iter(loader))
        self.assertEqual(batch.step, 13)
        state = json.loads(json.dumps(loader.state_dict()))
        self.assertEqual((state["epoch"], state["position"], state["bad"]), (1, 32, 1))
        self.assertEqual(steps(self.loader(state=state)), list(range(14, 20)))
        other = self.loader()
        other.load_state_dict(state)
        other.set_epoch(1)  # as training loops do: keeps the place within the epoch
        self.assertEqual(len(other), 10)
        self.assertEqual(other.state_dict(), state)
        self.assertEqual(steps(other), list(range(14, 20)))
        self.assertEqual(steps(other), list(range(20, 30)))
        other.load_state_dict(state)
        other.set_epoch(3)
        self.assertEqual(steps(other), list(range(30, 40)))

    def test_the_state_of_a_finished_epoch_begins_the_next(self):
        loader = self.loader()
        steps(loader)
        state = loader.state_dict()
        self.assertEqual((state["epoch"], state["position"], state["bad"]), (1, 0, 0))
        self.assertEqual(steps(self.loader(state=state)), list(range(10, 20)))

    def test_a_closed_loader_opens_again(self):
        with self.loader() as loader:
            next(iter(loader))
        self.assertEqual(loader.state_dict()["position"], 8)
        self.assertEqual(steps(loader), list(range(1, 10)))

    def test_joining(self):
        self.assertEqual(steps(self.loader(join=True)), list(range(4, 10)))


class Ends(Case):
    def test_all_steps_are_done(self):
        loader = self.loader(settings={"fake.end_at": 13})
        self.assertEqual(len(steps(loader)), 10)
        self.assertEqual(len(steps(loader)), 3)

    def test_an_error_of_the_data_comes_after_the_good_batches(self):
        iterator = iter(self.loader(settings={"fake.fail_at": 3}))
        self.assertEqual([next(iterator).step for _ in range(3)], [0, 1, 2])
        for _ in range(2):  # and comes again, rather than an end that was none
            with self.assertRaises(tenfold.DataError) as raised:
                next(iterator)
        self.assertEqual(str(raised.exception), "class1/broken: not an image")
        self.assertEqual(raised.exception.place, "class1/broken")

    def test_draining(self):
        iterator = iter(self.loader(settings={"fake.drain_at": 3}))
        self.assertEqual([next(iterator).step for _ in range(3)], [0, 1, 2])
        with self.assertRaises(tenfold.DaemonStopped):
            next(iterator)

    def test_moving_to_another_ring(self):
        loader = self.loader(hold=2, settings={"fake.move_at": 5})
        before, last = descriptors(), []
        for batch in loader:
            last = [*last, batch][-2:]  # at step 5 one of the old ring, one of the new
            for held in last:
                self.assertTrue(equal(held[0], images_of(held.step, SHAPE, "float32")))
        self.assertEqual(batch.step, 9)
        self.assertEqual(descriptors(), before)

    def test_a_killed_daemon_is_noticed(self):
        iterator = iter(loader := self.loader())
        next(iterator)
        while loader._stream.ring.published < 4:
            time.sleep(0.01)
        self.daemon.kill()
        begin = time.monotonic()
        with self.assertRaises(tenfold.DaemonGone):
            for _ in range(10):
                step = next(iterator).step
        self.assertLess(time.monotonic() - begin, 2)
        self.assertEqual(step, 3)  # what was complete has been handed out
        self.daemon = FakeDaemon(self.folder / "fake.sock")
        self.addCleanup(self.daemon.kill)
        loader.load_state_dict(loader.state_dict())
        self.assertEqual(steps(loader), list(range(4, 10)))

    def test_a_killed_daemon_is_noticed_while_waiting(self):
        iterator = iter(self.loader(settings={"fake.stall": 1}))
        threading.Timer(0.3, self.daemon.kill).start()
        begin = time.monotonic()
        with self.assertRaises(tenfold.DaemonGone):
            next(iterator)
        self.assertLess(time.monotonic() - begin, 2)

    def test_no_daemon_after_that(self):
        loader = self.loader()
        state = loader.state_dict()
        self.daemon.kill()
        with self.assertRaisesRegex(tenfold.DaemonGone, r"fake\.sock: no daemon answers"):
            loader.load_state_dict(state)
        self.assertEqual(loader.state_dict(), state)

    def test_timeout(self):
        iterator = iter(self.loader(timeout=0.1, settings={"fake.stall": 1}))
        for _ in range(2):
            with self.assertRaises(tenfold.WaitTimeout):
                next(iterator)

    def test_usage_errors(self):
        with self.assertRaises(tenfold.UsageError) as raised:
            self.loader(settings={"data.nosuch": 1})
        self.assertRegex(str(raised.exception), r"^--set data\.nosuch: is no key of data")
        len(self.loader(settings=None, timeout=np.float32(1)))
        for wrong, text in (
            ({"hold": 0}, "hold is 0"),
            ({"layout": "chwn"}, "layout is 'chwn'"),
            ({"output": "jax"}, "output is 'jax'"),
            ({"output": "torch", "writable": False}, "cannot be read-only"),
            ({"pin_memory": True}, "output='torch'"),
            ({"settings": "data.seed=1"}, "must be a list"),
            ({"settings": 5}, "must be a list"),
            ({"timeout": -1}, "timeout is -1"),
            ({"timeout": "1"}, "timeout is '1'"),
            ({"address": "http://x"}, "address is 'http://x'"),
            ({"address": "tcp:host"}, "address is 'tcp:host'"),
        ):
            with self.subTest(text), self.assertRaisesRegex(tenfold.UsageError, text):
                self.loader(**wrong)

    def test_lies_are_refused(self):
        before = descriptors()
        for lie in ("offset", "shape", "dtype", "slots", "unsealed", "length", "json", "fds"):
            with self.subTest(lie), self.assertRaises(tenfold.ProtocolError):
                self.loader(settings={"fake.lie": lie})
        self.assertEqual(descriptors(), before)

    def test_opening_leaves_nothing_behind(self):
        self.loader().close()
        before = descriptors()
        for _ in range(200):
            loader = tenfold.Loader(address=self.daemon.address, batch_size=8, output="numpy")
            next(iter(loader))
            loader.close()
        self.assertEqual(descriptors(), before)


class Asking(Case):
    """What reaches the daemon."""

    def asked(self, **arguments) -> dict:
        return self.ask(self.loader(**arguments), "echo")

    def test_arguments_become_settings(self):
        opened = self.asked(
            config="recipe.yaml", data="photos", batch_size=4, rank=1, world=2, seed=3,
            shuffle=False, drop_last=False, dtype="uint8", layout="channels_last",
            slow="private", share=False, settings=["data.batch=16"],
        )["opened"]  # fmt: skip
        here = os.getcwd()
        self.assertEqual(opened["config"], {"path": f"{here}/recipe.yaml"})
        self.assertEqual(opened["folder"], here)
        self.assertEqual((opened["rank"], opened["world"], opened["start"]), (1, 2, 0))
        self.assertEqual((opened["slow"], opened["share"]), ("private", False))
        self.assertEqual(
            opened["settings"],
            [f'data.train="{here}/photos"', "data.batch=8", "data.seed=3", "data.shuffle=false",
             'data.last="keep"', 'data.dtype="uint8"', 'data.layout="nhwc"', "data.batch=16"],
        )  # fmt: skip

    def test_configs(self):
        self.assertEqual(self.asked(config="@photos")["opened"]["config"], {"name": "photos"})
        self.assertNotIn("config", self.asked()["opened"])
        recipe = {"augment": ["hflip", {"random_crop": {"size": 32}}]}
        text = self.asked(config=recipe)["opened"]["config"]["text"]
        self.assertEqual(json.loads(text), recipe)

    def test_another_node_gets_the_text_of_a_config(self):
        recipe = self.folder / "recipe.yaml"
        recipe.write_text("augment: [hflip]\n")
        remote = {"address": None, "config": recipe}
        with mock.patch.object(daemon, "_own", lambda *_: daemon.connect(self.daemon.address)), \
             mock.patch.dict(os.environ, TENFOLD_DAEMON="tcp:node7:4711"):  # fmt: skip
            self.assertEqual(self.asked(**remote)["opened"]["config"], {"text": recipe.read_text()})
            with self.assertRaisesRegex(tenfold.UsageError, "none.yaml: cannot be read"):
                self.loader(**remote | {"config": "none.yaml"})

    def test_a_large_config_goes_in_parts(self):
        recipe = {"augment": ['ü"' * 1000] * 100}
        answer = self.asked(config=recipe)
        self.assertEqual(answer["opened"]["config"], {"parts": True})
        text = json.dumps(recipe, ensure_ascii=False).encode()
        self.assertEqual(answer["parts"], hashlib.sha256(text).hexdigest())

    def test_rank_of_torch_distributed(self):
        store = f"file://{self.folder}/store"
        torch.distributed.init_process_group("gloo", init_method=store, rank=0, world_size=1)
        self.addCleanup(torch.distributed.destroy_process_group)
        with mock.patch.object(torch.distributed, "get_world_size", return_value=4), \
             mock.patch.object(torch.distributed, "get_rank", return_value=2):  # fmt: skip
            opened = self.asked(batch_size=2)["opened"]
        self.assertEqual((opened["rank"], opened["world"]), (2, 4))
        self.assertIn("data.batch=8", opened["settings"])


class Pinning(Case):
    output = "torch"

    def test_without_cuda_it_is_a_warning(self):
        if torch.cuda.is_available():
            self.assertTrue(next(iter(self.loader(pin_memory=True)))[0].is_pinned())
            return
        with self.assertWarnsRegex(UserWarning, "no CUDA"):
            self.assertFalse(self.loader(pin_memory=True).pin_memory)

    def test_pinned_batches_are_copies(self):
        ordinary = torch.empty_like
        with mock.patch("torch.cuda.is_available", return_value=True), \
             mock.patch("torch.empty_like", lambda t, **_: ordinary(t)):  # fmt: skip
            kept = list(self.loader(pin_memory=True))
        for batch in kept:
            self.assertTrue(equal(batch[0], images_of(batch.step, SHAPE, "float32")))


class Processes(Case):
    def test_a_fork_is_refused_and_the_parent_goes_on(self):
        iterator = iter(loader := self.loader())
        next(iterator)
        child = os.fork()
        if child == 0:
            refused = 0
            for use in (lambda: next(iterator), lambda: iter(loader), loader.state_dict):
                try:
                    use()
                except tenfold.UsageError as e:
                    refused += "belongs to process" in str(e)
            os._exit(refused)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 3)
        self.assertEqual([batch.step for batch in iterator], list(range(1, 10)))

    def test_a_fork_does_not_keep_the_connection(self):
        loader = self.loader()
        child = os.fork()
        if child == 0:
            signal.pause()
        try:
            self.assertEqual(self.clients(), 1)
            loader.close()
            self.assertEqual(self.clients(), 0)
        finally:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)

    def clients(self) -> int:
        """Sockets that the daemon has, beside its listener."""
        time.sleep(0.3)
        folder = f"/proc/{self.daemon.process.pid}/fd"
        links = [os.readlink(f"{folder}/{fd}") for fd in os.listdir(folder)]
        return sum(link.startswith("socket:") for link in links) - 1

    def test_it_cannot_be_pickled(self):
        with self.assertRaisesRegex(tenfold.UsageError, "make one there"):
            pickle.dumps(self.loader())

    def test_interrupting_a_wait(self):
        code = (
            "import sys; sys.path.insert(0, sys.argv[1]); import tenfold\n"
            "loader = tenfold.Loader(address=sys.argv[2], output='numpy',"
            " settings={'fake.stall': 1})\n"
            "print('waiting', flush=True)\n"
            "for batch in loader: pass\n"
        )
        package = os.path.dirname(os.path.dirname(tenfold.__file__))
        trainer = subprocess.Popen(
            [sys.executable, "-c", code, package, self.daemon.address],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.assertEqual(trainer.stdout.readline(), "waiting\n")
        time.sleep(0.2)
        trainer.send_signal(signal.SIGINT)
        _, said = trainer.communicate(timeout=5)
        self.assertIn("KeyboardInterrupt", said)
        self.assertEqual(self.clients(), 0)


if __name__ == "__main__":
    unittest.main()
