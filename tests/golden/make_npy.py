#!/usr/bin/python3
"""Writes npy/: an array of every type that Tenfold reads, as numpy.save writes it (NumPy 1.23 or later).

Usage: make_npy.py FOLDER
"""
import os
import sys

import numpy as np

folder = os.path.join(sys.argv[1], 'npy')
os.makedirs(folder, exist_ok=True)
arrays = {
    'f4': np.array([[1, 2, 3], [-4, .5, np.inf]], np.float32),
    'f2': np.array([1, -2], np.float16),
    'f8': np.array([[[.1]]]),
    'u1': np.arange(200, dtype=np.uint8).reshape(10, 20),
    'i1': np.array([-128, 127], np.int8),
    'i4': np.array([-2**31, 2**31 - 1], np.int32),
    'i8': np.array([-2**63, 2**63 - 1]),
    'scalar': np.array(2.5, np.float32),
    'empty': np.zeros((3, 0), np.float32),
    'rank8': np.arange(2, dtype=np.int32).reshape(1, 1, 1, 1, 1, 1, 1, 2),
}
for name, array in arrays.items():
    np.save(os.path.join(folder, name + '.npy'), array)
