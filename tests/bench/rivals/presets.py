#!/usr/bin/python3
"""presets.py BIN PHOTOS [IMAGES] - how far the presets of configs/recipes are from torchvision's chain of the same steps: `nndata show --sample` replays
what training sees of a photograph and prints its plan, and from that plan's numbers torchvision on PIL images resizes, crops and mirrors step by
step. What torchvision lacks (PCA of color, cutout) is done on its levels in double and rounded. Mixing is left out. A line a preset: share of the
levels more than 2 apart, the largest distance, mean PSNR (60 dB where equal), images equal in all levels.

timm_randaugment's chain is measured by bench_fused. Needs Debian's python3-torchvision.
"""
import glob
import json
import os
import subprocess
import sys
import tempfile

try:
    import numpy as np
    import torchvision.transforms.functional as F
    from PIL import Image
except ImportError as error:
    sys.exit(f'presets.py: {error}; install python3-torchvision')

program, photos = os.path.join(sys.argv[1], 'nndata'), sys.argv[2]
images = int(sys.argv[3]) if len(sys.argv) > 3 else 40
MARGIN = 10  # of the picture that nndata writes


def replay(preset, sample, folder):
    """The plan, and the levels beside the original in the picture."""
    path = os.path.join(folder, 'sample.png')
    told = subprocess.run([program, 'show', preset, '--data', photos, '--sample', str(sample), '--epoch', '1', '--out', path] + more,
                          check=True, stdout=subprocess.PIPE)
    told = json.loads(told.stdout)
    picture = np.asarray(Image.open(path).convert('RGB'))
    (width, height), (made_width, made_height) = told['plan']['source'], told['size']
    top = picture.shape[0] - max(height, made_height) - MARGIN
    left = 2 * MARGIN + width
    return told, picture[top:top + made_height, left:left + made_width]


def chain(told):
    plan, image = told['plan'], Image.open(told['place']).convert('RGB')
    axis, (width, height) = plan['axis'], told['size']
    x, y, w, h = axis['window']
    if (w, h) != image.size:
        image = F.crop(image, y, x, h, w)
    resized = axis['resized']
    if tuple(resized) != image.size:
        image = F.resize(image, [resized[1], resized[0]])
    image = F.crop(image, axis['offset'][1], axis['offset'][0], height, width)
    if axis['mirror'][0]:
        image = F.hflip(image)
    levels = np.asarray(image).astype(float)
    for color in plan['colors']:
        assert not np.any(color['mean']), 'a contrast'
        levels = np.clip(levels @ np.array(color['pixel']).reshape(3, 3).T + color['offset'], 0, 255)
    levels = np.floor(levels + 0.5)
    for erasure in plan['erasures']:
        x, y, w, h = erasure['area']
        levels[y:y + h, x:x + w] = np.floor(np.array(erasure['level']) + 0.5)
    return levels


print('| preset | levels more than 2 apart | largest distance | mean PSNR (60 where equal) | images without any difference |')
print('|---|---|---|---|---|')
with tempfile.TemporaryDirectory() as folder:
    subprocess.run([program, 'stats', photos, '--size', '256', '--out', folder], check=True, stdout=subprocess.DEVNULL)
    for preset in sorted(glob.glob('configs/recipes/*.yaml')):
        name = os.path.basename(preset)[:-5]
        if name == 'timm_randaugment':
            continue
        more = ['--set', f'augment.2.subtract_mean_image.file={folder}/stats.safetensors'] if name == 'alexnet' else []
        over, largest, psnr, equal, values = 0, 0, 0, 0, 0
        for sample in range(images):
            told, ours = replay(preset, sample, folder)
            off = np.abs(chain(told) - ours)
            over += (off > 2).sum()
            values += off.size
            largest = max(largest, off.max())
            psnr += min(60, 10 * np.log10(255 ** 2 / max((off ** 2).mean(), 1e-9)))
            equal += not off.any()
        print(f'| {name} | {100 * over / values:.2f} % | {largest:.0f} | {psnr / images:.1f} dB | {equal} of {images} |', flush=True)
