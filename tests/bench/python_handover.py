#!/usr/bin/python3
"""python_handover.py PHOTOS - what tenfold.Loader costs beside the batches themselves: microseconds from asking for a
batch that is ready to having its tensors, and seconds from `Loader(...)` to the first batch of 60,000 photographs.
Needs Debian's python3-torch; run `make` first.

Between two batches the program does what a trainer does: it reads every pixel and multiplies matrices for some
milliseconds, so that nothing of the Loader is left in the processor's caches. The time of a hand-over includes giving
the batch before back; it is this thread's processor time, which other programs do not blur as they do a clock's. "In a
row" are batches of a full ring, one at once after the other.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "python"))
import tenfold  # noqa: E402 -- of the checkout

COUNT = 80
CROP = [{"random_resized_crop": {"size": 224}}, "hflip"]
KINDS = [  # name, recipe, batch, type
    ("16 x 3 x 32 x 32 float32", [{"random_resized_crop": {"size": 32}}], 16, "float32"),
    ("32 x 3 x 224 x 224 float32", CROP, 32, "float32"),
    ("32 x 3 x 224 x 224 uint8", CROP, 32, "uint8"),
]


def handover(loader: tenfold.Loader, work: bool) -> list[float]:
    """Microseconds of each of COUNT hand-overs, of batches that were ready."""
    slots = 1 if work else loader._stream.ring.slots - 1  # one is held
    a, times = torch.randn(400, 400), []
    while len(times) < COUNT:
        batches = iter(loader)
        for n in range(len(loader)):
            stream = loader._stream
            while n % slots == 0 and stream.ring.published < stream.next + slots:
                time.sleep(0.0005)
            if work:
                for _ in range(4):
                    a = (a @ a).clamp(-1, 1)
            start = time.thread_time_ns()
            images, _ = next(batches)
            if work or n % slots > 0:
                times.append((time.thread_time_ns() - start) / 1e3)
            if work:
                images.sum()
    return times[20:]  # those of the first turn make the tensors


def first_batch(photos: Path, folder: Path, nnprepd: list[str]) -> list[tuple[float, float]]:
    """Seconds to the first batch of 60,000 files, with a daemon that has never seen them; and of processor time, ours
    and the daemon's.
    """
    files = sorted(photos.glob("*/*"))
    many = folder / "many"
    for n in range(60000):
        target = many / f"class{n % 10}"
        if n < 10:
            target.mkdir(parents=True)
        os.symlink(files[n % len(files)], target / f"{n:05}.jpg")
    seconds = []
    for _ in range(5):
        daemon, address = start(folder, nnprepd)
        begin, cpu = time.perf_counter(), time.process_time()
        with tenfold.Loader({"augment": CROP}, data=many, batch_size=64, address=address) as loader:
            next(iter(loader))
            fields = Path(f"/proc/{daemon.pid}/stat").read_text().rpartition(")")[2].split()
            used = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
            seconds.append((time.perf_counter() - begin, time.process_time() - cpu + used))
            assert len(loader.dataset) == 60000
        daemon.terminate()
        daemon.wait()
    return seconds


def start(folder: Path, nnprepd: list[str]) -> tuple[subprocess.Popen[bytes], str]:
    address = f"unix:{folder}/nnprepd.sock"
    daemon = subprocess.Popen(
        [*nnprepd, "--listen", address], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert daemon.stdout
    daemon.stdout.readline()
    return daemon, address


def main() -> None:
    photos = Path(sys.argv[1]).resolve()
    torch.set_num_threads(1)
    nnprepd = [str(ROOT / "bin/nnprepd")]
    print(f"{os.cpu_count()} CPUs, PyTorch {torch.__version__}; microseconds, median (9th decile) of {COUNT}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        daemon, address = start(folder, nnprepd)
        try:
            for text, augment, batch, dtype in KINDS:
                for output in ("torch", "numpy"):
                    with tenfold.Loader(
                        {"augment": augment},
                        data=photos,
                        batch_size=batch,
                        dtype=dtype,
                        output=output,
                        address=address,
                        settings={"data.cache": "pixels", "data.slots": 16},
                    ) as loader:
                        figures = []
                        for work in (False, True):
                            times = sorted(handover(loader, work))
                            figures += [statistics.median(times), times[len(times) * 9 // 10]]
                        size = loader._stream.ring.slot_bytes / 1e6
                    print(f"{text}, {size:.1f} MB, {output}: in a row {figures[0]:.0f} ({figures[1]:.0f}),", end=" ")
                    print(f"among work {figures[2]:.0f} ({figures[3]:.0f})")
        finally:
            daemon.terminate()
            daemon.wait()
        wall, cpu = zip(*first_batch(photos, folder, nnprepd), strict=True)
        print(f"first batch of 60,000: {statistics.median(wall):.2f} s ({min(wall):.2f}..{max(wall):.2f}),", end=" ")
        print(f"{statistics.median(cpu):.2f} s of processor time")


if __name__ == "__main__":
    main()
