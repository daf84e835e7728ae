#!/usr/bin/python3
"""drawn.py BENCH_OPS PHOTO [SECONDS] [ROUNDS] - what ops.py and color.py leave out: random crops, erasing, policies, mixing and normalize on one
decoded photograph of 500x375, one thread, images a second: ours (the program bench_ops), Pillow or NumPy, OpenCV and torchvision (policies on
PIL images and on uint8 tensors, the faster one). 8-bit rows in and out, normalize to float32 planes. Interleaved rounds, medians.

Everybody draws by himself, so pixels are compared by the tests and not here; only sizes are checked. A mixing is of pairs in place.
Needs Debian's python3-pil, python3-opencv and python3-torchvision.
"""
import json
import random
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
    import torchvision.transforms as T
    from PIL import Image
except ImportError as error:
    sys.exit(f'drawn.py: {error}; install python3-pil, python3-opencv and python3-torchvision')

cv2.setNumThreads(1)
torch.set_num_threads(1)
bench, photo = sys.argv[1], sys.argv[2]
seconds = float(sys.argv[3]) if len(sys.argv) > 3 else 0.15
rounds = int(sys.argv[4]) if len(sys.argv) > 4 else 5
W, H = 500, 375
pixels = np.array(Image.open(photo).convert('RGB').resize((W, H), Image.BICUBIC))
image, planes = Image.fromarray(pixels), torch.from_numpy(pixels).permute(2, 0, 1).contiguous()
a, b = pixels.copy(), pixels[:, ::-1].copy()
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def corner(size):
    return random.randint(0, W - size), random.randint(0, H - size)


def crop_pillow():
    x, y = corner(224)
    return image.crop((x, y, x + 224, y + 224))


def crop_opencv():
    x, y = corner(224)
    return pixels[y:y + 224, x:x + 224].copy()


def resized(method):
    def run():
        y, x, h, w = T.RandomResizedCrop.get_params(image, [0.08, 1], [0.75, 4 / 3])
        return method(x, y, w, h)
    return run


def jitter(method):
    def run():
        short = random.randint(256, 480)
        return method(int(W * short / H), short)
    return run


def cut_numpy():
    out = pixels.copy()
    x, y = random.randrange(W), random.randrange(H)
    out[max(0, y - 50):y + 50, max(0, x - 50):x + 50] = 0
    return out


def cut_opencv():
    x, y = random.randrange(W), random.randrange(H)
    return cv2.rectangle(pixels.copy(), (x - 50, y - 50), (x + 49, y + 49), (0, 0, 0), cv2.FILLED)


def blend_opencv():
    share = np.random.beta(1, 1)
    return cv2.addWeighted(a, share, b, 1 - share, 0), cv2.addWeighted(b, share, a, 1 - share, 0)


def blend_torch():
    share = float(np.random.beta(1, 1))
    x, y = torch.from_numpy(a).float(), torch.from_numpy(b).float()
    return torch.lerp(y, x, share).to(torch.uint8), torch.lerp(x, y, share).to(torch.uint8)


def swap_numpy():
    ratio = np.sqrt(1 - np.random.beta(1, 1))
    y, x, h, w = random.randrange(H), random.randrange(W), int(H * ratio) // 2, int(W * ratio) // 2
    box = np.s_[max(0, y - h):y + h, max(0, x - w):x + w]
    kept = a[box].copy()
    a[box] = b[box]
    b[box] = kept


def normal_opencv():
    return cv2.dnn.blobFromImage(pixels, 1 / (255 * 0.226), (W, H), [255 * m for m in MEAN])


def normal_numpy():
    return ((pixels.astype(np.float32) * np.float32(1 / 255) - np.float32(MEAN)) / np.float32(STD)).transpose(2, 0, 1).copy()


to_floats = T.Compose([T.ToTensor(), T.Normalize(MEAN, STD)])


def policy(transform):
    return lambda: transform(image), lambda: transform(planes)


# our line, then rivals
cases = [
    ('random_crop: 224', [crop_pillow, crop_opencv, lambda: T.RandomCrop(224)(planes)]),
    ('random_resized_crop: 224', [resized(lambda x, y, w, h: image.resize((224, 224), Image.BILINEAR, (x, y, x + w, y + h))),
                                  resized(lambda x, y, w, h: cv2.resize(pixels[y:y + h, x:x + w], (224, 224), interpolation=cv2.INTER_AREA)),
                                  lambda: T.RandomResizedCrop(224, antialias=True)(planes)]),
    ('scale_jitter: {min: 256, max: 480}', [jitter(lambda w, h: image.resize((w, h), Image.BILINEAR)),
                                            jitter(lambda w, h: cv2.resize(pixels, (w, h), interpolation=cv2.INTER_AREA))]),
    ('cutout: 100', [cut_numpy, cut_opencv]),
    ('random_erasing: {p: 1, scale: [0.02, 0.33]}', [lambda: T.RandomErasing(1)(planes)]),
    ('random_erasing: {p: 1, scale: [0.02, 0.33], mode: pixel}', [lambda: T.RandomErasing(1, value='random')(planes)]),
    ('autoaugment', policy(T.AutoAugment())),
    ('autoaugment: {compat: sequential}', policy(T.AutoAugment())),
    ('randaugment', policy(T.RandAugment())),
    ('randaugment: {compat: sequential}', policy(T.RandAugment())),
    ('trivialaugment', policy(T.TrivialAugmentWide())),
    ('augmix', policy(T.AugMix())),
    ('mixup', [blend_opencv, blend_torch]),
    ('cutmix', [swap_numpy]),
    ('normalize', [normal_numpy, normal_opencv, lambda: to_floats(image)]),
]


def rate(call):
    call()
    done, begin = 0, time.perf_counter()
    while time.perf_counter() - begin < seconds:
        call()
        done += 1
    return done / (time.perf_counter() - begin)


with tempfile.NamedTemporaryFile() as raw:
    raw.write(pixels.tobytes())
    raw.flush()

    def ours(line):
        got = subprocess.run([bench, raw.name, str(W), str(H), str(seconds), '-', line], check=True, stdout=subprocess.PIPE)
        return list(json.loads(got.stdout).values())[0]

    measured = [[] for _ in cases]
    for _ in range(rounds):
        for i, (line, rivals) in enumerate(cases):
            pair = 2 if line in ('mixup', 'cutmix') else 1
            measured[i].append([ours(line)] + [pair * rate(rival) for rival in rivals])

print(f'{W}x{H}, 1 thread, medians of {rounds} rounds of {seconds:g} s; Pillow {PIL.__version__}, OpenCV {cv2.__version__}, '
      f'torchvision {torchvision.__version__}, images/s')
print('| recipe | ours | rivals | ours / fastest rival |')
print('|---|---|---|---|')
for (line, _), rows in zip(cases, measured):
    v = [statistics.median(column) for column in zip(*rows)]
    print(f'| `{line}` | {v[0]:,.0f} | ' + ', '.join(f'{x:,.0f}' for x in v[1:]) + f' | {v[0] / max(v[1:]):.2f} |')
