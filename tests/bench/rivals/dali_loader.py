#!/usr/bin/env python3
"""dali_loader.py PHOTOS - NVIDIA DALI on the CPU, beside ours (see rival.py for the options). Needs the package nvidia-dali-cuda120, in a virtual environment whose
python runs this. DALI decodes the drawn part only."""
import numpy as np

from rival import BATCH, MEAN, SHORT, SIZE, STD, main, missing

try:
    import nvidia.dali as dali
    from nvidia.dali import fn, math, types
except ImportError as error:
    missing(error, 'install nvidia-dali-cuda120 into a virtual environment and run this with its python')


@dali.pipeline_def(batch_size=BATCH, device_id=None, prefetch_queue_depth=2)
def pipeline(files, recipe):
    coded, _ = fn.readers.file(files=files, random_shuffle=True, initial_fill=len(files))
    if recipe == 'jitter':
        sides = fn.cast(fn.slice(fn.peek_image_shape(coded), 0, 2, axes=[0]), dtype=types.FLOAT)
        side = SIZE * fn.reductions.min(sides) / math.floor(fn.random.uniform(range=[SHORT[0], SHORT[1] + 1]))
        start = fn.random.uniform(range=[0.0, 1.0], shape=[2]) * (sides - side)
        images = fn.decoders.image_slice(coded, start=fn.cast(start, dtype=types.INT32), shape=fn.cast(fn.stack(side, side), dtype=types.INT32), axes=[0, 1])
    else:
        images = fn.decoders.image_random_crop(coded, random_area=[0.08, 1.0], random_aspect_ratio=[3 / 4, 4 / 3])
    images = fn.resize(images, resize_x=SIZE, resize_y=SIZE)
    return fn.crop_mirror_normalize(images, dtype=types.FLOAT, output_layout='CHW', mean=[255 * m for m in MEAN], std=[255 * s for s in STD],
                                    mirror=fn.random.coin_flip())


def batches(files, recipe, threads):
    pipe = pipeline(files, recipe, num_threads=threads)
    pipe.build()
    while True:
        yield np.asarray(pipe.run()[0].as_tensor())


if __name__ == '__main__':
    main(__doc__, f'DALI {dali.__version__}', batches)
