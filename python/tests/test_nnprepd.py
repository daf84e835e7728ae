"""The package with nnprepd itself: the in-process loader's bits, also after kills."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import tempfile
import time
import unittest
from pathlib import Path
from unittest import mock

import in_process
import numpy as np
import torch
from support import equal

import tenfold
from tenfold import daemon

BIN = Path(os.environ.get("TENFOLD_BIN") or Path(__file__).parents[2] / "bin").resolve()
RECIPE = """
augment:
  - random_resized_crop: {size: 32}
  - hflip
  - normalize: {mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25]}
"""


class NNPrepd(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        command = [BIN / "nndata", "synth", cls.folder / "data", "--train", "230", "--test", "10"]
        subprocess.run(command, check=True, capture_output=True)
        cls.data = str(cls.folder / "data" / "train")
        cls.recipe = str(cls.folder / "recipe.yaml")
        Path(cls.recipe).write_text(RECIPE)
        environment = {"XDG_RUNTIME_DIR": str(cls.folder), "TENFOLD_NNPREPD": str(BIN / "nnprepd")}
        cls.enterClassContext(mock.patch.dict(os.environ, environment))
        cls.enterClassContext(mock.patch.object(daemon, "IDLE_EXIT", 2))
        os.environ.pop("TENFOLD_DAEMON", None)

    @classmethod
    def tearDownClass(cls) -> None:
        for process in daemon._started:
            process.terminate()
            process.wait()
        daemon._started.clear()

    def loader(self, **arguments) -> tenfold.Loader:
        usual = {"config": self.recipe, "data": self.data, "batch_size": 16, "seed": 5}
        loader = tenfold.Loader(**(usual | {"output": "numpy", "timeout": 30} | arguments))
        self.addCleanup(loader.close)
        return loader

    def expected(self, more: str, recipe: str | None = None):
        return in_process.batches(recipe or self.recipe, f"data={self.data} batch=16 seed=5 {more}")

    def check(self, batch: tenfold.Batch, expected) -> None:
        images, labels, ids = expected
        self.assertTrue(equal(np.asarray(batch[0]).view(np.uint8).reshape(-1), images))
        self.assertTrue(equal(batch[1], labels))
        self.assertTrue(equal(batch.ids, ids))

    def test_two_epochs_of_the_same_bits(self):
        for output in ("numpy", "torch"):
            loader, step = self.loader(output=output), 0
            self.assertEqual((len(loader), len(loader.dataset)), (14, 230))
            self.assertEqual(loader.dataset.num_classes, 10)
            expected = self.expected("steps=28")
            for _ in range(2):
                for batch in loader:
                    self.assertEqual(batch.step, step)
                    self.check(batch, next(expected))
                    step += 1
            self.assertEqual(step, 28)

    def test_types_and_layouts(self):
        levels = str(self.folder / "levels.yaml")  # not normalized
        Path(levels).write_text("augment: [{random_resized_crop: {size: 32}}]")
        for dtype in ("float32", "float16", "uint8"):
            for layout in ("nchw", "nhwc"):
                loader = self.loader(config=levels, dtype=dtype, layout=layout)
                expected = self.expected(f"steps=1 dtype={dtype} layout={layout}", levels)
                self.check(next(iter(loader)), next(expected))
        images, _ = next(iter(self.loader(dtype="bfloat16", output="torch")))
        expected, _, _ = next(self.expected("steps=1 dtype=bfloat16"))
        self.assertTrue(
            equal(images.view(torch.int16).numpy().view(np.uint8).reshape(-1), expected)
        )

    def test_an_epoch_has_every_sample_once(self):
        loader = self.loader(drop_last=False, shuffle=True)
        self.assertEqual(len(loader), 15)
        for _ in range(2):
            ids = np.concatenate([np.array(batch.ids) for batch in loader])
            self.assertTrue(equal(np.sort(ids), np.arange(230)))

    def test_ranks_share_a_batch(self):
        parts = [self.loader(batch_size=4, rank=rank, world=4) for rank in range(4)]
        for batches in zip(*parts, self.expected("steps=14"), strict=True):
            images = np.concatenate([batch[0].view(np.uint8).reshape(-1) for batch in batches[:4]])
            self.assertTrue(equal(images, batches[4][0]))

    def test_what_is_written_stays_here(self):
        writer, reader = self.loader(output="torch"), self.loader()
        for _ in range(2):  # 28 steps: seven turns of the ring
            for mine, theirs in zip(writer, reader, strict=True):
                self.assertTrue(equal(mine[0], theirs[0]), mine.step)
                self.assertTrue(equal(mine[1], theirs[1]), mine.step)
                mine[0].mul_(-1).add_(1)
                mine[1].fill_(-9)

    def test_slots_of_huge_pages(self):
        large = str(self.folder / "large.yaml")
        Path(large).write_text("augment: [{random_resized_crop: {size: 224}}]")
        loader = self.loader(config=large, output="torch")
        self.assertGreater(loader._stream.ring.slot_bytes, 4 << 20)
        for batch, expected in zip(loader, self.expected("steps=14", large), strict=True):
            self.check(batch, expected)
            batch[0].mul_(-1)

    def test_another_node(self):
        key = self.folder / "key"
        key.write_text("5e" * 32)
        key.chmod(0o600)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            address = f"tcp:127.0.0.1:{free.getsockname()[1]}"
        command = [BIN / "nnprepd", "--listen", address, "--psk", key]
        remote = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.addCleanup(remote.stdout.close)
        self.addCleanup(remote.wait)
        self.addCleanup(remote.terminate)
        self.assertTrue(remote.stdout.readline().startswith(b"listening"))
        loader = self.loader(address=address, psk=key)
        for batch, expected in zip(loader, self.expected("steps=14"), strict=True):
            self.check(batch, expected)
        iterator = iter(loader)
        next(iterator)
        remote.kill()
        begin = time.monotonic()
        with self.assertRaises(tenfold.Error):
            for _ in iterator:
                pass
        self.assertLess(time.monotonic() - begin, 2)

    def test_a_state_goes_on_after_kills_of_the_daemon(self):
        loader, expected = self.loader(), self.expected("steps=28")
        batches = iter(loader)
        for kill_at in (3, 9):
            while True:
                batch = next(batches)
                self.check(batch, next(expected))
                if batch.step == kill_at:
                    break
            pid = loader._stream.pid
            os.kill(pid, signal.SIGKILL)
            begin = time.monotonic()
            with self.assertRaises(tenfold.DaemonGone):
                while True:  # those that were complete
                    self.check(next(batches), next(expected))
            self.assertLess(time.monotonic() - begin, 2)
            loader.load_state_dict(loader.state_dict())
            self.assertNotEqual(loader._stream.pid, pid)
            batches = iter(loader)
        for batch in batches:
            self.check(batch, next(expected))
        self.assertEqual(batch.step, 13)

    def test_a_state_goes_on_in_another_world(self):
        loader = self.loader()
        iterator = iter(loader)
        for _ in range(5):
            next(iterator)
        state = loader.state_dict()
        parts = [self.loader(batch_size=8, rank=r, world=2, state=state) for r in range(2)]
        expected = self.expected("start=5 steps=9")
        for a, b, (images, _, _) in zip(*parts, expected, strict=True):
            both = np.concatenate([a[0], b[0]])
            self.assertTrue(equal(both.view(np.uint8).reshape(-1), images))
        with self.assertRaises(tenfold.Error):
            self.loader(state=state | {"dataset": "0" * 64})

    def test_mixing(self):
        recipe = {
            "augment": [{"random_resized_crop": {"size": 32}}, {"normalize": {}}],
            "mix": [{"mixup": {"alpha": 1.0}}],
        }
        batch = next(iter(self.loader(config=recipe)))
        self.assertEqual(batch[1].shape, (16, 10))
        self.assertTrue(np.allclose(batch[1].sum(1), 1))
        again = next(iter(self.loader(config=recipe, settings={"data.soft_labels": True})))
        self.assertTrue(np.allclose(batch[1], again[1], atol=1e-6))

    def test_errors_say_where(self):
        broken = self.folder / "broken.yaml"
        broken.write_text("augment:\n  - hflip\n  - random_crop: {sise: 32}\n")
        with self.assertRaisesRegex(tenfold.UsageError, r"broken\.yaml:3.*sise"):
            self.loader(config=broken)
        with self.assertRaisesRegex(tenfold.UsageError, "data.nosuch"):
            self.loader(settings={"data.nosuch": 1})
        with self.assertRaisesRegex(tenfold.Error, "nowhere"):
            self.loader(data=self.folder / "nowhere")

    def test_it_ends_when_nobody_is_there(self):
        loader = self.loader()
        pid = loader._stream.pid
        loader.close()
        for other in self._cleanups:
            other[0]()
        deadline = time.monotonic() + 10
        while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
            daemon._started[:] = [p for p in daemon._started if p.poll() is None]
            time.sleep(0.05)
        self.assertFalse(Path(f"/proc/{pid}").exists())
        self.assertFalse((self.folder / "tenfold" / "nnprepd.sock").exists())


if __name__ == "__main__":
    unittest.main()
