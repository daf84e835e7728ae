#!/usr/bin/env python3
"""Writes tests/golden/types.safetensors with Hugging Face's safetensors (0.8.0) and PyTorch: a tensor of every type that
Tenfold reads, with metadata. Needs: pip install safetensors torch, which Debian does not
package: so this one is not made again by check.sh."""
import os
import torch
from safetensors.torch import save_file

tensors = {
    'zeta': torch.tensor([[9, 8, 7]], dtype=torch.uint8),
    'i': torch.tensor([-3], dtype=torch.int8),
    'beta': torch.arange(6, dtype=torch.float16).reshape(1, 2, 3),
    'b2': torch.tensor([1.5, -2], dtype=torch.bfloat16),
    'alpha.é"': torch.tensor(.5),
    'empty': torch.zeros(4, 0),
    'j': torch.tensor([1, -2], dtype=torch.int32),
    'd': torch.tensor([1, -2, 3], dtype=torch.float64),
    'label': torch.tensor([-1, 2**63 - 1]),
}
save_file(tensors, os.path.join(os.path.dirname(os.path.abspath(__file__)), 'types.safetensors'), metadata={'net': '{"a": [1]}'})
