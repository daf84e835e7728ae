"""rival.py - what the loader's rivals share: the recipes, the clock, the check of what comes out, and our own loader beside them.

A rival's script says how it makes batches; this module runs it and ours (on the files and on what `nndata pack` makes of them) in processes
of their own, held to as many processors as there are threads, in turns over the same photographs, and prints medians:

    from rival import main
    def batches(files, recipe, threads): ...         # yields batches of BATCH images, float32, N x 3 x 224 x 224 or N x 224 x 224 x 3
    main(__doc__, 'Rival 1.2', batches)

Run with no arguments but the photographs it prints all; where the rival is not installed a script says so and ends.

    SCRIPT PHOTOS [--seconds 1.5] [--rounds 5] [--threads 1,2] [--recipes jitter,rrc] [--library build/gcc/libtenfold.so] [--nndata bin/nndata]

Recipes: jitter - short side uniform in 256..480, a crop of 224; rrc - a random part of 8..100 % and 3/4..4/3, resized to 224; both then
mirrored half the time and normalized. CPU seconds are those of all the processes that a loader runs in.
"""
import argparse
import ctypes
import glob
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

BATCH, SIZE = 32, 224
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
SHORT = (256, 480)
RECIPES = {'jitter': '  - scale_jitter: {min: 256, max: 480}\n  - random_crop: {size: 224}\n', 'rrc': '  - random_resized_crop: {size: 224}\n'}
AHEAD = 12  # batches that may have been made while nobody asked; more than any of them keeps
CHECKED = 12  # batches whose mean and deviation are looked at
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, '..', '..', '..')


def missing(error, how):
    """End a script whose rival is not installed."""
    sys.exit(f'{os.path.basename(sys.argv[0])}: {error}; {how}')


def photographs(folder):
    files = sorted(glob.glob(os.path.join(folder, '*', '*')))
    if not files:
        sys.exit(f'{folder}: no files in folders of classes')
    return files


def forever(files, seed=0):
    """The files, shuffled anew each epoch."""
    rng = np.random.default_rng(seed)
    while True:
        for i in rng.permutation(len(files)):
            yield files[i]


def draw_box(recipe, width, height, rng):
    """The part (x, y, width, height) of an image, in its pixels, that becomes the 224 x 224."""
    if recipe == 'jitter':
        side = SIZE * min(width, height) / int(rng.integers(SHORT[0], SHORT[1] + 1))
        return rng.random() * (width - side), rng.random() * (height - side), side, side
    for _ in range(10):
        area, ratio = width * height * rng.uniform(0.08, 1), np.exp(rng.uniform(np.log(3 / 4), np.log(4 / 3)))
        w, h = int(round((area * ratio) ** 0.5)), int(round((area / ratio) ** 0.5))
        if 0 < w <= width and 0 < h <= height:
            return int(rng.integers(0, width - w + 1)), int(rng.integers(0, height - h + 1)), w, h
    side = min(width, height)
    return (width - side) // 2, (height - side) // 2, side, side


class Batch(ctypes.Structure):
    """struct tenfold_batch of loader/tenfold.h."""
    _fields_ = [('step', ctypes.c_uint64), ('epoch', ctypes.c_uint32), ('count', ctypes.c_uint32), ('valid', ctypes.c_uint32),
                ('dtype', ctypes.c_int), ('layout', ctypes.c_int), ('height', ctypes.c_int), ('width', ctypes.c_int),
                ('images', ctypes.c_void_p), ('label', ctypes.c_void_p), ('label_b', ctypes.c_void_p), ('lambda', ctypes.c_void_p),
                ('soft', ctypes.c_void_p), ('classes', ctypes.c_int), ('id', ctypes.c_void_p), ('weight', ctypes.c_void_p),
                ('slot', ctypes.c_int)]


def tenfold(library, data, recipe, threads):
    lib = ctypes.CDLL(library)
    handle, batch, error = ctypes.c_void_p(), Batch(), ctypes.create_string_buffer(1600)
    with tempfile.NamedTemporaryFile('w', suffix='.yaml') as config:
        config.write(f'augment:\n{RECIPES[recipe]}  - hflip\n  - normalize: {{mean: {list(MEAN)}, std: {list(STD)}}}\n')
        config.flush()
        if lib.tenfold_open(ctypes.byref(handle), config.name.encode(), f'data={data} batch={BATCH} threads={threads}'.encode(), error):
            sys.exit(error.value.decode())
    while True:
        if lib.tenfold_next(handle, ctypes.byref(batch), error) != 1:
            sys.exit(error.value.decode())
        values = ctypes.cast(batch.images, ctypes.POINTER(ctypes.c_float))
        yield np.ctypeslib.as_array(values, (BATCH, 3, SIZE, SIZE))
        lib.tenfold_release(handle, ctypes.byref(batch))


