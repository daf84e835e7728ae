"""The loader in this process, through libtenfold.so: what the daemon is compared with."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

LIBRARY = os.environ.get("TENFOLD_LIBRARY") or str(
    Path(__file__).parents[2] / "build" / "gcc" / "libtenfold.so"
)


class _Batch(ctypes.Structure):  # struct tenfold_batch
    _fields_ = [
        ("step", ctypes.c_uint64),
        ("epoch", ctypes.c_uint32),
        ("count", ctypes.c_uint32),
        ("valid", ctypes.c_uint32),
        ("dtype", ctypes.c_int),
        ("layout", ctypes.c_int),
        ("height", ctypes.c_int),
        ("width", ctypes.c_int),
        ("images", ctypes.c_void_p),
        ("label", ctypes.POINTER(ctypes.c_int64)),
        ("label_b", ctypes.POINTER(ctypes.c_int64)),
        ("share", ctypes.POINTER(ctypes.c_float)),
        ("soft", ctypes.POINTER(ctypes.c_float)),
        ("classes", ctypes.c_int),
        ("id", ctypes.POINTER(ctypes.c_int64)),
        ("weight", ctypes.POINTER(ctypes.c_float)),
        ("slot", ctypes.c_int),
    ]


def batches(config: str, settings: str) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Images (as bytes), labels and ids of the steps that `settings` ask for."""
    library = ctypes.CDLL(LIBRARY)
    library.tenfold_close.argtypes = [ctypes.c_void_p]
    library.tenfold_close.restype = None
    library.tenfold_release.restype = None
    handle, error, batch = ctypes.c_void_p(), ctypes.create_string_buffer(1600), _Batch()
    arguments = ctypes.byref(handle), config.encode(), settings.encode(), error
    if library.tenfold_open(*arguments) != 0:
        raise RuntimeError(error.value.decode())
    try:
        while (more := library.tenfold_next(handle, ctypes.byref(batch), error)) == 1:
            size = batch.count * 3 * batch.height * batch.width * (4, 1, 2, 2)[batch.dtype]
            image_bytes = np.frombuffer(ctypes.string_at(batch.images, size), np.uint8)
            counts = (batch.count,)
            label = np.ctypeslib.as_array(batch.label, counts).copy()
            ids = np.ctypeslib.as_array(batch.id, counts).copy()
            yield image_bytes, label, ids
            library.tenfold_release(handle, ctypes.byref(batch))
        if more < 0:
            raise RuntimeError(error.value.decode())
    finally:
        library.tenfold_close(handle)
