#!/usr/bin/python3
"""pillow_torchvision.py PHOTOS [SECONDS] - images a second of ResNet's training recipe by torchvision and Pillow in one process with one
thread, and by `nndata bench` with one thread: interleaved, five rounds, medians. Needs Debian's python3-torchvision.

The recipe is configs/imagenet_resnet.yaml's: short side uniform in 256..480, crop 224, mirror, PCA color, normalize, to a batch of
float32. Both read the same files through the page cache.
"""
import glob
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time

try:
    import PIL
    import torch
    import torchvision
    from PIL import Image
    from torchvision import transforms as T
except ImportError as error:
    sys.exit(f'pillow_torchvision.py: {error}; install python3-torchvision')

torch.set_num_threads(1)
photos, seconds = sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else 2
files = sorted(glob.glob(os.path.join(photos, '*', '*')))
eigval = torch.tensor([0.2175, 0.0188, 0.0045])
eigvec = torch.tensor([[-0.5675, 0.7192, 0.4009], [-0.5808, -0.0045, -0.8140], [-0.5836, -0.6948, 0.4203]])
after = T.Compose([T.RandomCrop(224), T.RandomHorizontalFlip(), T.ToTensor()])
normalize = T.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])


def load(path):
    image = Image.open(path).convert('RGB')
    image = T.functional.resize(image, random.randint(256, 480))
    x = after(image)
    return normalize(x + (eigvec @ (torch.randn(3) * 0.1 * eigval)).view(3, 1, 1))


def theirs():
    done, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        batch = [load(files[(done + i) % len(files)]) for i in range(32)]
        assert torch.stack(batch).shape == (32, 3, 224, 224)
        done += 32
    return done / (time.perf_counter() - start)


def ours():
    with tempfile.NamedTemporaryFile() as out:
        subprocess.run(['bin/nndata', 'bench', 'configs/imagenet_resnet.yaml', '--data', photos, '--threads', '1', '--seconds',
                        str(seconds), '--set', 'data.batch=32', '--json', out.name], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        return json.load(open(out.name))['images_per_second']


rounds = [(theirs(), ours()) for _ in range(6)][1:]  # the first is the warm-up
a, b = (statistics.median(r[i] for r in rounds) for i in range(2))
print(f'{len(files)} photographs, 1 thread, medians of 5 rounds of {seconds:g} s')
print(f'torchvision {torchvision.__version__}, Pillow {PIL.__version__}: {a:.0f} images/s')
print(f'nndata bench: {b:.0f} images/s, {b / a:.2f} times as many')
