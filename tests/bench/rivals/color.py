#!/usr/bin/python3
"""color.py PHOTOS [SECONDS] - each color augmentation alone, one thread, on the decoded photographs of 500x375 below PHOTOS, 8-bit rows
in and out: microseconds a picture (processor time) by Pillow, OpenCV, torchvision and `bench_color`, interleaved, five rounds of SECONDS (0.08) each,
medians, and how many times as fast as the fastest of the three ours is. Needs Debian's python3-torchvision and python3-opencv, and
`make build/gcc/tests/bench/bench_color`.

OpenCV writes into memory given to it where its functions take some; torchvision gets planes, which is what it is fast on; before timing
the mean level of each result must be within two levels of ours (more where LOOSE says).
"""
import glob
import os
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
    from PIL import Image, ImageChops, ImageFilter, ImageOps
except ImportError as error:
    sys.exit(f'color.py: {error}; install python3-torchvision and python3-opencv')

BENCH = 'build/gcc/tests/bench/bench_color'
ROUNDS, MOST = 5, 16
LOOSE = {'color_jitter': 5, 'equalize': 8}  # the order is drawn; OpenCV equalizes by another formula
cv2.setNumThreads(1)
torch.set_num_threads(1)
photos, seconds = sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else 0.08

arrays = []
for path in sorted(glob.glob(os.path.join(photos, '**', '*.JPEG'), recursive=True)):
    image = Image.open(path)
    if image.size == (500, 375) and len(arrays) < MOST:
        arrays.append(np.asarray(image.convert('RGB')))
if not arrays:
    sys.exit(f'color.py: no photograph of 500x375 below {photos}')
images = [Image.fromarray(a) for a in arrays]
tensors = [torch.from_numpy(a.copy()).permute(2, 0, 1).contiguous() for a in arrays]
out = np.empty_like(arrays[0])
ramp = np.arange(256)


def table(levels):
    lut = np.clip(levels, 0, 255).astype(np.uint8)
    return lambda a: cv2.LUT(a, lut, out)


def blend(matrix):
    m = np.array(matrix, np.float32)
    return lambda a: cv2.transform(a, m, out)


def cv_contrast(f):
    def run(a):
        mean = cv2.mean(a)
        return cv2.addWeighted(a, f, a, 0, (1 - f) * (0.299 * mean[0] + 0.587 * mean[1] + 0.114 * mean[2]), out)
    return run


def cv_hue(turn):
    lut = np.stack([(ramp + round(turn * 256)) % 256, ramp, ramp], 1).astype(np.uint8).reshape(256, 1, 3)
    return lambda a: cv2.cvtColor(cv2.LUT(cv2.cvtColor(a, cv2.COLOR_RGB2HSV_FULL), lut), cv2.COLOR_HSV2RGB_FULL, out)


