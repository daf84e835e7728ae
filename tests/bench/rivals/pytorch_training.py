#!/usr/bin/python3
"""pytorch_training.py [SECONDS] - images a second of training steps (forward, loss, backward) of CIFAR's ResNet-20 and ResNet-8,
batch 128, by PyTorch and by tests/bench/bench_training (`conv: fast` and `exact`), one thread and all, by the clock and by the processor's: interleaved, five
rounds, medians. Needs Debian's python3-torch; run `make bench` or `make build/gcc/tests/bench/bench_training` first.
"""
import os
import re
import statistics
import subprocess
import sys
import time

try:
    import torch
    from torch import nn
    from torch.nn import functional as F
except ImportError as error:
    sys.exit(f'pytorch_training.py: {error}; install python3-torch')

seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 3


class Block(nn.Module):
    def __init__(self, c, k, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(c, k, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(k)
        self.conv2 = nn.Conv2d(k, k, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(k)
        self.stride, self.pad = stride, (k - c) // 2

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.stride > 1:
            x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.pad, self.pad))
        return F.relu(y + x)


def resnet(n):
    layers, c = [nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()], 16
    for k in (16, 32, 64):
        for i in range(n):
            layers.append(Block(c, k, 2 if k != c else 1))
            c = k
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


def theirs(n, threads):
    torch.set_num_threads(threads)
    net, x, label = resnet(n), torch.randn(128, 3, 32, 32), torch.arange(128) % 10
    done = 0
    for i in range(10**6):
        if i == 1:
            start, used = time.perf_counter(), time.process_time()
        F.cross_entropy(net(x), label).backward()
        done += 128 if i else 0
        if i and time.perf_counter() - start > seconds:
            return done / (time.perf_counter() - start), done / (time.process_time() - used)


def ours(layers, conv):
    command = ['build/gcc/tests/bench/bench_training', f'configs/models/cifar_resnet{layers}.yaml', '128', str(seconds), conv]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [(float(clock), float(used))
            for clock, used in re.findall(r'([\d.]+) images/s.*?([\d.]+) images per processor second', text)]


cpus = len(os.sched_getaffinity(0))
print(f'PyTorch {torch.__version__}, batch 128, medians of 5 rounds of {seconds:g} s')
for layers in (8, 20):
    rounds = []
    for _ in range(5):
        fast, exact = ours(layers, 'fast'), ours(layers, 'exact')
        rounds.append((theirs((layers - 2) // 6, 1), fast[0], exact[0], theirs((layers - 2) // 6, cpus), fast[-1], exact[-1]))
    for which, name in enumerate(('images/s', 'images per processor second')):
        median = [statistics.median(r[i][which] for r in rounds) for i in range(6)]
        for threads, (theirs_, fast, exact) in ((1, median[:3]), (cpus, median[3:])):
            print(f'resnet{layers}, {name}, {threads} thread{"s" * (threads > 1)}: {theirs_:.0f}, ours {fast:.0f} ({fast / theirs_:.2f}), '
                  f'exact {exact:.0f} ({exact / theirs_:.2f})')
