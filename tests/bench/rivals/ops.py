#!/usr/bin/python3
"""ops.py BENCH_OPS [PHOTO] [SECONDS] [ROUNDS] - images a second of single geometric operations, and of a chain of five and four of color, on one decoded photograph of 500x375,
8-bit RGB rows in and out, by one thread: ours (the program bench_ops), Pillow, OpenCV and torchvision's functional API on PIL images, with the
same parameters. Interleaved rounds, medians. Needs Debian's python3-pil, python3-opencv and python3-torchvision.

What ours gives is compared with Pillow's result first (whole-pixel moves, nearest and resizes: equal; else within one level; OpenCV
rounds positions to 1/32 pixel and is not compared). `antialias: no` where a rival does not widen its filter.
"""
import json
import math
import statistics
import subprocess
import sys
import tempfile
import time

try:
    import cv2
    import numpy as np
    import PIL
    import torch
    import torchvision
    import torchvision.transforms.functional as F
    from PIL import Image, ImageEnhance
    from torchvision.transforms import InterpolationMode as Mode
except ImportError as error:
    sys.exit(f'ops.py: {error}; install python3-pil, python3-opencv and python3-torchvision')

cv2.setNumThreads(1)
torch.set_num_threads(1)
bench = sys.argv[1]
photo = sys.argv[2] if len(sys.argv) > 2 else '-'
seconds = float(sys.argv[3]) if len(sys.argv) > 3 else 0.15
rounds = int(sys.argv[4]) if len(sys.argv) > 4 else 5
W, H = 500, 375
if photo == '-':
    y, x, c = np.meshgrid(np.arange(H), np.arange(W), np.arange(3), indexing='ij')
    pixels = ((x * 3 + y * 2 + c * 40 + (x * 7919 + y * 104729 + c * 1299709) % 64) % 256).astype(np.uint8)
else:
    pixels = np.array(Image.open(photo).convert('RGB').resize((W, H), Image.BICUBIC))
image = Image.fromarray(pixels)
center = (W / 2, H / 2)
methods = {'nearest': (Image.NEAREST, cv2.INTER_NEAREST, Mode.NEAREST), 'bilinear': (Image.BILINEAR, cv2.INTER_LINEAR, Mode.BILINEAR),
           'bicubic': (Image.BICUBIC, cv2.INTER_CUBIC, Mode.BICUBIC)}


def edges_to_centers(m):
    """A map of points where pixel i has its center at i + 0.5, as one where it has it at i."""
    shift = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    return np.linalg.inv(shift) @ np.vstack([m, [0, 0, 1]] if len(m) == 2 else m) @ shift


def affine(ours, angle=0, translate=(0, 0), scale=1, shear=(0, 0), filter='bilinear', most=1, method=None):
    pil, cv, mode = methods[filter]
    m = F._get_inverse_affine_matrix(list(center), angle, list(translate), scale, list(shear))
    flat = edges_to_centers(np.array(m).reshape(2, 3))[:2]
    return (ours, most, lambda: image.transform((W, H), Image.AFFINE, m, pil),
            lambda: cv2.warpAffine(pixels, flat, (W, H), flags=cv | cv2.WARP_INVERSE_MAP),
            method or (lambda: F.affine(image, angle, list(translate), scale, list(shear), mode)))


def rotate(filter):
    row = affine(f'rotate: {{degrees: [30, 30], filter: {filter}}}', angle=-30, filter=filter, most=0 if filter == 'nearest' else 1,
                 method=lambda: F.rotate(image, 30, methods[filter][2]))
    return row[:2] + (lambda: image.rotate(30, methods[filter][0]),) + row[3:]


def resize(ours, width, height, box=None):
    part = pixels if box is None else pixels[box[1]:box[3], box[0]:box[2]]
    return (ours, 0, lambda: (image.crop(box) if box else image).resize((width, height), Image.BILINEAR),
            lambda: cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA),
            (lambda: F.resize(image, [height, width])) if box is None else
            (lambda: F.resized_crop(image, box[1], box[0], box[3] - box[1], box[2] - box[0], [height, width])))


