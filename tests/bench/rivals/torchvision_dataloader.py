#!/usr/bin/python3
"""torchvision_dataloader.py PHOTOS [SECONDS] [PACKED] - images a second that reach a PyTorch program: torchvision's
ImageFolder through a DataLoader with two workers, and tenfold.Loader with a daemon of two threads, on the same files
(and on PACKED, which `nndata pack` made of them): interleaved, five rounds, medians. Needs Debian's
python3-torchvision; run `make` first.

The recipe is the one that PyTorch's ImageNet example trains with: random resized crop to 224, mirror, normalize, to
batches of 32 in float32. The consumer reads every pixel once (a sum). The processor time is that of all processes that
take part, the consumer's included; on a machine that others use it says more than the rate.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / "python"))
try:
    import PIL
    import torch
    import torchvision
    from torchvision import transforms
except ImportError as error:
    sys.exit(f"torchvision_dataloader.py: {error}; install python3-torchvision")
import tenfold  # noqa: E402 -- of the checkout

BATCH, THREADS = 32, 2
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
RECIPE = {
    "augment": [
        {"random_resized_crop": {"size": 224}},
        "hflip",
        {"normalize": {"mean": MEAN, "std": STD}},
    ]
}

Batches = Iterable[tuple[torch.Tensor, torch.Tensor]]


def theirs(photos: str) -> Batches:
    """Batches without end, so that no round pays for starting workers."""
    transform = transforms.Compose(
        [
            transforms.RandomResizedCrop(224),
            transforms.RandomHorizontalFlip(),
            transforms.ToTensor(),
            transforms.Normalize(MEAN, STD),
        ]
    )
    data = torchvision.datasets.ImageFolder(photos, transform)
    order = torch.utils.data.RandomSampler(data, replacement=True, num_samples=10**7)
    return torch.utils.data.DataLoader(data, BATCH, sampler=order, num_workers=THREADS)


def ours(photos: str, address: str) -> Batches:
    loader = tenfold.Loader(RECIPE, data=photos, batch_size=BATCH, address=address, share=False)
    while True:
        yield from loader


def processor_time(pids: Iterable[int]) -> float:
    """Seconds that the processes have used."""
    fields = (Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids)
    return sum(int(f[11]) + int(f[12]) for f in fields) / os.sysconf("SC_CLK_TCK")


def rate(
    batches: Iterator[tuple[torch.Tensor, torch.Tensor]], pids: list[int], seconds: float
) -> tuple[float, float]:
    """Images a second and seconds of processor time an image.

    What a loader has made ahead while another one ran is taken first.
    """
    for _ in range(6):
        next(batches)
    cpu, done, start = processor_time(pids), 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        images, labels = next(batches)
        if not torch.isfinite(images.sum()) or images.shape != (BATCH, 3, 224, 224):
            sys.exit("that is no batch")
        done += len(labels)
    return done / (time.perf_counter() - start), (processor_time(pids) - cpu) / done


def main() -> None:
    photos, seconds = sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else 2
    sources = [photos, *sys.argv[3:4]]
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        address = f"unix:{folder}/nnprepd.sock"
        command = [ROOT / "bin/nnprepd", "--listen", address, "--threads", str(THREADS)]
        daemon = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert daemon.stdout
        daemon.stdout.readline()
        try:
            workers = iter(theirs(photos))
            feeds = [(workers, [os.getpid(), *(w.pid for w in workers._workers)])]
            feeds += [(ours(source, address), [os.getpid(), daemon.pid]) for source in sources]
            for feed, pids in feeds:
                rate(feed, pids, 0.5)
            rounds = [[rate(feed, pids, seconds) for feed, pids in feeds] for _ in range(5)]
        finally:
            daemon.terminate()
    (rival, rival_cpu), *rest = (
        tuple(map(statistics.median, zip(*r, strict=True))) for r in zip(*rounds, strict=True)
    )
    print(f"{os.cpu_count()} CPUs; medians of 5 rounds of {seconds:g} s, batches of {BATCH}")
    print(f"PyTorch {torch.__version__}, torchvision {torchvision.__version__}, Pillow {PIL.__version__}")
    print(f"DataLoader, {THREADS} workers: {rival:.0f} images/s, {rival_cpu * 1e3:.2f} ms an image")
    for source, (images, cpu) in zip(sources, rest, strict=True):
        print(f"tenfold.Loader, {THREADS} threads, {source}: {images:.0f} images/s,", end=" ")
        print(f"{images / rival:.2f} times as many; {cpu * 1e3:.2f} ms an image,", end=" ")
        print(f"{rival_cpu / cpu:.2f} times less")


if __name__ == "__main__":
    main()
