#!/usr/bin/python3
"""Train a ResNet in PyTorch on batches from the daemon, or from torchvision.

CIFAR-10 (tar shards, or a folder with a folder per class; 32 pixels, the ResNets of its paper):

    examples/train_pytorch.py 'cifar10-train-{0000..0009}.tar' --val 'cifar10-test-{0000..0001}.tar'

Any ImageFolder (224 pixels, torchvision's resnet18):

    examples/train_pytorch.py photos/train --val photos/val --net resnet18

`--feed torchvision` trains the same net with the same recipe through a DataLoader, for comparison.
`--checkpoint run.pt` saves once an epoch, and goes on from there if the file exists.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import sys
import tarfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

sys.path.insert(0, str(Path(__file__).parents[1] / "python"))  # not needed where it is installed
import tenfold

CIFAR = {"mean": [0.4914, 0.4822, 0.4465], "std": [0.2470, 0.2435, 0.2616]}
IMAGENET = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}

# What torchvision's transforms below do, as the daemon's recipes.
RECIPES = {
    "cifar": (
        [{"random_crop": {"size": 32, "padding": 4}}, "hflip", {"normalize": CIFAR}],
        [{"center_crop": {"size": 32}}, {"normalize": CIFAR}],
    ),
    "imagenet": (
        [{"random_resized_crop": {"size": 224}}, "hflip", {"normalize": IMAGENET}],
        [{"resize_short": {"size": 256}}, {"center_crop": {"size": 224}}, {"normalize": IMAGENET}],
    ),
}


def daemon_loaders(args: argparse.Namespace, style: str) -> tuple[tenfold.Loader, tenfold.Loader]:
    """Return the loaders of training and validation, fed by nnprepd."""
    train, val = ({"augment": augment} for augment in RECIPES[style])
    return (
        tenfold.Loader(train, data=args.data, batch_size=args.batch, seed=args.seed),
        tenfold.Loader(val, data=args.val, batch_size=args.batch, shuffle=False, drop_last=False),
    )


class Tars(torch.utils.data.Dataset):
    """The images of WebDataset tars, held in memory; for torchvision, which reads folders only."""

    def __init__(self, pattern: str, transform: Any) -> None:
        from PIL import Image  # noqa: PLC0415

        self.open, self.transform, files = Image.open, transform, {}
        span = re.search(r"\{(\d+)\.\.(\d+)\}", pattern)
        names = [pattern]
        if span:
            width = len(span[1])
            numbers = range(int(span[1]), int(span[2]) + 1)
            names = [pattern.replace(span[0], f"{n:0{width}}") for n in numbers]
        for name in names:
            with tarfile.open(name) as tar:
                for member in tar:
                    files[os.path.splitext(member.name)] = tar.extractfile(member).read()
        self.images = [(key, ext) for key, ext in sorted(files) if ext in (".png", ".jpg")]
        self.files = files

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, i: int) -> tuple[torch.Tensor, int]:
        key, ext = self.images[i]
        image = self.open(io.BytesIO(self.files[key, ext])).convert("RGB")
        return self.transform(image), int(self.files[key, ".cls"])


def torchvision_loaders(args: argparse.Namespace, style: str) -> tuple[Any, Any]:
    """Return the same by torchvision and DataLoader."""
    from torchvision import datasets  # noqa: PLC0415
    from torchvision import transforms as T  # noqa: N812, PLC0415

    numbers = CIFAR if style == "cifar" else IMAGENET
    after = [T.ToTensor(), T.Normalize(numbers["mean"], numbers["std"])]
    if style == "cifar":
        change = [T.RandomCrop(32, padding=4), T.RandomHorizontalFlip()]
        keep = [T.CenterCrop(32)]
    else:
        change = [T.RandomResizedCrop(224), T.RandomHorizontalFlip()]
        keep = [T.Resize(256), T.CenterCrop(224)]

    def data(where: str, transform: Any) -> torch.utils.data.Dataset:
        kind = datasets.ImageFolder if os.path.isdir(where) else Tars
        return kind(where, T.Compose([*transform, *after]))

    order = torch.Generator().manual_seed(args.seed)
    return (
        torch.utils.data.DataLoader(
            data(args.data, change), args.batch, shuffle=True, drop_last=True, generator=order,
            num_workers=args.workers, persistent_workers=args.workers > 0,
        ),
        torch.utils.data.DataLoader(data(args.val, keep), args.batch, num_workers=args.workers),
    )  # fmt: skip


class Block(nn.Module):
    """Two 3x3 convolutions, a shortcut without weights (He et al., arXiv:1512.03385, option A)."""

    def __init__(self, c: int, k: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(c, k, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(k)
        self.conv2 = nn.Conv2d(k, k, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(k)
        self.stride, self.pad = stride, (k - c) // 2

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the block's output."""
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.stride > 1:
            x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.pad, self.pad))
        return F.relu(y + x)