def lens(k1):
    radius = math.hypot(W, H) / 2
    camera = np.array([[radius, 0, W / 2 - 0.5], [0, radius, H / 2 - 0.5], [0, 0, 1]])

    def theirs():
        maps = cv2.initUndistortRectifyMap(camera, np.array([k1, 0, 0, 0.]), None, camera, (W, H), cv2.CV_16SC2)
        return cv2.remap(pixels, *maps, cv2.INTER_LINEAR)
    return (f'lens: {{k1: [{k1}, {k1}], antialias: no}}', None, None, theirs, None)


# Ours draws the corners; theirs are fixed, moved about as far.
start, end = [[0, 0], [W - 1, 0], [W - 1, H - 1], [0, H - 1]], [[40, 30], [W - 90, 10], [W - 20, H - 50], [70, H - 25]]
coefficients = F._get_perspective_coeffs(start, end)
warp = edges_to_centers(np.array(coefficients + [1]).reshape(3, 3))


def perspective(filter):
    pil, cv, mode = methods[filter]
    return (f'perspective: {{p: 1, distortion_scale: 0.4, antialias: no, filter: {filter}}}', None,
            lambda: image.transform((W, H), Image.PERSPECTIVE, coefficients, pil),
            lambda: cv2.warpPerspective(pixels, warp, (W, H), flags=cv | cv2.WARP_INVERSE_MAP),
            lambda: F.perspective(image, start, end, mode))


def matrix(angle=0, translate=(0, 0), scale=(1, 1), shear=0):
    m = np.array(F._get_inverse_affine_matrix(list(center), angle, list(translate), 1, [shear, 0])).reshape(2, 3)
    s = np.array([[1 / scale[0], 0, center[0] * (1 - 1 / scale[0])], [0, 1 / scale[1], center[1] * (1 - 1 / scale[1])], [0, 0, 1]])
    return (np.vstack([m, [0, 0, 1]]) @ s)[:2]


steps = [matrix(angle=-10), matrix(shear=8), matrix(scale=(1.1, 1.2)), matrix(translate=(25, 19))]
shift = (5, -3, 2)


def chain_pillow():
    x = image
    for m in steps:
        x = x.transform((W, H), Image.AFFINE, tuple(m.ravel()), Image.BILINEAR)
    x = x.crop((138, 76, 362, 300))
    for enhance in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
        x = enhance(x).enhance(1.2)
    return np.clip(np.asarray(x).astype(np.int16) + np.array(shift, np.int16), 0, 255).astype(np.uint8)