def cpu_seconds():
    """Of all processes of this one's group, in which each contestant runs alone."""
    group, ticks = os.getpgrp(), 0
    for path in glob.glob('/proc/[0-9]*/stat'):
        try:
            fields = open(path).read().rsplit(')', 1)[1].split()
        except OSError:
            continue  # it has ended
        if int(fields[2]) == group:
            ticks += sum(int(v) for v in fields[11:15])
    return ticks / os.sysconf('SC_CLK_TCK')


def look_at(batches):
    """Fail unless these are batches; their mean and deviation."""
    values = []
    for _ in range(CHECKED):
        x = np.asarray(next(batches))
        assert x.dtype == np.float32 and x.shape in ((BATCH, 3, SIZE, SIZE), (BATCH, SIZE, SIZE, 3)), (x.dtype, x.shape)
        assert np.isfinite(x).all()
        values.append((float(x.mean()), float(x.std())))
    return [statistics.mean(v) for v in zip(*values)]


def contestant(batches):
    """A contestant's process: say what comes out, then measure whenever asked for a number of seconds."""
    print(json.dumps(look_at(batches)), flush=True)
    for line in sys.stdin:
        for _ in range(AHEAD):
            next(batches)
        images, cpu, start = 0, cpu_seconds(), time.perf_counter()
        while time.perf_counter() - start < float(line):
            next(batches)
            images += BATCH
        wall, cpu = time.perf_counter() - start, cpu_seconds() - cpu
        print(json.dumps({'rate': images / wall, 'cpu': 1000 * cpu / images}), flush=True)


class Running:
    """A contestant, started and checked."""

    def __init__(self, arguments, cpus):
        self.process = subprocess.Popen([sys.executable, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        preexec_fn=lambda: (os.setpgrp(), os.sched_setaffinity(0, cpus)))
        self.mean, self.std = self.answer()

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f'a contestant ended with status {self.process.wait()}')
        return json.loads(line)

    def measure(self, seconds):
        self.process.stdin.write(f'{seconds}\n')
        self.process.stdin.flush()
        return self.answer()

    def stop(self):
        self.process.kill()
        self.process.wait()


def compete(options, name, threads, recipe, packed):
    cpus = set(sorted(os.sched_getaffinity(0))[:threads])
    common = ['--threads', str(threads), '--recipes', recipe, '--library', options.library]
    running = {name: Running([sys.argv[0], options.photos, '--run', 'rival', *common], cpus),
               'Tenfold, files': Running([os.path.abspath(__file__), options.photos, '--run', 'ours', *common], cpus),
               'Tenfold, packed': Running([os.path.abspath(__file__), packed, '--run', 'ours', *common], cpus)}
    ours = running['Tenfold, files']
    for label, r in running.items():
        assert abs(r.mean - ours.mean) < 0.15 and abs(r.std - ours.std) < 0.2, f'{label}: mean {r.mean}, deviation {r.std}; ours {ours.mean}, {ours.std}'
    rounds = [{label: r.measure(options.seconds) for label, r in running.items()} for _ in range(options.rounds)]
    for r in running.values():
        r.stop()
    theirs = None
    for label in running:
        rate, cpu = (statistics.median(x[label][key] for x in rounds) for key in ('rate', 'cpu'))
        theirs = theirs or (rate, cpu)
        print(f'| {recipe} | {threads} | {label} | {rate:,.0f} | {rate / threads:,.0f} | {cpu:.2f} | {rate / theirs[0]:.2f} | {theirs[1] / cpu:.2f} |',
              flush=True)


def main(doc, name, batches, recipes=tuple(RECIPES)):
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('photos')
    parser.add_argument('--seconds', type=float, default=1.5)
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--threads', default='1,2')
    parser.add_argument('--recipes', default=','.join(recipes))
    parser.add_argument('--library', default=os.path.join(ROOT, 'build/gcc/libtenfold.so'))
    parser.add_argument('--nndata', default=os.path.join(ROOT, 'bin/nndata'))
    parser.add_argument('--run', choices=('rival', 'ours'), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run == 'ours':
        return contestant(tenfold(options.library, options.photos, options.recipes, int(options.threads)))
    if options.run == 'rival':
        return contestant(iter(batches(photographs(options.photos), options.recipes, int(options.threads))))
    print(f'{len(photographs(options.photos))} photographs, {name}, Python {platform.python_version()}; '
          f'medians of {options.rounds} rounds of {options.seconds:g} s\n')
    print('| recipe | threads | | images/s | a core | CPU s per 1,000 images | times as many | times less CPU |\n|---|---|---|---|---|---|---|---|')
    with tempfile.TemporaryDirectory() as folder:
        packed = os.path.join(folder, 'packed')
        subprocess.run([options.nndata, 'pack', options.photos, packed], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for threads in options.threads.split(','):
            for recipe in options.recipes.split(','):
                compete(options, name, int(threads), recipe, packed)


if __name__ == '__main__':  # ours, without a rival's libraries in the process
    main(__doc__, 'none', None)
