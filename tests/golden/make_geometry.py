#!/usr/bin/python3
"""Writes geometry.json: the pixels (hexadecimal) that torchvision, Pillow and OpenCV give for single geometric steps, on
pictures from a formula that tests/test_geometry_golden.c knows too. Needs Debian's python3-pil, python3-torchvision and
python3-opencv. Usage: make_geometry.py FOLDER
"""
import json
import sys

import cv2
import numpy as np
import torchvision.transforms.functional as F
from PIL import Image
from torchvision.transforms.functional import InterpolationMode

sizes = [(21, 17), (14, 23)]
filters = {'nearest': (InterpolationMode.NEAREST, Image.NEAREST), 'bilinear': (InterpolationMode.BILINEAR, Image.BILINEAR),
           'bicubic': (InterpolationMode.BICUBIC, Image.BICUBIC)}
fill = [200, 30, 90]
cases = []


def picture(width, height):
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(3), indexing='ij')
    smooth = (x * 3 + y * 2 + c * 40) % 256
    noise = (x * 7919 + y * 104729 + c * 1299709 + x * y * 31) % 256
    return Image.fromarray(np.where((x // 16 + y // 16) % 2, smooth, noise).astype(np.uint8))


def add(op, source, result, name, values, mode='constant'):
    pixels = np.asarray(result)
    cases.append({'op': op, 'source': source, 'size': [pixels.shape[1], pixels.shape[0]], 'filter': name, 'values': values,
                  'mode': mode, 'pixels': pixels.tobytes().hex()})


def bent(image, k1, k2, p1, p2):
    """OpenCV's lens with Brown's center and radius, at its points a bilinear sample of the nearest pixels in double."""
    w, h = image.size
    radius = np.hypot(w, h) / 2
    camera = np.array([[radius, 0, w / 2 - 0.5], [0, radius, h / 2 - 0.5], [0, 0, 1]])
    x, y = cv2.initUndistortRectifyMap(camera, np.array([k1, k2, p1, p2]), None, camera, (w, h), cv2.CV_32FC1)
    pixels = np.asarray(image).astype(float)
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    total = np.zeros_like(pixels)
    for j in range(2):
        for i in range(2):
            weight = (1 - np.abs(left + i - x)) * (1 - np.abs(top + j - y))
            total += weight[..., None] * pixels[np.clip(top + j, 0, h - 1), np.clip(left + i, 0, w - 1)]
    outside = (x < -0.5) | (x >= w - 0.5) | (y < -0.5) | (y >= h - 0.5)
    total[outside] = fill
    return np.floor(total + 0.5).astype(np.uint8)


for size in sizes:
    image = picture(*size)
    w, h = size
    for name, (mode, method) in filters.items():
        for angle, expand in ((30, False), (-45.5, True), (90, False), (180, False), (270, True), (123.4, False), (7, True)):
            add('rotate', size, F.rotate(image, angle, mode, expand=expand, fill=fill), name, [angle, int(expand)])
        for values in ((0, 3, -2, 1, 0, 0), (25, 0, 0, 0.8, 0, 0), (0, 0, 0, 1, 20, 0), (0, 0, 0, 1, 0, -35), (-110, 4, 1, 1.3, 12, -8),
                       (0, 0, 0, 1.7, 0, 0)):
            angle, x, y, scale, shear_x, shear_y = values
            add('affine', size, F.affine(image, angle, [x, y], scale, [shear_x, shear_y], mode, fill), name, values)
        start = [[0, 0], [w - 1, 0], [w - 1, h - 1], [0, h - 1]]
        # No pixel's center lies on an edge: there a rounding decides.
        for end in ([[3, 1], [w - 3, 3], [w - 1, h - 3], [1, h - 5]], [[0, 4], [w - 6, 0], [w - 2, h - 1], [4, h - 3]]):
            add('perspective', size, F.perspective(image, start, end, mode, fill), name, [v for point in end for v in point])
        for target in ((w * 2, h * 3), (w // 2, h // 3), (16, 16), (w, 5)):
            for box in ((0, 0, w, h), (1.25, 2.5, w - 3.75, h - 0.5)):
                if box[0] == 0 and name != 'nearest':
                    continue # resample.json has those
                # Levels 64..191: the cubic's overshoot is not cut off between Pillow's passes.
                soft = Image.fromarray(np.asarray(image) // 2 + 64)
                add('box', size, soft.resize(target, method, box), name, box)
    for mode in ('constant', 'edge', 'reflect'):
        for x, y in ((0, 0), (3, 7), (8, 8)):
            padded = F.pad(image, 4, fill=tuple(fill) if mode == 'constant' else 0, padding_mode=mode)
            add('crop', size, F.crop(padded, y, x, h, w), 'bilinear', [x - 4, y - 4], mode)
    padded = F.pad(image, [w - 1, h - 1], padding_mode='reflect')
    add('crop', size, F.crop(padded, 0, 0, 8, 9), 'bilinear', [1 - w, 1 - h], 'reflect')
    for values in ((0.2, 0, 0, 0), (-0.2, 0, 0, 0), (-0.1, 0.3, 0.02, -0.03)):
        add('lens', size, bent(image, *values), 'bilinear', values)
with open(sys.argv[1] + '/geometry.json', 'w') as file:
    file.write('[\n' + ',\n'.join(map(json.dumps, cases)) + '\n]\n')
