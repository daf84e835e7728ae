#!/usr/bin/env python3
"""tfdata_loader.py PHOTOS - TensorFlow's tf.data, beside ours (see rival.py for the options). Needs the package tensorflow-cpu, in a virtual environment whose python
runs this. It decodes the drawn part only (decode_and_crop_jpeg), with its own defaults: fast integer DCT, resizing without a filter, channels last."""
import os

os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')
os.environ.setdefault('CUDA_VISIBLE_DEVICES', '')

from rival import BATCH, MEAN, SHORT, SIZE, STD, main, missing  # noqa: E402

try:
    import tensorflow as tf
except ImportError as error:
    missing(error, 'install tensorflow-cpu into a virtual environment and run this with its python')


def window(shape, recipe):
    height, width = shape[0], shape[1]
    if recipe == 'rrc':
        start, size, _ = tf.image.sample_distorted_bounding_box(shape, tf.zeros([1, 1, 4]) + [0., 0., 1., 1.], area_range=(0.08, 1), aspect_ratio_range=(3 / 4, 4 / 3),
                                                                max_attempts=10, use_image_if_no_bounding_boxes=True)
        return tf.stack([start[0], start[1], size[0], size[1]])
    short = tf.cast(tf.minimum(height, width), tf.float32)
    side = tf.cast(SIZE * short / tf.cast(tf.random.uniform([], SHORT[0], SHORT[1] + 1, tf.int32), tf.float32), tf.int32)
    y, x = (tf.cast(tf.random.uniform([]) * tf.cast(full - side, tf.float32), tf.int32) for full in (height, width))
    return tf.stack([y, x, side, side])


def batches(files, recipe, threads):
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    scale, shift = [1 / (255 * s) for s in STD], [-m / s for m, s in zip(MEAN, STD)]

    def load(path):
        coded = tf.io.read_file(path)
        image = tf.image.decode_and_crop_jpeg(coded, window(tf.image.extract_jpeg_shape(coded), recipe), channels=3)
        image = tf.image.random_flip_left_right(tf.image.resize(image, [SIZE, SIZE]))
        return image * scale + shift

    data = tf.data.Dataset.from_tensor_slices(files).shuffle(len(files)).repeat().map(load, num_parallel_calls=threads).batch(BATCH).prefetch(2)
    options = tf.data.Options()
    options.threading.private_threadpool_size = threads
    options.deterministic = False
    return data.with_options(options).as_numpy_iterator()


if __name__ == '__main__':
    main(__doc__, f'TensorFlow {tf.__version__}', batches)
