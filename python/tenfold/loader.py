"""The Loader: what a trainer iterates over instead of a DataLoader.

Positions. A stream counts global batches ("steps") without end; epoch e is the steps from
e * len(loader) on. The Loader knows the step that the stream hands out next. An iteration runs to
the end of an epoch; where it begins is decided in `_begin`: a stream at another place is given up
and opened again there.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
import weakref
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np

from tenfold.batch import Batch, View
from tenfold.daemon import resolve
from tenfold.errors import UsageError
from tenfold.stream import Request, Stream
from tenfold.tensors import library, maker, mixed_labels, pinned

_LAYOUTS = {"nchw": "nchw", "nhwc": "nhwc", "channels_last": "nhwc"}


class Dataset:
    """What `loader.dataset` is asked for: its length and the number of classes."""

    def __init__(self, samples: int, num_classes: int) -> None:
        self._samples = samples
        self.num_classes = num_classes

    def __len__(self) -> int:
        return self._samples


class Loader:
    """Iterates over the batches of an epoch as pairs `(images, labels)`; see docs/python.md.

    Args:
        config: a recipe: the path of a YAML file, `@NAME` for one that the daemon holds, a dict
            with the same keys, or None for none.
        data: the data set: a folder with a folder per class, a tar, a folder of tars, an index.
        batch_size: samples of a batch of this rank, as a DataLoader's; the global batch is `world`
            times that. None: the config's `data.batch` (of all ranks together).
        seed: of order and augmentation.
        rank: which part of every global batch; None: torch.distributed's, or 0.
        world: the number of parts; None: torch.distributed's, or 1.
        shuffle: another order every epoch (the config's default: yes).
        drop_last: leave out a short last batch (the config's default: yes).
        dtype: of the images: "float32", "float16", "bfloat16", "uint8".
        layout: "nchw", "nhwc", or "channels_last": (b,3,h,w) in PyTorch's memory format of that
            name.
        settings: any keys of a config, {"data.cache": "pixels"} or ["data.cache=pixels"].
        output: "torch" or "numpy"; None: torch if it is installed.
        writable: NumPy only: arrays that may be written (torch tensors always may be). What is
            written stays with this process and is gone with the batch.
        hold: how many batches stay valid at once; less than the ring has (`data.slots`).
        pin_memory: torch with CUDA: copy each batch into page-locked memory.
        state: of `state_dict`: go on with the very next batch.
        join: take up a running stream of the same kind where it is, instead of at epoch 0; so that
            trainers side by side share every batch.
        share: False: a stream that nobody else attaches to.
        slow: what becomes of this trainer when it holds others back: "hold" (they wait), "private"
            (it gets a stream of its own).
        timeout: seconds to wait for a batch before WaitTimeout; 0: as long as the daemon lives.
        address: of the daemon: "unix:PATH", "tcp:HOST:PORT"; None: $TENFOLD_DAEMON, or the user's
            own, which is started when there is none.
        psk: the file with the pre-shared key of a remote daemon, or "munge"; None: $TENFOLD_PSK.
    """

    num_workers = 0  # processes of ours; the daemon has threads

    def __init__(
        self,
        config: str | os.PathLike[str] | Mapping[str, Any] | None = None,
        data: str | os.PathLike[str] | None = None,
        *,
        batch_size: int | None = None,
        seed: int | None = None,
        rank: int | None = None,
        world: int | None = None,
        shuffle: bool | None = None,
        drop_last: bool | None = None,
        dtype: str | None = None,
        layout: str | None = None,
        settings: Mapping[str, Any] | Iterable[str] | None = None,
        output: str | None = None,
        writable: bool | None = None,
        hold: int = 1,
        pin_memory: bool = False,
        state: Mapping[str, Any] | None = None,
        join: bool = False,
        share: bool = True,
        slow: str = "hold",
        timeout: float = 0,
        address: str | None = None,
        psk: str | os.PathLike[str] | None = None,
    ) -> None:
        self._stream: Stream | None = None
        self._pid = os.getpid()
        self._output = library(output)
        self._copy_on_write = self._output == "torch" or bool(writable)
        if self._output == "torch" and writable is False:
            raise UsageError(
                "torch tensors cannot be read-only: PyTorch would write all the same, and crash; "
                "writes go to a copy of the page, which costs nothing until there is one"
            )
        if hold < 1:
            raise UsageError(f"hold is {hold}; must be 1 or more (batches)")
        if not isinstance(timeout, Real) or not timeout >= 0:
            raise UsageError(f"timeout is {timeout!r}; must be 0 or more (seconds)")
        if layout not in (None, *_LAYOUTS):
            raise UsageError(f"layout is {layout!r}; must be one of {', '.join(_LAYOUTS)}")
        self._make = maker(self._output)
        self._hold = hold
        self._timeout = timeout
        self._address = address
        self._psk = psk
        self._channels_last = layout == "channels_last"
        self.pin_memory = pin_memory and self._can_pin()
        rank, world = _place_in_world(rank, world)
        self._request = Request(
            config=_config(config, remote=resolve(address).startswith("tcp:")),
            settings=_settings(
                () if settings is None else settings,
                {
                    "data.train": None if data is None else _path(data),
                    "data.batch": None if batch_size is None else batch_size * world,
                    "data.seed": seed,
                    "data.shuffle": shuffle,
                    "data.last": None if drop_last is None else "drop" if drop_last else "keep",
                    "data.dtype": dtype,
                    "data.layout": _LAYOUTS[layout] if layout else None,
                },
            ),
            rank=rank,
            world=world,
            share=share,
            slow=slow,
        )
        self._held: deque[Batch] = deque()
        self._asked: int | None = None  # by set_epoch
        self._releaser = _Releaser(self)
        self._iterations = 0  # begun so far: the last one is the one in use
        self._state: dict[str, Any] | None = None  # to be opened with; else where the stream was
        if state is not None:
            self.load_state_dict(state)
        else:
            self._open(None if join else 0)

    # -- what a DataLoader has

    def __len__(self) -> int:
        """Return the number of batches of an epoch."""
        return self._opened().steps_per_epoch

    @property
    def dataset(self) -> Dataset:
        """The data set's length (all ranks together) and number of classes."""
        stream = self._opened()
        return Dataset(stream.samples, stream.classes)

    @property
    def batch_size(self) -> int:
        """Samples of a batch of this rank."""
        return self._opened().ring.tensors["label"].shape[0]

    @property
    def sampler(self) -> Loader:
        """The Loader itself, for `loader.sampler.set_epoch(e)`, as of a DistributedSampler."""
        return self

    @property
    def epoch(self) -> int:
        """The epoch of the batch that comes next."""
        stream = self._opened()
        return stream.next // stream.steps_per_epoch

    def set_epoch(self, epoch: int) -> None:
        """Let the next iteration be this epoch; a state loaded within it keeps its position."""
        if epoch < 0:
            raise UsageError(f"epoch is {epoch}; must be 0 or more")
        self._asked = epoch

    def __iter__(self) -> Iterator[Batch]:
        """Return an iterator over the rest of the epoch that is due.

        That is the one of `set_epoch`; or the epoch of a state, from there on; or the one after
        that of the iteration before, however much of that was used.
        """
        self._check_process()
        self._begin()
        self._iterations += 1
        return _Iteration(self, self._iterations)

    # -- state, as of a StatefulDataLoader

    def state_dict(self) -> dict[str, Any]:
        """Return what it takes to go on behind the last batch handed out: small, for JSON."""
        return dict(self._state) if self._state else self._opened().state()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where `state` was taken. Opens the stream anew, also after DaemonGone."""
        self._check_process()
        self.close()
        self._state = dict(state)
        self._open(None)

    def close(self) -> None:
        """Leave the daemon. Tensors that are still held must not be used any more."""
        if self._stream is not None:
            self._state = self._stream.state()
            self._stream.close()
            self._stream = None
        while self._held:
            self._held.popleft().view = None

    def __enter__(self) -> Loader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_stream", None) is not None and self._pid == os.getpid():
            self.close()

    def __reduce__(self) -> Any:
        raise UsageError(
            "a Loader cannot be sent to another process; make one there (rank and world say which "
            "part of every batch it gets)"
        )

    # -- inside

    def _open(self, start: int | None) -> None:
        self._request.start = start
        self._request.state = self._state
        self._stream = Stream(
            self._address, self._request, copy_on_write=self._copy_on_write, psk=self._psk
        )
        self._state = None
        self._fresh = True  # no batch was taken yet: the position is one that somebody asked for
        slots = self._stream.ring.slots
        if self._hold > slots:
            self.close()
            raise UsageError(f"hold is {self._hold}, but the ring has {slots} slots (data.slots)")

    def _opened(self) -> Stream:
        self._check_process()
        if self._stream is None:
            self._open(None if self._state else 0)
        assert self._stream is not None
        return self._stream

    def _check_process(self) -> None:
        if self._pid != os.getpid():
            raise UsageError(
                f"this Loader belongs to process {self._pid}, not to its fork {os.getpid()}; make "
                "one in each process that needs batches (a DataLoader around it must have "
                "num_workers=0)"
            )

    def _begin(self) -> None:
        stream = self._opened()
        epoch, within = divmod(stream.next, stream.steps_per_epoch)
        wanted = (
            self._asked if self._asked is not None else epoch + (within > 0 and not self._fresh)
        )
        self._asked = None
        if wanted != epoch or (within > 0 and not self._fresh):
            self.close()
            self._state = None
            self._open(wanted * stream.steps_per_epoch)

    def _take(self, end: int) -> Batch | None:
        """Return the next batch, unless that is one of step `end` or there is none."""
        stream = self._opened()
        if stream.next >= end:
            return None
        while len(self._held) >= self._hold:
            self._give_back()
        taken = stream.take(self._timeout)
        self._fresh = False
        return self._batch(View(self._make, *taken)) if taken else None

    def _batch(self, view: View) -> Batch:
        images = view["images"]
        if self._channels_last:
            transpose = images.permute if self._output == "torch" else images.transpose
            images = transpose(0, 3, 1, 2)
        labels = self._labels(view)
        if self.pin_memory:
            images, labels = pinned(images), pinned(labels)
        batch = Batch(images, labels, view, self._releaser)
        self._held.append(batch)
        return batch

    def _labels(self, view: View) -> Any:
        if "soft" in view:
            return view["soft"]
        if "label_b" not in view:
            return view["label"]
        label, label_b, share = (np.asarray(view[name]) for name in ("label", "label_b", "lambda"))
        soft = mixed_labels(label, label_b, share, self._opened().classes)
        return sys.modules["torch"].from_numpy(soft) if self._output == "torch" else soft

    def _give_back(self) -> None:
        batch = self._held.popleft()
        assert batch.view is not None
        if self._stream is not None:
            self._stream.give_back(batch.view.ring, batch.view.slot)
        batch.view = None

    def _release(self, batch: Batch) -> None:
        self._check_process()
        place = next(i for i, held in enumerate(self._held) if held is batch)
        self._held.rotate(-place)
        self._give_back()
        self._held.rotate(place)

    def _can_pin(self) -> bool:
        if self._output != "torch":
            raise UsageError("pin_memory needs output='torch'")
        import torch  # noqa: PLC0415

        if torch.cuda.is_available():
            return True
        warnings.warn(
            "pin_memory is set, but there is no CUDA: batches are not copied", stacklevel=3
        )
        return False


class _Iteration:
    """From where the stream is to the end of its epoch."""

    def __init__(self, loader: Loader, number: int) -> None:
        self._loader = loader
        self._number = number
        stream = loader._opened()
        self._end = (stream.next // stream.steps_per_epoch + 1) * stream.steps_per_epoch

    def __iter__(self) -> Iterator[Batch]:
        return self

    def __next__(self) -> Batch:
        loader = self._loader
        if loader._iterations != self._number:
            raise UsageError("another iteration of this Loader has begun")
        batch = loader._take(self._end)
        if batch is None:
            raise StopIteration
        return batch


class _Releaser:
    """What a batch calls; it does not keep the Loader, which keeps the batch."""

    def __init__(self, loader: Loader) -> None:
        self._loader = weakref.ref(loader)

    def __call__(self, batch: Batch) -> None:
        loader = self._loader()
        if loader is not None:
            loader._release(batch)


def _place_in_world(rank: int | None, world: int | None) -> tuple[int, int]:
    """Fill in what torch.distributed knows where it is in use, as a DistributedSampler does."""
    distributed = sys.modules.get("torch.distributed")
    running = distributed and distributed.is_available() and distributed.is_initialized()
    if world is None:
        world = distributed.get_world_size() if running else 1  # type: ignore[union-attr]
    if rank is None:
        rank = distributed.get_rank() if running else 0  # type: ignore[union-attr]
    return int(rank), int(world)


def _path(path: str | os.PathLike[str]) -> str:
    return os.path.abspath(os.fspath(path))


def _config(
    config: str | os.PathLike[str] | Mapping[str, Any] | None, *, remote: bool
) -> dict[str, Any] | None:
    if config is None:
        return None
    if isinstance(config, Mapping):
        return {"text": json.dumps(config, ensure_ascii=False)}  # JSON is YAML
    name = os.fspath(config)
    if name.startswith("@"):
        return {"name": name[1:]}
    if not remote:
        return {"path": os.path.abspath(name)}
    try:  # another node's daemon opens no files that we name
        return {"text": Path(name).read_text(encoding="utf-8")}
    except OSError as e:
        raise UsageError(f"cannot be read ({e.strerror})", name) from e


def _settings(given: Mapping[str, Any] | Iterable[str], named: dict[str, Any]) -> list[str]:
    """List the settings of arguments, then the given ones, which so win."""
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise UsageError(f"settings is {given!r}; must be a list of them, or a dict")
    settings = [f"{key}={_value(value)}" for key, value in named.items() if value is not None]
    if isinstance(given, Mapping):
        return settings + [f"{key}={_value(value)}" for key, value in given.items()]
    return settings + [str(setting) for setting in given]


def _value(value: Any) -> str:
    """YAML of a value: numbers of NumPy, too, as Python's."""
    return json.dumps(value, ensure_ascii=False, default=lambda v: v.item())
