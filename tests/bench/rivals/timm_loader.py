#!/usr/bin/env python3
"""timm_loader.py PHOTOS - timm's data set, transforms and loader, beside ours (see rival.py for the options). Needs the package timm and PyTorch with torchvision, for
instance Debian's python3-torchvision and a virtual environment with --system-site-packages. With one thread it works in its own process;
with more it has as many worker processes. Its nearest to scale jitter is ResizeKeepRatio with a random scale before a random crop."""
import os

from rival import BATCH, MEAN, SHORT, SIZE, STD, main, missing

try:
    import timm
    import timm.data
    import torch
    import torchvision
except ImportError as error:
    missing(error, 'install timm into a virtual environment that sees torchvision and run this with its python')


def batches(files, recipe, threads):
    torch.set_num_threads(1)
    data = timm.data.create_dataset('', os.path.dirname(os.path.dirname(files[0])))
    loader = timm.data.create_loader(data, (3, SIZE, SIZE), BATCH, is_training=True, use_prefetcher=False, color_jitter=0, re_prob=0, interpolation='bilinear',
                                     mean=MEAN, std=STD, num_workers=threads if threads > 1 else 0, device=torch.device('cpu'), pin_memory=False)
    if recipe == 'jitter':
        first = [timm.data.transforms.ResizeKeepRatio(SIZE, longest=0, interpolation='bilinear', random_scale_prob=1,
                                                      random_scale_range=(SHORT[0] / SIZE, SHORT[1] / SIZE)), torchvision.transforms.RandomCrop(SIZE)]
        data.transform.transforms[:1] = first
    while True:
        for images, _ in loader:
            yield images


if __name__ == '__main__':
    main(__doc__, f'timm {timm.__version__}, torchvision {torchvision.__version__}', batches)
