#!/usr/bin/python3
"""compare.py MADE STORED - fail unless every file in MADE is in STORED, too, and says the same."""
import json
import os
import sys


def same(a, b):
    if isinstance(a, dict):
        return isinstance(b, dict) and a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list):
        return isinstance(b, list) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, float):
        return isinstance(b, (int, float)) and abs(a - b) <= 2e-5 * max(1, abs(a))
    return a == b


made, stored = sys.argv[1:3]
names = sorted(os.path.relpath(os.path.join(folder, name), made) for folder, _, files in os.walk(made) for name in files)
bad = 0 if names else 1
for name in names:
    path = os.path.join(stored, name)
    if not os.path.exists(path):
        print(f'{name}: is not stored')
        bad = 1
    elif name.endswith('.json'):
        if not same(json.load(open(os.path.join(made, name))), json.load(open(path))):
            print(f'{name}: other numbers')
            bad = 1
    elif open(os.path.join(made, name), 'rb').read() != open(path, 'rb').read():
        print(f'{name}: other bytes')
        bad = 1
sys.exit(bad)
