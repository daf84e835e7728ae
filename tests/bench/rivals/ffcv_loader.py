#!/usr/bin/env python3
"""ffcv_loader.py PHOTOS - FFCV, beside ours (see rival.py for the options). Needs the package ffcv, built against OpenCV and TurboJPEG, in a virtual environment that sees
PyTorch. Its own file is written first, as JPEG of quality 90 (`jpg`), or of pixels as they are (FFCV_STORAGE=raw). It has no scale
jitter. Channels last."""
import os
import tempfile

from rival import BATCH, MEAN, SIZE, STD, main, missing

try:
    import ffcv
    import numpy as np
    from ffcv.fields import IntField, RGBImageField
    from ffcv.fields.rgb_image import RandomResizedCropRGBImageDecoder
    from ffcv.loader import Loader, OrderOption
    from ffcv.transforms import NormalizeImage, RandomHorizontalFlip, ToTensor, ToTorchImage
    from ffcv.writer import DatasetWriter
    from PIL import Image
except ImportError as error:
    missing(error, 'install ffcv into a virtual environment that sees PyTorch and run this with its python')

STORAGE = os.environ.get('FFCV_STORAGE', 'jpg')


class Photographs:
    def __init__(self, files):
        self.files = files

    def __len__(self):
        return len(self.files)

    def __getitem__(self, i):
        return np.asarray(Image.open(self.files[i]).convert('RGB')), 0


def batches(files, recipe, threads):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'photos.beton')
        DatasetWriter(path, {'image': RGBImageField(write_mode=STORAGE), 'label': IntField()}, num_workers=1).from_indexed_dataset(Photographs(files))
        scale = [np.array([255 * v for v in values]) for values in (MEAN, STD)]
        image = [RandomResizedCropRGBImageDecoder((SIZE, SIZE)), RandomHorizontalFlip(), NormalizeImage(*scale, np.float32), ToTensor(), ToTorchImage()]
        loader = Loader(path, batch_size=BATCH, num_workers=threads, order=OrderOption.RANDOM, os_cache=True, pipelines={'image': image, 'label': None})
        while True:
            for images, *_ in loader:
                yield images.numpy()


if __name__ == '__main__':
    main(__doc__, f'FFCV {ffcv.__version__}, {STORAGE}', batches, recipes=('rrc',))