def network(name: str, classes: int) -> nn.Module:
    """Return CIFAR's ResNet of 6n + 2 layers ("resnet8", "resnet20"), or torchvision's."""
    depth = int(name.removeprefix("resnet")) if name.startswith("resnet") else 0
    if depth % 6 != 2 or depth in (50, 152):
        import torchvision  # noqa: PLC0415

        return getattr(torchvision.models, name)(num_classes=classes)
    layers: list[nn.Module] = [nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
    c = 16
    for k in (16, 32, 64):
        for _ in range(depth // 6):
            layers.append(Block(c, k, 2 if k != c else 1))
            c = k
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, classes))


@torch.no_grad()
def accuracy(net: nn.Module, loader: Iterable[Any], device: str) -> float:
    """Return the share of right answers."""
    net.eval()
    right = total = 0
    for images, labels in loader:
        answers = net(images.to(device)).argmax(1)
        right += int((answers == labels.to(device)).sum())
        total += len(labels)
    return right / total


def main() -> None:
    """Train, and print a line per epoch."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "data", help="training images: a folder of folders, or name-{0000..0009}.tar"
    )
    parser.add_argument("--val", required=True, help="the same, for validation")
    parser.add_argument("--feed", choices=["daemon", "torchvision"], default="daemon")
    parser.add_argument(
        "--net", default="resnet20", help="resnet8, resnet20 ... of 32 pixels; or torchvision's"
    )
    parser.add_argument("--classes", type=int, default=10)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--lr", type=float, default=0.2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2, help="of torchvision's DataLoader")
    parser.add_argument("--checkpoint", help="file to save to and to go on from")
    parser.add_argument("--stop", type=int, help="after so many epochs of --epochs")
    args = parser.parse_args()

    torch.manual_seed(args.seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    net = network(args.net, args.classes)
    style = "cifar" if isinstance(net, nn.Sequential) else "imagenet"
    feed = daemon_loaders if args.feed == "daemon" else torchvision_loaders
    train, val = feed(args, style)
    net.to(device)
    optimizer = torch.optim.SGD(
        net.parameters(), args.lr, momentum=0.9, nesterov=True, weight_decay=5e-4
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, args.lr, epochs=args.epochs, steps_per_epoch=len(train), pct_start=0.1
    )
    parts = {"net": net, "optimizer": optimizer, "schedule": schedule}
    if isinstance(train, tenfold.Loader):
        parts["train"] = train
    begin = 0
    if args.checkpoint and os.path.exists(args.checkpoint):
        saved = torch.load(args.checkpoint)
        begin = saved["epoch"]
        for name, part in parts.items():
            part.load_state_dict(saved[name])

    for epoch in range(begin, min(args.epochs, args.stop or args.epochs)):
        net.train()
        start, waited, total = time.perf_counter(), 0.0, 0.0
        asked = start
        for images, labels in train:
            waited += time.perf_counter() - asked
            loss = F.cross_entropy(net(images.to(device)), labels.to(device))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item()
            asked = time.perf_counter()
        seconds = time.perf_counter() - start
        print(
            f"epoch {epoch + 1:3}  loss {total / len(train):.4f}  "
            f"val {accuracy(net, val, device):.4f}  {seconds:.1f} s, {waited:.2f} s of it waiting",
            flush=True,
        )
        if args.checkpoint:
            states = {name: part.state_dict() for name, part in parts.items()}
            torch.save({"epoch": epoch + 1} | states, args.checkpoint + ".new")
            os.replace(args.checkpoint + ".new", args.checkpoint)


if __name__ == "__main__":
    main()
