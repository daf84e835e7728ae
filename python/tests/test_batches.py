"""Batches are the daemon's memory: the right ones, not copied, and safe to write into."""

from __future__ import annotations

import gc
import re
import unittest
import weakref

import numpy as np
import torch
from fake_daemon import CLASSES, HEIGHT, WIDTH, images_of, labels_of
from support import Case, equal

import tenfold

SHAPE = (8, 3, HEIGHT, WIDTH)


class Batches(Case):
    """With NumPy; below once more with PyTorch."""

    def in_place(self, **arguments):
        return self.loader(writable=True, **arguments)

    def test_content_of_three_epochs(self):
        loader = self.loader()
        self.assertEqual((len(loader), len(loader.dataset), loader.batch_size), (10, 80, 8))
        self.assertEqual(loader.dataset.num_classes, CLASSES)
        step = 0
        for epoch in range(3):
            for batch in loader:
                images, labels = batch
                self.assertTrue(equal(images, images_of(step, SHAPE, "float32")))
                self.assertTrue(equal(labels, labels_of(step, 8)))
                self.assertTrue(equal(batch.ids, np.arange(8) + step % 10 * 8))
                self.assertTrue(equal(batch.weight, np.ones(8)))
                self.assertEqual((batch.epoch, batch.step), (epoch, step))
                step += 1
        self.assertEqual(step, 30)

    def test_nothing_is_copied(self):
        loader = self.loader()
        images, labels = next(iter(loader))
        ring = loader._stream.ring
        at = ring.tensors["images"].offset + 4 * 5
        self.assertEqual(float(images.reshape(-1)[5]), 35)
        self.ask(loader, "poke", step=0, offset=at + 3, value=0xC2)  # the sign and exponent
        self.assertEqual(float(images.reshape(-1)[5]), -35)
        self.ask(loader, "poke", step=0, offset=ring.tensors["label"].offset, value=9)
        self.assertEqual(int(labels[0]), 9)

    def test_written_in_place_for_three_turns(self):
        loader = self.in_place(hold=2)
        step = 0
        for _ in range(2):
            for images, labels in loader:
                self.assertTrue(equal(images, images_of(step, SHAPE, "float32")), step)
                self.assertTrue(equal(labels, labels_of(step, 8)), step)
                images *= -1
                images += 1
                labels[:] = -7
                step += 1
        self.assertGreaterEqual(step, 3 * loader._stream.ring.slots)

    def test_copies_of_pages_go_with_their_batch(self):
        def anonymous() -> int:
            with open("/proc/self/smaps") as file:
                areas = re.split(r"^(?=[0-9a-f]+-[0-9a-f]+ )", file.read(), flags=re.MULTILINE)
            sizes = (re.search(r"Anonymous: +(\d+) kB", area) for area in areas if ":ring" in area)
            return sum(int(size[1]) for size in sizes)

        iterator = iter(self.in_place())
        for _ in range(5):
            batch = next(iterator)
            self.assertEqual(anonymous(), 0)
            batch[0][...] = -1
            self.assertGreaterEqual(anonymous(), np.asarray(batch[0]).nbytes // 1024)
            batch.release()
            self.assertEqual(anonymous(), 0)

    def test_a_write_stays_here(self):
        loader = self.in_place()
        images, _ = next(iter(loader))
        images[...] = -1
        ring = loader._stream.ring
        seen = np.frombuffer(
            ring._shared.buffer, "<f4", 100, ring.header_bytes + ring.tensors["images"].offset
        )
        self.assertTrue(equal(seen, images_of(0, SHAPE, "float32").reshape(-1)[:100]))

    def test_a_late_write_does_not_hide_the_next_batch(self):
        loader = self.in_place()
        late = []
        for step, (images, labels) in enumerate(loader):
            self.assertTrue(equal(images, images_of(step, SHAPE, "float32")), step)
            for old_images, old_labels in late:
                if old_images is not images:
                    old_images[...] = -1
                    old_labels[...] = -1
            late = [(images, labels)]

    def test_types(self):
        for dtype in ("float32", "float16", "uint8"):
            images, _ = next(iter(self.loader(dtype=dtype)))
            self.assertEqual(str(images.dtype).removeprefix("torch."), dtype)
            self.assertTrue(equal(images, images_of(0, SHAPE, dtype)))

    def test_layouts(self):
        nhwc, _ = next(iter(self.loader(layout="nhwc")))
        self.assertEqual(tuple(nhwc.shape), (8, HEIGHT, WIDTH, 3))
        last, _ = next(iter(self.loader(layout="channels_last")))
        self.assertEqual(tuple(last.shape), SHAPE)
        self.assertTrue(equal(np.asarray(last).transpose(0, 2, 3, 1), nhwc))

    def test_ranks(self):
        parts = [self.loader(batch_size=4, rank=rank, world=2) for rank in (0, 1)]
        for a, b in zip(*parts, strict=True):
            self.assertEqual(tuple(a[0].shape), (4, *SHAPE[1:]))
            self.assertEqual([int(i) for i in (*a.ids, *b.ids)], [a.step * 8 + i for i in range(8)])

    def test_short_last_batch(self):
        short = {"fake.samples": 27, "fake.short": 1}
        self.assertEqual([len(y) for _, y in self.loader(settings=short)], [8, 8, 8, 3])
        last = [x.shape for x, _ in self.loader(batch_size=4, rank=1, world=2, settings=short)][-1]
        self.assertEqual(tuple(last), (0, *SHAPE[1:]))

    def test_soft_labels(self):
        _, labels = next(iter(self.loader(settings={"fake.soft": 1})))
        self.assertTrue(equal(labels, np.full((8, CLASSES), 1 / CLASSES, "f4")))

    def test_mixed_labels_become_soft(self):
        batch = next(iter(self.loader(settings={"fake.mix": 1})))
        expected = np.zeros((8, CLASSES), "f4")
        expected[np.arange(8), labels_of(0, 8)] = 0.75
        expected[np.arange(8), labels_of(1, 8)] = 0.25
        self.assertTrue(equal(batch[1], expected))
        self.assertTrue(equal(batch.label, labels_of(0, 8)))
        self.assertTrue(equal(batch.label_b, labels_of(1, 8)))
        self.assertTrue(equal(batch.share, np.full(8, 0.75)))
        plain = next(iter(self.loader()))
        with self.assertRaisesRegex(tenfold.UsageError, "nothing is mixed"):
            _ = plain.label_b

    def test_batches_stay_valid_as_long_as_they_are_held(self):
        held = []
        for batch in self.loader(hold=3):
            held = [*held, batch][-3:]
            for old in held:
                self.assertTrue(equal(old[0], images_of(old.step, SHAPE, "float32")))
        first, *_ = held
        first.release()
        first.release()
        with self.assertRaisesRegex(tenfold.UsageError, "given back"):
            _ = first.ids

    def test_released_batches_make_room(self):
        iterator = iter(self.loader(hold=4, timeout=5, settings={"data.slots": 4}))
        for _ in range(10):
            next(iterator).release()
        with self.assertRaisesRegex(tenfold.UsageError, "the ring has 4 slots"):
            self.loader(hold=5)

    def test_a_loader_goes_without_the_collector(self):
        gc.disable()
        self.addCleanup(gc.enable)
        loader = tenfold.Loader(address=self.daemon.address, batch_size=8, output=self.output)
        images, _ = next(iter(loader))
        gone = weakref.ref(loader)
        del loader
        self.assertIsNone(gone())
        self.assertTrue(equal(images, images_of(0, SHAPE, "float32")))  # memory outlives the Loader


class NumPy(Batches):
    def test_read_only_unless_asked(self):
        images, labels = next(iter(self.loader()))
        for array in (images, labels):
            with self.assertRaisesRegex(ValueError, "read-only"):
                array[0] = 1
            with self.assertRaises(ValueError):
                array.flags.writeable = True

    def test_bfloat16_as_bits(self):
        images, _ = next(iter(self.loader(dtype="bfloat16")))
        self.assertEqual(images.dtype, np.uint16)

    def test_dlpack(self):
        images, _ = next(iter(self.loader(writable=True)))
        images[0, 0, 0, 0] = 5
        self.assertEqual(float(torch.from_dlpack(images)[0, 0, 0, 0]), 5)


class Torch(Batches):
    output = "torch"

    def in_place(self, **arguments):
        return self.loader(**arguments)

    def test_tensors(self):
        loader = self.loader(output=None)
        images, labels = next(iter(loader))
        self.assertIs(type(images), torch.Tensor)
        self.assertEqual((images.dtype, labels.dtype), (torch.float32, torch.int64))
        self.assertTrue(images.is_contiguous())

    def test_bfloat16(self):
        images, _ = next(iter(self.loader(dtype="bfloat16")))
        self.assertEqual(images.dtype, torch.bfloat16)

    def test_channels_last(self):
        images, _ = next(iter(self.loader(layout="channels_last")))
        self.assertTrue(images.is_contiguous(memory_format=torch.channels_last))

    def test_dlpack(self):
        images, _ = next(iter(self.loader()))
        other = np.from_dlpack(images)
        self.assertEqual(other.ctypes.data, images.data_ptr())

    def test_a_step_of_training(self):
        loader = self.loader()
        layer = torch.nn.Linear(3 * HEIGHT * WIDTH, CLASSES)
        for images, labels in loader:
            loss = torch.nn.functional.cross_entropy(layer(images.flatten(1) / 255), labels)
            loss.backward()
        self.assertTrue(bool(torch.isfinite(layer.weight.grad).all()))


del Batches

if __name__ == "__main__":
    unittest.main()
