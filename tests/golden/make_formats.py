#!/usr/bin/python3
"""Writes formats.txt: the known answers of docs/formats.md, computed from the definitions there and nothing of Tenfold's.

Usage: make_formats.py FOLDER
"""
import struct
import sys
import zlib

M32, M64 = 2**32 - 1, 2**64 - 1


def philox(counter, key):
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (p1 >> 32) ^ c1 ^ k0, p1 & M32, (p0 >> 32) ^ c3 ^ k1, p0 & M32
        k0, k1 = (k0 + 0x9E3779B9) & M32, (k1 + 0xBB67AE85) & M32
    return [c0, c1, c2, c3]


P = [0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5]


def rotate(x, r):
    return (x << r | x >> (64 - r)) & M64


def step(acc, lane):
    return rotate((acc + lane * P[1]) & M64, 31) * P[0] & M64


def xxh64(data):
    """XXH64 with seed 0, from its specification."""
    size, i = len(data), 0
    if size >= 32:
        acc = [(P[0] + P[1]) & M64, P[1], 0, -P[0] & M64]
        while i + 32 <= size:
            for j, lane in enumerate(struct.unpack_from('<4Q', data, i)):
                acc[j] = step(acc[j], lane)
            i += 32
        h = sum(rotate(a, r) for a, r in zip(acc, (1, 7, 12, 18))) & M64
        for a in acc:
            h = ((h ^ step(0, a)) * P[0] + P[3]) & M64
    else:
        h = P[4]
    h = (h + size) & M64
    while i + 8 <= size:
        h = (rotate(h ^ step(0, struct.unpack_from('<Q', data, i)[0]), 27) * P[0] + P[3]) & M64
        i += 8
    if i + 4 <= size:
        h = (rotate(h ^ struct.unpack_from('<I', data, i)[0] * P[0] & M64, 23) * P[1] + P[2]) & M64
        i += 4
    while i < size:
        h = rotate(h ^ data[i] * P[4] & M64, 11) * P[0] & M64
        i += 1
    h = (h ^ h >> 33) * P[1] & M64
    h = (h ^ h >> 29) * P[2] & M64
    return h ^ h >> 32


def crc32c(data):
    """Bit by bit, by Castagnoli's polynomial."""
    crc = M32
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ M32


def key(seed, domain, name, occurrence):
    use = xxh64(f'{domain}/{name}'.encode())
    return philox([use & M32, use >> 32, occurrence, 0], [seed & M32, seed >> 32])[:2]


def words(k, sample, epoch, count):
    out = []
    for block in range((count + 3) // 4):
        out += philox([sample & M32, sample >> 32, epoch, block], k)
    return out[:count]


def order(n, seed, epoch, position):
    half = 1
    while half < 32 and 1 << 2 * half < n:
        half += 1
    k, mask, x = key(seed, 'order', 'permutation', 0), (1 << half) - 1, position
    while True:
        left, right = x >> half, x & mask
        for r in range(8):
            left, right = right, left ^ philox([right, 0, epoch, r], k)[0] & mask
        x = left << half | right
        if x < n:
            return x


def hexes(values, digits=8):
    return ' '.join(f'{v:0{digits}x}' for v in values)


lines = []
for counter, k in (([0] * 4, [0] * 2), ([M32] * 4, [M32] * 2),
                   ([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0])):
    lines.append(f'philox {hexes(counter)} {hexes(k)} = {hexes(philox(counter, k))}')
for text in ('', 'a', 'sample/hflip', 'n01440764/n01440764_tench', 'order/permutation: forty-eight bytes of text here!'):
    lines.append(f'hash64 "{text}" = {xxh64(text.encode()):016x}')
for text in ('', '123456789'):
    lines.append(f'crc32 "{text}" = {zlib.crc32(text.encode()):08x}')
for text in ('', '123456789'):
    lines.append(f'crc32c "{text}" = {crc32c(text.encode()):08x}')
for seed, domain, name, occurrence in ((0, 'sample', 'hflip', 0), (0, 'sample', 'hflip', 1), (1, 'sample', 'hflip', 0),
                                       (2**40 + 7, 'batch', 'mixup', 0), (42, 'init', 'conv1.weight', 0)):
    lines.append(f'key {seed} {domain} {name} {occurrence} = {hexes(key(seed, domain, name, occurrence))}')
for seed, domain, name, sample, epoch in ((0, 'sample', 'hflip', 0, 0), (0, 'sample', 'hflip', 1, 0), (0, 'sample', 'hflip', 0, 1),
                                          (7, 'sample', 'random_crop', 10**10, 300)):
    w = words(key(seed, domain, name, 0), sample, epoch, 6)
    u = [w[i] | w[i + 1] << 32 for i in (0, 2, 4)]
    lines.append(f'draws {seed} {domain} {name} {sample} {epoch} = {hexes(u, 16)}')
    lines.append(f'uniform {seed} {domain} {name} {sample} {epoch} = {(u[0] >> 11) * 2.0**-53!r}')
    lines.append(f'below-225 {seed} {domain} {name} {sample} {epoch} = {u[0] * 225 >> 64}')
for n, seed, epoch in ((1, 0, 0), (10, 0, 0), (10, 0, 1), (10, 1, 0), (50000, 3, 2), (10**10, 5, 0)):
    ids = ' '.join(str(order(n, seed, epoch, p)) for p in range(min(n, 8)))
    lines.append(f'order {n} {seed} {epoch} = {ids}')
with open(sys.argv[1] + '/formats.txt', 'w') as file:
    file.write('\n'.join(lines) + '\n')
