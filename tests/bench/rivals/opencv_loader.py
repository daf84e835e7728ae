#!/usr/bin/python3
"""opencv_loader.py PHOTOS - OpenCV in a pool of threads, beside ours (see rival.py for the options). Needs Debian's python3-opencv. The drawn part
alone is resized, and not filtered where it shrinks (INTER_LINEAR), which is the fastest way."""
import collections
import concurrent.futures

import numpy as np

from rival import BATCH, MEAN, SIZE, STD, draw_box, forever, main, missing

try:
    import cv2
except ImportError as error:
    missing(error, 'install python3-opencv')

SCALE, SHIFT = [np.array([f(m, s) for m, s in zip(MEAN, STD)], np.float32) for f in (lambda m, s: 1 / (255 * s), lambda m, s: -m / s)]


def load(path, recipe, rng, out):
    image = cv2.imread(path, cv2.IMREAD_COLOR)
    x, y, w, h = (int(v) for v in draw_box(recipe, image.shape[1], image.shape[0], rng))
    image = cv2.cvtColor(cv2.resize(image[y:y + h, x:x + w], (SIZE, SIZE), interpolation=cv2.INTER_LINEAR), cv2.COLOR_BGR2RGB)
    if rng.random() < 0.5:
        image = cv2.flip(image, 1)
    for c, plane in enumerate(cv2.split(image)):
        np.multiply(plane, SCALE[c], out=out[c], dtype=np.float32)
        out[c] += SHIFT[c]


def batches(files, recipe, threads):
    cv2.setNumThreads(1)
    order, rng = forever(files), np.random.default_rng(1)

    def batch(paths, seed):
        own, out = np.random.default_rng(seed), np.empty((BATCH, 3, SIZE, SIZE), np.float32)
        for path, place in zip(paths, out):
            load(path, recipe, own, place)
        return out

    pool, ahead = concurrent.futures.ThreadPoolExecutor(threads), collections.deque()
    while True:
        while len(ahead) < 2 * threads:
            ahead.append(pool.submit(batch, [next(order) for _ in range(BATCH)], rng.integers(1 << 32)))
        yield ahead.popleft().result()


if __name__ == '__main__':
    main(__doc__, f'OpenCV {cv2.__version__}', batches)