def chain_opencv():
    x = pixels
    for m in steps:
        x = cv2.warpAffine(x, edges_to_centers(m)[:2], (W, H), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    x = cv2.convertScaleAbs(np.ascontiguousarray(x[76:300, 138:362]), alpha=1.2)
    x = cv2.convertScaleAbs(x, alpha=1.2, beta=-0.2 * cv2.mean(cv2.cvtColor(x, cv2.COLOR_RGB2GRAY))[0])
    gray = cv2.cvtColor(cv2.cvtColor(x, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    return cv2.add(cv2.addWeighted(x, 1.2, gray, -0.2, 0), shift + (0,))


def chain_torchvision():
    x = F.rotate(image, 10, Mode.BILINEAR)
    x = F.affine(x, 0, [0, 0], 1, [8, 0], Mode.BILINEAR)
    x = F.affine(x, 0, [0, 0], 1.15, [0, 0], Mode.BILINEAR)
    x = F.affine(x, 0, [25, 19], 1, [0, 0], Mode.BILINEAR)
    x = F.center_crop(x, 224)
    x = F.adjust_saturation(F.adjust_contrast(F.adjust_brightness(x, 1.2), 1.2), 1.2)
    return np.clip(np.asarray(x).astype(np.int16) + np.array(shift, np.int16), 0, 255).astype(np.uint8)


cases = [
    ('hflip: {p: 1}', 0, lambda: image.transpose(Image.FLIP_LEFT_RIGHT), lambda: cv2.flip(pixels, 1), lambda: F.hflip(image)),
    ('vflip: {p: 1}', 0, lambda: image.transpose(Image.FLIP_TOP_BOTTOM), lambda: cv2.flip(pixels, 0), lambda: F.vflip(image)),
    ('center_crop: 224', 0, lambda: image.crop((138, 76, 362, 300)), lambda: pixels[76:300, 138:362].copy(),
     lambda: F.center_crop(image, 224)),
    resize('resize_short: 256', 341, 256),
    resize('{center_crop: [300, 400]}, {resize_short: 224}', 298, 224, (50, 38, 450, 338)),
    affine('translate: {translate: [0.1, 0.1]}', translate=(25, 19), most=None), # ours draws
    rotate('nearest'), rotate('bilinear'), rotate('bicubic'),
    affine('shear: {x: [20, 20]}', shear=(20, 0)),
    affine('random_affine: {degrees: [20, 20], scale: [1.2, 1.2], shear: [10, 10]}', 20, (0, 0), 1.2, (10, 0)),
    affine('random_affine: {degrees: [20, 20], scale: [0.8, 0.8], antialias: no, filter: nearest}', 20, (0, 0), 0.8, filter='nearest', most=0),
    affine('stretch: {x: [1.25, 1.25], y: [1.25, 1.25], antialias: no}', scale=1.25),
    perspective('nearest'), perspective('bilinear'), perspective('bicubic'),
    lens(-0.2), lens(0.2),
    ('{rotate: {degrees: [10, 10]}}, {shear: {x: [8, 8]}}, {stretch: {x: [1.1, 1.1], y: [1.2, 1.2], antialias: no}}, translate, '
     '{center_crop: 224}, brightness, contrast, saturation, pca_color', None, chain_pillow, chain_opencv, chain_torchvision),
]


def rate(call):
    call()
    done, begin = 0, time.perf_counter()
    while time.perf_counter() - begin < seconds:
        call()
        done += 1
    return done / (time.perf_counter() - begin)


with tempfile.NamedTemporaryFile() as raw, tempfile.NamedTemporaryFile() as out:
    raw.write(pixels.tobytes())
    raw.flush()

    def ours(recipes, time):
        got = subprocess.run([bench, raw.name, str(W), str(H), str(time), out.name] + recipes, check=True, stdout=subprocess.PIPE)
        return json.loads(got.stdout)

    for recipe, most, pillow, *_ in cases:
        if most is None:
            continue
        ours([recipe], 0)
        expected = np.asarray(pillow())
        found = np.fromfile(out.name, np.uint8).reshape(expected.shape)
        off = np.abs(found.astype(int) - expected).max()
        assert off <= most, f'{recipe}: {off} levels from Pillow'
    measured = [[] for _ in cases]
    for _ in range(rounds):
        for i, (recipe, _, *rivals) in enumerate(cases):
            measured[i].append([list(ours([recipe], seconds).values())[0]] + [rate(r) if r else 0 for r in rivals])

print(f'{W}x{H}, 1 thread, medians of {rounds} rounds of {seconds:g} s; Pillow {PIL.__version__}, OpenCV {cv2.__version__}, '
      f'torchvision {torchvision.__version__}, images/s')
print('| recipe | ours | Pillow | OpenCV | torchvision | ours / fastest rival |')
print('|---|---|---|---|---|---|')
for (recipe, *_), rows in zip(cases, measured):
    a = [statistics.median(column) for column in zip(*rows)]
    print(f'| `{recipe}` | ' + ' | '.join(f'{v:,.0f}' if v else '' for v in a) + f' | {a[0] / max(a[1:]):.2f} |')
