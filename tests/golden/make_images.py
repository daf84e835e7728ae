#!/usr/bin/python3
"""Writes images/: small JPEG and PNG files of every kind, and images.json: size and SHA-256 of the RGB pixels that Pillow makes of
each. Needs Debian's python3-pil and python3-numpy. Usage: make_images.py FOLDER
"""
import hashlib
import io
import json
import os
import sys

import numpy as np
from PIL import Image

folder = os.path.join(sys.argv[1], 'images')
os.makedirs(folder, exist_ok=True)
y, x, c = np.meshgrid(np.arange(27), np.arange(35), np.arange(4), indexing='ij')
pixels = ((x * (3 + c) + y * (7 - c) + (x * y * (c + 1)) // 9 + 50 * c) % 256).astype(np.uint8)
rgb = Image.fromarray(pixels[:, :, :3])
gray = Image.fromarray(pixels[:, :, 0])
rgba = Image.fromarray(pixels, 'RGBA')
cmyk = Image.fromarray(pixels, 'CMYK')
palette = rgb.quantize(13)
exif = Image.Exif()
exif[0x0112] = 6

files = {}


def save(name, image, **options):
    data = io.BytesIO()
    image.save(data, **options)
    files[name] = data.getvalue()


for quality, sampling in ((95, 0), (80, 1), (75, 2)):
    save(f'rgb_{sampling}.jpg', rgb, format='JPEG', quality=quality, subsampling=sampling)
    save(f'progressive_{sampling}.jpg', rgb, format='JPEG', quality=quality, subsampling=sampling, progressive=True)
save('gray.jpg', gray, format='JPEG', quality=90)
save('cmyk.jpg', cmyk, format='JPEG', quality=90)
save('optimized.jpg', rgb, format='JPEG', quality=30, optimize=True)
save('exif6.jpg', rgb, format='JPEG', quality=90, exif=exif)
save('rgb.png', rgb, format='PNG')
save('gray.png', gray, format='PNG')
save('gray_alpha.png', rgba.convert('LA'), format='PNG')
save('rgba.png', rgba, format='PNG')
save('palette.png', palette, format='PNG')
save('palette_clear.png', palette, format='PNG', transparency=3)
save('palette_4bit.png', palette, format='PNG', bits=4)
save('bit.png', gray.convert('1'), format='PNG')
save('one.png', rgb.crop((3, 4, 4, 5)), format='PNG')
save('one.jpg', rgb.crop((3, 4, 4, 5)), format='JPEG')
answers = {}
for name, data in sorted(files.items()):
    image = Image.open(io.BytesIO(data))
    answers[name] = {'width': image.width, 'height': image.height,
                     'sha256': hashlib.sha256(image.convert('RGB').tobytes()).hexdigest()}
    with open(os.path.join(folder, name), 'wb') as file:
        file.write(data)
with open(os.path.join(sys.argv[1], 'images.json'), 'w') as file:
    json.dump(answers, file, indent=1)
    file.write('\n')
