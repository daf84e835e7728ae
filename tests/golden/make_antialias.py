#!/usr/bin/python3
"""Writes antialias.json: pixels (hexadecimal) of maps that shrink, in perspective and through a lens, computed in double
by NumPy alone in two ways that share nothing with the C code but the definition of the filter.

`pixels`: the filter as augment/resample_wide.h states it. An output pixel at p shows the mean of all source pixels q, each
weighted by k(u) k(v) with (u, v) = P^-1 (q - m(p)), m being the map, k the triangle or Keys' cubic (a = -0.5), and P the
symmetric part of the map's Jacobian (J = P R, R a rotation) with its stretches below 1 raised to 1. Here J is a difference
quotient and P comes from a singular value decomposition.

`area`: what such a filter stands for. The source, bilinear between its pixels, is integrated under the triangle of the output
pixel, 2 x 2 output pixels wide, in 32 x 32 samples through the map itself. -1 where the triangle leaves the picture or where
it shrinks by less than 1.3: there the two differ by what each does to the finest waves.

Usage: make_antialias.py FOLDER
"""
import json
import sys

import numpy as np

fill = [200, 30, 90]
SAMPLES = 32


def picture(width, height):
    """Waves of all lengths down to 2 pixels: what has no antialias shows the short ones as long ones."""
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(3), indexing='ij')
    coarse = (x * 2 + y * 3 + c * 30) % 128
    coarse = np.where(coarse < 64, coarse, 127 - coarse)
    fine = np.where((x + (c + 1) * y) % 3 == 0, 100, 0) + np.where((x * (c + 2) + y) % 2 == 0, 60, 0)
    return (coarse + fine).astype(np.uint8)


def triangle(x):
    return np.maximum(1 - np.abs(x), 0)


def cubic(x):
    x = np.abs(x)
    near = 1.5 * x ** 3 - 2.5 * x ** 2 + 1
    far = -0.5 * x ** 3 + 2.5 * x ** 2 - 4 * x + 2
    return np.where(x < 1, near, np.where(x < 2, far, 0))


def perspective(start, end):
    """torchvision's: pixel numbers of four corners, `end` in the output."""
    rows = []
    for (x, y), (u, v) in zip(end, start):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
    a, b, c, d, e, f, g, h = np.linalg.solve(np.array(rows, float), np.array(start, float).reshape(8))
    return lambda x, y: ((a * x + b * y + c) / (g * x + h * y + 1), (d * x + e * y + f) / (g * x + h * y + 1))


def lens(width, height, k1, k2, p1, p2):
    """Brown's, about the center, half the diagonal as the unit."""
    radius = np.hypot(width, height) / 2

    def look(x, y):
        u, v = (x - width / 2) / radius, (y - height / 2) / radius
        r2 = u * u + v * v
        radial = 1 + k1 * r2 + k2 * r2 ** 2
        return (width / 2 + radius * (u * radial + 2 * p1 * u * v + p2 * (r2 + 2 * u * u)),
                height / 2 + radius * (v * radial + p1 * (r2 + 2 * v * v) + 2 * p2 * u * v))
    return look


def stretches(look, x, y, step=1e-4):
    right, left = np.array(look(x + step, y)), np.array(look(x - step, y))
    below, above = np.array(look(x, y + step)), np.array(look(x, y - step))
    return np.linalg.svd(np.column_stack([right - left, below - above]) / (2 * step))


def filtered(source, look, kernel):
    h, w, _ = source.shape
    row, column = np.meshgrid(np.arange(h) + 0.5, np.arange(w) + 0.5, indexing='ij')
    out = np.empty_like(source)
    for j in range(h):
        for i in range(w):
            x, y = look(i + 0.5, j + 0.5)
            if not (0 <= x < w and 0 <= y < h):
                out[j, i] = fill
                continue
            u, s, _ = stretches(look, i + 0.5, j + 0.5)
            inverse = u @ np.diag(1 / np.maximum(s, 1)) @ u.T
            dx, dy = column - x, row - y
            weight = kernel(inverse[0, 0] * dx + inverse[0, 1] * dy) * kernel(inverse[1, 0] * dx + inverse[1, 1] * dy)
            level = (weight[..., None] * source).sum((0, 1)) / weight.sum()
            out[j, i] = np.floor(np.clip(level, 0, 255) + 0.5)
    return out


def integrated(source, look):
    h, w, _ = source.shape
    offset = (np.arange(SAMPLES) + 0.5) / SAMPLES * 2 - 1
    below, right = np.meshgrid(offset, offset, indexing='ij')
    weight = triangle(below) * triangle(right)
    out = np.full(source.shape, -1, int)
    for j in range(h):
        for i in range(w):
            x, y = look(i + 0.5 + right, j + 0.5 + below)
            _, s, _ = stretches(look, i + 0.5, j + 0.5)
            if x.min() < 0.5 or y.min() < 0.5 or x.max() > w - 0.5 or y.max() > h - 0.5 or s[1] < 1.3:
                continue
            left, top = np.minimum(np.floor(x - 0.5).astype(int), w - 2), np.minimum(np.floor(y - 0.5).astype(int), h - 2)
            fx, fy = (x - 0.5 - left)[..., None], (y - 0.5 - top)[..., None]
            level = ((source[top, left] * (1 - fx) + source[top, left + 1] * fx) * (1 - fy) +
                     (source[top + 1, left] * (1 - fx) + source[top + 1, left + 1] * fx) * fy)
            out[j, i] = np.round((weight[..., None] * level).sum((0, 1)) / weight.sum())
    return out


def add(op, size, values, look):
    source = picture(*size)
    for name, kernel in (('bilinear', triangle), ('bicubic', cubic)):
        row = {'op': op, 'source': size, 'size': size, 'filter': name, 'values': values, 'mode': 'constant',
               'pixels': filtered(source, look, kernel).tobytes().hex()}
        if name == 'bilinear':
            row['area'] = integrated(source, look).ravel().tolist()
        cases.append(row)


cases = []
for w, h in ((44, 36), (27, 41)):
    start = [[0, 0], [w - 1, 0], [w - 1, h - 1], [0, h - 1]]
    # No pixel's center lies on an edge: there a rounding decides.
    for end in ([[9.3, 7.1], [w - 11.2, 5.4], [w - 8.7, h - 10.3], [4.2, h - 6.6]],
                [[12.1, 3.3], [w - 8.4, 13.2], [w - 3.3, h - 14.6], [10.7, h - 9.1]]):
        add('perspective', [w, h], [v for point in end for v in point], perspective(start, end))
    for values in ((0.3, 0, 0, 0), (1, 0.9, 0, 0), (0.9, 0.3, 0.04, -0.06), (-0.2, 0, 0, 0)):
        add('lens', [w, h], values, lens(w, h, *values))
with open(sys.argv[1] + '/antialias.json', 'w') as file:
    file.write('[\n' + ',\n'.join(map(json.dumps, cases)) + '\n]\n')
