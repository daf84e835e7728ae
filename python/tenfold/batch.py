"""One batch, as a pair (images, labels) that knows more when asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tenfold.errors import UsageError
from tenfold.ring import Ring, Slot
from tenfold.tensors import Maker


class View:
    """The tensors of a slot, by name.

    One is made when it is first asked for; every batch of the slot gets an alias of it, so that
    what a trainer does to a tensor's shape or flags is gone with its batch.
    """

    def __init__(self, make: Maker, ring: Ring, slot: Slot) -> None:
        self._make = make
        self.ring = ring
        self.slot = slot

    def __contains__(self, name: str) -> bool:
        return name in self.ring.tensors

    def __getitem__(self, name: str) -> Any:
        ring, slot = self.ring, self.slot
        whole = ring.made.get((name, slot.offset))
        if whole is None:
            whole = self._make(ring.memory, ring.tensors[name], slot.offset)
            ring.made[name, slot.offset] = whole
        return whole[: slot.valid]


class Batch(tuple[Any, Any]):
    """A pair: `images, labels = batch`. Its tensors lie in the daemon's memory.

    They are valid until the Loader's next batch is asked for (`hold=N`: N batches later), or until
    `release`.
    """

    slot: Slot
    view: View | None  # None once the memory has been given back
    _release: Callable[[Batch], None]

    def __new__(
        cls, images: Any, labels: Any, view: View, release: Callable[[Batch], None]
    ) -> Batch:
        """Make the pair of a view; `release` is called with it at most once."""
        batch = super().__new__(cls, (images, labels))
        batch.view = view
        batch.slot = view.slot
        batch._release = release
        return batch

    @property
    def epoch(self) -> int:
        """The epoch, from 0."""
        return self.slot.epoch

    @property
    def step(self) -> int:
        """The batch's number since the start of epoch 0."""
        return self.slot.step

    @property
    def ids(self) -> Any:
        """(b) int64: which sample is in each place; -1: none (skipped)."""
        return self._get("id")

    @property
    def weight(self) -> Any:
        """(b) float32: 1, or 0 where there is no sample."""
        return self._get("weight")

    @property
    def label(self) -> Any:
        """(b) int64, -1 unknown; with mixing, of the sample itself."""
        return self._get("label")

    @property
    def label_b(self) -> Any:
        """(b) int64: the label of the sample that was mixed in; UsageError without mixing."""
        return self._get("label_b")

    @property
    def share(self) -> Any:
        """(b) float32: lambda, the weight of `label`; UsageError without mixing."""
        return self._get("lambda")

    def release(self) -> None:
        """Give the memory back now; the tensors must not be used any more. Twice is once."""
        if self.view is not None:
            self._release(self)

    def _get(self, name: str) -> Any:
        if self.view is None:
            raise UsageError(
                "this batch has been given back: its memory may hold another one by now "
                "(Loader(hold=N) keeps more of them)"
            )
        if name not in self.view:
            raise UsageError(f"batches of this stream have no {name!r}: nothing is mixed")
        return self.view[name]
