"""Training batches from the nnprepd daemon, in shared memory, without a copy.

import tenfold

loader = tenfold.Loader("recipe.yaml", data="/photos", batch_size=64, seed=1)
for epoch in range(90):
    for images, labels in loader:
        ...
"""

from tenfold.batch import Batch
from tenfold.errors import (
    DaemonGone,
    DaemonStopped,
    DataError,
    Error,
    ProtocolError,
    UsageError,
    WaitTimeout,
)
from tenfold.loader import Loader

__version__ = "0.1.0"
__all__ = [
    "Batch",
    "DaemonGone",
    "DaemonStopped",
    "DataError",
    "Error",
    "Loader",
    "ProtocolError",
    "UsageError",
    "WaitTimeout",
]
