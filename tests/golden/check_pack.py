#!/usr/bin/python3
"""check_pack.py NNDATA - pack pictures made by Pillow and read the shards as others do: GNU tar lists them, tarfile gives
WebDataset's samples (its rule for keys and extensions), and Pillow finds the pixels, tables, sampling and metadata of the source.
"""
import io
import os
import re
import subprocess
import sys
import tarfile
import tempfile

import numpy as np
from PIL import Image

nndata = os.path.abspath(sys.argv[1])
random = np.random.RandomState(5)
exif = Image.Exif()
exif[0x0112] = 6
exif[0x010e] = 'a description'


def picture(width, height, mode='RGB'):
    small = random.randint(0, 256, (height // 8 + 1, width // 8 + 1, 4)).astype(np.uint8)
    image = Image.fromarray(small, 'CMYK').resize((width, height), Image.BICUBIC)
    return image if mode == 'CMYK' else image.convert('RGB').convert(mode)


def make(root):
    count = 0
    for folder in ('ants', 'bees, wild', 'cats.v2/deep'):
        os.makedirs(os.path.join(root, folder))
        for name, mode, size, options in (
                ('plain.jpg', 'RGB', (333, 250), {}),
                ('fine.JPEG', 'RGB', (500, 120), {'quality': 97, 'subsampling': 0}),
                ('progressive.jpg', 'RGB', (200, 300), {'progressive': True, 'subsampling': 1}),
                ('gray.jpg', 'L', (100, 90), {}),
                ('inks.jpg', 'CMYK', (120, 90), {}),
                ('with.dots.jpg', 'RGB', (90, 120), {'exif': exif}),
                ('profile.jpg', 'RGB', (90, 120), {'icc_profile': bytes(range(256)) * 600}),
                ('comment.jpg', 'RGB', (90, 120), {'comment': b'said'}),
                ('n' * 120 + '.jpg', 'RGB', (64, 64), {}),
                ('picture.png', 'RGB', (40, 30), {}),
                ('palette.png', 'P', (40, 30), {})):
            image = picture(*size, mode)
            image.save(os.path.join(root, folder, name), **options)
            count += 1
    return count


def check(name, data, path):
    """The packed bytes against the source's file."""
    with Image.open(io.BytesIO(data)) as packed, Image.open(path) as source:
        assert packed.size == source.size and packed.mode == source.mode, name
        for key in ('exif', 'icc_profile', 'comment', 'jfif', 'adobe', 'dpi'):
            assert packed.info.get(key) == source.info.get(key), (name, key)
        if source.format == 'JPEG':
            assert packed.quantization == source.quantization, name
            assert packed.layer == source.layer, name
            assert 'progressive' not in packed.info, name
        assert packed.convert('RGB').tobytes() == source.convert('RGB').tobytes(), name


with tempfile.TemporaryDirectory() as work:
    source, out = os.path.join(work, 'source'), os.path.join(work, 'packed')
    count = make(source)
    classes = sorted(os.listdir(source))
    subprocess.run([nndata, 'pack', source, out, '--shard-size', '0.2'], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    files = {}
    for folder, _, names in os.walk(source):
        for name in names:
            path = os.path.join(folder, name)
            files[os.path.splitext(os.path.relpath(path, source))[0]] = path
    shards = sorted(name for name in os.listdir(out) if name.endswith('.tar'))
    assert len(shards) > 2
    seen = {}
    for shard in shards:
        path = os.path.join(out, shard)
        listed = subprocess.run(['tar', 'tf', path, '--warning=no-unknown-keyword'], check=True, capture_output=True, text=True)
        assert listed.stderr == '', listed.stderr
        with tarfile.open(path) as tar:
            members = tar.getmembers()
            assert [m.name for m in members] == listed.stdout.split('\n')[:-1]
            for m in members:
                assert (m.uid, m.gid, m.mtime, m.mode) == (0, 0, 0, 0o644), m.name
                prefix, suffix = re.match(r'^((?:.*/|)[^.]+)[.]([^/]*)$', m.name).groups()  # WebDataset's rule
                key = m.pax_headers.get('TENFOLD.key', prefix)
                assert suffix not in seen.setdefault(key, {}), m.name
                seen[key][suffix] = tar.extractfile(m).read()
    assert seen.keys() == files.keys() and len(files) == count
    for key, sample in seen.items():
        extension = 'png' if files[key].endswith('.png') else 'jpg'
        assert sample.keys() == {extension, 'cls'}, (key, sample.keys())
        assert int(sample['cls']) == classes.index(key.split('/')[0]), key
        check(key, sample[extension], files[key])
print(f'{count} samples in {len(shards)} shards')
