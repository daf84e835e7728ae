#!/usr/bin/env python3
"""spdl_loader.py PHOTOS - SPDL (FFmpeg's decoder and filters in a pipeline of threads), beside ours (see rival.py for the options). Needs the package spdl, in a virtual
environment whose python runs this, and FFmpeg's libraries. The drawn part alone is scaled; NumPy makes floats of it."""
import numpy as np

from rival import BATCH, MEAN, SIZE, STD, draw_box, forever, main, missing

try:
    import spdl.io
    import spdl.pipeline
    from importlib.metadata import version
except ImportError as error:
    missing(error, 'install spdl into a virtual environment and run this with its python')

SCALE, SHIFT = [np.array([f(m, s) for m, s in zip(MEAN, STD)], np.float32) for f in (lambda m, s: 1 / (255 * s), lambda m, s: -m / s)]


def batches(files, recipe, threads):
    rng = np.random.default_rng(1)

    def decode(path):
        packets = spdl.io.demux_image(path)
        x, y, w, h = (int(v) for v in draw_box(recipe, packets.width, packets.height, rng))
        mirror = ',hflip' if rng.random() < 0.5 else ''
        return spdl.io.decode_packets(packets, f'crop={w}:{h}:{x}:{y},scale={SIZE}:{SIZE}:flags=bilinear{mirror},format=pix_fmts=rgb24')

    def convert(frames):
        images = spdl.io.to_numpy(spdl.io.convert_frames(frames))
        out = np.empty((BATCH, 3, SIZE, SIZE), np.float32)
        for c in range(3):
            np.multiply(images[..., c], SCALE[c], out=out[:, c], dtype=np.float32)
            out[:, c] += SHIFT[c]
        return out

    pipeline = (spdl.pipeline.PipelineBuilder().add_source(forever(files)).pipe(decode, concurrency=threads).aggregate(BATCH).pipe(convert).add_sink(2)
                .build(num_threads=threads))
    with pipeline.auto_stop():
        yield from pipeline


if __name__ == '__main__':
    main(__doc__, f'SPDL {version("spdl")}', batches)