def cv_gray(a):
    return cv2.cvtColor(cv2.cvtColor(a, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB, out)


def cv_autocontrast(a):
    planes = []
    for plane in cv2.split(a):
        low, high, _, _ = cv2.minMaxLoc(plane)
        scale = 255 / (high - low) if high > low else 1
        planes.append(cv2.convertScaleAbs(plane, alpha=scale, beta=-low * scale))
    return cv2.merge(planes, out)


def cv_equalize(a):
    return cv2.merge([cv2.equalizeHist(plane) for plane in cv2.split(a)], out)


def cv_sharpness(f):
    kernel = np.ones((3, 3), np.float32) / 13 * (1 - f)
    kernel[1, 1] = 5 / 13 * (1 - f) + f
    return lambda a: cv2.filter2D(a, -1, kernel, out)


def cv_noise(sigma):
    noise = np.empty(arrays[0].shape, np.int16)

    def run(a):
        cv2.randn(noise, (0, 0, 0), (sigma, sigma, sigma))
        return cv2.add(a, noise, out, dtype=cv2.CV_8U)
    return run


def torch_noise(sigma):
    return lambda t: (t + torch.randn(t.shape) * sigma).clamp(0, 255).to(torch.uint8)


def chain(*functions):
    def run(image):
        for function in functions:
            image = function(image)
        return image
    return run


def saturation(f):
    gray = [0.299, 0.587, 0.114]
    return [[(1 - f) * gray[c] + (f if r == c else 0) for c in range(3)] for r in range(3)]


def jitter(image):
    image = F.adjust_contrast(F.adjust_brightness(image, 1.1), 0.9)
    return F.adjust_hue(F.adjust_saturation(image, 1.2), 0.05)


# name, our line, Pillow, OpenCV, torchvision; None: it has no such operation
ops = [
    ('brightness', '{brightness: [1.3, 1.3]}', lambda i: F.adjust_brightness(i, 1.3), lambda a: cv2.convertScaleAbs(a, out, 1.3, 0),
     lambda t: F.adjust_brightness(t, 1.3)),
    ('contrast', '{contrast: [1.3, 1.3]}', lambda i: F.adjust_contrast(i, 1.3), cv_contrast(1.3), lambda t: F.adjust_contrast(t, 1.3)),
    ('saturation', '{saturation: [1.3, 1.3]}', lambda i: F.adjust_saturation(i, 1.3), blend(saturation(1.3)),
     lambda t: F.adjust_saturation(t, 1.3)),
    ('hue', '{hue: [0.1, 0.1]}', lambda i: F.adjust_hue(i, 0.1), cv_hue(0.1), lambda t: F.adjust_hue(t, 0.1)),
    ('color_jitter', '{color_jitter: {brightness: [1.1, 1.1], contrast: [0.9, 0.9], saturation: [1.2, 1.2], hue: [0.05, 0.05]}}', jitter,
     chain(lambda a: cv2.convertScaleAbs(a, alpha=1.1), cv_contrast(0.9), blend(saturation(1.2)), cv_hue(0.05)), jitter),
    ('pca_color', '{pca_color: {std: 0}}', None, lambda a: cv2.add(a, (0, 0, 0, 0), out), lambda t: (t + torch.zeros(3, 1, 1)).clamp(0, 255).to(torch.uint8)),
    ('grayscale', '{grayscale: 1}', lambda i: F.to_grayscale(i, 3), cv_gray, lambda t: F.rgb_to_grayscale(t, 3)),
    ('gamma', '{gamma: 1.4}', lambda i: F.adjust_gamma(i, 1.4), table(255.999 * (ramp / 255) ** 1.4), lambda t: F.adjust_gamma(t, 1.4)),
    ('autocontrast', 'autocontrast', ImageOps.autocontrast, cv_autocontrast, F.autocontrast),
    ('equalize', 'equalize', ImageOps.equalize, cv_equalize, F.equalize),
    ('invert', 'invert', ImageOps.invert, lambda a: cv2.bitwise_not(a, out), F.invert),
    ('posterize', '{posterize: 4}', lambda i: ImageOps.posterize(i, 4), lambda a: cv2.bitwise_and(a, (240, 240, 240, 0), out),
     lambda t: F.posterize(t, 4)),
    ('solarize', '{solarize: 128}', lambda i: ImageOps.solarize(i, 128), table(np.where(ramp < 128, ramp, 255 - ramp)),
     lambda t: F.solarize(t, 128)),
    ('solarize_add', '{solarize_add: 60}', lambda i: i.point([min(255, v + 60) if v < 128 else v for v in range(256)] * 3),
     table(np.where(ramp < 128, ramp + 60, ramp)), lambda t: torch.where(t < 128, t + 60, t)),
    ('sharpness', '{sharpness: 1.5}', lambda i: F.adjust_sharpness(i, 1.5), cv_sharpness(1.5), lambda t: F.adjust_sharpness(t, 1.5)),
]
for size, sigma in ((3, 0.8), (5, 1.1), (9, 1.7), (23, 3.8)):
    ops.append((f'gaussian_blur {size}', f'{{gaussian_blur: {{kernel_size: {size}, sigma: {sigma}}}}}',
                lambda i, s=sigma: i.filter(ImageFilter.GaussianBlur(s)), lambda a, k=size, s=sigma: cv2.GaussianBlur(a, (k, k), s, out),
                lambda t, k=size, s=sigma: F.gaussian_blur(t, [k, k], [s, s])))
ops.append(('gaussian_noise', '{gaussian_noise: {sigma: 0.1}}',
            lambda i: Image.merge('RGB', [ImageChops.add(p, Image.effect_noise(i.size, 25.5), 1, -128) for p in i.split()]),
            cv_noise(25.5), torch_noise(25.5)))


def microseconds(function, pictures):
    start, done = time.thread_time(), 0
    while time.thread_time() - start < seconds:
        function(pictures[done % len(pictures)])
        done += 1
    return 1e6 * (time.thread_time() - start) / done


def ours(line, path, spent):
    printed = subprocess.run([BENCH, path, str(spent), line], check=True, capture_output=True, text=True).stdout
    return [float(number) for number in printed.split()]


def mean_of(result):
    return float(np.asarray(result, dtype=np.float64).mean())


print(f'{len(arrays)} photographs of 500x375, 1 thread, medians of {ROUNDS} rounds, microseconds a picture')
print(f'Pillow {PIL.__version__}, OpenCV {cv2.__version__}, torchvision {torchvision.__version__}')
print('| | Pillow | OpenCV | torchvision | ours | ours / fastest |\n|---|---|---|---|---|---|')
with tempfile.NamedTemporaryFile(suffix='.npy') as file:
    np.save(file, np.stack(arrays))
    file.flush()
    for name, line, *functions in ops:
        rivals = [(f, p) for f, p in zip(functions, (images, arrays, tensors)) if f]
        mean = ours(line, file.name, 0.01)[1]
        for function, pictures in rivals:
            theirs = mean_of(function(pictures[-1]))
            if abs(theirs - mean) > LOOSE.get(name, 2):
                sys.exit(f'color.py: {name}: mean level {theirs}, ours {mean}')
        times = [[microseconds(f, p) for f, p in rivals] + [ours(line, file.name, seconds)[0]] for _ in range(ROUNDS + 1)][1:]
        middle = [statistics.median(t[i] for t in times) for i in range(len(rivals) + 1)]
        cells = iter(middle[:-1])
        shown = [f'{next(cells):.0f}' if f else '' for f in functions]
        print(f'| {name} | {" | ".join(shown)} | {middle[-1]:.1f} | {min(middle[:-1]) / middle[-1]:.2f} |', flush=True)
