#!/usr/bin/python3
"""Writes outputs.npz (stored) and outputs_deflated.npz: logits, labels and ids as numpy.savez and savez_compressed write them.

Run by hand: the bytes of deflate depend on zlib's version, what tests/test_outputs.c reads from them does not. Usage: outputs_npz.py FOLDER
"""
import sys

import numpy as np

logits = (np.arange(40 * 6).reshape(40, 6) * 7919 % 101 / 8 - 5).astype(np.float16)
arrays = {'logits': logits, 'labels': np.arange(40) % 6, 'id': 2 * np.arange(40) + 1}
np.savez(sys.argv[1] + '/outputs.npz', **arrays)
np.savez_compressed(sys.argv[1] + '/outputs_deflated.npz', **arrays)
