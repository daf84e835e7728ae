#!/usr/bin/python3
"""Writes resample.json: SHA-256 of what Pillow's resize, then crop, then mirror gives, for pictures from a formula that
tests/test_resample.c knows too. Needs Debian's python3-pil and python3-numpy. Usage: make_resample.py FOLDER
"""
import hashlib
import json
import sys

import numpy as np
from PIL import Image, ImageOps


def picture(width, height):
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(3), indexing='ij')
    smooth = (x * 3 + y * 2 + c * 40) % 256
    noise = (x * 7919 + y * 104729 + c * 1299709 + x * y * 31) % 256
    return Image.fromarray(np.where((x // 16 + y // 16) % 2, smooth, noise).astype(np.uint8))


# source, resized, crop (left, top, width, height), filter, mirror
sizes = [
    ((1, 1), (1, 1)), ((1, 1), (7, 5)), ((2, 3), (1, 1)), ((5, 4), (5, 4)), ((17, 13), (34, 26)), ((31, 47), (16, 24)),
    ((64, 48), (63, 47)), ((100, 75), (341, 256)), ((500, 375), (341, 256)), ((500, 375), (640, 480)), ((375, 500), (256, 341)),
    ((640, 427), (224, 149)), ((333, 500), (224, 336)), ((1200, 90), (400, 30)), ((90, 1200), (30, 400)), ((257, 255), (3, 2)),
    ((800, 600), (38, 29)), ((48, 160), (36, 120)), ((97, 61), (97, 200)), ((61, 97), (200, 97)),
]
cases = []
for number, (source, resized) in enumerate(sizes):
    for name, method in (('bilinear', Image.BILINEAR), ('bicubic', Image.BICUBIC)):
        whole = picture(*source).resize(resized, method)
        w, h = resized
        crops = {(0, 0, w, h), (w // 3, h // 4, max(1, w // 2), max(1, h // 2)), (w - 1, h - 1, 1, 1), (0, h // 2, w, 1)}
        for crop in sorted(crops):
            left, top, width, height = crop
            for mirror in (False, True) if crop[2] * crop[3] > 1 and number % 2 else (False,):
                part = whole.crop((left, top, left + width, top + height))
                if mirror:
                    part = ImageOps.mirror(part)
                cases.append({'source': source, 'resized': resized, 'crop': crop, 'filter': name, 'mirror': mirror,
                              'sha256': hashlib.sha256(part.tobytes()).hexdigest()})
with open(sys.argv[1] + '/resample.json', 'w') as file:
    file.write('[\n' + ',\n'.join(map(json.dumps, cases)) + '\n]\n')
