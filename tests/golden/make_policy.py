#!/usr/bin/python3
"""Writes policy.json and policy.npy: what torchvision's own operations make of small pictures, one by one, in the chains of its
policies, and mixed by AugMix's formula; and its tables of magnitudes. Pictures come from a formula that tests/test_policy.c
knows too. Operations and magnitudes are drawn here; torchvision's _apply_op, on Pillow images, executes them.
Needs Debian's python3-torchvision. Usage: make_policy.py FOLDER
"""
import os
os.environ['ATEN_CPU_CAPABILITY'] = 'default'  # linspace's last bit moves with the vector unit
import json
import random
import sys

import numpy as np
from PIL import Image
from torchvision.transforms import InterpolationMode
from torchvision.transforms import autoaugment as tv

WIDTH, HEIGHT = 23, 17
FILTERS = {'nearest': InterpolationMode.NEAREST, 'bilinear': InterpolationMode.BILINEAR, 'bicubic': InterpolationMode.BICUBIC}


def picture(kind):
    """0: smooth and rough patches; 1: dim, with few levels; 2: one color."""
    y, x, c = np.meshgrid(np.arange(HEIGHT), np.arange(WIDTH), np.arange(3), indexing='ij')
    smooth = (x * 9 + y * 5 + c * 40) % 256
    rough = (x * 7919 + y * 104729 + c * 1299709 + x * y * 31) % 256
    pixels = [np.where((x // 8 + y // 8) % 2, smooth, rough), 60 + smooth // 4 + c * 7, 90 + 20 * c + 0 * x][kind]
    return Image.fromarray(pixels.astype(np.uint8))


def run(image, steps, filter, fill):
    for op, magnitude in steps:
        image = tv._apply_op(image, op, magnitude, FILTERS[filter], fill=fill)
    return image


spaces = {
    'autoaugment': tv.AutoAugment()._augmentation_space, 'rand': tv.RandAugment()._augmentation_space,
    'wide': lambda bins, size: tv.TrivialAugmentWide()._augmentation_space(bins),
    'augmix': tv.AugMix(all_ops=False)._augmentation_space, 'augmix_all': tv.AugMix()._augmentation_space,
}
rng = random.Random(5)
cases, results = [], []


def add(group, kind, steps, result, filter='nearest', fill=0, **more):
    cases.append({'group': group, 'picture': kind, 'filter': filter, 'fill': fill, 'steps': steps, **more})
    results.append(np.asarray(result))


# One step each: every operation of every policy, from weak to strong, on all pictures.
for space, bins in (('autoaugment', 10), ('wide', 31), ('augmix_all', 10)):
    for op, (table, signed) in spaces[space](bins, (HEIGHT, WIDTH)).items():
        if space == 'augmix_all' and op != 'Posterize':
            continue
        last = bins - 1
        for bin in sorted({1, last // 2, last}) if table.ndim else [0]:
            magnitude = float(table[bin]) if table.ndim else 0.0
            for kind in (0, 1, 2) if space == 'autoaugment' else (0,):
                sign = -1 if signed and rng.random() < 0.5 else 1
                for filter in ('nearest', 'bilinear', 'bicubic') if op.startswith(('Sh', 'Tr', 'Ro')) and kind == 0 else ('nearest',):
                    step = [op, sign * magnitude]
                    fill = rng.choice((0, 128))
                    add('step', kind, [step], run(picture(kind), [step], filter, fill), filter, fill)

# All pairs of AutoAugment, with whatever sign.
for policy in tv.AutoAugmentPolicy:
    space = spaces['autoaugment'](10, (HEIGHT, WIDTH))
    for pair in tv.AutoAugment(policy).policies:
        steps = []
        for op, _, bin in pair:
            table, signed = space[op]
            magnitude = float(table[bin]) if bin is not None else 0.0
            steps.append([op, -magnitude if signed and rng.random() < 0.5 else magnitude])
        add('chain', len(cases) % 2, steps, run(picture(len(cases) % 2), steps, 'nearest', 0))


def draw(space, bins, most):
    op, (table, signed) = rng.choice(list(spaces[space](bins, (HEIGHT, WIDTH)).items()))
    magnitude = float(table[rng.randrange(most)]) if table.ndim else 0.0
    return [op, -magnitude if signed and rng.random() < 0.5 else magnitude]


# Chains as RandAugment draws them.
for number in range(40):
    steps = [draw('rand', 31, 31) for _ in range(1 + number % 5)]
    add('chain', 0, steps, run(picture(0), steps, 'nearest', 128), fill=128)

# AugMix: m of the picture and the rest to the chains by their weights, cut off to whole levels as its .to(uint8).
for number in range(24):
    width = 1 + number % 3
    m = rng.random()
    weights = [rng.gammavariate(1, 1) for _ in range(width)]
    weights = [np.float32((1 - m) * w / sum(weights)) for w in weights]
    mix = np.float32(m) * np.asarray(picture(0)).astype(np.float32)
    branches = []
    for weight in weights:
        branches.append([draw('augmix_all', 10, 10) for _ in range(rng.randint(1, 3))])
        mix = mix + weight * np.asarray(run(picture(0), branches[-1], 'nearest', 0)).astype(np.float32)
    add('augmix', 0, branches, mix.astype(np.uint8), rest=float(np.float32(m)), share=[float(w) for w in weights])

tables = []
for space in ('autoaugment', 'rand', 'wide', 'augmix_all'):
    for size in ((HEIGHT, WIDTH), (224, 224), (375, 500))[:1 if space == 'wide' else 3]:
        for bins in {'autoaugment': (10,), 'augmix_all': (10,)}.get(space, (2, 16, 31, 50)):
            for op, (table, signed) in spaces[space](bins, size).items():
                values = [float(v) for v in table] if table.ndim else [0.0]
                tables.append({'space': space, 'height': size[0], 'width': size[1], 'op': op, 'signed': signed, 'bins': bins,
                               'values': values})
with open(sys.argv[1] + '/policy.json', 'w') as file:
    file.write('{"cases": [\n' + ',\n'.join(map(json.dumps, cases)) + '\n], "tables": [\n' + ',\n'.join(map(json.dumps, tables)) +
               '\n]}\n')
np.save(sys.argv[1] + '/policy.npy', np.stack(results))
print(len(cases), 'cases', len(tables), 'tables')
