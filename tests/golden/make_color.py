#!/usr/bin/python3
"""Writes color.json: what Pillow and torchvision make of pictures from a formula that tests/test_color.c knows too, one
operation each. `sha256` is of bytes that must be met exactly, `bytes` (hexadecimal) within one level, `values` (0..1, from
torchvision's path for floats) within 0.0005. Needs Debian's python3-torchvision. Usage: make_color.py FOLDER
"""
import hashlib
import json
import sys

import numpy as np
import torch
import torchvision.transforms.functional as F
from PIL import Image, ImageOps

torch.set_num_threads(1)


def picture(width, height):
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(3), indexing='ij')
    smooth = (x * 3 + y * 2 + c * 40) % 256
    noise = (x * 7919 + y * 104729 + c * 1299709 + x * y * 31) % 256
    return np.where((x // 16 + y // 16) % 2, smooth, noise).astype(np.uint8)


def dull(width, height):
    """Few levels in the middle, other ones in each channel: for what looks at histograms."""
    return (picture(width, height) // np.array([3, 5, 9]) + np.array([50, 90, 120])).astype(np.uint8)


def tensor(pixels):
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1)


def rows(t):
    return t.permute(1, 2, 0).contiguous().numpy()


def solarize_add(pixels, addition):
    """timm's: min(255, i + add) below 128, cut at 0 by the table."""
    lut = [min(255, max(0, i + addition)) if i < 128 else i for i in range(256)]
    return np.array(lut, np.uint8)[pixels]


def pillow(function):
    return lambda pixels: np.asarray(function(Image.fromarray(pixels)))


def on_tensor(function):
    return lambda pixels: rows(function(tensor(pixels)))


def both(function):
    """Where Pillow's path and the one for tensors agree."""
    def run(pixels):
        a, b = pillow(function)(pixels), on_tensor(function)(pixels)
        assert (a == b).all()
        return a
    return run


exact = [('invert', both(F.invert)), ('autocontrast', pillow(ImageOps.autocontrast)), ('equalize', both(F.equalize))]
for bits in (0, 1, 3, 4, 7, 8):
    exact.append((f'{{posterize: {bits}}}', both(lambda i, bits=bits: F.posterize(i, bits))))
for threshold in (0, 64.5, 128, 255):
    exact.append((f'{{solarize: {threshold}}}', both(lambda i, t=threshold: F.solarize(i, t))))
exact.append(('{solarize: 256}', pillow(lambda i: ImageOps.solarize(i, 256))))
for addition in (50, 110, -40):
    exact.append((f'{{solarize_add: {addition}}}', lambda p, a=addition: solarize_add(p, a)))
for gamma, gain in ((0, 1), (0.5, 1), (1, 1), (2.2, 1), (1.4, 0.8), (0.7, 3)):
    exact.append((f'{{gamma: {{gamma: {gamma}, gain: {gain}}}}}', pillow(lambda i, g=gamma, a=gain: F.adjust_gamma(i, g, a))))
for factor in (0, 0.5, 1, 1.7, 3, 10):
    exact.append((f'{{sharpness: {factor}}}', pillow(lambda i, f=factor: F.adjust_sharpness(i, f))))

near = [('{grayscale: 1}', pillow(lambda i: F.to_grayscale(i, 3)))]
for factor in (0.3, 1, 1.8):
    near.append((f'{{brightness: [{factor}, {factor}]}}', pillow(lambda i, f=factor: F.adjust_brightness(i, f))))
for factor in (0, 0.4, 1.7):
    near.append((f'{{contrast: [{factor}, {factor}]}}', pillow(lambda i, f=factor: F.adjust_contrast(i, f))))
for factor in (0, 0.5, 1.9):
    near.append((f'{{saturation: [{factor}, {factor}]}}', pillow(lambda i, f=factor: F.adjust_saturation(i, f))))
for turn in (-0.5, -0.27, 0.1, 0.5):
    near.append((f'{{hue: [{turn}, {turn}]}}', on_tensor(lambda i, h=turn: F.adjust_hue(i, h))))
for size, sigma in (((3, 3), 0.5), ((5, 5), 1.1), ((9, 3), 2), ((1, 7), 1.5), ((23, 23), 4), ((15, 15), 0.1)):
    line = f'{{gaussian_blur: {{kernel_size: [{size[0]}, {size[1]}], sigma: {sigma}}}}}'
    near.append((line, on_tensor(lambda i, k=size, s=sigma: F.gaussian_blur(i, k, [s, s]))))

floats = []
for factor in (0.3, 1.8):
    floats.append((f'{{brightness: [{factor}, {factor}]}}', lambda i, f=factor: F.adjust_brightness(i, f)))
    floats.append((f'{{contrast: [{factor}, {factor}]}}', lambda i, f=factor: F.adjust_contrast(i, f)))
    floats.append((f'{{saturation: [{factor}, {factor}]}}', lambda i, f=factor: F.adjust_saturation(i, f)))
for turn in (-0.4, 0.15):
    floats.append((f'{{hue: [{turn}, {turn}]}}', lambda i, h=turn: F.adjust_hue(i, h)))

cases = []
for line, function in exact:
    for size, kind in (((61, 47), 'picture'), ((61, 47), 'dull'), ((1, 1), 'picture'), ((2, 3), 'picture'), ((3, 3), 'picture'),
                       ((17, 1), 'picture'), ((5, 200), 'dull')):
        made = function(globals()[kind](*size))
        cases.append({'line': line, 'size': size, 'kind': kind, 'sha256': hashlib.sha256(made.tobytes()).hexdigest()})
for line, function in near:
    cases.append({'line': line, 'size': (24, 16), 'kind': 'picture', 'bytes': function(picture(24, 16)).tobytes().hex()})
for line, function in floats:
    made = rows(function(tensor(picture(12, 8)).to(torch.float32) / 255))
    cases.append({'line': line, 'size': (12, 8), 'kind': 'picture', 'values': [round(float(v), 4) for v in made.flatten()]})
with open(sys.argv[1] + '/color.json', 'w') as file:
    file.write('[\n' + ',\n'.join(map(json.dumps, cases)) + '\n]\n')
