"""Tensors over a ring's memory, for NumPy or PyTorch. Nothing here copies, except `pinned`.

make = maker("torch")
images = make(ring.memory, ring.tensors["images"], slot.offset)
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from tenfold.errors import UsageError
from tenfold.ring import Tensor

# (memory, tensor, offset of the slot) -> an array of the library
Maker = Callable[[memoryview, Tensor, int], Any]

# NumPy has no bfloat16: its bits.
_NUMPY = {"float32": "<f4", "float16": "<f2", "bfloat16": "<u2", "uint8": "u1", "int64": "<i8"}


def library(output: str | None) -> str:
    """Return "torch" or "numpy": what was asked for, or PyTorch if it is installed."""
    if output not in (None, "torch", "numpy"):
        raise UsageError(f"output is {output!r}; must be 'torch' or 'numpy'")
    if output == "numpy" or (output is None and importlib.util.find_spec("torch") is None):
        return "numpy"
    try:
        import torch  # noqa: F401, PLC0415 -- an optional dependency, and seconds to load
    except ImportError as e:
        raise UsageError("output is 'torch', but PyTorch is not installed") from e
    return "torch"


def maker(output: str) -> Maker:
    """Return the function that makes tensors of the library."""
    return _torch_maker() if output == "torch" else _numpy


def _numpy(memory: memoryview, tensor: Tensor, offset: int) -> Any:
    # Not np.ndarray(buffer=): it would let a read-only array be made writable.
    flat = np.frombuffer(memory, _NUMPY[tensor.dtype], prod(tensor.shape), offset + tensor.offset)
    return flat.reshape(tensor.shape)


def _torch_maker() -> Maker:
    import torch  # noqa: PLC0415

    def make(memory: memoryview, tensor: Tensor, offset: int) -> Any:
        flat = torch.frombuffer(
            memory,
            dtype=getattr(torch, tensor.dtype),
            count=prod(tensor.shape),
            offset=offset + tensor.offset,
        )
        return flat.view(tensor.shape)

    return make


def pinned(tensor: Any) -> Any:
    """Copy a torch tensor into page-locked memory.

    PyTorch's allocator of such memory gives a block out again only when the copies to a GPU that
    were begun from it are done, so that the result needs no lifetime of its own.
    """
    import torch  # noqa: PLC0415

    return torch.empty_like(tensor, pin_memory=True).copy_(tensor)


def mixed_labels(label: Any, label_b: Any, share: Any, classes: int) -> Any:
    """Make (b,k) float32 of a mixed batch: `share` for `label`, the rest for `label_b`.

    A row without label (-1) is all zeros. Takes and returns arrays of NumPy.
    """
    soft = np.zeros((len(label), classes), np.float32)
    rows = np.flatnonzero((label >= 0) & (label_b >= 0))
    soft[rows, label[rows]] = share[rows]
    soft[rows, label_b[rows]] += 1 - share[rows]
    return soft
